/**
 * Tensors that compiled functions change in place, such as a key-value cache.
 *
 * In TensorFlow a variable is a resource: a compiled function that reads it,
 * updates a few elements and assigns the result writes only these, as XLA
 * reuses the variable's memory. On other backends it is a tensor that is
 * replaced. (`tf.Variable` of TensorFlow.js always replaces its tensor.)
 */
import * as tf from "@tensorflow/tfjs";
import { TensorflowBackend } from "./backend.ts";

/** A tensor of fixed shape and type whose value may be replaced. */
export class Variable {
  /** Its shape. */
  readonly shape: readonly number[];
  /** Its type. */
  readonly dtype: tf.DataType;
  /** In TensorFlow a handle of the resource, elsewhere the value. */
  #tensor: tf.Tensor;
  readonly #traced: boolean;
  /** Within a trace, its value so far. */
  #current: tf.Tensor | undefined;
  #isAssigned = false;

  private constructor(tensor: tf.Tensor, type: VariableType, traced = false) {
    this.#tensor = tensor;
    this.#traced = traced;
    this.shape = type.shape;
    this.dtype = type.dtype;
  }

  /** A variable with a first value, which is taken over. */
  static of(value: tf.Tensor): Variable {
    const { shape, dtype } = value;
    const backend = tf.backend();
    if (!(backend instanceof TensorflowBackend)) {
      return new Variable(tf.keep(value), { shape, dtype });
    }
    const type = backend.getDTypeInteger(dtype);
    const handle = backend.tensorflow.createVariable({ shape, dtype: type });
    const variable = new Variable(
      tf.keep(backend.toTensor(handle)),
      { shape, dtype },
    );
    variable.assign(value);
    value.dispose();
    return variable;
  }

  /**
   * The same variable within a trace, where `handle` stands for it. TensorFlow
   * runs a function's reads and assignments in any order: so there is one read
   * of the old value, and one assignment, which `commit` adds.
   */
  static traced(handle: tf.Tensor, type: VariableType): Variable {
    return new Variable(handle, type, true);
  }

  /** Ends a trace: the function assigns what was assigned last, if anything. */
  commit(): void {
    if (this.#isAssigned) this.#store(this.#current!);
  }

  /** What stands for it among the arguments of a compiled function. */
  get handle(): tf.Tensor {
    return this.#tensor;
  }

  /**
   * Its present value. While such a tensor is alive outside of compiled
   * functions, the next update copies the variable.
   */
  read(): tf.Tensor {
    if (!this.#traced) return this.#load();
    this.#current ??= this.#load();
    return this.#current.clone();
  }

  /**
   * Replaces its value; the given tensor stays the caller's.
   *
   * @throws {RangeError} If shape or type differ.
   */
  assign(value: tf.Tensor): void {
    const [expected, found] = [this, value].map(({ dtype, shape }) =>
      `${dtype} ${JSON.stringify(shape)}`
    );
    if (found !== expected) {
      throw new RangeError(
        `Cannot assign to a variable as the value must be ${expected}: current value is ${found}`,
      );
    }
    if (!this.#traced) return this.#store(value);
    this.#current = value.clone();
    this.#isAssigned = true;
  }

  #load(): tf.Tensor {
    const backend = tf.backend();
    if (!(backend instanceof TensorflowBackend)) return this.#tensor.clone();
    const type = {
      shape: [...this.shape],
      dtype: backend.getDTypeInteger(this.dtype),
    };
    const id = backend.idOf(this.#tensor);
    return backend.toTensor(backend.tensorflow.readVariable(id, type));
  }

  #store(value: tf.Tensor): void {
    const backend = tf.backend();
    if (!(backend instanceof TensorflowBackend)) {
      const replaced = this.#tensor;
      this.#tensor = tf.keep(value.clone());
      replaced.dispose();
      return;
    }
    backend.tensorflow.assignVariable(
      backend.idOf(this.#tensor),
      backend.idOf(value),
      backend.getDTypeInteger(this.dtype),
    );
  }

  /** Frees it. */
  dispose(): void {
    this.#tensor.dispose();
  }
}

/** Shape and type of a variable. */
interface VariableType {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}
