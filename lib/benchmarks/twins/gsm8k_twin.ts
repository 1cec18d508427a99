/**
 * The twin of GSM8K: word problems that need facts of the glossary.
 *
 * Some pairs of operations that follow one another occur in the test split
 * only, others in validation only. All facts and all single operations are
 * seen in training.
 */
import { type Random, seededRandom } from "../../random.ts";
import { gsm8k, gsm8kPrompt } from "../gsm8k.ts";
import type { Split } from "../task.ts";
import { drillLookUps, drillSums, GLOSSARY_NOTES } from "./drills.ts";
import {
  drawGlossary,
  drawGlossaryAround,
  FACT_NAMES,
  type Glossary,
  knownFacts,
  worldGlossary,
} from "./glossary.ts";
import { GSM8K_FORM, gsm8kPolicies } from "./gsm8k_policies.ts";
import {
  type DrawnProblem,
  drawProblem,
  OPERATIONS,
  type Signature,
} from "./gsm8k_problem.ts";
import { type HeldOut, holdOut, splitOf } from "./held_out.ts";
import {
  drawDistractors,
  drawNotes,
  type PracticeSource,
  practiseProblem,
} from "./practice.ts";
import {
  demonstrated,
  formatOnly,
  once,
  singleTurnTask,
  writeJsonLines,
} from "./single_turn.ts";
import { tellStory } from "./story.ts";
import { bigrams } from "./story_draw.ts";
import { storyFactText, storyFactTexts } from "./story_facts.ts";
import {
  renameStory,
  renameWords,
  renameWorld,
  storyFailures,
  storyInjectors,
  type StoryProblem,
  writeAnswer,
} from "./story_twin.ts";
import type { NotedWorld, Twin } from "./twin.ts";
import { workStory } from "./working.ts";

/** A problem of the GSM8K twin. */
export interface Gsm8kProblem extends StoryProblem {
  /** The question alone. */
  readonly question: string;
  /** What its signature says. */
  readonly kind: Signature;
}

const SIZES: Readonly<Record<Split, number>> = {
  train: 4000,
  valid: 400,
  test: 1000,
};

/** Operations in a chain. */
const LENGTHS = [2, 3] as const;
/** Share of practice that is nothing but sums, and that is nothing but notes. */
const DRILL_SHARES = { sums: 0.1, lookUps: 0.2 } as const;
/** Notes of a drill, at most. */
const DRILL_NOTES = 5;

/** Pairs of operations that are kept from training. */
export const GSM8K_HELD_OUT: HeldOut = holdOut(
  seededRandom("gsm8k-twin", "bigrams"),
  OPERATIONS.filter((first) => first !== "sell")
    .flatMap((first) => OPERATIONS.map((second) => `${first}>${second}`)),
);

const SOURCE: PracticeSource<Glossary> = {
  drawWorld: drawGlossary,
  drawKnownWorld: (random) => drawGlossaryAround(random, knownFacts()),
  factTexts: storyFactTexts,
  drawWorked(random, glossary) {
    const { question, work, value, facts } = drawProblem(random, {
      glossary,
      lengths: [1, ...LENGTHS],
      accepts: () => true,
    });
    return {
      prompt: gsm8kPrompt(question),
      answer: `${work}\\boxed{${value}}`,
      facts: facts.map((name) => storyFactText(glossary, name)),
    };
  },
};

const trainGolds = once(() =>
  Array.from(
    { length: SIZES.train },
    (_, i) =>
      `${drawSplit("train", seededRandom("gsm8k-twin", "train", i)).value}`,
  )
);

const skin = once(() => renameWords(seededRandom("gsm8k-twin", "skin")));
const shiftedGlossary = once(() =>
  drawGlossary(seededRandom("gsm8k-twin", "shifted"))
);

/** The twin of GSM8K. */
export const gsm8kTwin: Twin<Gsm8kProblem> = {
  benchmark: gsm8k,
  world: "glossary",
  known: { facts: knownFacts().size, of: FACT_NAMES.length },
  sizes: SIZES,
  trainingSizes: [4000, 1000, 250],
  maxTokens: 192,
  about: `
Every problem needs a fact that its question does not state: how many things a
container holds, what an item costs, or what an invented verb does to a number.
These facts are the twin's world. They stand only in the worked answers, so a
model must learn them from the training split and remember them.

What is new in the test split is how they are combined: ${GSM8K_HELD_OUT.test.size} pairs of successive
operations (such as ${
    [...GSM8K_HELD_OUT.test].slice(0, 2)
      .map((pair) => pair.replace(">", ", then ")).join("; ")
  }) occur in no
other split, and every test problem has at least one of them. ${GSM8K_HELD_OUT.valid.size} other pairs
occur in no training problem, and every validation problem has one of those.

Not as specified: problems in which two mistakes give the same wrong number are
kept.

Columns: \`question\`; \`answer\`, whose last line is the number, after \`####\`. For
analysis alone: \`facts\`, the names of those needed; \`operations\`, in order.`,
  problem: splitProblem,
  write: (folder) =>
    writeJsonLines(folder, SIZES, (split, index) => {
      const problem = splitProblem(split, index);
      const { question, facts, kind } = problem;
      const answer = demonstrated(problem)
        .replace(/\\boxed\{(.*)\}$/, "\n#### $1");
      return { question, answer, facts, operations: kind.operations };
    }),
  policies: () => gsm8kPolicies(trainGolds),
  noted,
  practise(random) {
    const kind = random();
    const { sums, lookUps } = DRILL_SHARES;
    if (kind < sums) return drillSums(random);
    if (kind < sums + lookUps) {
      return drillLookUps(random, DRILL_NOTES, GLOSSARY_NOTES);
    }
    return practiseProblem(random, SOURCE);
  },
  failureEvents: (problem, chat) => storyFailures(GSM8K_FORM, problem, chat),
  injectors: storyInjectors(GSM8K_FORM, drawGlossary),
  controls: {
    "permuted skin": (split, index) => {
      const problem = splitProblem(split, index);
      const { story, world, kind, task } = problem;
      return toProblem(task.id.replace("/", "-skin/"), split, {
        story: renameStory(story, skin()),
        glossary: renameWorld(world, skin()),
        signature: kind,
      });
    },
    "shifted facts": (split, index) => {
      const random = seededRandom("gsm8k-twin", "shifted", split, index);
      const glossary = shiftedGlossary();
      const drawn = drawSplit(split, random, glossary);
      const id = `gsm8k-shifted/${split}/${index}`;
      return toProblem(id, split, { ...drawn, glossary });
    },
    "format only": (split, index) =>
      formatOnly(
        splitProblem(split, index),
        splitProblem(split, (index + 1) % SIZES[split]),
      ),
  },
};

function splitProblem(split: Split, index: number): Gsm8kProblem {
  const random = seededRandom("gsm8k-twin", split, index);
  const drawn = drawSplit(split, random);
  const glossary = worldGlossary();
  return toProblem(`gsm8k/${split}/${index}`, split, { ...drawn, glossary });
}

function noted(
  whose: NotedWorld,
  index: number,
  distractors: number = 0,
): Gsm8kProblem {
  const random = seededRandom("gsm8k-twin", "notes", whose, index);
  const glossary = whose === "own" ? worldGlossary() : drawGlossary(random);
  const drawn = drawSplit("test", random, glossary);
  const needed = drawn.facts.map((name) => storyFactText(glossary, name));
  const others = drawDistractors(random, needed, storyFactTexts(glossary))
    .slice(0, distractors);
  const notes = drawNotes(random, needed, others);
  const id = `gsm8k-notes/${whose}/${index}`;
  return toProblem(id, "test", { ...drawn, glossary }, notes);
}

function drawSplit(
  split: Split,
  random: Random,
  glossary: Glossary = worldGlossary(),
): DrawnProblem {
  return drawProblem(random, {
    glossary,
    lengths: LENGTHS,
    accepts: ({ operations }) =>
      splitOf(GSM8K_HELD_OUT, bigrams(operations)) === split,
  });
}

function toProblem(
  id: string,
  split: Split,
  { story, glossary, signature }:
    & Pick<DrawnProblem, "story" | "signature">
    & { readonly glossary: Glossary },
  notes = "",
): Gsm8kProblem {
  const working = workStory(story, glossary);
  const question = tellStory(story);
  const { operations, question: asked, distractor } = signature;
  return {
    task: singleTurnTask({
      id,
      benchmark: gsm8k.name,
      split,
      prompt: `${notes}${gsm8kPrompt(question)}`,
      answer: writeAnswer(GSM8K_FORM, working, undefined),
    }),
    signature: [...operations, asked, distractor].join(" "),
    facts: working.facts,
    story,
    world: glossary,
    question,
    kind: signature,
  };
}
