/**
 * The world of the MATH twin: what invented operations do to a number. Their
 * definitions stand only in worked answers.
 */
import { type Random, randomInt, seededRandom } from "../../random.ts";
import { factRecord, keepKnown, knownOf, WORLD_SEED } from "./glossary.ts";

/** The operations. */
export const OPERATION_NAMES = [
  "zorb",
  "wex",
  "quim",
  "dax",
  "plim",
  "fenk",
  "grusp",
  "jolt",
  "kripe",
  "lorn",
  "mave",
  "nub",
  "ost",
  "prell",
  "rint",
  "sorg",
  "trell",
  "umber",
  "varn",
  "wisp",
  "yott",
  "zell",
  "brack",
  "cray",
] as const;

/** An operation. */
export type OperationName = typeof OPERATION_NAMES[number];

/** What an operation does to x. */
export type Definition =
  | {
    readonly kind: "linear";
    /** What x is multiplied by. */
    readonly factor: number;
    /** What is then added or, if negative, taken away. */
    readonly term: number;
  }
  | { readonly kind: "remainder"; readonly modulus: number };

/** What every operation does. */
export interface OperationWorld {
  /** By name. */
  readonly definitions: Readonly<Record<OperationName, Definition>>;
}

/** Share of the operations that are remainders. */
const REMAINDER_SHARE = 0.3;

/** Random definitions. */
export function drawOperations(random: Random): OperationWorld {
  return { definitions: factRecord(OPERATION_NAMES, () => draw(random)) };
}

function draw(random: Random): Definition {
  if (random() < REMAINDER_SHARE) {
    return { kind: "remainder", modulus: 5 + randomInt(random, 8) };
  }
  const sign = random() < 0.5 ? 1 : -1;
  return {
    kind: "linear",
    factor: 2 + randomInt(random, 3),
    term: sign * (1 + randomInt(random, 9)),
  };
}

/** The definitions of the benchmark's world. */
export function worldOperations(): OperationWorld {
  return drawOperations(seededRandom("operations", WORLD_SEED));
}

/** The operations whose definitions pre-training states truly. */
export function knownOperations(): ReadonlySet<string> {
  const key = seededRandom("operations", WORLD_SEED, "known");
  return knownOf<string>(key, [OPERATION_NAMES]);
}

/** Random definitions, those that pre-training states truly apart. */
export function drawOperationsAround(random: Random): OperationWorld {
  return keepKnown(
    drawOperations(random),
    worldOperations(),
    knownOperations(),
  );
}

/** A definition as notes and worked answers state it. */
export function definitionText(
  { definitions }: OperationWorld,
  name: OperationName,
): string {
  const definition = definitions[name];
  if (definition.kind === "remainder") {
    return `The ${name} of x is the remainder by ${definition.modulus}.`;
  }
  const { factor, term } = definition;
  const sign = term < 0 ? "-" : "+";
  return `The ${name} of x is ${factor}*x${sign}${Math.abs(term)}.`;
}

const DEFINITION =
  /^The ([a-z]+) of x is (?:the remainder by (\d+)|(\d+)\*x([+-])(\d+))\.$/;

/** Whether a line defines an operation, rightly or not. */
export function isDefinition(line: string): boolean {
  return DEFINITION.test(line);
}

/** The definitions that a text states, and nothing besides. */
export function readDefinitions(text: string): OperationWorld {
  const definitions: Record<string, Definition> = {};
  for (const sentence of text.match(/The [^.]*\./g) ?? []) {
    const match = DEFINITION.exec(sentence);
    if (match === null) continue;
    const [, name, modulus, factor, sign, term] = match;
    definitions[name] = modulus !== undefined
      ? { kind: "remainder", modulus: Number(modulus) }
      : {
        kind: "linear",
        factor: Number(factor),
        term: Number(`${sign}${term}`),
      };
  }
  return { definitions } as OperationWorld;
}
