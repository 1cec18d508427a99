/**
 * What the AQuA twin's world has besides the glossary: rates of machines,
 * shares that fairs leave, lengths of spans of time.
 *
 * Drawn apart from the glossary, so that one does not change the other.
 */
import {
  type Random,
  randomChoice,
  randomInt,
  seededRandom,
} from "../../random.ts";
import { type NoteKind, noteKind, type Sum } from "./drills.ts";
import { factRecord, knownOf, WORLD_SEED } from "./glossary.ts";
import {
  capitalArticle,
  type Fair,
  FAIRS,
  type Machine,
  MACHINES,
  type Span,
  SPANS,
} from "./lexicon.ts";

/** Facts of the AQuA twin's world. */
export interface Rates {
  /** Items that a machine makes in an hour. */
  readonly makes: Readonly<Record<Machine, number>>;
  /** Percent of the items that are left after a fair. */
  readonly leaves: Readonly<Record<Fair, number>>;
  /** Years that a span lasts. */
  readonly lasts: Readonly<Record<Span, number>>;
}

/** A fact is named by what it is about. */
export type RateName = Machine | Fair | Span;

/** Names of facts that read alike. */
export const RATE_KINDS: readonly (readonly RateName[])[] = [
  MACHINES,
  FAIRS,
  SPANS,
];

/** All these facts' names. */
export const RATE_NAMES: readonly RateName[] = RATE_KINDS.flat();

const PERCENTS = [10, 20, 30, 40, 50] as const;

/** Rates of one kind, to be looked up. */
export const RATE_NOTES: readonly NoteKind[] = RATE_KINDS.map((names) =>
  noteKind(names, (random) => {
    const rates = drawRates(random);
    return (name) => rateText(rates, name);
  })
);

/** Random rates. */
export function drawRates(random: Random): Rates {
  const small = (): number => 2 + randomInt(random, 8);
  return {
    makes: factRecord(MACHINES, small),
    leaves: factRecord(FAIRS, () => randomChoice(random, PERCENTS)),
    lasts: factRecord(SPANS, small),
  };
}

/** The rates of the benchmark's world. */
export function worldRates(): Rates {
  return drawRates(seededRandom("rates", WORLD_SEED));
}

/** The rates that pre-training states truly. */
export function knownRates(): ReadonlySet<RateName> {
  return knownOf(seededRandom("rates", WORLD_SEED, "known"), RATE_KINDS);
}

/** A rate as notes and worked answers state it. */
export function rateText(
  { makes, leaves, lasts }: Rates,
  name: RateName,
): string {
  const article = capitalArticle(name);
  if (name in makes) {
    return `${article} ${name} makes ${makes[name as Machine]} an hour.`;
  }
  if (name in leaves) {
    return `${article} ${name} leaves ${leaves[name as Fair]} percent.`;
  }
  return `${article} ${name} lasts ${lasts[name as Span]} years.`;
}

/** A percentage of a number, both as in the problems. */
export function drawPercentage(random: Random): Sum {
  for (;;) {
    const number = 2 + randomInt(random, 98);
    const percent = randomChoice(random, PERCENTS);
    const result = number * percent / 100;
    if (Number.isInteger(result)) {
      return { text: `${number}*${percent}/100`, result };
    }
  }
}
