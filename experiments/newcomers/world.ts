/**
 * A world in which memory helps at some positions only: everybody owns one
 * thing; what most people own the reasoner knows, what the newcomers own only
 * memory can.
 *
 * A question names four people; the answer says of each what they own:
 *
 *     Ada Gus Zoe Kai
 *     Ada, plum. Gus, kite. Zoe, drum. Kai, ring.
 *
 * Memory may go in at the end of the question and after each comma and full
 * stop: nine places, of which only those after a newcomer's comma need it.
 */
import {
  type Random,
  randomChoice,
  seededRandom,
  shuffled,
} from "@/lib/random.ts";
import { ITEMS, NAMES } from "@/lib/benchmarks/twins/mod.ts";

/** People of a question. */
export const PEOPLE = 4;
/** People whose thing only memory knows; fewer than half of a question's. */
export const NEWCOMERS: readonly Person[] = NAMES.slice(12);

/** Somebody. */
export type Person = typeof NAMES[number];
/** What they own. */
export type Thing = typeof ITEMS[number];
/** What everybody owns. */
export type Ownership = ReadonlyMap<Person, Thing>;

/** Splits of the questions, by their people and their order. */
export type NewcomersSplit = "train" | "valid" | "test";

/** Questions that the study was designed with, before others were asked. */
const VALID_SHARE = 0.2;
/**
 * Where the test questions lie, from 0 to 1. Those from 0.8 on were asked by an
 * earlier version, whose weavers learned for too short; they train now.
 */
const TEST_FROM = 0.6;
const TEST_TO = 0.8;

/** What everybody owns in this world. */
export function worldOwnership(): Ownership {
  return drawOwnership(seededRandom("newcomers"));
}

/** The world with other things for the newcomers. */
export function redrawNewcomers(random: Random): Ownership {
  const drawn = drawOwnership(random);
  return new Map([...worldOwnership()].map(([person, thing]) => [
    person,
    NEWCOMERS.includes(person) ? drawn.get(person)! : thing,
  ]));
}

function drawOwnership(random: Random): Ownership {
  return new Map(NAMES.map((person) => [person, randomChoice(random, ITEMS)]));
}

/** The people of a question of a split. */
export function drawPeople(random: Random, split: NewcomersSplit): Person[] {
  for (;;) {
    const people = shuffled(random, NAMES).slice(0, PEOPLE);
    if (splitOf(people) === split) return people;
  }
}

function splitOf(people: readonly Person[]): NewcomersSplit {
  const place = seededRandom("newcomers", ...people)();
  if (place < VALID_SHARE) return "valid";
  return place >= TEST_FROM && place < TEST_TO ? "test" : "train";
}

/** The question. */
export function questionText(people: readonly Person[]): string {
  return `${people.join(" ")}\n`;
}

/** The right answer. */
export function answerText(
  people: readonly Person[],
  ownership: Ownership,
): string {
  return people.map((person) => `${person}, ${ownership.get(person)}.`)
    .join(" ");
}

/** Share of the people of whom an answer says the right thing in its place. */
export function rightShare(
  answer: string,
  people: readonly Person[],
): number {
  const world = worldOwnership();
  const said = answer.split(". ");
  const right = people.filter((person, i) =>
    said[i]?.split(".")[0] === `${person}, ${world.get(person)}`
  );
  return right.length / people.length;
}
