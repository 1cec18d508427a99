/**
 * What the twins of KodCode and BigCodeBench ask for: a chain of one or two
 * operations on a list and one that gives a number. An operation is written
 * out, or named by an idiom.
 */
import {
  type Random,
  randomChoice,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import type { Split } from "../task.ts";
import {
  applyResult,
  applyStep,
  isSameOperation,
  KINDS_OF,
  type Operation,
  OPERATIONS_OF,
  phraseOf,
  type Role,
} from "./code_operations.ts";
import { type HeldOut, holdOut, splitOf } from "./held_out.ts";
import { type Idioms, IDIOMS_OF, readPhrase } from "./idioms.ts";

/** One operation of a chain. */
export interface Stage {
  /** The idiom that names it; absent where it is written out. */
  readonly idiom?: string;
  /** What is done. */
  readonly operation: Operation;
}

/** Stages in their order; only the last gives a number. */
export type Chain = readonly Stage[];

/** A list and what a chain gives for it. */
export interface CodeTest {
  /** The list. */
  readonly input: readonly number[];
  /** The number. */
  readonly output: number;
}

/** What a stage is called in plans: its idiom, or the kind of its operation. */
export function labelOf({ idiom, operation }: Stage): string {
  return idiom ?? operation.kind;
}

/** The kind of a chain: the labels of its stages. */
export function signatureOf(chain: Chain): string {
  return chain.map(labelOf).join(">");
}

/** Idioms of a chain, in order. */
export function idiomsOf(chain: Chain): string[] {
  return chain.flatMap(({ idiom }) => idiom ?? []);
}

/** The chain in English. */
export function questionOf(chain: Chain): string {
  const stages = chain.map(({ idiom, operation }, i) => {
    if (i < chain.length - 1) return idiom ?? phraseOf(operation);
    return `return ${
      idiom === undefined ? phraseOf(operation) : `the ${idiom}`
    }`;
  });
  return `Given numbers xs, ${stages.join(", then ")}.`;
}

/**
 * The chain that a text asks for, by the meanings of a world.
 *
 * @throws {SyntaxError} If the text holds no question of the twins.
 */
export function readQuestion(text: string, idioms: Idioms): Chain {
  const stages = /Given numbers xs, ([^.]+)\./.exec(text)?.[1].split(", then ");
  return (stages ?? [""]).map((stage): Stage => {
    const words = stage.replace(/^return /, "");
    const operation = readPhrase(words);
    if (operation !== undefined) return { operation };
    const idiom = words.replace(/^the /, "");
    const meaning = idioms.get(idiom);
    if (meaning !== undefined) return { idiom, operation: meaning };
    throw new SyntaxError(
      `Cannot read a question as each stage must be of the twins' language: current value is ${
        JSON.stringify(stage)
      }`,
    );
  });
}

/** What a chain gives for a list; undefined where Python raises an exception. */
export function runChain(
  chain: Chain,
  input: readonly number[],
): number | undefined {
  let xs = input;
  for (const { operation } of chain.slice(0, -1)) xs = applyStep(operation, xs);
  return applyResult(chain.at(-1)!.operation, xs);
}

/** Share of the chains with two stages; the others have three. */
const SHORT_SHARE = 0.2;

/**
 * A random chain of two or three stages, no two of one label.
 *
 * @param named Idioms in the chain, each number as likely; at most two.
 */
export function drawChain(
  random: Random,
  idioms: Idioms,
  named: readonly number[],
): Chain {
  const length = random() < SHORT_SHARE ? 2 : 3;
  const places = Array.from({ length }, (_, i) => i);
  const chosen = shuffled(random, places).slice(0, randomChoice(random, named));
  for (;;) {
    const chain = places.map((i): Stage => {
      const role = i === length - 1 ? "result" : "step";
      return drawStage(random, role, chosen.includes(i) ? idioms : undefined);
    });
    if (new Set(chain.map(labelOf)).size === length) return chain;
  }
}

/** A random stage; an idiom's where idioms are given. */
function drawStage(random: Random, role: Role, idioms?: Idioms): Stage {
  if (idioms !== undefined) {
    const idiom = randomChoice(random, IDIOMS_OF[role]);
    return { idiom, operation: idioms.get(idiom)! };
  }
  const kind = randomChoice(random, KINDS_OF[role]);
  const operations = OPERATIONS_OF[role]
    .filter((operation) => operation.kind === kind);
  return { operation: randomChoice(random, operations) };
}

/** Idioms in a problem; more would leave a reasoner that knows few nothing. */
const NAMED = [1, 2];

/** A chain with tests that tell it apart from every other reading of it. */
export interface TestedChain {
  readonly chain: Chain;
  readonly tests: readonly CodeTest[];
}

/** A random tested chain that is accepted. */
export function drawTestedChain(
  random: Random,
  idioms: Idioms,
  accepts: (chain: Chain) => boolean,
): TestedChain {
  for (;;) {
    const chain = drawChain(random, idioms, NAMED);
    if (!accepts(chain)) continue;
    const tests = drawTests(random, chain);
    if (tests !== undefined && isUnambiguous(chain, tests)) {
      return { chain, tests };
    }
  }
}

/** Tests of a problem. */
export const TESTS = 15;
/** Numbers of a list are below this. */
const LARGEST = 16;

/** Lists for which the chain gives a number, the empty one last if it does. */
function drawTests(random: Random, chain: Chain): CodeTest[] | undefined {
  const tests: CodeTest[] = [];
  const add = (input: readonly number[]): void => {
    const output = runChain(chain, input);
    if (output !== undefined) tests.push({ input, output });
  };
  for (let i = 0; i < 3 * TESTS && tests.length < TESTS; i++) {
    const length = 5 + randomInt(random, 4);
    add(Array.from({ length }, () => randomInt(random, LARGEST)));
  }
  if (tests.length < TESTS) return undefined;
  add([]);
  return tests.slice(-TESTS);
}

/** Different outputs that tests must have. */
const LEAST_OUTPUTS = 4;

/**
 * Whether the tests fail where an idiom means anything else, or a step is left
 * out.
 */
function isUnambiguous(chain: Chain, tests: readonly CodeTest[]): boolean {
  if (new Set(tests.map(({ output }) => output)).size < LEAST_OUTPUTS) {
    return false;
  }
  return chain.every(({ idiom, operation }, i) => {
    const isResult = i === chain.length - 1;
    if (!isResult && passes(chain.toSpliced(i, 1), tests)) return false;
    if (idiom === undefined) return true;
    return OPERATIONS_OF[isResult ? "result" : "step"].every((other) =>
      isSameOperation(other, operation) ||
      !passes(chain.with(i, { operation: other }), tests)
    );
  });
}

/** Whether a chain passes the tests. */
export function passes(chain: Chain, tests: readonly CodeTest[]): boolean {
  return tests.every(({ input, output }) => runChain(chain, input) === output);
}

/** Pairs of labels that are kept from training. */
const HELD_OUT: HeldOut = holdOut(
  seededRandom("code-twins", "pairs"),
  labelsOf("step").flatMap((first) =>
    [...labelsOf("step"), ...labelsOf("result")]
      .map((second) => `${first}>${second}`)
  ),
);

function labelsOf(role: Role): string[] {
  return [...IDIOMS_OF[role], ...KINDS_OF[role]];
}

/** The split that a kind of chain belongs to. */
export function splitOfChain(chain: Chain): Split {
  const labels = chain.map(labelOf);
  const pairs = labels.slice(1).map((next, i) => `${labels[i]}>${next}`);
  return splitOf(HELD_OUT, pairs);
}
