/**
 * A program that answers questions of the search twins as the worked answers
 * do: it says what the invented words stand for, searches for one fact after
 * another, and concludes. It reads the chat alone; what it knows of the world,
 * and how it may go wrong, it is given as habits.
 */
import type { Message } from "../task.ts";
import { type Fact, factKey } from "./knowledge_base.ts";
import {
  answerOf,
  readFacts,
  readRequest,
  type Request,
  type SearchTurn,
  type Thought,
  turnText,
} from "./search_language.ts";
import type { Policy } from "./twin.ts";

/** What is sought: a fact without its value. */
export type Goal = Omit<Fact, "value">;

/** How the solver does each of its steps. */
export interface Habits {
  /** The relations that a word stands for. */
  meaning(word: string, chat: readonly Message[]): readonly string[];
  /** What is asked. */
  request(request: Request): Request;
  /** The relations to follow, of those that the words stand for. */
  plan(relations: readonly string[]): readonly string[];
  /** A value that is known without a search. */
  recall(goal: Goal): string | undefined;
  /** The value that a search brought, from the facts in it. */
  read(goal: Goal, found: readonly Fact[]): string | undefined;
  /** The answer, from all that was found; the last of it is what was asked. */
  conclude(found: readonly Fact[], request: Request): string;
  /** The turn as it is written. */
  write(turn: SearchTurn): string;
}

/** The answer to a question whose value could not be found. */
const UNKNOWN = "unknown";

/** Sound habits of one who knows the words' meanings and no fact. */
export function soundHabits(meaning: Habits["meaning"]): Habits {
  return {
    meaning,
    request: (request) => request,
    plan: (relations) => relations,
    recall: () => undefined,
    read: (goal, found) =>
      found.find((fact) => factKey(fact) === factKey(goal))?.value,
    conclude: (found, request) => answerOf(request, found.at(-1)!.value),
    write: turnText,
  };
}

/** A policy with the given habits. */
export function searchSolver(habits: Habits): Policy {
  return (chat) => habits.write(nextTurn(chat, habits));
}

function nextTurn(chat: readonly Message[], habits: Habits): SearchTurn {
  const [question, ...answers] = chat.filter(({ role }) => role === "user");
  const asked = readRequest(question.content);
  if (asked === undefined) {
    throw new SyntaxError(
      `Cannot answer as the question must be of the twins' language: current value is ${
        JSON.stringify(question.content)
      }`,
    );
  }
  const request = habits.request(asked);
  const meanings = request.words.map((word) => habits.meaning(word, chat));
  const results = answers.map(({ content }) => readFacts(content))
    .filter((facts) => facts.length > 0);
  const found: Fact[] = [];
  // Of the thoughts, only those since the last search are this turn's.
  let thoughts = request.words.flatMap((word, i): Thought[] =>
    meanings[i].join() === word
      ? []
      : [{ kind: "meaning", word, meaning: meanings[i] }]
  );
  let subject = request.subject;
  for (const relation of habits.plan(meanings.flat())) {
    const goal = { relation, subject };
    let value = habits.recall(goal);
    if (value === undefined) {
      const result = results.shift();
      if (result === undefined) {
        thoughts.push({ kind: "need", ...goal });
        return { thoughts, call: { tag: "search", text: factKey(goal) } };
      }
      thoughts = [];
      value = habits.read(goal, result);
    }
    if (value === undefined) return answerTurn(thoughts, UNKNOWN);
    found.push({ ...goal, value });
    thoughts.push({ kind: "fact", fact: found.at(-1)! });
    subject = value;
  }
  return answerTurn(thoughts, habits.conclude(found, request));
}

function answerTurn(thoughts: readonly Thought[], answer: string): SearchTurn {
  return {
    thoughts: [...thoughts, { kind: "conclusion", answer }],
    call: { tag: "answer", text: answer },
  };
}
