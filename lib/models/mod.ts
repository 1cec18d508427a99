/**
 * The decoder of Qwen2.5, SmolLM3 and Qwen3: Hugging Face files, LoRA, the
 * key-value cache, generation.
 *
 * @module
 */
export {
  attend,
  attendCausal,
  type AttentionPart,
  causalMask,
  type KeyValue,
  KIND,
  MASKED,
  maskWhere,
  type NewKeyValue,
  type NewPart,
  rotate,
  type Rotation,
  rotation,
  visibility,
} from "./attention.ts";
export { BLOCK_ROWS, CachedDecoder } from "./cached_decoder.ts";
export {
  type BlockInputs,
  embedInputs,
  type ExtendFunction,
  type Item,
  makeExtend,
  makeSteps,
  placesOf,
  type Tail,
} from "./cached_functions.ts";
export {
  openCheckpoint,
  readJsonObject,
  readJsonValue,
  writeCheckpoint,
  type WriteCheckpointOptions,
  writeJson,
} from "./checkpoint_files.ts";
export {
  type DecoderConfig,
  FAMILIES,
  type Family,
  formatDecoderConfig,
  isProjection,
  parseDecoderConfig,
  weightShapes,
} from "./config.ts";
export {
  type CachePart,
  decode,
  decodePadded,
  type DecoderInput,
  type DecoderOutput,
  type DecoderView,
  embed,
  logits,
  type PaddedInput,
} from "./decoder.ts";
export {
  type ConverseOptions,
  type GenerateOptions,
  Generator,
} from "./generate.ts";
export type {
  Answers,
  EndedTurn,
  Generation,
  NextTurn,
} from "./generation_turns.ts";
export type {
  FiniteOptions,
  FloatStorageDtype,
  HostTensor,
  TensorInfo,
  TensorReader,
} from "./host_tensor.ts";
export {
  bucketLength,
  type CachedLayer,
  type CacheSize,
  KvCache,
} from "./kv_cache.ts";
export {
  initializeLora,
  loadLora,
  type Lora,
  loraChange,
  type LoraFactors,
  loraFromAdapter,
  loraShapes,
  loraToAdapter,
  loraView,
  mergeLora,
  requireLoraFits,
  requireNoDropout,
} from "./lora.ts";
export {
  type GenerationRow,
  type Insertion,
  latentsInView,
  type Memory,
  type MemorySession,
  NOT_ASKED,
  plainItems,
} from "./memory.ts";
export {
  initializeWeights,
  loadModel,
  loadWeights,
  type Model,
  readTokenizerFiles,
  saveModel,
  type SaveModelOptions,
  saveWeights,
  toHost,
  toStored,
  toTensor,
  transposeProjection,
} from "./model.ts";
export {
  type LoraAdapter,
  type LoraConfig,
  type LoraWeights,
  readLoraAdapter,
  writeLoraAdapter,
} from "./peft.ts";
export { requirePrompt } from "./prompt.ts";
export {
  openSafetensors,
  type SafetensorsReader,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from "./safetensors.ts";
export { chooseTokens, type SamplingNoise } from "./sampling.ts";
export {
  type ChatMessage,
  type ChatOptions,
  completionText,
  type DecodeOptions,
  loadTokenizer,
  renderChatMl,
  type Tokenizer,
} from "./tokenizer.ts";
export {
  readTorchArchive,
  type TorchDictionary,
  type TorchValue,
} from "./torch_archive.ts";
export {
  type TensorDictionary,
  writeTorchArchive,
} from "./torch_archive_writer.ts";
