/**
 * TensorFlow.js' backend `tensorflow`: the kernels of tfjs-node over our own
 * binding.
 */
import "./node_util.ts";
import type * as tf from "@tensorflow/tfjs";
import { NodeJSKernelBackend } from "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js";
import type { TensorflowBinding, TensorMetadata } from "./binding.ts";
import type { TensorType } from "./c_api.ts";
import type { Precision } from "./precision.ts";
import type { HostValues } from "./tensors.ts";

/** What tfjs-node keeps of a tensor. */
interface TensorRecord {
  readonly shape: number[];
  readonly dtype: number;
  readonly values: null;
  readonly id: number;
  refCount: number;
}

/** Members of tfjs-node's backend that its typings hide. */
interface HiddenMembers {
  readonly tensorMap: tf.DataStorage<TensorRecord>;
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
}

/** tfjs-node's backend, with tensors placed where they are made. */
export class TensorflowBackend extends NodeJSKernelBackend {
  /** Of matrix products; `withPrecision` changes it for a while. */
  precision: Precision;
  readonly #binding: TensorflowBinding;

  /**
   * @param binding What the kernels run on.
   * @param precision Of matrix products.
   */
  constructor(binding: TensorflowBinding, precision: Precision) {
    super(
      binding as unknown as ConstructorParameters<
        typeof NodeJSKernelBackend
      >[0],
      "@tensorflow/tfjs-node-gpu",
    );
    this.precision = precision;
    this.#binding = binding;
  }

  /** The binding, for tracing. */
  get tensorflow(): TensorflowBinding {
    return this.#binding;
  }

  /**
   * Hands new values to TensorFlow at once.
   *
   * tfjs-node waits for the first use. A tensor made before a trace and first
   * used within would then become a constant of that graph.
   */
  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    const type = this.getDTypeInteger(dtype);
    const id = this.#binding.createTensor(shape, type, values as HostValues);
    this.#hidden.tensorMap.set(dataId, {
      shape,
      dtype: type,
      values: null,
      id,
      refCount,
    });
  }

  /** The binding's number of a tensor. */
  idOf(tensor: tf.TensorInfo): number {
    return this.#hidden.tensorMap.get(tensor.dataId).id;
  }

  /** TensorFlow's shape and type of a tensor; a variable's is `resource`. */
  typeOf(tensor: tf.TensorInfo): TensorType {
    const { shape, dtype } = this.#hidden.tensorMap.get(tensor.dataId);
    return { shape, dtype };
  }

  /** A TensorFlow.js tensor for one that the binding made. */
  toTensor(metadata: TensorMetadata): tf.Tensor {
    return this.#hidden.createOutputTensor(metadata);
  }

  get #hidden(): HiddenMembers {
    return this as unknown as HiddenMembers;
  }
}
