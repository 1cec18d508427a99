/**
 * Problems of the search twins: invented words asked of a person, and the
 * facts that lead to the answer.
 */
import {
  type Random,
  randomChoice,
  seededRandom,
  shuffled,
} from "../../random.ts";
import {
  type FoundPassage,
  type Passage,
  searchInMemory,
} from "../passages.ts";
import type { Split } from "../task.ts";
import { holdOut, splitOf } from "./held_out.ts";
import {
  type Fact,
  type KnowledgeBase,
  lookUp,
  nameOf,
  occupationOf,
  passagesOf,
} from "./knowledge_base.ts";
import {
  isOfCity,
  kindOf,
  leadsToCity,
  type RelationGlossary,
} from "./relation_words.ts";
import type { Request } from "./search_language.ts";
import {
  OCCUPATIONS,
  RELATION_WORDS,
  type RelationWord,
} from "./search_lexicon.ts";
import type { TwinProblem } from "./twin.ts";

/** A corpus with what finds its passages. */
export interface Library {
  /** All that it says. */
  readonly bases: readonly KnowledgeBase[];
  /** Its passages. */
  readonly passages: readonly Passage[];
  /** Finds passages, best first. */
  search(query: string, count: number): readonly FoundPassage[];
}

/** The relations that words stand for, in the order in which to follow them. */
export type Meanings = Readonly<Record<string, readonly string[]>>;

/** A problem of a search twin. */
export interface SearchProblem extends TwinProblem {
  /** What is asked. */
  readonly request: Request;
  /** What the words stand for. */
  readonly meanings: Meanings;
  /** The facts that lead to the value, in order. */
  readonly steps: readonly Fact[];
  /** The right answer: the last value's name, or a verdict. */
  readonly answer: string;
  /** Opens what is searched. */
  readonly library: () => Library;
}

/** A word for one relation, a word for two, or two words. */
export type RequestKind = "one" | "chain" | "pair";

/** Kinds of requests that are kept from training. */
const HELD_OUT = holdOut(
  seededRandom("search twins", "held out"),
  RELATION_WORDS.flatMap((word) =>
    [...OCCUPATIONS, ...RELATION_WORDS].map((other) => `${word} of ${other}`)
  ),
);

/** A library over what knowledge bases say. */
export function openLibrary(bases: readonly KnowledgeBase[]): Library {
  const passages = passagesOf(bases).map((contents, i) => ({
    id: String(i),
    contents,
  }));
  const search = searchInMemory(passages);
  // Who draws a problem again searches again.
  const found = new Map<string, readonly FoundPassage[]>();
  return {
    bases,
    passages,
    search(query, count) {
      const key = `${count} ${query}`;
      const known = found.get(key) ?? search(query, count);
      found.set(key, known);
      return known;
    },
  };
}

/** All words that can be asked of a person, by kind. */
export function wordChoices(
  glossary: RelationGlossary,
): Readonly<Record<RequestKind, readonly (readonly RelationWord[])[]>> {
  const of = (kind: string): RelationWord[] =>
    RELATION_WORDS.filter((word) => kindOf(glossary[word]) === kind);
  const follows = (inner: RelationWord, outer: RelationWord): boolean => {
    const [first] = glossary[inner];
    const [second] = glossary[outer];
    return first !== second && leadsToCity(first) === isOfCity(second);
  };
  return {
    one: of("person").map((word) => [word]),
    chain: of("chain").map((word) => [word]),
    pair: of("person").flatMap((inner) =>
      [...of("person"), ...of("city")].filter((outer) => follows(inner, outer))
        .map((outer) => [inner, outer])
    ),
  };
}

/** The kind of a request: its two words, or its word and what the person is. */
export function signatureOf({ words, subject }: Request): string {
  return words.length === 2
    ? `${words[1]} of ${words[0]}`
    : `${words[0]} of ${occupationOf(subject)}`;
}

/** The split that a kind of request belongs to. */
export function splitOfRequest(request: Request): Split {
  return splitOf(HELD_OUT, [signatureOf(request)]);
}

/**
 * The facts that lead to the value; nothing if there are none, or if the
 * value is named on the way and so could be answered by accident.
 */
export function stepsOf(
  { words, subject }: Request,
  meanings: Meanings,
  base: KnowledgeBase,
): readonly Fact[] | undefined {
  const steps: Fact[] = [];
  let last = subject;
  for (const relation of words.flatMap((word) => meanings[word])) {
    const value = lookUp(base, relation, last);
    if (value === undefined) return undefined;
    steps.push({ relation, subject: last, value });
    last = value;
  }
  const named = steps.map((step) => nameOf(step.subject));
  return named.includes(nameOf(last)) ? undefined : steps;
}

/** All requests of a split, each once: half need one search, half two. */
export function splitRequests(
  split: Split,
  glossary: RelationGlossary,
  base: KnowledgeBase,
): Request[] {
  const random = seededRandom("search twins", split, "requests");
  const choices = wordChoices(glossary);
  const all = (kind: RequestKind): Request[] =>
    shuffled(
      random,
      choices[kind].flatMap((words) =>
        base.people.map((subject) => ({ words, subject }))
      ).filter((request) =>
        splitOfRequest(request) === split &&
        stepsOf(request, glossary, base) !== undefined
      ),
    );
  const [one, chain, pair] = [all("one"), all("chain"), all("pair")];
  const count = Math.min(one.length >> 1, chain.length, pair.length);
  return Array.from(
    { length: count },
    (_, i) => [one[2 * i], chain[i], one[2 * i + 1], pair[i]],
  ).flat();
}

/** From what a request is drawn. */
export interface RequestScope {
  /** What words stand for. */
  readonly glossary: RelationGlossary;
  /** What is said about whom. */
  readonly base: KnowledgeBase;
  /** Kinds, as often as they shall come. */
  readonly kinds: readonly RequestKind[];
  /** Which requests will do. */
  readonly accepts: (request: Request) => boolean;
}

/** A random request. */
export function drawRequest(
  random: Random,
  { glossary, base, kinds, accepts }: RequestScope,
): Request {
  const choices = wordChoices(glossary);
  for (;;) {
    const words = choices[randomChoice(random, kinds)];
    if (words.length === 0) continue;
    const request = {
      words: randomChoice(random, words),
      subject: randomChoice(random, base.people),
    };
    const steps = stepsOf(request, glossary, base);
    if (steps !== undefined && accepts(request)) return request;
  }
}
