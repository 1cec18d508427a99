/**
 * Why a run of a search twin failed, told from what was thought, called and
 * found in each turn. Thoughts outside the twins' language are passed over.
 */
import type { FailureEvent, FailureLabel } from "../failures.ts";
import { episodeAnswer } from "../search_environment.ts";
import type { Message } from "../task.ts";
import { type Fact, factKey, lookUp } from "./knowledge_base.ts";
import {
  answerOf,
  isAnswer,
  readFacts,
  type ReadTurn,
  readTurn,
  type Thought,
} from "./search_language.ts";
import type { SearchProblem } from "./search_problem.ts";
import type { Goal } from "./search_solver.ts";

/**
 * What is wrong in a run; one that ends without an answer, and has no other
 * fault, has a planning failure at its last turn.
 *
 * @param chat The whole chat, from the task's messages on.
 */
export function searchFailures(
  problem: SearchProblem,
  chat: readonly Message[],
): FailureEvent[] {
  const said = chat.slice(problem.task.messages.length);
  const turns = said.filter(({ role }) => role === "assistant")
    .map(({ content }) => content);
  const reader = new RunReader(problem);
  const events = said.flatMap(({ role, content }): FailureEvent[] => {
    if (role !== "assistant") {
      reader.observe(content);
      return [];
    }
    const turn = reader.turns;
    return reader.take(content).map((label) => ({ turn, label }));
  });
  const hasAnswer = episodeAnswer(turns) !== undefined;
  if (events.length > 0 || hasAnswer) return events;
  return [{ turn: turns.length - 1, label: "planning failure" }];
}

/** Follows a run: what is believed, sought and found so far. */
class RunReader {
  /** Turns taken. */
  turns = 0;
  readonly #problem: SearchProblem;
  /** What the words are said to stand for. */
  readonly #beliefs = new Map<string, readonly string[]>();
  /** Facts of the last search, and of all. */
  #lastSeen: readonly Fact[] = [];
  readonly #seen: Fact[] = [];
  /** The goal of the last search. */
  #sought: Goal | undefined;
  /** Facts that were said and lead on. */
  readonly #found: Fact[] = [];

  constructor(problem: SearchProblem) {
    this.#problem = problem;
  }

  observe(content: string): void {
    this.#lastSeen = readFacts(content);
    this.#seen.push(...this.#lastSeen);
  }

  take(content: string): FailureLabel[] {
    const turn = readTurn(content);
    const labels = [
      ...turn.thoughts.flatMap((thought) => this.#judge(thought)),
      ...this.#judgeCall(turn),
    ];
    this.turns++;
    return labels;
  }

  #judge(thought: Thought): FailureLabel[] {
    switch (thought.kind) {
      case "meaning": {
        const { word, meaning } = thought;
        const { request, meanings } = this.#problem;
        if (!request.words.includes(word)) return ["demand misunderstanding"];
        this.#beliefs.set(word, meaning);
        const isTrue = meaning.join() === meanings[word].join();
        return isTrue ? [] : ["false belief"];
      }
      case "fact":
        return this.#judgeFact(thought.fact);
      case "need":
        return this.#judgeNeed(thought);
      case "conclusion":
        return this.#judgeConclusion(thought.answer);
    }
  }

  #judgeFact(fact: Fact): FailureLabel[] {
    const goal = this.#goal();
    if (goal !== undefined && factKey(goal) === factKey(fact)) {
      this.#found.push(fact);
    }
    const { bases } = this.#problem.library();
    const { relation, subject, value } = fact;
    const isOther = goal !== undefined && this.#found.length === 0 &&
      relation === goal.relation && subject !== goal.subject;
    if (isOther) return ["demand misunderstanding"];
    const isTrue = bases.some((base) =>
      lookUp(base, relation, subject) === value
    );
    if (isTrue) return [];
    return holds(this.#seen, fact) ? ["tool response error"] : ["false belief"];
  }

  #judgeNeed(need: Goal): FailureLabel[] {
    this.#sought = need;
    const goal = this.#goal();
    if (goal === undefined) return ["planning failure"];
    if (need.subject !== goal.subject) {
      return this.#found.length === 0
        ? ["demand misunderstanding"]
        : ["compositional reasoning"];
    }
    if (need.relation !== goal.relation) return ["planning failure"];
    return holds(this.#lastSeen, goal) ? ["tool response error"] : [];
  }

  #judgeConclusion(answer: string): FailureLabel[] {
    const goal = this.#goal();
    if (goal === undefined) {
      const expected = answerOf(
        this.#problem.request,
        this.#found.at(-1)!.value,
      );
      return answer === expected ? [] : ["compositional reasoning"];
    }
    const wasSought = this.#sought !== undefined &&
      factKey(this.#sought) === factKey(goal);
    return wasSought || holds(this.#lastSeen, goal)
      ? ["tool response error"]
      : ["planning failure"];
  }

  #judgeCall({ thoughts, call }: ReadTurn): FailureLabel[] {
    const last = thoughts.at(-1);
    const concludes = last?.kind === "conclusion";
    const isRight = concludes && last.answer === this.#problem.answer;
    if (call === undefined) {
      return [isRight ? "answer formatting failure" : "tool parsing error"];
    }
    if (concludes) {
      if (call.tag === "answer" && call.text === last.answer) return [];
      return isRight && call.tag === "answer" && !isAnswer(call.text)
        ? ["answer formatting failure"]
        : ["think-act inconsistency"];
    }
    if (last?.kind !== "need") return [];
    return call.tag === "search" && call.text === factKey(last)
      ? []
      : ["think-act inconsistency"];
  }

  /** What must be found next by what the words are said to stand for. */
  #goal(): Goal | undefined {
    const { request, meanings } = this.#problem;
    const relation =
      request.words.flatMap((word) =>
        this.#beliefs.get(word) ?? meanings[word]
      )[this.#found.length];
    const subject = this.#found.at(-1)?.value ?? request.subject;
    return relation === undefined ? undefined : { relation, subject };
  }
}

function holds(facts: readonly Fact[], goal: Goal): boolean {
  return facts.some((fact) => factKey(fact) === factKey(goal));
}
