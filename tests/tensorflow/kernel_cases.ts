/**
 * Every TensorFlow.js op that lib/ uses, with the inputs that matter: sizes
 * of 0, broadcasting, negative axes, batch dimensions, int32 and bool.
 */
import * as tf from "@tensorflow/tfjs";
import { normals, seededRandom } from "@/lib/random.ts";

/** Values of a tensor on the host. */
export interface HostInput {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly values: readonly number[];
}

/** One way to call an op. */
export interface KernelCase {
  /** The op and what is special about this call; unique. */
  readonly name: string;
  readonly inputs: readonly HostInput[];
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Numbers of the inputs that have a gradient; the float32 ones if unset. */
  readonly gradients?: readonly number[];
}

const random = seededRandom("kernels");

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Standard normal numbers. */
function float(...shape: number[]): HostInput {
  return {
    shape,
    dtype: "float32",
    values: [...normals(random, sizeOf(shape))],
  };
}

/** Numbers from 0.5 up: for roots, logarithms and denominators. */
function positive(...shape: number[]): HostInput {
  const { values } = float(...shape);
  return { shape, dtype: "float32", values: values.map((x) => 0.5 + x * x) };
}

/** Integers from 0 to limit - 1. */
function below(limit: number, ...shape: number[]): HostInput {
  const values = Array.from(
    { length: sizeOf(shape) },
    () => Math.floor(random() * limit),
  );
  return { shape, dtype: "int32", values };
}

function bool(...shape: number[]): HostInput {
  return { ...below(2, ...shape), dtype: "bool" };
}

function floats(
  shape: readonly number[],
  values: readonly number[],
): HostInput {
  return { shape, dtype: "float32", values };
}

function ints(shape: readonly number[], values: readonly number[]): HostInput {
  return { shape, dtype: "int32", values };
}

/** Above 2^24 float32 has no odd numbers: an int32 must not pass through it. */
const BIG = ints([2, 2], [2 ** 24 + 1, -(2 ** 24) - 1, 2 ** 30 + 1, 7]);

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** The shapes that every op of two inputs must take. */
function binary(name: string, fn: Binary, make = float): KernelCase[] {
  return ([
    ["equal shapes", [2, 3], [2, 3]],
    ["a row", [2, 3], [3]],
    ["a scalar", [], [2, 3]],
    ["both broadcast", [2, 1, 3, 1], [1, 4, 1, 2]],
    ["size 0", [0, 3], [3]],
  ] as const).map(([what, a, b]) => ({
    name: `${name}, ${what}`,
    inputs: [make(...a), make(...b)],
    fn,
  }));
}

type Unary = (x: tf.Tensor) => tf.Tensor;

function unary(name: string, fn: Unary, make = float): KernelCase[] {
  return ([[2, 3], [], [0, 3]] as const).map((shape) => ({
    name: `${name}, [${shape}]`,
    inputs: [make(...shape)],
    fn,
  }));
}

/** A reduction over every kind of axis. */
function reduction(
  name: string,
  fn: (x: tf.Tensor, axis?: number | number[], keep?: boolean) => tf.Tensor,
): KernelCase[] {
  return [
    { name: `${name}, all`, inputs: [float(2, 3, 4)], fn: (x) => fn(x) },
    { name: `${name}, a scalar`, inputs: [float()], fn: (x) => fn(x) },
    ...[0, 1, -1, [0, 2], [-1, -2]].map((axis) => ({
      name: `${name}, axis ${JSON.stringify(axis)}`,
      inputs: [float(2, 3, 4)],
      fn: (x: tf.Tensor) => fn(x, axis),
    })),
    {
      name: `${name}, keeping the axis`,
      inputs: [float(2, 3, 4)],
      fn: (x) => fn(x, -1, true),
    },
  ];
}

/** The table. */
export const KERNEL_CASES: readonly KernelCase[] = [
  ...binary("add", tf.add),
  ...binary("sub", tf.sub),
  ...binary("mul", tf.mul),
  ...binary("div", tf.div, positive),
  ...binary("pow", tf.pow, positive),
  // tfjs 4.22 has no gradient where these broadcast; lib/ takes none.
  ...binary("minimum", tf.minimum).map((c) => ({ ...c, gradients: [] })),
  ...binary("maximum", tf.maximum).map((c) => ({ ...c, gradients: [] })),
  { name: "maximum, int32", inputs: [BIG, ints([], [0])], fn: tf.maximum },
  { name: "add, int32", inputs: [BIG, BIG], fn: (a, b) => a.add(b.sub(1)) },
  { name: "sub, int32", inputs: [BIG, below(9, 2)], fn: tf.sub },
  { name: "mul, int32", inputs: [below(9, 3), below(9, 2, 1)], fn: tf.mul },
  {
    name: "add, int32 and float32",
    inputs: [below(9, 3), float(3)],
    fn: tf.add,
  },
  ...([
    ["equal", tf.equal],
    ["less", tf.less],
    ["lessEqual", tf.lessEqual],
    ["greater", tf.greater],
    ["greaterEqual", tf.greaterEqual],
  ] as const).flatMap(([name, fn]): KernelCase[] => [
    { name: `${name}, int32`, inputs: [BIG, ints([2], [7, 7])], fn },
    {
      name: `${name}, int32 broadcast`,
      inputs: [below(3, 2, 4, 1), below(3, 2, 1, 5)],
      fn,
    },
    {
      name: `${name}, float32`,
      inputs: [floats([3], [1, 2, NaN]), floats([3], [1, 3, NaN])],
      fn,
      gradients: [],
    },
    {
      name: `${name}, a number`,
      inputs: [below(3, 2, 3)],
      fn: (x) => fn(x, 1),
    },
    { name: `${name}, size 0`, inputs: [below(3, 0, 3), below(3, 3)], fn },
  ]),
  ...([["logicalAnd", tf.logicalAnd], ["logicalOr", tf.logicalOr]] as const)
    .flatMap(([name, fn]): KernelCase[] => [
      { name, inputs: [bool(2, 3), bool(2, 3)], fn },
      {
        name: `${name}, broadcast`,
        inputs: [bool(2, 4, 1), bool(2, 1, 5)],
        fn,
      },
      { name: `${name}, size 0`, inputs: [bool(0, 3), bool(3)], fn },
    ]),
  ...unary("neg", tf.neg),
  ...unary("square", tf.square),
  ...unary("sqrt", tf.sqrt, positive),
  ...unary("rsqrt", tf.rsqrt, positive),
  ...unary("exp", tf.exp),
  ...unary("expm1", tf.expm1),
  ...unary("log", tf.log, positive),
  ...unary("sin", tf.sin),
  ...unary("cos", tf.cos),
  ...unary("sigmoid", tf.sigmoid),
  {
    name: "sigmoid, far from 0",
    inputs: [floats([4], [-1e4, -50, 50, 1e4])],
    fn: tf.sigmoid,
  },
  ...unary("zerosLike", tf.zerosLike).map((c) => ({ ...c, gradients: [] })),
  ...reduction("sum", tf.sum),
  ...reduction("mean", tf.mean),
  ...reduction("max", tf.max),
  { name: "sum, int32", inputs: [BIG], fn: (x) => x.sum(0) },
  { name: "sum, size 0", inputs: [float(0, 3)], fn: (x) => x.sum(0) },
  { name: "sum, no rows", inputs: [float(0, 3)], fn: (x) => x.sum(-1) },
  ...reduction("logSumExp", tf.logSumExp),
  {
    name: "logSumExp, large and masked",
    inputs: [floats([2, 3], [1e4, 1e4, 0, -1e9, 3, -1e9])],
    fn: (x) => tf.logSumExp(x, -1),
  },
  { name: "softmax", inputs: [float(2, 3, 4)], fn: (x) => tf.softmax(x) },
  {
    name: "softmax, masked",
    inputs: [floats([3, 3], [1, -1e9, 2, -1e9, -1e9, -1e9, 1e4, 0, 1e4])],
    fn: (x) => tf.softmax(x),
  },
  {
    name: "softmax, one column",
    inputs: [float(3, 1)],
    fn: (x) => tf.softmax(x),
  },
  { name: "cumsum", inputs: [float(3, 5)], fn: (x) => tf.cumsum(x, 1) },
  { name: "cumsum, int32", inputs: [BIG], fn: (x) => tf.cumsum(x, 1) },
  {
    name: "cumsum, exclusive and reverse",
    inputs: [float(3, 5)],
    fn: (x) => tf.cumsum(x, 1, true, true),
  },
  {
    name: "argMax, the first of equals",
    inputs: [floats([3, 3], [1, 2, 2, 5, 5, 5, -1, -2, -1])],
    fn: (x) => tf.argMax(x, -1),
    gradients: [],
  },
  {
    name: "argMax, int32",
    inputs: [ints([2, 3], [0, 1, 1, 0, 0, 0])],
    fn: (x) => tf.argMax(x, -1),
  },
  {
    name: "argMax, axis 0",
    inputs: [float(4, 3)],
    fn: (x) => tf.argMax(x, 0),
    gradients: [],
  },
  ...([
    ["plain", [2, 3], [3, 4], false, false],
    ["second transposed", [2, 3], [4, 3], false, true],
    ["first transposed", [3, 2], [3, 4], true, false],
    ["both transposed", [3, 2], [4, 3], true, true],
    ["batches", [2, 5, 2, 3], [2, 5, 3, 4], false, false],
    ["batches, second transposed", [2, 5, 2, 3], [2, 5, 4, 3], false, true],
    ["one row", [1, 3], [3, 1], false, false],
    ["no rows", [0, 3], [3, 4], false, false],
    ["nothing to sum", [2, 0], [0, 4], false, false],
  ] as const).map(([what, a, b, transposeA, transposeB]): KernelCase => ({
    name: `matMul, ${what}`,
    inputs: [float(...a), float(...b)],
    fn: (x, y) => tf.matMul(x, y, transposeA, transposeB),
  })),
  {
    name: "addN",
    inputs: [float(), float(), float()],
    fn: (...x) => tf.addN(x),
  },
  { name: "addN of one", inputs: [float(2)], fn: (x) => tf.addN([x]) },
  ...([0, 1, 2, -1] as const).map((axis): KernelCase => ({
    name: `concat, axis ${axis}`,
    inputs: [float(2, 3, 4), float(2, 3, 4), float(2, 3, 4)],
    fn: (...x) => tf.concat(x, axis),
  })),
  {
    name: "concat, different sizes",
    inputs: [float(2, 3), float(2, 1)],
    fn: (...x) => tf.concat(x, -1),
  },
  {
    name: "concat, a part of size 0",
    inputs: [float(2, 3), float(2, 0), float(2, 2)],
    fn: (...x) => tf.concat(x, 1),
  },
  { name: "concat, int32", inputs: [BIG, BIG], fn: (...x) => tf.concat(x, 1) },
  {
    name: "concat of one",
    inputs: [float(2, 3)],
    fn: (x) => tf.concat([x], 1),
  },
  ...([0, 3, -1] as const).map((axis): KernelCase => ({
    name: `split in two, axis ${axis}`,
    inputs: [float(4, 3, 2, 6)],
    fn: (x) => tf.split(x, 2, axis),
  })),
  {
    name: "split, given sizes",
    inputs: [float(2, 3, 7)],
    fn: (x) => tf.split(x, [4, 1, 2], -1),
  },
  {
    name: "split, int32",
    inputs: [BIG],
    fn: (x) => tf.split(x, 2, 1),
  },
  ...([
    ["a middle part", [1, 0, 2], [1, 3, 1]],
    ["to the end", [0, 1, 0], [-1, -1, 3]],
    ["all", [0, 0, 0], [-1, -1, -1]],
    ["size 0", [0, 1, 0], [2, 0, 4]],
  ] as const).map(([what, begin, size]): KernelCase => ({
    name: `slice, ${what}`,
    inputs: [float(2, 3, 4)],
    fn: (x) => x.slice([...begin], [...size]),
  })),
  { name: "slice, int32", inputs: [BIG], fn: (x) => x.slice([1], [1]) },
  ...([[0, 2, 1, 3], [3, 2, 1, 0], [0, 1, 2, 3]] as const).map((
    order,
  ): KernelCase => ({
    name: `transpose, [${order}]`,
    inputs: [float(2, 3, 4, 5)],
    fn: (x) => x.transpose([...order]),
  })),
  {
    name: "transpose, size 0",
    inputs: [float(2, 0, 3)],
    fn: (x) => x.transpose([1, 0, 2]),
  },
  ...([[6], [3, 2], [1, -1, 1]] as const).map((shape): KernelCase => ({
    name: `reshape, [${shape}]`,
    inputs: [float(2, 3)],
    fn: (x) => x.reshape([...shape]),
  })),
  {
    name: "reshape, size 0",
    inputs: [float(0, 3)],
    fn: (x) => x.reshape([3, 0, 2]),
  },
  { name: "flatten, int32", inputs: [BIG], fn: (x) => x.flatten() },
  ...([0, 1, -1] as const).flatMap((axis): KernelCase[] => [
    {
      name: `expandDims, ${axis}`,
      inputs: [float(2, 3)],
      fn: (x) => x.expandDims(axis),
    },
    {
      name: `expandDims, ${axis}, bool`,
      inputs: [bool(2, 3)],
      fn: (x) => x.expandDims(axis),
    },
  ]),
  { name: "tile", inputs: [float(2, 1, 3)], fn: (x) => tf.tile(x, [1, 4, 2]) },
  { name: "tile, once", inputs: [float(2, 3)], fn: (x) => tf.tile(x, [1, 1]) },
  { name: "tile, int32", inputs: [BIG], fn: (x) => tf.tile(x, [2, 1]) },
  {
    name: "tile, size 0",
    inputs: [float(0, 3)],
    fn: (x) => tf.tile(x, [2, 1]),
  },
  {
    name: "pad",
    inputs: [float(2, 3)],
    fn: (x) => tf.pad(x, [[1, 0], [0, 2]]),
  },
  ...([
    ["axis 0", [5, 3], 5, [4], 0, 0],
    ["indices of rank 2", [5, 3], 5, [2, 4], 0, 0],
    ["a scalar index", [5, 3], 5, [], 0, 0],
    ["axis 1", [2, 5], 5, [7], 1, 0],
    ["a negative axis", [2, 5], 5, [7], -1, 0],
    ["no indices", [5, 3], 5, [0], 0, 0],
    ["axis 1, batchDims 1", [3, 5], 5, [3, 4], 1, 1],
    ["axis 2, batchDims 1", [3, 2, 5, 4], 5, [3, 6], 2, 1],
    ["a negative axis, batchDims 1", [3, 2, 5], 5, [3, 6], -1, 1],
    ["axis 2, batchDims 1, one row", [1, 2, 5, 4], 5, [1, 6], 2, 1],
  ] as const).map(([what, x, limit, indices, axis, batchDims]): KernelCase => ({
    name: `gather, ${what}`,
    inputs: [float(...x), below(limit, ...indices)],
    fn: (x, indices) => tf.gather(x, indices as tf.Tensor1D, axis, batchDims),
  })),
  {
    name: "gather, the same place many times",
    inputs: [float(3, 2), ints([6], [1, 1, 1, 2, 1, 2])],
    fn: (x, indices) => tf.gather(x, indices as tf.Tensor1D),
  },
  {
    name: "gather, int32",
    inputs: [BIG, ints([3], [1, 0, 1])],
    fn: (x, indices) => tf.gather(x, indices as tf.Tensor1D, 1),
  },
  {
    name: "stack, int32 on the last axis",
    inputs: [BIG, ints([2, 2], [1, 2, 3, 4])],
    fn: (a, b) => tf.stack([a, b], -1),
  },
  {
    name: "stack, float32",
    inputs: [float(3, 2), float(3, 2)],
    fn: (a, b) => tf.stack([a, b]),
  },
  {
    name: "unstack, the columns of float32",
    inputs: [float(3, 2)],
    fn: (x) => tf.unstack(x, 1),
  },
  {
    name: "squeeze",
    inputs: [float(1, 3, 2)],
    fn: (x) => x.squeeze([0]),
  },
  {
    name: "tensorScatterUpdate, rows",
    inputs: [float(3, 4, 2), ints([2, 2], [2, 3, 0, 1]), float(2, 2)],
    fn: (x, places, updates) =>
      tf.tensorScatterUpdate(x, places as tf.Tensor2D, updates),
    gradients: [],
  },
  {
    name: "clipByValue",
    inputs: [floats([5], [-2, -0.5, 0, 0.5, 2])],
    fn: (x) => x.clipByValue(-1, 1),
  },
  {
    name: "where",
    inputs: [bool(2, 3), float(2, 3), float(2, 3)],
    fn: (condition, a, b) => tf.where(condition, a, b),
  },
  {
    name: "where, a number",
    inputs: [bool(4), float(4)],
    fn: (condition, a) => tf.where(condition, a, 0),
  },
  { name: "clone", inputs: [float(2)], fn: (x) => x.clone() },
  ...([[], [4], [2, 3]] as const).map((shape): KernelCase => ({
    name: `oneHot, [${shape}]`,
    inputs: [below(5, ...shape)],
    fn: (x) => tf.oneHot(x, 5),
  })),
  {
    name: "oneHot, outside",
    inputs: [ints([2, 2], [-1, 0, 3, 2])],
    fn: (x) => tf.oneHot(x, 3),
  },
  { name: "oneHot, size 0", inputs: [below(5, 0)], fn: (x) => tf.oneHot(x, 5) },
  { name: "toFloat, bool", inputs: [bool(4)], fn: (x) => x.toFloat() },
  {
    name: "toFloat, int32",
    inputs: [below(9, 4)],
    fn: (x) => x.toFloat(),
  },
  { name: "toInt, bool", inputs: [bool(4)], fn: (x) => x.toInt() },
  {
    name: "toInt, float32",
    inputs: [floats([4], [-1.7, -0.2, 0.9, 1.5])],
    fn: (x) => x.toInt(),
    gradients: [],
  },
  { name: "toFloat, size 0", inputs: [bool(0, 2)], fn: (x) => x.toFloat() },
  { name: "range, int32", inputs: [], fn: () => tf.range(0, 12, 3, "int32") },
  { name: "range, size 0", inputs: [], fn: () => tf.range(0, 0, 1, "int32") },
  {
    name: "fill, int32",
    inputs: [],
    fn: () => tf.fill([2, 3], 2 ** 24 + 1, "int32"),
  },
  { name: "fill, float32", inputs: [], fn: () => tf.fill([2], -1.5) },
  { name: "zeros", inputs: [], fn: () => tf.zeros([2, 3]) },
  { name: "ones", inputs: [], fn: () => tf.ones([2, 3]) },
];

/** Whether a case holds integers that float32 does not: webgpu refuses them. */
export function hasLargeIntegers({ name, inputs }: KernelCase): boolean {
  return name === "fill, int32" ||
    inputs.some(({ dtype, values }) =>
      dtype === "int32" && values.some((value) => Math.abs(value) > 2 ** 24)
    );
}
