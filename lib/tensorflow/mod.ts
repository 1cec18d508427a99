/**
 * TensorFlow under TensorFlow.js on Deno: the library, the binding, and `jit`.
 *
 * @module
 */
export {
  type FetchOptions,
  type FetchProgress,
  fetchTensorflow,
} from "./fetch.ts";
export { filledTensor } from "./filled_tensor.ts";
export {
  checkpoint,
  type GradientOptions,
  valueAndGradients,
} from "./gradients.ts";
export {
  AUTO_XLA_CALLS,
  jit,
  type JitOptions,
  type JitStatistics,
  jitStatistics,
  type Jitted,
  type XlaMode,
} from "./jit.ts";
export {
  cacheFolder,
  type FindOptions,
  findTensorflow,
  type TensorflowLibrary,
  verifyTensorflow,
} from "./library.ts";
export {
  currentPrecision,
  type Precision,
  PRECISIONS,
  requirePrecision,
  withPrecision,
} from "./precision.ts";
export {
  type BackendInfo,
  startCpu,
  startTensorflow,
  startWasm,
  startWebgpu,
  stopWebgpu,
  type TensorflowOptions,
} from "./start.ts";
export { SummaryWriter } from "./summary_writer.ts";
export {
  disposeTree,
  flatten,
  type FlatTree,
  mapTensors,
  type NamedTensors,
  type Structure,
  tidy,
  unflatten,
} from "./tree.ts";
export { Variable } from "./variable.ts";
