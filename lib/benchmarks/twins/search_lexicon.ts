/**
 * Words of the world that the twins of TriviaQA, PopQA and FEVER share. First
 * names come from `lexicon.ts`.
 *
 * Every word here becomes one token of the mini reasoners, so the lists only
 * grow when a reasoner is trained anew.
 */

/** Second names of people; with a prefix before them, names of cities. */
export const LAST_NAMES = [
  "Hill",
  "Reed",
  "Marsh",
  "Brook",
  "Frost",
  "Wells",
  "Ford",
  "Dale",
  "Cole",
  "Page",
  "Lane",
  "Moss",
  "Nash",
  "Penn",
  "Rowe",
  "Shaw",
  "Tate",
  "Voss",
  "West",
  "York",
  "Bird",
  "Cross",
  "Dean",
  "Hart",
] as const;

/** First words of cities' names. */
export const CITY_PREFIXES = ["Port", "Lake", "Fort", "Mount", "Old"] as const;

/** What people are; it tells namesakes apart. */
export const OCCUPATIONS = [
  "singer",
  "painter",
  "doctor",
  "baker",
  "pilot",
  "writer",
  "farmer",
  "judge",
  "nurse",
] as const;

/** Relations from a person to a person. */
export const KIN_RELATIONS = ["teacher", "partner", "rival", "boss"] as const;
/** Relations from a person to a city. */
export const PLACE_RELATIONS = ["birthplace", "home"] as const;
/** Relations from a person. */
export const PERSON_RELATIONS = [...KIN_RELATIONS, ...PLACE_RELATIONS] as const;
/** Relations from a city; `neighbor` leads to a city, the others to a person. */
export const CITY_RELATIONS = ["mayor", "founder", "neighbor"] as const;

/** Invented relation words: what they stand for must be learned. */
export const RELATION_WORDS = [
  "vark",
  "zelm",
  "torv",
  "plim",
  "gund",
  "dorb",
  "fesk",
  "grelt",
  "jorn",
  "kesh",
  "lurn",
  "mirp",
  "nafe",
  "snib",
  "wexel",
  "yeld",
  "zorn",
  "blick",
  "crail",
  "droon",
  "skel",
  "prax",
  "bolm",
  "hulm",
] as const;

/** A relation from a person. */
export type PersonRelation = typeof PERSON_RELATIONS[number];
/** A relation from a city. */
export type CityRelation = typeof CITY_RELATIONS[number];
/** A relation of the corpus. */
export type Relation = PersonRelation | CityRelation;
/** An invented word. */
export type RelationWord = typeof RELATION_WORDS[number];
