/**
 * The thread that computes on the GPU, asked as if it were a function.
 *
 * WebGPU hands values back only through promises, while everything in lib/
 * reads with `dataSync()`. So a worker waits for the promises, and this thread
 * sleeps until the worker's reply is there.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from "node:worker_threads";
import type * as tf from "@tensorflow/tfjs";

/** A tensor of the worker. */
export interface RemoteTensor {
  /** Number of its values. */
  readonly id: number;
  readonly shape: number[];
  readonly dtype: tf.DataType;
}

/** Inputs of a kernel, by name or, where it takes any number, in a list. */
export type RemoteInputs =
  | readonly RemoteTensor[]
  | Readonly<Record<string, RemoteTensor>>;

/** Shape and type of a kernel's output. */
export type RemoteOutput = Omit<RemoteTensor, "id">;

/** What the worker is asked; only {@linkcode Replies} has what it answers. */
export type Request =
  | {
    readonly type: "write";
    readonly id: number;
    readonly values: tf.backend_util.BackendValues;
    readonly shape: number[];
    readonly dtype: tf.DataType;
  }
  | { readonly type: "free"; readonly id: number }
  | { readonly type: "close" }
  | {
    readonly type: "run";
    readonly kernel: string;
    readonly inputs: RemoteInputs;
    readonly attrs: tf.NamedAttrMap | undefined;
    /** Number of the first output; the others follow. */
    readonly firstId: number;
  }
  | { readonly type: "read"; readonly id: number }
  | { readonly type: "count" };

/** What the worker answers to the requests that have an answer. */
export interface Replies {
  readonly run: RemoteOutput | RemoteOutput[];
  readonly read: tf.backend_util.BackendValues;
  /** Tensors that it holds. */
  readonly count: number;
}

/** A reply, or why there is none. */
export type Reply = { readonly result: unknown } | { readonly error: string };

/** What the worker gets at its start. */
export interface WorkerData {
  readonly port: MessagePort;
  /** Requests and replies so far, at {@linkcode REQUESTS} and {@linkcode REPLIES}. */
  readonly counts: Int32Array<SharedArrayBuffer>;
}

/** Places of {@linkcode WorkerData} `counts`. */
export const REQUESTS = 0, REPLIES = 1;

/** What the worker says once it can compute. */
export interface Welcome {
  /** Name of the GPU; undefined if there is none. */
  readonly adapter?: string;
  /** Names of the kernels that it has. */
  readonly kernels: readonly string[];
}

/**
 * The next message at a port, of which the count said that it was sent: about
 * once in a hundred thousand times, Deno shows it only a moment later.
 */
export function receive<T>(port: MessagePort): T {
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received !== undefined) return received.message;
  }
}

/** A worker with a GPU. It keeps no process from ending. */
export class WebgpuThread {
  /** What the worker said at its start. */
  readonly welcome: Welcome;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #counts: Int32Array<SharedArrayBuffer>;
  #replies = 0;

  private constructor(worker: Worker, welcome: Welcome, data: {
    readonly port: MessagePort;
    readonly counts: Int32Array<SharedArrayBuffer>;
  }) {
    this.#worker = worker;
    this.welcome = welcome;
    this.#port = data.port;
    this.#counts = data.counts;
  }

  /**
   * Starts a worker.
   *
   * @throws {Error} If the system has no GPU that WebGPU can use.
   */
  static async start(): Promise<WebgpuThread> {
    const { port1, port2 } = new MessageChannel();
    const counts = new Int32Array(
      new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT),
    );
    const workerData: WorkerData = { port: port2, counts };
    const worker = new Worker(new URL("./webgpu_worker.ts", import.meta.url), {
      workerData,
      transferList: [port2],
    });
    const welcome = await new Promise<Welcome>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    const thread = new WebgpuThread(worker, welcome, { port: port1, counts });
    if (welcome.adapter === undefined) {
      await thread.stop();
      throw new Error(
        "Cannot start the webgpu backend as WebGPU must find a graphics adapter: current value is none (on Linux it needs a Vulkan driver)",
      );
    }
    worker.unref();
    return thread;
  }

  /** Asks, and waits for the answer. */
  call<T extends keyof Replies>(
    request: Extract<Request, { type: T }>,
  ): Replies[T] {
    this.send(request);
    Atomics.wait(this.#counts, REPLIES, this.#replies++);
    const reply: Reply = receive(this.#port);
    if ("error" in reply) throw new Error(reply.error);
    return reply.result as Replies[T];
  }

  /** Asks for what has no answer. */
  send(request: Request): void {
    this.#port.postMessage(request);
    Atomics.add(this.#counts, REQUESTS, 1);
    Atomics.notify(this.#counts, REQUESTS);
  }

  /** Ends the worker. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.ref();
    this.send({ type: "close" });
    await ended;
    this.#port.close();
  }
}
