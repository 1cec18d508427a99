/**
 * The world that the twins of KodCode and BigCodeBench share: what invented
 * idioms mean. Some are done to a list ("To drim is to add 3 to each number."),
 * others are asked of it ("The florp is the largest number.").
 *
 * One fixed draw is what experience teaches: its facts stand only in worked
 * training answers. Other draws, given as notes, teach a reasoner in
 * pre-training to use what it is told.
 */
import {
  type Random,
  randomChoice,
  seededRandom,
  shuffled,
} from "../../random.ts";
import {
  isSameOperation,
  KINDS_OF,
  type Operation,
  OPERATIONS_OF,
  phraseOf,
  type Role,
} from "./code_operations.ts";
import { KNOWN_SHARE, WORLD_SEED } from "./glossary.ts";

/** Idioms by what they give. */
export const IDIOMS_OF: Readonly<Record<Role, readonly string[]>> = {
  step: [
    "drim",
    "narb",
    "spoot",
    "glave",
    "quimp",
    "frell",
    "jask",
    "brull",
    "clunt",
    "zorf",
  ],
  result: [
    "florp",
    "grix",
    "tazel",
    "mibe",
    "wodge",
    "pleck",
    "nuzz",
    "sneef",
    "thrip",
    "vorn",
  ],
};

/** What each idiom means. */
export type Idioms = ReadonlyMap<string, Operation>;

const ROLES = ["step", "result"] as const satisfies readonly Role[];

/**
 * A random world. The idioms of a role are of different kinds, so that none
 * means what another does.
 */
export function drawIdioms(random: Random): Idioms {
  return new Map(ROLES.flatMap((role) => {
    const kinds = shuffled(random, KINDS_OF[role]);
    return IDIOMS_OF[role].map((name, i) => {
      const operations = OPERATIONS_OF[role]
        .filter(({ kind }) => kind === kinds[i]);
      return [name, randomChoice(random, operations)] as const;
    });
  }));
}

/** The world that the benchmarks ask for, or another of its kind. */
export function worldIdioms(seed = WORLD_SEED): Idioms {
  return drawIdioms(seededRandom("idioms", seed));
}

/** The idioms of the world that pre-training states truly. */
export function knownIdioms(): ReadonlySet<string> {
  const random = seededRandom("idioms", WORLD_SEED, "known");
  return new Set(ROLES.flatMap((role) => {
    const names = IDIOMS_OF[role];
    return shuffled(random, names)
      .slice(0, Math.round(KNOWN_SHARE * names.length));
  }));
}

/** A random world in which the known idioms mean what they do. */
export function drawIdiomsAroundKnown(random: Random): Idioms {
  const world = worldIdioms();
  const known = knownIdioms();
  return new Map(
    drawIdioms(random).entries().map(([name, operation]) => [
      name,
      known.has(name) ? world.get(name)! : operation,
    ]),
  );
}

/** A fact as notes and worked answers state it. */
export function factText(name: string, operation: Operation): string {
  const phrase = phraseOf(operation);
  return roleOf(operation) === "step"
    ? `To ${name} is to ${phrase}.`
    : `The ${name} is ${phrase}.`;
}

/** What a text says of an idiom; undefined if it is not the text of a fact. */
export function readFact(
  text: string,
): { readonly name: string; readonly operation: Operation } | undefined {
  const match = /^To ([a-z]+) is to (.+)\.$/.exec(text) ??
    /^The ([a-z]+) is (.+)\.$/.exec(text);
  const operation = match === null ? undefined : readPhrase(match[2]);
  if (match === null || operation === undefined) return undefined;
  const isStep = text.startsWith("To ");
  if (isStep !== (roleOf(operation) === "step")) return undefined;
  return { name: match[1], operation };
}

/** The operation that a phrase means. */
export function readPhrase(phrase: string): Operation | undefined {
  return PHRASES.get(phrase);
}

/** All facts of a world, stated. */
export function factTexts(idioms: Idioms): string[] {
  return idioms.entries()
    .map(([name, operation]) => factText(name, operation)).toArray();
}

/** What an operation gives. */
export function roleOf(operation: Operation): Role {
  return OPERATIONS_OF.step.some((step) => isSameOperation(step, operation))
    ? "step"
    : "result";
}

const PHRASES: ReadonlyMap<string, Operation> = new Map(
  ROLES.flatMap((role) =>
    OPERATIONS_OF[role].map((operation) =>
      [phraseOf(operation), operation] as const
    )
  ),
);
