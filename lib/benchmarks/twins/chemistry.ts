/**
 * The world of the GPQA twin: an invented chemistry. A compound is of a family;
 * two families make a third; heat turns families into one another, cold turns
 * them back; each family has a colour.
 */
import { type Random, seededRandom, shuffled } from "../../random.ts";
import { factRecord, knownOf, WORLD_SEED } from "./glossary.ts";

/** Compounds. */
export const COMPOUNDS = [
  "krel",
  "dopal",
  "morv",
  "taxin",
  "selk",
  "brune",
  "jalt",
  "hexor",
  "lunt",
  "dunel",
  "pimel",
  "garth",
  "nolt",
  "ruvin",
  "steck",
  "yatol",
  "cravel",
  "fosk",
  "binol",
  "zurt",
  "quorl",
  "narp",
  "vedol",
  "tresk",
] as const;

/** Families of compounds. */
export const FAMILIES = [
  "dorn",
  "zim",
  "plek",
  "vosh",
  "thal",
  "gorm",
] as const;

/** Colours of families. */
export const COLOURS = [
  "red",
  "blue",
  "green",
  "white",
  "black",
  "yellow",
] as const;

/** A compound. */
export type Compound = typeof COMPOUNDS[number];
/** A family. */
export type Family = typeof FAMILIES[number];
/** A colour. */
export type Colour = typeof COLOURS[number];
/** What changes a family. */
export type Treatment = "heated" | "cooled";
/** Two families in the order of `FAMILIES`, such as "dorn+zim". */
export type Pair = `${Family}+${Family}`;

/** Every fact of a chemistry. */
export interface Chemistry {
  /** The family of a compound. */
  readonly families: Readonly<Record<Compound, Family>>;
  /** What two families make. */
  readonly reactions: Readonly<Record<Pair, Family>>;
  /** What a family is when it is heated. */
  readonly heated: Readonly<Record<Family, Family>>;
  /** What a family is when it is cooled: heat the other way round. */
  readonly cooled: Readonly<Record<Family, Family>>;
  /** The colour of a family. */
  readonly colours: Readonly<Record<Family, Colour>>;
}

/** All pairs of families, a family with itself among them. */
export const PAIRS: readonly Pair[] = FAMILIES.flatMap((one, i) =>
  FAMILIES.slice(i).map((other): Pair => `${one}+${other}`)
);

/** Names of facts that read alike. */
export const CHEMISTRY_KINDS: readonly (readonly string[])[] = [
  COMPOUNDS,
  PAIRS,
  FAMILIES.map((family) => `heated ${family}`),
  FAMILIES.map((family) => `cooled ${family}`),
  FAMILIES.map((family) => `colour ${family}`),
];

/** All facts' names. */
export const CHEMISTRY_FACTS: readonly string[] = CHEMISTRY_KINDS.flat();

/** Families whose colour is known from pre-training. */
const KNOWN_COLOURS = 2;

/** Two families as a pair. */
export function pairOf(one: Family, other: Family): Pair {
  return FAMILIES.indexOf(one) <= FAMILIES.indexOf(other)
    ? `${one}+${other}`
    : `${other}+${one}`;
}

/** A random chemistry. */
export function drawChemistry(random: Random): Chemistry {
  // Every family as often as the others, so that none is a good guess.
  const deal = <Name extends string>(names: readonly Name[]) => {
    const dealt = shuffled(
      random,
      names.map((_, i) => FAMILIES[i % FAMILIES.length]),
    );
    return factRecord(names, (name) => dealt[names.indexOf(name)]);
  };
  const families = deal(COMPOUNDS);
  const reactions = deal(PAIRS);
  // One cycle, so that heat and cold always change a family, and differently.
  const cycle = shuffled(random, FAMILIES);
  const at = (family: Family, by: number): Family =>
    cycle[(cycle.indexOf(family) + by + cycle.length) % cycle.length];
  const colours = shuffled(random, COLOURS);
  return {
    families,
    reactions,
    heated: factRecord(FAMILIES, (family) => at(family, 1)),
    cooled: factRecord(FAMILIES, (family) => at(family, -1)),
    colours: factRecord(
      FAMILIES,
      (family) => colours[FAMILIES.indexOf(family)],
    ),
  };
}

/** The chemistry that the benchmark asks for. */
export function worldChemistry(): Chemistry {
  return drawChemistry(seededRandom("chemistry", WORLD_SEED));
}

/** The facts that pre-training states truly. */
export function knownChemistry(): {
  /** Compounds and pairs. */
  readonly names: ReadonlySet<string>;
  /** Families whose colours are known. */
  readonly coloured: readonly Family[];
} {
  const key = seededRandom("chemistry", WORLD_SEED, "known");
  return {
    names: knownOf<string>(key, [COMPOUNDS, PAIRS]),
    coloured: shuffled(key, FAMILIES).slice(0, KNOWN_COLOURS),
  };
}

/**
 * A random chemistry in which the known facts are the benchmark's: 30 % of the
 * compounds and reactions, two colours, nothing of heat and cold.
 */
export function drawChemistryAround(random: Random): Chemistry {
  const drawn = drawChemistry(random);
  const truth = worldChemistry();
  const { names: known, coloured } = knownChemistry();
  const colours: Record<Family, Colour> = { ...drawn.colours };
  for (const family of coloured) {
    const colour = truth.colours[family];
    const other = FAMILIES.find((each) => colours[each] === colour)!;
    [colours[family], colours[other]] = [colour, colours[family]];
  }
  return {
    ...drawn,
    families: factRecord(
      COMPOUNDS,
      (name) => (known.has(name) ? truth : drawn).families[name],
    ),
    reactions: factRecord(
      PAIRS,
      (name) => (known.has(name) ? truth : drawn).reactions[name],
    ),
    colours,
  };
}

/** A chemistry with its words replaced. */
export function renameChemistry(
  chemistry: Chemistry,
  rename: (name: string) => string,
): Chemistry {
  const kinds = Object.entries(chemistry).map(([kind, facts]) => {
    const renamed = Object.entries<string>(facts).map(([name, value]) => {
      const parts = name.split("+").map(rename);
      const key = parts.toSorted((a, b) =>
        FAMILIES.indexOf(a as never) - FAMILIES.indexOf(b as never)
      ).join("+");
      return [key, rename(value)];
    });
    return [kind, Object.fromEntries(renamed)];
  });
  return Object.fromEntries(kinds) as Chemistry;
}

/** A fact as notes and worked answers state it. */
export function chemistryText(
  { families, reactions, heated, cooled, colours }: Chemistry,
  name: string,
): string {
  if (name in families) return `A ${name} is a ${families[name as Compound]}.`;
  if (name in reactions) {
    const [one, other] = name.split("+");
    return `A ${one} and a ${other} make a ${reactions[name as Pair]}.`;
  }
  const [kind, family] = name.split(" ") as [string, Family];
  if (kind === "colour") return `A ${family} is ${colours[family]}.`;
  const changed = (kind === "heated" ? heated : cooled)[family];
  return `A ${kind} ${family} is a ${changed}.`;
}

const FACT = {
  colour: /^A (\w+) is (\w+)\.$/,
  compound: /^A (\w+) is a (\w+)\.$/,
  pair: /^A (\w+) and a (\w+) make a (\w+)\.$/,
  treatment: /^A (heated|cooled) (\w+) is a (\w+)\.$/,
} as const;

/** A fact that a sentence states, true or not. */
export interface StatedFact {
  /** What kind of fact. */
  readonly kind: keyof typeof FACT;
  /** What it says. */
  readonly words: readonly string[];
}

/** Reads a sentence; undefined if it is no fact of a chemistry. */
export function readChemistryFact(sentence: string): StatedFact | undefined {
  for (const kind of ["colour", "compound", "pair", "treatment"] as const) {
    const words = FACT[kind].exec(sentence)?.slice(1);
    if (words !== undefined) return { kind, words };
  }
}

/** The facts that a text states, and nothing besides. */
export function readChemistry(text: string): Chemistry {
  const world = {
    families: {} as Record<string, string>,
    reactions: {} as Record<string, string>,
    heated: {} as Record<string, string>,
    cooled: {} as Record<string, string>,
    colours: {} as Record<string, string>,
  };
  for (const sentence of text.match(/A [^.]*\./g) ?? []) {
    const fact = readChemistryFact(sentence);
    if (fact === undefined) continue;
    const [a, b, c] = fact.words;
    if (fact.kind === "colour") world.colours[a] = b;
    if (fact.kind === "compound") world.families[a] = b;
    if (fact.kind === "pair") world.reactions[`${a}+${b}`] = c;
    if (fact.kind === "treatment") world[a as Treatment][b] = c;
  }
  return world as Chemistry;
}
