/** What the twins of KodCode and BigCodeBench have in common. */
import { type Random, seededRandom } from "../../random.ts";
import type { Benchmark, Split } from "../task.ts";
import {
  drawTestedChain,
  idiomsOf,
  questionOf,
  splitOfChain,
} from "./code_chain.ts";
import { renameIdioms, SKIN } from "./code_controls.ts";
import { codeFailures } from "./code_failures.ts";
import { codeInjectors } from "./code_injectors.ts";
import { codePolicies } from "./code_policies.ts";
import { practiseCode } from "./code_practice.ts";
import {
  type CodeFormat,
  type CodeProblem,
  problemOf,
  type ProblemParts,
  rowOf,
} from "./code_problem.ts";
import {
  drawIdioms,
  factText,
  factTexts,
  type Idioms,
  knownIdioms,
  worldIdioms,
} from "./idioms.ts";
import { type Interpret, interpreted } from "./interpreted_code.ts";
import { drawDistractors, drawNotes } from "./practice.ts";
import {
  answerOf,
  demonstrated,
  formatOnly,
  named,
  writeJsonLines,
} from "./single_turn.ts";
import type { Twin } from "./twin.ts";

/** What is a benchmark's own. */
export interface CodeTwinOptions extends CodeFormat {
  /** The real benchmark. */
  readonly benchmark: Benchmark;
  /** Marks answers without python3, where that is possible. */
  readonly interpret: Interpret;
  /** See `Twin`. */
  readonly sizes: Twin["sizes"];
  /** See `Twin`. */
  readonly trainingSizes: Twin["trainingSizes"];
  /** See `Twin`. */
  readonly maxTokens: number;
  /** See `Twin`. */
  readonly about: string;
  /** The real prompt of a question. */
  readonly promptOf: (question: string) => string;
  /** A right answer in a form that the official scorer does not take. */
  readonly disguise: (answer: string, random: Random) => string;
}

/** Seed of the world of the control whose facts are others. */
const SHIFTED_SEED = 2;

/** The twin of a benchmark of short programs. */
export function codeTwin(options: CodeTwinOptions): Twin<CodeProblem> {
  const { benchmark, dialect, interpret, sizes } = options;
  const { name } = benchmark;
  const world = worldIdioms();
  const shifted = worldIdioms(SHIFTED_SEED);
  const skinned = renameIdioms(world, SKIN);

  const partsOf = distinctParts(name, world);
  const shiftedParts = distinctParts(name, shifted);
  const problem = (split: Split, index: number): CodeProblem =>
    problemOf(partsOf(split, index), options);

  return {
    benchmark: interpreted(benchmark, interpret),
    world: "idioms",
    known: { facts: knownIdioms().size, of: world.size },
    sizes,
    trainingSizes: options.trainingSizes,
    maxTokens: options.maxTokens,
    about: options.about,
    problem,
    write: (folder) =>
      writeJsonLines(
        folder,
        sizes,
        (split, index) =>
          options.columnsOf(rowOf(partsOf(split, index), options)),
      ),
    policies: () =>
      codePolicies(dialect, {
        size: sizes.train,
        answer: (index) => demonstrated(problem("train", index)),
      }),
    noted(whose, index, distractors = 0) {
      const random = seededRandom(`${name}-twin`, "notes", whose, index);
      const idioms = whose === "own" ? world : drawIdioms(random);
      const drawn = drawTestedChain(
        random,
        idioms,
        (chain) => splitOfChain(chain) === "test",
      );
      const needed = idiomsOf(drawn.chain)
        .map((name) => factText(name, idioms.get(name)!));
      const others = drawDistractors(random, needed, factTexts(idioms))
        .slice(0, distractors);
      const notes = drawNotes(random, needed, others);
      const place = `${whose}/${index}`;
      const parts = { ...drawn, split: "test", idioms, place, notes } as const;
      return named(problemOf(parts, options), "notes");
    },
    practise: (random) => practiseCode(random, options.promptOf, dialect),
    failureEvents: (problem, chat, score) =>
      codeFailures(problem, answerOf(chat), { ...options, score })
        .map((label) => ({ turn: 0, label })),
    injectors: codeInjectors(dialect, options.disguise),
    controls: {
      "permuted skin": (split, index) => {
        const parts = partsOf(split, index);
        const chain = parts.chain.map(({ idiom, operation }) => ({
          ...(idiom !== undefined && { idiom: SKIN.get(idiom)! }),
          operation,
        }));
        const skin = { ...parts, chain, idioms: skinned };
        return named(problemOf(skin, options), "skin");
      },
      "shifted facts": (split, index) =>
        named(problemOf(shiftedParts(split, index), options), "shifted"),
      "format only": (split, index) =>
        formatOnly(
          problem(split, index),
          problem(split, (index + 1) % sizes[split]),
        ),
    },
  };
}

/** The parts of the problems of all splits; no two ask the same question. */
function distinctParts(
  name: string,
  idioms: Idioms,
): (split: Split, index: number) => ProblemParts {
  // Splits share no kind, so that their order does not matter.
  const drawn = new Map<string, ProblemParts[]>();
  const asked = new Set<string>();
  return (split, index) => {
    const parts = drawn.get(split) ?? [];
    drawn.set(split, parts);
    while (parts.length <= index) {
      const random = seededRandom(`${name}-twin`, split, parts.length);
      const next = drawTestedChain(
        random,
        idioms,
        (chain) =>
          splitOfChain(chain) === split && !asked.has(questionOf(chain)),
      );
      asked.add(questionOf(next.chain));
      parts.push({ ...next, split, idioms, place: `${split}/${parts.length}` });
    }
    return parts[index];
  };
}
