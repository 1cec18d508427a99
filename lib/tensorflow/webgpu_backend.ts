/**
 * The backend `webgpu`: TensorFlow.js' own, which runs in a worker
 * (`webgpu_thread.ts`); here are only numbers of its tensors.
 */
import * as tf from "@tensorflow/tfjs";
import type { RemoteTensor, WebgpuThread } from "./webgpu_thread.ts";

/**
 * Integers up to here are exact: most of the shaders compute with float32,
 * whatever a tensor's type.
 */
const LARGEST_INTEGER = 2 ** 24;

/** Values of the worker, and how many tensors here share them. */
interface Remote {
  readonly id: number;
  refCount: number;
}

/** A backend whose values and kernels are in a worker. */
export class WebgpuBackend extends tf.KernelBackend {
  /** What computes. */
  readonly thread: WebgpuThread;
  readonly #values: tf.DataStorage<Remote>;
  #nextId = 1;

  /** @param thread What computes. */
  constructor(thread: WebgpuThread) {
    super();
    this.thread = thread;
    this.#values = new tf.DataStorage(this, tf.engine());
  }

  /** Runs a kernel of the worker. */
  run(
    kernel: string,
    inputs: tf.NamedTensorInfoMap,
    attrs: tf.NamedAttrMap | undefined,
  ): tf.TensorInfo | tf.TensorInfo[] {
    const remote = (tensor: tf.TensorInfo): RemoteTensor => ({
      id: this.#values.get(tensor.dataId).id,
      shape: tensor.shape,
      dtype: tensor.dtype,
    });
    const outputs = this.thread.call<"run">({
      type: "run",
      kernel,
      inputs: Array.isArray(inputs) ? inputs.map(remote) : Object.fromEntries(
        Object.entries(inputs)
          .flatMap(([name, x]) => x ? [[name, remote(x)]] : []),
      ),
      attrs,
      firstId: this.#nextId,
    });
    const infos = [outputs].flat().map(({ shape, dtype }) => ({
      dataId: this.#add(1),
      shape,
      dtype,
    }));
    return Array.isArray(outputs) ? infos : infos[0];
  }

  override write(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  /** @throws {RangeError} If an integer is too large for the shaders. */
  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    if (dtype === "int32") requireExact(values as Int32Array);
    const id = this.#nextId;
    this.thread.send({
      type: "write",
      id,
      values: withoutRest(values),
      shape,
      dtype,
    });
    this.#add(refCount, dataId);
  }

  override readSync(dataId: tf.DataId): tf.backend_util.BackendValues {
    const { id } = this.#values.get(dataId);
    return this.thread.call<"read">({ type: "read", id });
  }

  override read(dataId: tf.DataId): Promise<tf.backend_util.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override refCount(dataId: tf.DataId): number {
    return this.#values.has(dataId) ? this.#values.get(dataId).refCount : 0;
  }

  override incRef(dataId: tf.DataId): void {
    this.#values.get(dataId).refCount++;
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    if (!this.#values.has(dataId)) return true;
    const remote = this.#values.get(dataId);
    remote.refCount--;
    if (!force && remote.refCount > 0) return false;
    this.#values.delete(dataId);
    this.thread.send({ type: "free", id: remote.id });
    return true;
  }

  override numDataIds(): number {
    return this.#values.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  /** Does nothing: `stopWebgpu()` ends the worker. */
  override dispose(): void {}

  #add(refCount: number, dataId: tf.DataId = {}): tf.DataId {
    this.#values.set(dataId, { id: this.#nextId++, refCount });
    return dataId;
  }
}

/** A view of a larger buffer, such as a file's, would be sent with all of it. */
function withoutRest(
  values: tf.backend_util.BackendValues,
): tf.backend_util.BackendValues {
  return ArrayBuffer.isView(values) &&
      values.byteLength < values.buffer.byteLength
    ? values.slice()
    : values;
}

function requireExact(values: Int32Array): void {
  const large = values.find((value) => Math.abs(value) > LARGEST_INTEGER);
  if (large === undefined) return;
  throw new RangeError(
    `Cannot compute with an integer on webgpu as it must be within ${LARGEST_INTEGER} of 0: current value is ${large}`,
  );
}
