/**
 * Policies without a model, which bound what the search twins' numbers mean:
 * the oracle, one that guesses the words, chance, and shortcuts.
 */
import { randomChoice } from "../../random.ts";
import { drawRelationGlossary } from "./relation_words.ts";
import {
  answerOf,
  readFacts,
  readRequest,
  type Request,
  requestKey,
  turnText,
  VERDICTS,
} from "./search_language.ts";
import type { SearchProblem } from "./search_problem.ts";
import { type Habits, searchSolver, UNKNOWN } from "./search_solver.ts";
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
      name: "any value of the person's passages",
      kind: "random",
      start: (_, random) =>
        oneSearch(({ subject }) => subject, (facts, request) => {
          if (request.claim !== undefined) {
            return randomChoice(random, Object.values(VERDICTS));
          }
          const values = facts.map(({ value }) => value);
          return values.length === 0
            ? UNKNOWN
            : answerOf(request, randomChoice(random, values));
        }),
    },
    {
      name: "first value of a search for the question",
      kind: "shortcut",
      start: () =>
        oneSearch(
          questionText,
          ([first], request) =>
            first === undefined ? UNKNOWN : answerOf(request, first.value),
        ),
    },
    {
      name: "what a search for the question names most, or as claimed",
      kind: "shortcut",
      start: () =>
        oneSearch(questionText, (facts, request) => {
          const { claim, subject } = request;
          const values = facts.map(({ value }) => value);
          if (claim !== undefined) {
            return VERDICTS[values.includes(claim) ? "right" : "wrong"];
          }
          const other = values.find((value) => value !== subject);
          return other === undefined ? UNKNOWN : answerOf(request, other);
        }),
    },
    {
      name: "who is asked about",
      kind: "shortcut",
      start: () => oneTurn((request) => answerOf(request, request.subject)),
    },
    {
      name: "most frequent answer of the test split",
      kind: "random",
      start: () => oneTurn(() => frequent),
    },
  ];
}

/** Searches once, then answers from what was found. */
function oneSearch(
  query: (request: Request) => string,
  answer: (
    facts: ReturnType<typeof readFacts>,
    request: Request,
  ) => string,
): Policy {
  return (chat) => {
    const [question, found] = chat.filter(({ role }) => role === "user");
    const request = readRequest(question.content)!;
    return turnText({
      thoughts: [],
      call: found === undefined
        ? { tag: "search", text: query(request) }
        : { tag: "answer", text: answer(readFacts(found.content), request) },
    });
  };
}

/** Answers at once. */
function oneTurn(answer: (request: Request) => string): Policy {
  return (chat) => {
    const [question] = chat.filter(({ role }) => role === "user");
    const text = answer(readRequest(question.content)!);
    return turnText({ thoughts: [], call: { tag: "answer", text } });
  };
}

function questionText(request: Request): string {
  const key = requestKey(request);
  return request.claim === undefined ? key : `${key} is ${request.claim}`;
}
