/**
 * The twin of AQuA: word problems with options that need facts of the glossary,
 * which it shares with GSM8K's twin, or rates.
 */
import { type Random, randomInt, seededRandom } from "../../random.ts";
import { aqua } from "../aqua.ts";
import { choiceMessages } from "../choices.ts";
import type { Split } from "../task.ts";
import {
  AQUA_FORM,
  aquaPolicies,
  aquaWorld,
  drawAquaWorld,
} from "./aqua_policies.ts";
import {
  AQUA_OPERATIONS,
  type AquaSignature,
  type AquaWorld,
  drawAqua,
  type DrawnAqua,
  isChain,
  topicBigrams,
} from "./aqua_problem.ts";
import { drillLookUps, drillSums, GLOSSARY_NOTES } from "./drills.ts";
import { FACT_NAMES, keepKnown, knownFacts } from "./glossary.ts";
import { type HeldOut, holdOut, splitOf } from "./held_out.ts";
import { isLucky } from "./luck.ts";
import {
  drawEvenOptions,
  drawNumberOptions,
  drillOptions,
  goldPlace,
  LETTERS,
  nearestOption,
  optionLines,
  optionTexts,
} from "./option_list.ts";
import {
  drawDistractors,
  drawNotes,
  type PracticeSource,
  practiseProblem,
} from "./practice.ts";
import { drawPercentage, knownRates, RATE_NAMES, RATE_NOTES } from "./rates.ts";
import {
  countTokens,
  demonstrated,
  formatOnly,
  once,
  singleTurnTask,
  writeJsonLines,
} from "./single_turn.ts";
import { tellStory } from "./story.ts";
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

/** A problem of the AQuA twin. */
export interface AquaProblem extends StoryProblem {
  /** The question alone. */
  readonly question: string;
  /** Its facts. */
  readonly world: AquaWorld;
  /** Its options. */
  readonly options: NonNullable<StoryProblem["options"]>;
  /** What its signature says. */
  readonly kind: AquaSignature;
}

const SIZES: Readonly<Record<Split, number>> = {
  train: 4000,
  valid: 254,
  test: 254,
};
/** AQuA's files have names of their own. */
const FILES: Readonly<Record<Split, string>> = {
  train: "train.json",
  valid: "dev.json",
  test: "test.json",
};

/** Tokens of a prompt with its answer, at most. */
const MOST_TOKENS = 224;
/** Operations in a chain. */
const LENGTHS = [2] as const;
/** Notes of a drill, at most. */
const DRILL_NOTES = 5;

/** Pairs of operations that are kept from training. */
export const AQUA_HELD_OUT: HeldOut = holdOut(
  seededRandom("aqua-twin", "bigrams"),
  (["things", "ages"] as const).flatMap((topic) =>
    AQUA_OPERATIONS[topic].flatMap((first) =>
      AQUA_OPERATIONS[topic].map((second) => [first, second])
    ).filter(isChain)
      .flatMap((operations) => topicBigrams({ topic, operations }))
  ),
);

const SOURCE: PracticeSource<AquaWorld> = {
  drawWorld: drawAquaWorld,
  drawKnownWorld: (random) =>
    keepKnown(
      drawAquaWorld(random),
      aquaWorld(),
      new Set<string>([...knownFacts(), ...knownRates()]),
    ),
  factTexts: storyFactTexts,
  drawWorked(random, world) {
    const drawn = drawAqua(random, {
      world,
      drawWorld: drawAquaWorld,
      lengths: [1, ...LENGTHS],
      place: randomInt(random, LETTERS.length),
      drawOptions: (random, { gold, place, told, mistakes }) =>
        drawNumberOptions(random, gold, place, [told, ...mistakes]),
      accepts: () => true,
    });
    const problem = toProblem("aqua-practice", "train", { ...drawn, world });
    return {
      prompt: problem.task.messages[0].content,
      answer: demonstrated(problem),
      facts: problem.facts.map((name) => storyFactText(world, name as never)),
    };
  },
};

const trainGolds = once(() =>
  Array.from({ length: SIZES.train }, (_, i) => {
    const { story, options } = splitProblem("train", i);
    return AQUA_FORM.answer(workStory(story, aquaWorld()), options);
  })
);
const skin = once(() => renameWords(seededRandom("aqua-twin", "skin")));
const shiftedWorld = once(() =>
  drawAquaWorld(seededRandom("aqua-twin", "shifted"))
);

/** The twin of AQuA. */
export const aquaTwin: Twin<AquaProblem> = {
  benchmark: aqua,
  world: "glossary",
  known: {
    facts: knownFacts().size + knownRates().size,
    of: FACT_NAMES.length + RATE_NAMES.length,
  },
  sizes: SIZES,
  trainingSizes: [4000, 1000, 250],
  maxTokens: MOST_TOKENS,
  about: `
Word problems with five options. Every one needs a fact that its question does
not state: those of the GSM8K twin's world, and besides how many things a
machine makes in an hour, what share of them a fair leaves, and how long a span of
time lasts. The options are numbers in ascending order, as far apart as what
mistakes give. The right one has every place equally often, whatever these
distances are, and is nearest to the sum of the question's numbers no more often
than another.

What is new in the test split is how facts are combined: ${AQUA_HELD_OUT.test.size} pairs of successive
operations occur in no other split, and every test problem has one of them. ${AQUA_HELD_OUT.valid.size}
other pairs occur in the validation split only.

Not as specified: a prompt with its answer may have ${MOST_TOKENS} tokens and not only 192.

Columns: \`question\`, \`options\`, \`rationale\`, \`correct\`, as in AQuA. For analysis
alone: \`facts\`, the names of those needed; \`operations\`, in order.`,
  problem: splitProblem,
  write: (folder) =>
    writeJsonLines(folder, SIZES, (split, index) => {
      const problem = splitProblem(split, index);
      const { question, options, facts, kind } = problem;
      const [rationale, correct] = demonstrated(problem)
        .split(/\n\nTherefore, .*\{(.)\}$/);
      return {
        question,
        options: optionTexts(options),
        rationale,
        correct,
        facts,
        operations: kind.operations,
      };
    }, FILES),
  policies: () => aquaPolicies(trainGolds),
  noted,
  practise(random) {
    const kind = random();
    if (kind < 0.05) return drillSums(random);
    if (kind < 0.1) return drillSums(random, drawPercentage);
    if (kind < 0.15) return drillOptions(random);
    if (kind < 0.3) {
      const kinds = [...GLOSSARY_NOTES, ...RATE_NOTES];
      return drillLookUps(random, DRILL_NOTES, kinds);
    }
    return practiseProblem(random, SOURCE);
  },
  failureEvents: (problem, chat) => storyFailures(AQUA_FORM, problem, chat),
  injectors: storyInjectors(AQUA_FORM, drawAquaWorld),
  controls: {
    "permuted skin": (split, index) => {
      const { story, world, ...problem } = splitProblem(split, index);
      return toProblem(problem.task.id.replace("/", "-skin/"), split, {
        story: renameStory(story, skin()),
        world: renameWorld(world, skin()),
        options: problem.options,
        signature: problem.kind,
      });
    },
    "shifted facts": (split, index) => {
      const random = seededRandom("aqua-twin", "shifted", split, index);
      const world = shiftedWorld();
      const drawn = drawSplit(random, split, index, world);
      return toProblem(`aqua-shifted/${split}/${index}`, split, {
        ...drawn,
        world,
      });
    },
    "format only": (split, index) =>
      formatOnly(
        splitProblem(split, index),
        splitProblem(split, (index + 1) % SIZES[split]),
      ),
  },
};

function splitProblem(split: Split, index: number): AquaProblem {
  const world = aquaWorld();
  const random = seededRandom("aqua-twin", split, index);
  const drawn = drawSplit(random, split, index, world);
  return toProblem(`aqua/${split}/${index}`, split, { ...drawn, world });
}

function noted(
  whose: NotedWorld,
  index: number,
  distractors: number = 0,
): AquaProblem {
  const random = seededRandom("aqua-twin", "notes", whose, index);
  const world = whose === "own" ? aquaWorld() : drawAquaWorld(random);
  const drawn = drawSplit(random, "test", index, world);
  const { facts } = workStory(drawn.story, world);
  const needed = facts.map((name) => storyFactText(world, name));
  const others = drawDistractors(random, needed, storyFactTexts(world))
    .slice(0, distractors);
  const notes = drawNotes(random, needed, others);
  const id = `aqua-notes/${whose}/${index}`;
  return toProblem(id, "test", { ...drawn, world }, notes);
}

/** A problem of a split's kind with the facts of any world. */
function drawSplit(
  random: Random,
  split: Split,
  index: number,
  world: AquaWorld,
): DrawnAqua {
  const isSumRight = isLucky(LETTERS.length, index, "aqua-twin", split, "sum");
  for (;;) {
    const drawn = drawAqua(random, {
      world,
      drawWorld: drawAquaWorld,
      lengths: LENGTHS,
      place: goldPlace(index, "aqua-twin", split),
      drawOptions(random, { gold, place, told, mistakes }) {
        const options = drawEvenOptions(random, gold, place, mistakes);
        if (options === undefined) return undefined;
        const isRight = Number(options[nearestOption(options, told)]) === gold;
        return isRight === isSumRight ? options : undefined;
      },
      accepts: (signature) =>
        splitOf(AQUA_HELD_OUT, topicBigrams(signature)) === split,
    });
    const { task } = toProblem("aqua", split, { ...drawn, world });
    if (countTokens(task) <= MOST_TOKENS) return drawn;
  }
}

function toProblem(
  id: string,
  split: Split,
  { story, options, signature, world }:
    & DrawnAqua
    & { readonly world: AquaWorld },
  notes = "",
): AquaProblem {
  const working = workStory(story, world);
  const question = tellStory(story);
  const [{ content }] = choiceMessages(question, optionLines(options));
  const { topic, operations, question: asked } = signature;
  return {
    task: singleTurnTask({
      id,
      benchmark: aqua.name,
      split,
      prompt: `${notes}${content}`,
      answer: writeAnswer(AQUA_FORM, working, options),
    }),
    signature: [topic, ...operations, asked].join(" "),
    facts: working.facts,
    story,
    world,
    options,
    question,
    kind: signature,
  };
}
