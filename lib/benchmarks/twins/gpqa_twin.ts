/**
 * The twin of GPQA: multiple choice on an invented chemistry, whose facts no
 * question states.
 *
 * Test questions apply a treatment to a pair of compounds that no training
 * question applies to it; all facts are seen in training.
 */
import {
  randomChoice,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import { choiceMessages } from "../choices.ts";
import { gpqa, optionOrder } from "../gpqa.ts";
import { selectPart } from "../split.ts";
import type { Split, Task } from "../task.ts";
import {
  type Chemistry,
  CHEMISTRY_FACTS,
  CHEMISTRY_KINDS,
  chemistryText,
  COLOURS,
  type Compound,
  COMPOUNDS,
  drawChemistry,
  drawChemistryAround,
  FAMILIES,
  knownChemistry,
  renameChemistry,
  worldChemistry,
} from "./chemistry.ts";
import { drillLookUps, noteKind } from "./drills.ts";
import {
  GPQA_INJECTORS,
  gpqaFailures,
  type GpqaProblem,
} from "./gpqa_faults.ts";
import {
  answerColour,
  colourLines,
  gpqaPolicies,
  letterOf,
} from "./gpqa_policies.ts";
import {
  askExperiment,
  type Experiment,
  workExperiment,
} from "./gpqa_problem.ts";
import { DOMAIN, writeGpqa } from "./gpqa_files.ts";
import {
  type DrawnQuestion,
  drawQuestion,
  drawQuestions,
  drawWrongColours,
  GPQA_SIZES,
  signatureOf,
  testKinds,
  TREATMENTS,
} from "./gpqa_questions.ts";
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
} from "./single_turn.ts";
import type { NotedWorld, Twin } from "./twin.ts";

/** Notes of a drill, at most. */
const DRILL_NOTES = 5;
/** Share of practice that is nothing but notes. */
const DRILL_SHARE = 0.25;

/** Of one kind, or of all, as they stand before a question. */
const CHEMISTRY_NOTES = [...CHEMISTRY_KINDS, CHEMISTRY_FACTS].map((names) =>
  noteKind(names, (random) => {
    const world = drawChemistry(random);
    return (name) => chemistryText(world, name);
  })
);

const SOURCE: PracticeSource<Chemistry> = {
  drawWorld: drawChemistry,
  drawKnownWorld: drawChemistryAround,
  factTexts: (world) =>
    CHEMISTRY_FACTS.map((name) => chemistryText(world, name)),
  drawWorked(random, world) {
    const experiment: Experiment = {
      compounds: shuffled(random, COMPOUNDS).slice(0, 1 + randomInt(random, 2)),
      treatments: randomChoice(random, [[], ...TREATMENTS]),
    };
    const drawn = {
      experiment,
      distractors: drawWrongColours(random, experiment, world, []),
    };
    const recordId = `practice-${randomInt(random, 1000)}`;
    const problem = toProblem(drawn, world, {
      id: "gpqa-practice",
      split: "train",
      recordId,
    });
    return {
      prompt: problem.task.messages[0].content,
      answer: demonstrated(problem),
      facts: problem.facts.map((name) => chemistryText(world, name)),
    };
  },
};

/** Numbers of the rows of gpqa_main.csv that are of a split. */
const mainRows = once(() => {
  const ids = Array.from(
    { length: GPQA_SIZES.train + GPQA_SIZES.valid },
    (_, row) => ({ id: `${gpqa.name}/main/${row}` } as Task),
  );
  const rowsOf = (split: "train" | "valid"): number[] =>
    selectPart(ids, split).map(({ id }) => Number(id.split("/")[2]));
  return { train: rowsOf("train"), valid: rowsOf("valid") };
});

const world = once(worldChemistry);
const shiftedWorld = once(() =>
  drawChemistry(seededRandom("gpqa-twin", "shifted"))
);
const questions = once(() => drawQuestions(world()));
const shiftedQuestions = once(() => drawQuestions(shiftedWorld()));

const trainingAnswers = once(() =>
  Array.from({ length: GPQA_SIZES.train }, (_, index) => {
    const { experiment, options } = splitProblem("train", index);
    const { colour } = workExperiment(experiment, world());
    return { ...experiment, colour, letter: letterOf(options, colour)! };
  })
);

/** The twin of GPQA. */
export const gpqaTwin: Twin<GpqaProblem> = {
  benchmark: gpqa,
  world: "chemistry",
  known: {
    facts: knownChemistry().names.size + knownChemistry().coloured.length,
    of: CHEMISTRY_FACTS.length,
  },
  sizes: GPQA_SIZES,
  trainingSizes: [404, 101, 25],
  maxTokens: 192,
  about: `
Questions on an invented chemistry: two of ${COMPOUNDS.length} compounds are mixed, then heated
or cooled once or twice; what colour is the result? It takes the families of
both compounds, what these make, what heat or cold makes of that, and its colour:
five or six of ${CHEMISTRY_FACTS.length} facts, which stand in the explanations only. The wrong options
are what mistakes give: the other treatment, a rule left out or in the wrong
place, a wrong fact.

What is new in the test split is how facts are combined: a pair of compounds
with a treatment that no other split applies to it. No option of a test question
is the right colour of its pair in a training question, and the colours that are
most often right in training questions with one of its compounds are right no
more often than others.

Not as specified: ${FAMILIES.length} families and not 12 to 16; three wrong options need not be
explained by a mistake each, and no wrong fact is named as the one that is easily
believed.

Files: gpqa_main.csv holds the training and validation rows (the loader takes
the latter by hash), gpqa_diamond.csv the test rows; no row is in both.`,
  problem: splitProblem,
  write: (folder) =>
    writeGpqa(folder, {
      main: (["train", "valid"] as const).flatMap((split) =>
        mainRows()[split].map((row, index) =>
          [row, splitProblem(split, index)] as const
        )
      ).sort(([a], [b]) => a - b).map(([, problem]) => problem),
      diamond: Array.from(
        { length: GPQA_SIZES.test },
        (_, index) => splitProblem("test", index),
      ),
    }),
  policies: () => gpqaPolicies(trainingAnswers),
  noted,
  practise: (random) =>
    random() < DRILL_SHARE
      ? drillLookUps(random, DRILL_NOTES, CHEMISTRY_NOTES)
      : practiseProblem(random, SOURCE),
  failureEvents: gpqaFailures,
  injectors: GPQA_INJECTORS,
  controls: {
    "permuted skin": (split, index) => {
      const { experiment, options, ...problem } = splitProblem(split, index);
      const { rename, renamedWorld } = skin();
      const right = workExperiment(experiment, world());
      const drawn = {
        experiment: {
          ...experiment,
          compounds: experiment.compounds.map(rename) as Compound[],
        },
        distractors: Object.values(options)
          .filter((colour) => colour !== right.colour).map(rename),
      };
      return toProblem(drawn, renamedWorld, {
        id: problem.task.id.replace("/", "-skin/"),
        split,
        recordId: `${problem.task.meta.recordId}`,
      });
    },
    "shifted facts": (split, index) => {
      const place = placeOf(split, index);
      return toProblem(
        shiftedQuestions()[split]()[index],
        shiftedWorld(),
        { ...place, id: place.id.replace("/", "-shifted/") },
      );
    },
    "format only": (split, index) =>
      formatOnly(
        splitProblem(split, index),
        splitProblem(split, (index + 1) % GPQA_SIZES[split]),
      ),
  },
};

/** Names of compounds, families and colours, each replaced by another. */
const skin = once(() => {
  const random = seededRandom("gpqa-twin", "skin");
  const names = new Map(
    [COMPOUNDS, FAMILIES, COLOURS].flatMap((words: readonly string[]) => {
      const others = shuffled(random, words);
      return words.map((word, i) => [word, others[i]] as const);
    }),
  );
  const rename = (name: string): string => names.get(name)!;
  const renamedWorld = renameChemistry(world(), rename);
  return { rename, renamedWorld };
});

function splitProblem(split: Split, index: number): GpqaProblem {
  return toProblem(questions()[split]()[index], world(), placeOf(split, index));
}

function noted(
  whose: NotedWorld,
  index: number,
  distractors: number = 0,
): GpqaProblem {
  const random = seededRandom("gpqa-twin", "notes", whose, index);
  const chemistry = whose === "own" ? world() : drawChemistry(random);
  const kinds = testKinds();
  let drawn: DrawnQuestion | undefined;
  while (drawn === undefined) {
    drawn = drawQuestion(random, randomChoice(random, kinds), chemistry);
  }
  const { lines } = workExperiment(drawn.experiment, chemistry);
  const all = CHEMISTRY_FACTS.map((name) => chemistryText(chemistry, name));
  const others = drawDistractors(random, lines, all).slice(0, distractors);
  return toProblem(drawn, chemistry, {
    id: `gpqa-notes/${whose}/${index}`,
    split: "test",
    recordId: `notes-${index}`,
    notes: drawNotes(random, lines, others),
  });
}

/** Where a question stands. */
interface Place {
  readonly id: string;
  readonly split: Split;
  readonly recordId: string;
  readonly notes?: string;
}

function placeOf(split: Split, index: number): Place {
  const [file, row] = split === "test"
    ? ["diamond", index]
    : ["main", mainRows()[split][index]];
  const id = `${gpqa.name}/${file}/${row}`;
  return { id, split, recordId: `twin-${file}-${row}` };
}

function toProblem(
  { experiment, distractors }: DrawnQuestion,
  chemistry: Chemistry,
  { id, split, recordId, notes = "" }: Place,
): GpqaProblem {
  const observation = workExperiment(experiment, chemistry);
  const colours = [observation.colour, ...distractors];
  const options = Object.fromEntries(
    optionOrder(recordId).map((number, i) => ["ABCD"[i], colours[number]]),
  );
  const question = askExperiment(experiment);
  const [{ content }] = choiceMessages(question, colourLines(options));
  return {
    task: singleTurnTask({
      id,
      benchmark: gpqa.name,
      split,
      prompt: `${notes}${content}`,
      answer: answerColour(observation, options, () => 0),
      meta: { recordId, domain: DOMAIN, subdomain: DOMAIN },
    }),
    signature: signatureOf(experiment),
    facts: observation.facts,
    question,
    experiment,
    world: chemistry,
    options,
  };
}
