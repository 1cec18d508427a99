/**
 * The worker behind `webgpu_thread.ts`: runs the kernels of TensorFlow.js'
 * WebGPU backend, one request after another.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import {
  receive,
  type RemoteOutput,
  REPLIES,
  type Reply,
  type Request,
  REQUESTS,
  type Welcome,
  type WorkerData,
} from "./webgpu_thread.ts";

const { port, counts } = workerData as WorkerData;

/** Values that the other thread knows, by number. */
const values = new Map<number, tf.DataId>();

/** What has failed, with nobody waiting, since values were last read. */
let failure: string | undefined;

async function startBackend(): Promise<Welcome> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return { kernels: [] };
  await import("@tensorflow/tfjs-backend-webgpu");
  await tf.setBackend("webgpu");
  // Else small tensors would be computed on the processor, by other kernels.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  gpu().device.addEventListener("uncapturederror", (event) => {
    failure ??= (event as GPUUncapturedErrorEvent).error.message;
  });
  const { description, vendor, device } = adapter.info;
  return {
    adapter: description || `${vendor} ${device}`,
    kernels: tf.getKernelsForBackend("webgpu").map((kernel) =>
      kernel.kernelName
    ),
  };
}

function gpu(): WebGPUBackend {
  return tf.backend() as WebGPUBackend;
}

/** Whether the other thread waits for a reply. */
function isAwaited({ type }: Request): boolean {
  return type === "run" || type === "read" || type === "count";
}

async function answer(request: Request): Promise<unknown> {
  switch (request.type) {
    case "write": {
      const { id, values: written, shape, dtype } = request;
      values.set(id, gpu().write(written, shape, dtype));
      return;
    }
    case "free":
      gpu().disposeData(values.get(request.id)!);
      values.delete(request.id);
      return;
    case "close":
      return process.exit();
    case "run":
      return run(request);
    case "read":
      return await read(request.id);
    case "count":
      return gpu().numDataIds();
  }
}

function run(
  { kernel, inputs, attrs, firstId }: Extract<Request, { type: "run" }>,
): RemoteOutput | RemoteOutput[] {
  const tensors = Object.entries(inputs).map(
    ([name, { id, shape, dtype }]) =>
      [name, { dataId: values.get(id)!, shape, dtype }] as const,
  );
  let outputs: tf.TensorInfo | tf.TensorInfo[];
  try {
    outputs = tf.getKernel(kernel, "webgpu").kernelFunc({
      // A kernel that takes any number of inputs takes a list.
      inputs: Array.isArray(inputs)
        ? tensors.map(([, x]) => x) as unknown as tf.NamedTensorInfoMap
        : Object.fromEntries(tensors),
      attrs,
      backend: gpu(),
    });
  } catch (error) {
    throw new Error(`Cannot run ${kernel} on webgpu: ${messageOf(error)}`);
  }
  [outputs].flat().forEach(({ dataId }, i) => values.set(firstId + i, dataId));
  return Array.isArray(outputs) ? outputs.map(toOutput) : toOutput(outputs);
}

function toOutput({ shape, dtype }: tf.TensorInfo): RemoteOutput {
  return { shape, dtype };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`;
}

async function read(id: number): Promise<tf.backend_util.BackendValues> {
  const result = await gpu().read(values.get(id)!);
  if (failure !== undefined) {
    const message = failure;
    failure = undefined;
    throw new Error(`Cannot read a tensor as WebGPU failed: ${message}`);
  }
  return result;
}

parentPort!.postMessage(await startBackend());
for (let requests = 0;; requests++) {
  Atomics.wait(counts, REQUESTS, requests);
  const request: Request = receive(port);
  let reply: Reply;
  try {
    reply = { result: await answer(request) };
  } catch (error) {
    reply = { error: messageOf(error) };
    if (!isAwaited(request)) failure ??= reply.error;
  }
  if (!isAwaited(request)) continue;
  port.postMessage(reply);
  Atomics.add(counts, REPLIES, 1);
  Atomics.notify(counts, REPLIES);
}
