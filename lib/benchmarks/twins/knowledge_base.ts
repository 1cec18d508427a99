/**
 * What the corpus of the TriviaQA, PopQA and FEVER twins says: facts about
 * people and cities, one a passage, with namesakes among the people.
 *
 * Entities are the phrases that name them: `the singer Ann Hill` or `Port
 * Reed`. Every part of the benchmarks has people and cities of its own, so
 * that no answer can be remembered from training: only what words mean can.
 */
import { type Random, seededRandom, shuffled } from "../../random.ts";
import type { Split } from "../task.ts";
import { NAMES } from "./lexicon.ts";
import {
  CITY_PREFIXES,
  KIN_RELATIONS,
  LAST_NAMES,
  OCCUPATIONS,
  type Relation,
} from "./search_lexicon.ts";

/** One statement of the corpus. */
export interface Fact {
  /** What is said. */
  readonly relation: string;
  /** Of whom or what: an entity. */
  readonly subject: string;
  /** An entity. */
  readonly value: string;
}

/** All facts about some people and cities. */
export interface KnowledgeBase {
  /** Entities, namesakes next to each other. */
  readonly people: readonly string[];
  /** Entities. */
  readonly cities: readonly string[];
  /** Facts of each entity. */
  readonly facts: ReadonlyMap<string, readonly Fact[]>;
}

/** Whom and what a knowledge base is about. */
export interface KnowledgeScope {
  /** `Ann Hill`: at least five. */
  readonly names: readonly string[];
  /** `Port Reed`: at least two. */
  readonly cities: readonly string[];
  /** People of one name, each with another occupation. */
  readonly namesakes: number;
}

/** Parts of the benchmarks that share neither people nor cities. */
export type KnowledgePart = Split | "popqa";

/** Names and cities of each part. */
const PARTS: Readonly<Record<KnowledgePart, readonly [number, number]>> = {
  train: [150, 48],
  valid: [70, 12],
  test: [90, 36],
  popqa: [140, 24],
};

/** People of one name in the corpus of TriviaQA and FEVER. */
const NAMESAKES = 3;

const ALL_NAMES = NAMES.flatMap((first) =>
  LAST_NAMES.map((last) => `${first} ${last}`)
);
const ALL_CITIES = CITY_PREFIXES.flatMap((prefix) =>
  LAST_NAMES.map((name) => `${prefix} ${name}`)
);

/** The facts of a part: the same on every call. */
export function knowledgeOf(part: KnowledgePart): KnowledgeBase {
  const names = shuffled(seededRandom("knowledge", "names"), ALL_NAMES);
  const cities = shuffled(seededRandom("knowledge", "cities"), ALL_CITIES);
  const parts = Object.keys(PARTS) as KnowledgePart[];
  const before = parts.slice(0, parts.indexOf(part));
  const cut = (list: readonly string[], which: 0 | 1): readonly string[] => {
    const start = before.reduce((sum, each) => sum + PARTS[each][which], 0);
    return list.slice(start, start + PARTS[part][which]);
  };
  return drawKnowledgeBase(seededRandom("knowledge", part), {
    names: cut(names, 0),
    cities: cut(cities, 1),
    namesakes: part === "popqa" ? 1 : NAMESAKES,
  });
}

/** A small random knowledge base, as pre-training reads it. */
export function drawSmallKnowledgeBase(random: Random): KnowledgeBase {
  return drawKnowledgeBase(random, {
    names: shuffled(random, ALL_NAMES).slice(0, 7),
    cities: shuffled(random, ALL_CITIES).slice(0, 4),
    namesakes: NAMESAKES,
  });
}

/**
 * Random facts about people and cities. All values of a person differ in name,
 * and none is the person's own, so that a wrong relation gives a wrong answer.
 */
export function drawKnowledgeBase(
  random: Random,
  { names, cities, namesakes }: KnowledgeScope,
): KnowledgeBase {
  const occupations = new Map(
    names.map((name) =>
      [name, shuffled(random, OCCUPATIONS).slice(0, namesakes)] as const
    ),
  );
  const peopleOf = (name: string): string[] =>
    occupations.get(name)!.map((occupation) => `the ${occupation} ${name}`);
  const others = (name: string, count: number): string[] =>
    shuffled(random, names.filter((each) => each !== name)).slice(0, count)
      .map((each) => shuffled(random, peopleOf(each))[0]);
  const facts = new Map<string, readonly Fact[]>();
  for (const name of names) {
    for (const subject of peopleOf(name)) {
      const kin = others(name, KIN_RELATIONS.length);
      const [birthplace, home] = shuffled(random, cities);
      facts.set(subject, [
        ...KIN_RELATIONS.map((relation, i) => fact(relation, subject, kin[i])),
        fact("birthplace", subject, birthplace),
        fact("home", subject, home),
      ]);
    }
  }
  for (const city of cities) {
    const [mayor, founder] = others("", 2);
    const [neighbor] = shuffled(random, cities.filter((each) => each !== city));
    facts.set(city, [
      fact("mayor", city, mayor),
      fact("founder", city, founder),
      fact("neighbor", city, neighbor),
    ]);
  }
  return { people: names.flatMap(peopleOf), cities, facts };
}

function fact(relation: Relation, subject: string, value: string): Fact {
  return { relation, subject, value };
}

/** What a relation of an entity is, or nothing where it has none. */
export function lookUp(
  { facts }: KnowledgeBase,
  relation: string,
  subject: string,
): string | undefined {
  return facts.get(subject)
    ?.find((fact) => fact.relation === relation)?.value;
}

/** `Ann Hill` of `the singer Ann Hill`. */
export function nameOf(entity: string): string {
  return entity.replace(/^the [a-z]+ /, "");
}

/** All names of an entity, the shortest first. */
export function aliasesOf(entity: string): string[] {
  return [...new Set([nameOf(entity), entity.replace(/^the /, "")])];
}

/** `singer` of `the singer Ann Hill`; empty for a city. */
export function occupationOf(entity: string): string {
  return /^the ([a-z]+) /.exec(entity)?.[1] ?? "";
}

/** `birthplace of the singer Ann Hill`: what one searches for. */
export function factKey({ relation, subject }: Omit<Fact, "value">): string {
  return `${relation} of ${subject}`;
}

/** A fact as passages and worked answers state it. */
export function factSentence(fact: Fact): string {
  return `The ${factKey(fact)} is ${fact.value}.`;
}

/** A passage: its title in quotes, then its text, as Search-R1 stores it. */
export function passageOf(fact: Fact): string {
  const occupation = occupationOf(fact.subject);
  const addition = occupation === "" ? "" : ` (${occupation})`;
  return `"${nameOf(fact.subject)}${addition}"\n${factSentence(fact)}`;
}

/** Every passage of knowledge bases, in an order that says nothing. */
export function passagesOf(bases: readonly KnowledgeBase[]): string[] {
  const passages = bases.flatMap(({ facts }) =>
    [...facts.values()].flat().map(passageOf)
  );
  return shuffled(seededRandom("knowledge", "passages"), passages);
}
