/**
 * The twins: small, seeded, exactly scored benchmarks in the real formats.
 *
 * @module
 */
export { checkBenchmark, type CheckOptions } from "./check.ts";
export {
  bestOf,
  isAboveChance,
  isKnowledgeNeeded,
  KNOWLEDGE_GAP,
  labelFaults,
  policyFaults,
  SHORTCUT_MARGIN,
} from "./admission.ts";
export {
  countLabelled,
  type MeasuredLabel,
  type MeasuredPolicy,
  measureLabels,
  measurePolicies,
  playProblems,
  runFailures,
  splitProblems,
  trainingKey,
  twinKey,
} from "./measure.ts";
export { play, type Played } from "./play.ts";
export type {
  NamedPolicy,
  NotedWorld,
  Policy,
  Segments,
  Twin,
  TwinProblem,
} from "./twin.ts";
export { readAquaNotes } from "./aqua_policies.ts";
export { topicBigrams } from "./aqua_problem.ts";
export { AQUA_HELD_OUT, type AquaProblem, aquaTwin } from "./aqua_twin.ts";
export { type Chemistry, CHEMISTRY_FACTS, drawChemistry } from "./chemistry.ts";
export { readExperiment, workExperiment } from "./gpqa_problem.ts";
export { readGpqaNotes } from "./gpqa_policies.ts";
export { gpqaTwin } from "./gpqa_twin.ts";
export { readMathNotes } from "./math_policies.ts";
export { readExercise, workExercise } from "./math_problem.ts";
export { mathTwin } from "./math_twin.ts";
export {
  definitionText,
  OPERATION_NAMES,
  type OperationWorld,
} from "./named_operations.ts";
export { RATE_NAMES, type RateName } from "./rates.ts";
export { findTwin, TWIN_NAMES, TWINS } from "./registry.ts";
export { alfworldTwin } from "./alfworld_twin.ts";
export { bigCodeBenchTwin } from "./bigcodebench_twin.ts";
export { kodcodeTwin } from "./kodcode_twin.ts";
export {
  drillLookUps,
  drillSums,
  GLOSSARY_NOTES,
  type Note,
  type NoteKind,
} from "./drills.ts";
export {
  drawGlossary,
  drawGlossaryAround,
  FACT_KINDS,
  FACT_NAMES,
  type FactName,
  factText,
  type Glossary,
  knownFacts,
  WORLD_SEED,
  worldGlossary,
} from "./glossary.ts";
export { drawProblem, OPERATIONS, type Signature } from "./gsm8k_problem.ts";
export { readGsm8kNotes } from "./gsm8k_policies.ts";
export { GSM8K_HELD_OUT, type Gsm8kProblem, gsm8kTwin } from "./gsm8k_twin.ts";
export { feverTwin } from "./fever_twin.ts";
export { popqaTwin } from "./popqa_twin.ts";
export { scienceworldTwin } from "./scienceworld_twin.ts";
export { triviaqaTwin } from "./triviaqa_twin.ts";
export { ITEMS, NAMES, plural } from "./lexicon.ts";
export { notesText } from "./practice.ts";
export { storyFactText } from "./story_facts.ts";
export { bigrams } from "./story_draw.ts";
export { solve } from "./working.ts";
