/**
 * Policies without a model, which bound what the search twins' numbers mean:
 * the oracle, one that guesses the words, chance, and shortcuts.
 */
import { randomChoice } from "../../random.ts";
import type { Fact } from "./knowledge_base.ts";
import { drawRelationGlossary } from "./relation_words.ts";
import {
  answerOf,
  type Call,
  readFacts,
  readRequest,
  type Request,
  requestKey,
  turnText,
  VERDICTS,
} from "./search_language.ts";
import type { SearchProblem } from "./search_problem.ts";
import { type Habits, searchSolver } from "./search_solver.ts";
import type { NamedPolicy, Policy } from "./twin.ts";

/**
 * All policies.
 *
 * @param knowing Habits of one who knows the world.
 * @param frequent The most frequent answer of the test split, which no one
 * who only saw the training split could know.
 */
export function searchPolicies(
  knowing: (problem: SearchProblem) => Habits,
  frequent: string,
): NamedPolicy<SearchProblem>[] {
  return [
    {
      name: "solver that knows the world",
      kind: "oracle",
      start: (problem) => searchSolver(knowing(problem)),
    },
    {
      name: "solver that guesses the words",
      kind: "ignorant",
      start: (problem, random) => {
        const guesses: Readonly<Record<string, readonly string[]>> =
          drawRelationGlossary(random);
        return searchSolver({
          ...knowing(problem),
          meaning: (word) => guesses[word],
        });
      },
    },
    {
      name: "any value of the person's passages, or any verdict",
      kind: "random",
      start: (_, random) =>
        searching(
          [({ subject }) => subject],
          (facts, request) =>
            request.claim === undefined
              ? answerOf(request, randomChoice(random, facts).value)
              : randomChoice(random, Object.values(VERDICTS)),
        ),
    },
    {
      name: "most frequent answer of the test split",
      kind: "random",
      start: () => searching([], () => frequent),
    },
    {
      name: "first value, or the claimed one, in a search for the question",
      kind: "shortcut",
      start: () => searching([questionText], takeValue),
    },
    {
      name: "the same in a second search, for what the first one gave",
      kind: "shortcut",
      start: () => searching([questionText, firstValue], takeValue),
    },
    {
      name: "who is asked about",
      kind: "shortcut",
      start: () =>
        searching([], (_, request) => answerOf(request, request.subject)),
    },
  ];
}

/** Searches, then answers from what the last search found. */
function searching(
  queries: readonly ((request: Request, found: readonly Fact[]) => string)[],
  answer: (found: readonly Fact[], request: Request) => string,
): Policy {
  return (chat) => {
    const [question, ...results] = chat.filter(({ role }) => role === "user");
    const request = readRequest(question.content)!;
    const found = readFacts(results.at(-1)?.content ?? "");
    const isDone = results.length === queries.length;
    const call: Call = isDone
      ? { tag: "answer", text: answer(found, request) }
      : { tag: "search", text: queries[results.length](request, found) };
    return turnText({ thoughts: [], call });
  };
}

function questionText(request: Request): string {
  const key = requestKey(request);
  return request.claim === undefined ? key : `${key} is ${request.claim}`;
}

function firstValue(_: Request, [first]: readonly Fact[]): string {
  return first.value;
}

/** The first value; of a claim, whether its value is among those found. */
function takeValue(found: readonly Fact[], request: Request): string {
  const values = found.map(({ value }) => value);
  const { claim } = request;
  const isFound = claim !== undefined && values.includes(claim);
  return answerOf(request, isFound ? claim : values[0]);
}
