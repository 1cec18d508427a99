/** Why answers of the GPQA twin are wrong, and answers wrong for that reason. */
import { type Random, randomChoice } from "../../random.ts";
import { choiceAnswer } from "../choices.ts";
import type { FailureEvent, FailureLabel } from "../failures.ts";
import type { Message } from "../task.ts";
import {
  type Chemistry,
  CHEMISTRY_FACTS,
  chemistryText,
  drawChemistry,
  readChemistryFact,
} from "./chemistry.ts";
import {
  answerColour,
  type ColourOptions,
  explainColour,
  letterOf,
} from "./gpqa_policies.ts";
import {
  askExperiment,
  type Doing,
  type Experiment,
  type Observation,
  readExperiment,
  workExperiment,
} from "./gpqa_problem.ts";
import { always, answerOf } from "./single_turn.ts";
import { readTrace, type Step } from "./trace.ts";
import { traceFailures } from "./trace_failures.ts";
import type { Inject, TwinProblem } from "./twin.ts";

/** A problem of the GPQA twin. */
export interface GpqaProblem extends TwinProblem {
  /** The question alone. */
  readonly question: string;
  /** What it is about. */
  readonly experiment: Experiment;
  /** The facts that hold in it. */
  readonly world: Chemistry;
  /** Colours by their letters. */
  readonly options: ColourOptions;
}

/** Draws until a fault gives another colour, at most so often. */
const ATTEMPTS = 40;

/** A wrong way to work an experiment out. */
type Fault = (
  random: Random,
  experiment: Experiment,
  world: Chemistry,
) => Observation;

/** The same experiment with the other treatment. */
function siblingExperiment(experiment: Experiment): Experiment {
  return {
    ...experiment,
    treatments: experiment.treatments
      .map((treatment) => treatment === "heated" ? "cooled" : "heated"),
  };
}

/** The question with the other treatment, in words of its own. */
function askOtherwise(experiment: Experiment): string {
  const others = { heated: "cooled", cooled: "heated" } as const;
  return askExperiment(experiment)
    .replace(/heated|cooled/, (word) => others[word as keyof typeof others]);
}

const FAULTS = {
  "demand misunderstanding": (_, experiment, world) =>
    workExperiment(readExperiment(askOtherwise(experiment)), world),
  "false belief": (random, experiment, world) => {
    const { facts } = workExperiment(experiment, world);
    const believed = randomChoice(random, facts);
    return workExperiment(
      experiment,
      mixWorlds(world, drawChemistry(random), believed),
    );
  },
  // Treated before it is mixed, or not mixed at all.
  "planning failure": (random, experiment, world) => {
    const { treatments } = experiment;
    const orders: Doing[][] = [
      [treatments[0], "mix", ...treatments.slice(1)],
      [...treatments, "mix"],
      [...treatments],
    ];
    return workExperiment(experiment, world, randomChoice(random, orders));
  },
  // Stops one rule early.
  "compositional reasoning": (_, experiment, world) =>
    workExperiment(experiment, world, [
      "mix",
      ...experiment.treatments.slice(0, -1),
    ]),
} as const satisfies Partial<Record<FailureLabel, Fault>>;

/** Colours that mistakes give, one of each kind, in any case not the right one. */
export function mistakenColours(
  random: Random,
  experiment: Experiment,
  world: Chemistry,
): string[] {
  const { colour } = workExperiment(experiment, world);
  const colours = Object.values(FAULTS)
    .map((fault) => fault(random, experiment, world).colour);
  return [...new Set(colours)].filter((each) => each !== colour);
}

/** Policies that fail for a known reason; see `Twin.injectors`. */
export const GPQA_INJECTORS: Partial<
  Record<FailureLabel, Inject<GpqaProblem>>
> = {
  "answer formatting failure": ({ experiment, world, options }, random) => {
    const right = workExperiment(experiment, world);
    const letter = letterOf(options, right.colour)!;
    const ending = randomChoice(random, [
      "",
      letter,
      `\\boxed{${right.colour}}`,
      `\\boxed{(${letter})}`,
      `\\boxed{${letter}`,
    ]);
    const answer = choiceAnswer(explainColour(right, options), letter);
    return always(answer.replace(`\\boxed{${letter}}`, ending));
  },
  "think-act inconsistency": ({ experiment, world, options }, random) => {
    const right = workExperiment(experiment, world);
    const others = Object.keys(options)
      .filter((letter) => options[letter] !== right.colour);
    return always(
      choiceAnswer(explainColour(right, options), randomChoice(random, others)),
    );
  },
  ...Object.fromEntries(
    Object.entries(FAULTS).map(([label, fault]) => [label, inject(fault)]),
  ),
};

function inject(fault: Fault): Inject<GpqaProblem> {
  return ({ experiment, world, options }, random) => {
    const right = workExperiment(experiment, world);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const wrong = fault(random, experiment, world);
      if (wrong.colour !== right.colour) {
        return always(answerColour(wrong, options, random));
      }
    }
    return always(answerColour(right, options, random));
  };
}

/** What is wrong in an answer. */
export function gpqaFailures(
  { experiment, world, options }: GpqaProblem,
  chat: readonly Message[],
): readonly FailureEvent[] {
  const truths = new Set(
    CHEMISTRY_FACTS.map((name) => chemistryText(world, name)),
  );
  const isColour = (line: string): boolean =>
    readChemistryFact(line)?.kind === "colour";
  const trace = readTrace({
    isFact: isColour,
    readResult(line) {
      const fact = readChemistryFact(line);
      if (fact?.kind !== "colour") return undefined;
      const [of, value] = fact.words;
      return { of, value };
    },
    readStep: (line) => readStep(line, truths),
  }, answerOf(chat));
  const right = workExperiment(experiment, world);
  return traceFailures(trace, {
    plan: right.steps,
    siblings: [workExperiment(siblingExperiment(experiment), world).steps],
    gold: letterOf(options, right.colour)!,
    answerForm: /^[A-D]$/,
    isTrue: (fact) => truths.has(fact),
    options,
  });
}

/** A line that applies a rule, as a step; a false one is a false belief. */
function readStep(
  line: string,
  truths: ReadonlySet<string>,
): Step | undefined {
  const fact = readChemistryFact(line);
  if (fact === undefined || fact.kind === "colour") return undefined;
  const [first, ...others] = fact.words;
  const isTreatment = fact.kind === "treatment";
  return {
    key: isTreatment ? first : fact.kind,
    operands: isTreatment ? others.slice(0, 1) : fact.words.slice(0, -1),
    value: fact.words.at(-1)!,
    ...(!truths.has(line) && { fault: "false belief" }),
  };
}

/** A world with one fact of another. */
function mixWorlds(
  world: Chemistry,
  other: Chemistry,
  name: string,
): Chemistry {
  const [kind, family] = name.split(" ");
  const mixed = Object.entries(world).map(([key, facts]) => {
    const others = (other as unknown as Record<string, typeof facts>)[key];
    const isMeant = key === kind || kind === "colour" && key === "colours";
    const changed = isMeant ? family : name;
    return [
      key,
      changed in facts ? { ...facts, [changed]: others[changed] } : facts,
    ];
  });
  return Object.fromEntries(mixed) as Chemistry;
}
