/**
 * Benchmarks: their tasks, read from the published files, and their scorers.
 *
 * @example
 * ```ts
 * import { findBenchmark } from "@/lib/benchmarks/mod.ts";
 *
 * const benchmark = findBenchmark("gsm8k");
 * const [task] = await benchmark.load("../shared/data/gsm8k", "test");
 * await benchmark.score(["So 9 * 2 = 18. \\boxed{18.00}"], task.gold);
 * // { official: 0, lenient: 1, failure: "other form" }
 * ```
 *
 * @module
 */
export type {
  Benchmark,
  EnvironmentKind,
  EnvironmentOptions,
  JsonValue,
  Message,
  Score,
  Split,
  Task,
} from "./task.ts";
export { BENCHMARK_NAMES, findBenchmark } from "./registry.ts";
export {
  countFailures,
  countOfficial,
  encodePrompt,
  evaluate,
} from "./evaluate.ts";
export type { EvaluateOptions, EvaluationRecord } from "./evaluation.ts";
export { alfworld, type AlfworldOptions, makeAlfworld } from "./alfworld.ts";
export { aqua } from "./aqua.ts";
export { bigcodebench, bigCodeBenchPrompt } from "./bigcodebench.ts";
export { gpqa } from "./gpqa.ts";
export { Bm25, type Match } from "./bm25.ts";
export { type Conversation, readConversations } from "./agentbank.ts";
export { fever, feverPrompt } from "./fever.ts";
export {
  formatPassages,
  type FoundPassage,
  type Passage,
  type PassageSearch,
  readCorpus,
  searchInMemory,
} from "./passages.ts";
export { popqa } from "./popqa.ts";
export {
  containsAlias,
  containsPopQaAlias,
  exactMatch,
  lenientAnswerScore,
  normalizeSquad,
  normalizeTriviaQa,
  trajectoryReward,
} from "./qa_scorers.ts";
export { scienceworld } from "./scienceworld.ts";
export { questionGold } from "./question_score.ts";
export { openRetriever } from "./retriever.ts";
export { retrieveHandler } from "./retriever_server.ts";
export {
  INVALID_ACTION,
  SEARCH_SYSTEM_PROMPT,
  SEARCH_TURNS,
  type SearchAction,
  searchAction,
  SearchEnvironment,
  searchMessages,
} from "./search_environment.ts";
export { triviaqa } from "./triviaqa.ts";
export {
  convertAgentTurn,
  convertHumanTurn,
} from "./triviaqa_conversations.ts";
export { gsm8k, gsm8kPrompt } from "./gsm8k.ts";
export { codePrompt, kodcode } from "./kodcode.ts";
export { math } from "./math.ts";
export { officialMathScore } from "./boxed_math.ts";
export {
  BOXED_FAILURES,
  CHOICE_FAILURES,
  scoreBoxed,
  scoreChoice,
} from "./boxed_score.ts";
export {
  FAILURE_LABELS,
  type FailureEvent,
  type FailureLabel,
  failureLabel,
} from "./failures.ts";
export { lenientMathScore } from "./lenient_math.ts";
export { STEP_BY_STEP } from "./prompts.ts";
export { taskReward } from "./reward.ts";
export {
  type Columns,
  type ColumnType,
  integer,
  jsonText,
  listOf,
  nullable,
  number,
  type Row,
  structOf,
  text,
} from "./columns.ts";
export { readObject, type ReadOptions, readRows } from "./rows.ts";
export {
  chooseEvenly,
  chooseIds,
  type ChooseOptions,
  chooseTasks,
} from "./split.ts";
