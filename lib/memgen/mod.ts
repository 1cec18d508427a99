/**
 * MemGen: weaver, trigger, the interleaving of generation and memory, the
 * released checkpoint format.
 *
 * @module
 */
export {
  type AppendBatch,
  appendLogProbs,
  appendLoss,
  type AppendShape,
  decodeAppended,
  decodeSequence,
  packAppend,
  type WeaverPass,
} from "./append.ts";
export {
  disposeMemgen,
  loadMemgen,
  type MemgenModules,
  saveMemgen,
} from "./checkpoint.ts";
export {
  DELIMITERS,
  formatMemgenConfig,
  type Insertion,
  INSERTIONS,
  type MemgenConfig,
  parseMemgenConfig,
  TRIGGER_HEADS,
  TRIGGER_READS,
  type TriggerHead,
  type TriggerReads,
} from "./config.ts";
export {
  type Decide,
  type DecisionOptions,
  type Decisions,
  type RandomDecisions,
  resolveDecisions,
} from "./decisions.ts";
export {
  compileMemgen,
  type MemgenFunctions,
  type TriggerFunction,
  type WeaveFunction,
} from "./functions.ts";
export { MemgenMemory, type MemgenMemoryOptions } from "./generation.ts";
export {
  CandidatePoints,
  generatedPoints,
  IGNORED_LABEL,
  PROMPT_SKIPPED,
} from "./points.ts";
export {
  decodeWithBank,
  decodeWithMemory,
  type MemoryBank,
  packPrepend,
  type PrependBatch,
  prependLogProbs,
  prependLoss,
  type PrependShape,
  weaveBlocks,
} from "./prepend.ts";
export {
  type BatchShape,
  blockSizes,
  crossEntropy,
  type FrozenModel,
  learnedPlaces,
  packIds,
  packTargets,
  requirePoints,
  type SupervisedRow,
  targetLogProbs,
  type Targets,
} from "./supervised.ts";
export {
  initializeTrigger,
  TRIGGER_LORA_PREFIX,
  triggerLogits,
  triggerLora,
  triggerShapes,
} from "./trigger.ts";
export {
  initializeWeaver,
  type QueryKind,
  toReasoner,
  toWeaver,
  WEAVER_LORA_PREFIX,
  weaverLora,
  weaverQueries,
  weaverShapes,
} from "./weaver.ts";
