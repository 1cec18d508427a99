/**
 * The twins: small, seeded, exactly scored benchmarks in the real formats.
 *
 * @module
 */
export {
  drawGlossary,
  drawGlossaryAround,
  FACT_KINDS,
  FACT_NAMES,
  type FactName,
  factText,
  type Glossary,
  KNOWN_SHARE,
  knownFacts,
  WORLD_SEED,
  worldGlossary,
} from "./glossary.ts";
export {
  gsm8kTwinCard,
  type MeasuredPolicy,
  measurePolicies,
  splitProblems,
  writeGsm8kTwin,
} from "./gsm8k_files.ts";
export { ITEMS, NAMES, plural } from "./lexicon.ts";
export { notedTask, type NotedWorld, notesText } from "./gsm8k_notes.ts";
export {
  gsm8kPolicies,
  type NamedPolicy,
  type Policy,
  policyAccuracy,
} from "./gsm8k_policies.ts";
export { checkBenchmark, type CheckOptions } from "./check.ts";
export { countCorrect } from "./measure.ts";
export { play, type Played } from "./play.ts";
export type { Segments, Twin, TwinProblem } from "./twin.ts";
export { solve } from "./gsm8k_solver.ts";
export {
  bigrams,
  drawProblem,
  type Operation,
  OPERATIONS,
  type Problem,
  type Signature,
} from "./gsm8k_problem.ts";
export {
  CHAIN_LENGTHS,
  HELD_OUT_BIGRAMS,
  SPLIT_SIZES,
  splitOf,
  splitProblem,
  TRAINING_SIZES,
} from "./gsm8k_splits.ts";
