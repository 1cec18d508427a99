/**
 * What tells the search twins apart: what they ask, of whom, and in which
 * words. All else is shared.
 */
import { type Random, seededRandom } from "../../random.ts";
import { formatPassages } from "../passages.ts";
import { strip } from "../python_text.ts";
import {
  PASSAGES,
  SEARCH_SYSTEM_PROMPT,
  SEARCH_TURNS,
  searchAction,
  searchMessages,
} from "../search_environment.ts";
import type { Benchmark, Message, Split, Task } from "../task.ts";
import type { KnowledgeBase } from "./knowledge_base.ts";
import type { RelationGlossary } from "./relation_words.ts";
import { answerOf, type Request } from "./search_language.ts";
import {
  type Library,
  type Meanings,
  type RequestKind,
  type SearchProblem,
  signatureOf,
  stepsOf,
} from "./search_problem.ts";
import { type Goal, type Habits, soundHabits } from "./search_solver.ts";
import type { Policy } from "./twin.ts";

/** A search twin's own part. */
export interface SearchForm {
  /** Its benchmark. */
  readonly benchmark: Benchmark;
  /** Kinds of requests, as often as they come. */
  readonly kinds: readonly RequestKind[];
  /** What is said of the people whom a split asks about. */
  base(split: Split): KnowledgeBase;
  /** Opens what is searched. */
  readonly library: () => Library;
  /** All requests of a split, before `complete`. */
  requests(split: Split, glossary: RelationGlossary): readonly Request[];
  /** Adds what else there is to a request, such as a claim. */
  complete(random: Random, parts: RequestParts): Request;
  /** What the user says. */
  question(request: Request): string;
  /** What the benchmark's scorer compares with; `value` is the last fact's. */
  gold(split: Split, answer: string, value: string): string;
  /** Whether the benchmark's scorer takes an answer. */
  isRight(answer: string, gold: string): boolean;
  /** The task's name and facts, as the loader gives them. */
  label(
    split: Split,
    index: number,
    request: Request,
  ): Pick<Task, "id" | "meta">;
  /** A value that pre-training has taught. */
  recall(goal: Goal): string | undefined;
  /** What a sample of pre-training asks about; first people more often. */
  practice(random: Random): PracticeScope;
}

/** A request and what it is asked of. */
export interface RequestParts {
  /** What is asked. */
  readonly request: Request;
  /** What the words stand for. */
  readonly meanings: Meanings;
  /** What is said of the person. */
  readonly base: KnowledgeBase;
}

/** What a sample of pre-training is drawn from. */
export interface PracticeScope {
  /** What is said of whom. */
  readonly base: KnowledgeBase;
  /** Opens what is searched. */
  readonly library: () => Library;
}

/** What a problem is made of. */
export interface ProblemParts extends RequestParts, Pick<Task, "id" | "meta"> {
  /** The task's split. */
  readonly split: Split;
  /** Opens what is searched. */
  readonly library: () => Library;
  /** What stands before the question. @default {""} */
  readonly notes?: string;
}

/**
 * The problem of its parts, without a demonstration.
 *
 * @throws {RangeError} If the base does not have the facts that it needs.
 */
export function searchProblem(
  form: SearchForm,
  parts: ProblemParts,
): SearchProblem {
  const { id, meta, split, request, meanings, base, library } = parts;
  const steps = stepsOf(request, meanings, base);
  if (steps === undefined) {
    throw new RangeError(
      `Cannot pose a problem as its facts must be known: current value is ${
        JSON.stringify(request)
      }`,
    );
  }
  const { value } = steps.at(-1)!;
  const answer = answerOf(request, value);
  const question = `${parts.notes ?? ""}${form.question(request)}`;
  return {
    task: {
      id,
      benchmark: form.benchmark.name,
      split,
      messages: splitMessages(split, question),
      demonstration: [],
      gold: form.gold(split, answer, value),
      environment: "search",
      meta,
    },
    signature: signatureOf(request),
    facts: request.words,
    request,
    meanings,
    steps,
    answer,
    library,
  };
}

/**
 * The chat before the first turn. For training the system prompt lacks the
 * space at its end, as in the released code.
 */
function splitMessages(split: Split, question: string): Message[] {
  const [system, user] = searchMessages(question);
  if (split === "test") return [system, user];
  return [{ role: "system", content: strip(SEARCH_SYSTEM_PROMPT) }, user];
}

/** Habits of one who knows a problem's words and what pre-training taught. */
export function knowingHabits(
  form: SearchForm,
  { meanings }: SearchProblem,
): Habits {
  return {
    ...soundHabits((word) => meanings[word]),
    recall: (goal) => form.recall(goal),
  };
}

/** What a policy does and reads until it neither searches nor may go on. */
export function demonstrate(
  { task, library }: SearchProblem,
  policy: Policy,
): Message[] {
  const chat: Message[] = [...task.messages];
  for (let turns = 1;; turns++) {
    const content = policy(chat);
    chat.push({ role: "assistant", content });
    const { kind, text } = searchAction(content);
    if (kind !== "search" || turns === SEARCH_TURNS) {
      return chat.slice(task.messages.length);
    }
    const found = formatPassages(library().search(text, PASSAGES));
    chat.push({ role: "user", content: found });
  }
}

/** The random numbers of one thing in a twin. */
export function formRandom(
  { benchmark }: SearchForm,
  ...key: readonly (string | number)[]
): Random {
  return seededRandom(`${benchmark.name} twin`, ...key);
}
