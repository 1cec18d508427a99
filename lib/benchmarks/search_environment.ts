/**
 * The search loop: the model thinks, then searches or answers, at most five
 * times (data/triviaqa/env.py and interactions/multiturn_interaction.py).
 */
import type { Environment, EnvironmentStep } from "../training/mod.ts";
import { formatPassages, type PassageSearch } from "./passages.ts";
import { strip } from "./python_text.ts";
import type { Message, Task } from "./task.ts";

/** Turns of the model, at most (triviaqa.yaml). */
export const SEARCH_TURNS = 5;

/** Passages that a search gives (data/utils/retrieval_utils.py:10). */
export const PASSAGES = 3;

/** The released code's system prompt, byte for byte: it ends in a space. */
export const SEARCH_SYSTEM_PROMPT =
  "Answer the given question. You must conduct reasoning inside <think> and </think> first every time you get new information. After reasoning, if you find you lack some knowledge, you can call a search engine by <search> query </search> and it will return the top searched results between <information> and </information>. You can search as many times as your want. If you find no further external knowledge needed, you can directly provide the answer inside <answer> and </answer>, without detailed illustrations. For example, <answer> Beijing </answer>. ";

/** What the model reads after a turn that neither searches nor answers. */
export const INVALID_ACTION =
  "\nMy previous action is invalid. If I want to search, I should put the query between <search> and </search>. If I want to give the final answer, I should put the answer between <answer> and </answer>. Let me try again.\n";

/** What a turn does. */
export interface SearchAction {
  /** `none` if the turn neither searches nor answers. */
  readonly kind: "search" | "answer" | "none";
  /** The query or the answer, its first line alone; empty if there is none. */
  readonly text: string;
}

/**
 * Reads what a turn does: the text is cut after its first `</search>`, or
 * `</answer>` if there is none, and a search counts before an answer.
 *
 * Fault of the released code, kept: an answer with a search after it is taken
 * for the search (env.py:54-74). Search-R1 takes what comes first.
 */
export function searchAction(turn: string): SearchAction {
  const end = ["</search>", "</answer>"].find((tag) => turn.includes(tag));
  if (end === undefined) return { kind: "none", text: "" };
  const cut = turn.slice(0, turn.indexOf(end) + end.length);
  for (const kind of ["search", "answer"] as const) {
    const [open, close] = [`<${kind}>`, `</${kind}>`];
    if (!cut.includes(open) || !cut.includes(close)) continue;
    const inside = cut.slice(
      cut.indexOf(open) + open.length,
      cut.indexOf(close),
    );
    return { kind, text: strip(strip(inside).split("\n", 1)[0]) };
  }
  return { kind: "none", text: "" };
}

/** The answer that ends an episode: that of the first turn that answers. */
export function episodeAnswer(turns: readonly string[]): string | undefined {
  return turns.map(searchAction).find(({ kind }) => kind === "answer")?.text;
}

/** The chat before the first turn: a question is asked as it is. */
export function searchMessages(question: string): Message[] {
  return [
    { role: "system", content: SEARCH_SYSTEM_PROMPT },
    { role: "user", content: question },
  ];
}

/** Settings of a search environment. */
export interface SearchEnvironmentOptions {
  /** Finds passages. */
  readonly search: PassageSearch;
  /** Whether an answer is right. */
  readonly isRight: (answer: string) => boolean;
}

/**
 * A question with a search engine. The reward is 1 for a right answer, which
 * ends the episode as a wrong one does, and 0 otherwise.
 *
 * A search is answered with the passages alone, without the tags that the
 * prompt promises, as in the released code. Deviations: the turn stays in the
 * chat as it was written, where the released code cuts what follows the first
 * closing tag; a search engine that fails ends the run, where the released code
 * answers "Cannot find corresponding pages." and goes on, so that a broken
 * engine looks like a weak model; and a wrong answer has the reward 0, where the
 * released code's GRPO gives it 0.5 for its form (`trajectoryReward`).
 */
export class SearchEnvironment implements Environment {
  /** The search engine has a time-out; waiting for it does not count. */
  readonly keepsTime = true;
  readonly #task: Task;
  readonly #options: SearchEnvironmentOptions;
  #turns = 0;

  /** Begins before the first turn. */
  constructor(task: Task, options: SearchEnvironmentOptions) {
    this.#task = task;
    this.#options = options;
  }

  /** The task's chat; no seed changes it. */
  reset(): readonly Message[] {
    this.#turns = 0;
    return this.#task.messages;
  }

  /** Searches, marks the answer, or says that the turn was neither. */
  async step(turn: string): Promise<EnvironmentStep> {
    this.#turns++;
    const { kind, text } = searchAction(turn);
    if (kind === "answer") {
      const reward = this.#options.isRight(text) ? 1 : 0;
      return { observation: "", reward, terminated: true, truncated: false };
    }
    const observation = kind === "search"
      ? formatPassages(await this.#options.search(text, PASSAGES))
      : INVALID_ACTION;
    const truncated = this.#turns === SEARCH_TURNS;
    return { observation, reward: 0, terminated: false, truncated };
  }
}
