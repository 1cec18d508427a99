/**
 * The world that the GSM8K and AQuA twins share: a glossary of what containers
 * hold, what invented verbs do to a number, and what items cost.
 *
 * One fixed draw is what experience teaches: its facts stand only in worked
 * training answers, never in questions. Other draws, given as notes, teach a
 * reasoner in pre-training to use what it is told.
 */
import {
  type Random,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import {
  capitalArticle,
  type Container,
  CONTAINERS,
  type ItemName,
  ITEMS,
  type Verb,
  VERBS,
} from "./lexicon.ts";

/** What a verb does to a number. */
export interface Effect {
  /** The operation. */
  readonly operation: "add" | "take" | "multiply";
  /** Its operand. */
  readonly amount: number;
}

/** Every fact of a world. */
export interface Glossary {
  /** Items in a container. */
  readonly holds: Readonly<Record<Container, number>>;
  /** Meaning of a verb. */
  readonly effects: Readonly<Record<Verb, Effect>>;
  /** Coins for an item. */
  readonly prices: Readonly<Record<ItemName, number>>;
}

/** The seed of the world that is the benchmark's. */
export const WORLD_SEED = 1;

/** Share of the world's facts that the mini reasoners know from pre-training. */
export const KNOWN_SHARE = 0.3;

/** A fact is named by what it is about. */
export type FactName = Container | Verb | ItemName;

/** Names of facts that read alike: what a thing holds, does, costs. */
export const FACT_KINDS: readonly (readonly FactName[])[] = [
  CONTAINERS,
  VERBS,
  ITEMS,
];

/** All facts' names. */
export const FACT_NAMES: readonly FactName[] = FACT_KINDS.flat();

/** A random world. */
export function drawGlossary(random: Random): Glossary {
  const small = (): number => 2 + randomInt(random, 8);
  return {
    holds: factRecord(CONTAINERS, small),
    effects: factRecord(VERBS, () => drawEffect(random)),
    prices: factRecord(ITEMS, small),
  };
}

function drawEffect(random: Random): Effect {
  const kind = randomInt(random, 5);
  if (kind < 2) return { operation: "add", amount: 2 + randomInt(random, 8) };
  if (kind < 4) return { operation: "take", amount: 2 + randomInt(random, 8) };
  return { operation: "multiply", amount: 2 + randomInt(random, 2) };
}

/** The world whose facts the benchmark asks for. */
export function worldGlossary(): Glossary {
  return drawGlossary(seededRandom("glossary", WORLD_SEED));
}

/** The facts of the world that pre-training states truly. */
export function knownFacts(): ReadonlySet<FactName> {
  return knownOf(seededRandom("glossary", WORLD_SEED, "known"), FACT_KINDS);
}

/** The known ones of a world's facts: `KNOWN_SHARE` of each kind. */
export function knownOf<Name extends string>(
  random: Random,
  kinds: readonly (readonly Name[])[],
): ReadonlySet<Name> {
  const known = kinds.flatMap((names) =>
    shuffled(random, names).slice(0, Math.round(KNOWN_SHARE * names.length))
  );
  return new Set(known);
}

/** A world of random facts in which the known ones are the benchmark's. */
export function drawGlossaryAround(
  random: Random,
  known: ReadonlySet<FactName>,
): Glossary {
  return keepKnown(drawGlossary(random), worldGlossary(), known);
}

/** A drawn world in which the known facts are those of the true one. */
export function keepKnown<World extends object>(
  drawn: World,
  truth: World,
  known: ReadonlySet<string>,
): World {
  const kinds = Object.entries(drawn).map(([kind, facts]) => {
    const truths = truth[kind as keyof World] as typeof facts;
    const names = Object.keys(facts);
    return [
      kind,
      factRecord(names, (name) => (known.has(name) ? truths : facts)[name]),
    ];
  });
  return Object.fromEntries(kinds) as World;
}

/** A fact as notes and worked answers state it. */
export function factText(glossary: Glossary, name: FactName): string {
  const { holds, effects, prices } = glossary;
  const article = capitalArticle(name);
  if (name in holds) {
    return `${article} ${name} holds ${holds[name as Container]}.`;
  }
  if (name in prices) {
    return `${article} ${name} costs ${prices[name as ItemName]} coins.`;
  }
  const { operation, amount } = effects[name as Verb];
  const meaning = {
    add: "add",
    take: "take away",
    multiply: "multiply by",
  }[operation];
  return `To ${name} is to ${meaning} ${amount}.`;
}

/** A value for each name. */
export function factRecord<K extends string, V>(
  names: readonly K[],
  value: (name: K) => V,
): Record<K, V> {
  const entries = names.map((name) => [name, value(name)] as const);
  return Object.fromEntries(entries) as Record<K, V>;
}
