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
  decodeAppended,
  decodeSequence,
  packAppend,
} from "./append.ts";
export { decodeWithBank, decodeWithBlocks, type MemoryBank } from "./bank.ts";
export {
  blockKinds,
  blockSizes,
  blocksPerTurn,
  requirePoints,
} from "./blocks.ts";
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
  MEMORY_SCOPES,
  type MemoryScope,
  parseMemgenConfig,
  TRIGGER_HEADS,
  TRIGGER_READS,
  type TriggerHead,
  type TriggerReads,
  WEAVER_READS,
  type WeaverKind,
  type WeaverReads,
  WEAVERS,
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
  type ReadFunction,
  type TriggerFunction,
  type WeaveFunction,
} from "./functions.ts";
export { MemgenMemory, type MemgenMemoryOptions } from "./generation.ts";
export {
  CandidatePoints,
  generatedPoints,
  IGNORED_LABEL,
  type InsertionLimits,
  PROMPT_SKIPPED,
  type RandomBoundaries,
} from "./points.ts";
export {
  decodeWithMemory,
  packPrepend,
  type PrependBatch,
  prependLogProbs,
  prependLoss,
  type PrependShape,
} from "./prepend.ts";
export { exportMemgen } from "./released.ts";
export {
  makeRetrieve,
  packSnippets,
  type Retrieve,
  type Search,
  type SnippetBatch,
  withSnippets,
} from "./retrieval.ts";
export {
  type BatchShape,
  crossEntropy,
  type FrozenModel,
  learnedPlaces,
  packIds,
  packTargets,
  type ReadingModel,
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
  packTrigger,
  type TextBatch,
  type TriggerBatch,
  triggerLogProbs,
  triggerRow,
} from "./trigger_decisions.ts";
export {
  chooseTurns,
  joinTurns,
  splitTurns,
  type TurnLayout,
} from "./turns.ts";
export {
  type AppendShape,
  packPasses,
  weaveInTurn,
  type WeaverPass,
} from "./weave_in_turn.ts";
export { weaveBlocks, type WovenText } from "./weave_blocks.ts";
export {
  initializeWeaver,
  type MemgenBase,
  pauseLatents,
  pauseName,
  type QueryKind,
  toReasoner,
  toWeaver,
  WEAVER_BASE_PREFIX,
  WEAVER_LORA_PREFIX,
  weaverLora,
  weaverModel,
  weaverQueries,
  weaverShapes,
  weaverView,
} from "./weaver.ts";
