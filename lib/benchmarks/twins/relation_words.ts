/**
 * The world that the twins of TriviaQA, PopQA and FEVER share: what invented
 * relation words stand for. A word stands for one relation of the corpus or
 * for a chain of two, and so says which searches a question needs.
 *
 * One fixed draw is what experience teaches: its facts stand only in worked
 * training answers, never in questions or in the corpus. Other draws, given as
 * notes, teach a reasoner in pre-training to use what it is told.
 */
import { type Random, seededRandom, shuffled } from "../../random.ts";
import {
  CITY_RELATIONS,
  type CityRelation,
  KIN_RELATIONS,
  PERSON_RELATIONS,
  PLACE_RELATIONS,
  type Relation,
  RELATION_WORDS,
  type RelationWord,
} from "./search_lexicon.ts";

/**
 * Relations in the order in which they are followed: `[birthplace, mayor]` is
 * the mayor of the birthplace.
 */
export type Meaning = readonly [Relation] | readonly [Relation, Relation];

/** What every word stands for. */
export type RelationGlossary = Readonly<Record<RelationWord, Meaning>>;

/** The seed of the world that is the benchmarks'. */
const SEARCH_WORLD_SEED = 1;

/** Words for one relation of a person, for one of a city, for a chain. */
const COUNTS = { person: 10, city: 4 };
/** Of each kind, about 30 % are known from pre-training. */
const KNOWN_COUNTS = { person: 3, city: 1, chain: 3 };

/** Chains that begin at a person and take two different steps. */
export const CHAINS: readonly Meaning[] = [
  ...KIN_RELATIONS.flatMap((first) =>
    PERSON_RELATIONS.filter((second) => second !== first)
      .map((second) => [first, second] as const)
  ),
  ...PLACE_RELATIONS.flatMap((first) =>
    CITY_RELATIONS.map((second) => [first, second] as const)
  ),
];

/** Random meanings, in which every relation has a word. */
export function drawRelationGlossary(random: Random): RelationGlossary {
  const words = shuffled(random, RELATION_WORDS);
  const chains = words.length - COUNTS.person - COUNTS.city;
  const meanings: Meaning[] = [
    ...covering<Relation>(random, PERSON_RELATIONS, COUNTS.person),
    ...covering<Relation>(random, CITY_RELATIONS, COUNTS.city),
    ...shuffled(random, CHAINS).slice(0, chains),
  ];
  const entries = words.map((word, i) => [word, meanings[i]] as const);
  return Object.fromEntries(entries) as RelationGlossary;
}

/** Every relation at least once, in random order; then some again. */
function covering<R extends Relation>(
  random: Random,
  relations: readonly R[],
  count: number,
): Meaning[] {
  return [...shuffled(random, relations), ...shuffled(random, relations)]
    .slice(0, count).map((relation) => [relation]);
}

/** The meanings that the benchmarks ask for. */
export function worldRelations(): RelationGlossary {
  return drawRelationGlossary(
    seededRandom("relation words", SEARCH_WORLD_SEED),
  );
}

/** The words whose meaning pre-training states truly. */
export function knownRelationWords(): ReadonlySet<RelationWord> {
  const glossary = worldRelations();
  const random = seededRandom("relation words", SEARCH_WORLD_SEED, "known");
  const words = shuffled(random, RELATION_WORDS);
  return new Set(
    (["person", "city", "chain"] as const).flatMap((kind) =>
      words.filter((word) => kindOf(glossary[word]) === kind)
        .slice(0, KNOWN_COUNTS[kind])
    ),
  );
}

/** A world of random meanings in which the known words have the benchmarks'. */
export function drawRelationsAround(
  random: Random,
  known: ReadonlySet<RelationWord>,
): RelationGlossary {
  const drawn = drawRelationGlossary(random);
  const world = worldRelations();
  const entries = RELATION_WORDS.map((word) =>
    [word, (known.has(word) ? world : drawn)[word]] as const
  );
  return Object.fromEntries(entries) as RelationGlossary;
}

/** What a word can be said of, and in how many steps. */
export function kindOf(meaning: Meaning): "person" | "city" | "chain" {
  if (meaning.length === 2) return "chain";
  return isOfCity(meaning[0]) ? "city" : "person";
}

/** Whether a relation is one of cities. */
export function isOfCity(relation: Relation): relation is CityRelation {
  return CITY_RELATIONS.includes(relation as CityRelation);
}

/** Whether a relation leads to a city. */
export function leadsToCity(relation: Relation): boolean {
  return relation === "neighbor" ||
    PLACE_RELATIONS.includes(relation as typeof PLACE_RELATIONS[number]);
}

/** `mayor of the birthplace`: relations or words, the last one first. */
export function meaningText(meaning: readonly string[]): string {
  return meaning.toReversed().join(" of the ");
}

/** A fact as notes and worked answers state it. */
export function wordFact(
  glossary: RelationGlossary,
  word: RelationWord,
): string {
  return `The ${word} is the ${meaningText(glossary[word])}.`;
}
