/** Event files for TensorBoard, which TensorFlow writes. */
import * as tf from "@tensorflow/tfjs";
import { TensorflowBackend } from "./backend.ts";

/** Writes numbers of a run to an event file. */
export class SummaryWriter implements Disposable {
  readonly #backend: TensorflowBackend;
  readonly #resource: tf.Tensor;

  private constructor(backend: TensorflowBackend, folder: string) {
    this.#backend = backend;
    this.#resource = tf.keep(backend.summaryWriter(folder));
    tf.tidy(() => backend.createSummaryFileWriter(this.#resource, folder));
  }

  /**
   * Opens a new event file in a folder; one writer a folder at a time.
   *
   * @returns Nothing where the backend is not TensorFlow.
   */
  static open(folder: string): SummaryWriter | undefined {
    const backend = tf.backend();
    return backend instanceof TensorflowBackend
      ? new SummaryWriter(backend, folder)
      : undefined;
  }

  /**
   * Adds a number, with the time of now.
   *
   * @param step Its place on the horizontal axis, an integer below 2^31 - 1.
   * @param name Of its curve.
   */
  scalar(step: number, name: string, value: number): void {
    this.#backend.writeScalarSummary(this.#resource, step, name, value);
  }

  /** Writes what is still in memory. */
  flush(): void {
    this.#backend.flushSummaryWriter(this.#resource);
  }

  /** Writes what is still in memory and closes the file. */
  [Symbol.dispose](): void {
    const inputs = [this.#resource];
    this.#backend.executeMultipleOutputs("CloseSummaryWriter", [], inputs, 0);
    this.#resource.dispose();
  }
}
