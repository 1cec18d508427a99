/** TensorFlow's eager runtime: its threads, its memory, its devices. */
import { type CApi, cString, readCString, TF_TYPE } from "./c_api.ts";

/** A device that TensorFlow found. */
export interface Device {
  /** Such as `/job:localhost/replica:0/task:0/device:GPU:0`. */
  readonly name: string;
  /** `CPU` or `GPU`. */
  readonly type: string;
}

/** What one byte of a protocol buffer's integer holds. */
export const MAX_THREADS = 127;

/** Settings of TensorFlow's runtime. */
export interface ContextOptions {
  /** Threads within an op, and ops at once; 1 to 127. Default: all cores. */
  readonly threads?: number;
}

/**
 * Starts the runtime.
 *
 * @returns A `TFE_Context`.
 * @throws {RangeError} If `threads` is not within 1 to 127.
 */
export function newContext(
  api: CApi,
  options: ContextOptions,
): Deno.PointerValue {
  const { symbols, status } = api;
  const config = sessionConfig(options);
  const settings = symbols.TFE_NewContextOptions();
  const size = BigInt(config.length);
  symbols.TFE_ContextOptionsSetConfig(settings, config, size, status);
  api.check("configure TensorFlow");
  const context = symbols.TFE_NewContext(settings, status);
  api.check("start TensorFlow");
  symbols.TFE_DeleteContextOptions(settings);
  return context;
}

/** What a `TFE_Context` can run on. */
export function listDevices(
  api: CApi,
  context: Deno.PointerValue,
): Device[] {
  const { symbols, status } = api;
  const list = symbols.TFE_ContextListDevices(context, status);
  api.check("list devices");
  const devices = Array.from(
    { length: symbols.TF_DeviceListCount(list) },
    (_, i) => ({
      name: readCString(symbols.TF_DeviceListName(list, i, status)),
      type: readCString(symbols.TF_DeviceListType(list, i, status)),
    }),
  );
  symbols.TF_DeleteDeviceList(list);
  return devices;
}

/**
 * Where new tensors of a type are kept: floats on the first GPU, as they would
 * be copied there for every call of a function otherwise; all else on the
 * host, where TensorFlow's GPU kernels want their integers.
 *
 * @returns The GPU's name; undefined for the host.
 */
export function homeOf(
  dtype: number,
  devices: readonly Device[],
): string | undefined {
  if (dtype !== TF_TYPE.float) return undefined;
  return devices.find(({ type }) => type === "GPU")?.name;
}

/**
 * A tensor on another device.
 *
 * @param handle Freed, also if there is no memory left.
 * @returns A `TFE_TensorHandle`, which the caller frees.
 */
export function moveTo(
  api: CApi,
  context: Deno.PointerValue,
  handle: Deno.PointerValue,
  device: string,
): Deno.PointerValue {
  const { symbols, status } = api;
  const name = cString(device);
  const moved = symbols.TFE_TensorHandleCopyToDevice(
    handle,
    context,
    name,
    status,
  );
  symbols.TFE_DeleteTensorHandle(handle);
  api.check(`copy a tensor to ${device}`);
  return moved;
}

/**
 * A serialised `ConfigProto`: the thread counts, and GPU memory taken as
 * needed rather than all at once.
 */
function sessionConfig({ threads }: ContextOptions): Uint8Array<ArrayBuffer> {
  const INTRA_OP_THREADS = 0x10;
  const INTER_OP_THREADS = 0x28;
  const GPU_OPTIONS = 0x32;
  const ALLOW_GROWTH = 0x20;
  const config = [GPU_OPTIONS, 2, ALLOW_GROWTH, 1];
  if (threads !== undefined) {
    if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
      throw new RangeError(
        `Cannot start TensorFlow as 'threads' must be an integer from 1 to ${MAX_THREADS}: current value is ${threads}`,
      );
    }
    config.push(INTRA_OP_THREADS, threads, INTER_OP_THREADS, threads);
  }
  return Uint8Array.from(config);
}
