/**
 * Problems of the GPQA twin: what colour compounds have when they are mixed,
 * then heated or cooled.
 */
import {
  type Chemistry,
  chemistryText,
  type Compound,
  type Family,
  pairOf,
  type Treatment,
} from "./chemistry.ts";
import type { PlannedStep, Source } from "./trace.ts";

/** What is done to which compounds. */
export interface Experiment {
  /** One, or two that are mixed. */
  readonly compounds: readonly Compound[];
  /** In order. */
  readonly treatments: readonly Treatment[];
}

/** An experiment worked out. */
export interface Observation {
  /** Facts, in the order of their use. */
  readonly facts: readonly string[];
  /** The same, stated. */
  readonly lines: readonly string[];
  /** All but the colour. */
  readonly steps: readonly PlannedStep[];
  /** What is seen in the end. */
  readonly colour: string;
}

/** The question, in words. */
export function askExperiment({ compounds, treatments }: Experiment): string {
  const [treatment] = treatments;
  const treated = treatments.length === 0
    ? []
    : [treatments.length === 2 ? `${treatment} twice` : treatment];
  const isMixed = compounds.length === 2;
  const verb = isMixed ? "are" : "is";
  const done = [...(isMixed ? ["mixed"] : []), ...treated].join(" and ");
  const subject = compounds.join(" and a ");
  const told = done === ""
    ? `There is a ${subject}.`
    : `A ${subject} ${verb} ${done}.`;
  return `${told} What is the colour?`;
}

const QUESTION =
  /^(?:There is a|A) (\w+)(?: and a (\w+) are mixed(?: and)?| is|)(?: (heated|cooled)( twice)?)?\. What is the colour\?$/;

/**
 * The experiment that a question is about.
 *
 * @throws {SyntaxError} If it is not of the twin's language.
 */
export function readExperiment(question: string): Experiment {
  const match = QUESTION.exec(question);
  if (match === null) {
    throw new SyntaxError(
      `Cannot read a question as it must be of the twin's language: current value is ${
        JSON.stringify(question)
      }`,
    );
  }
  const [, one, other, treatment, twice] = match;
  return {
    compounds: [one, other].filter((name) => name !== undefined) as Compound[],
    treatments: treatment === undefined
      ? []
      : Array(twice === undefined ? 1 : 2).fill(treatment),
  };
}

/** An order in which things are done; all of them, unless it is a mistake. */
export type Doing = "mix" | Treatment;

/** Works an experiment out, rule by rule. */
export function workExperiment(
  { compounds, treatments }: Experiment,
  world: Chemistry,
  doings: readonly Doing[] = [
    ...(compounds.length === 2 ? ["mix"] as const : []),
    ...treatments,
  ],
): Observation {
  const facts: string[] = [];
  const steps: PlannedStep[] = [];
  const take = (
    fact: string,
    step: Omit<PlannedStep, "fact">,
  ): { family: Family; source: Source } => {
    facts.push(fact);
    steps.push(step);
    return {
      family: step.value as Family,
      source: { from: "step", index: steps.length - 1 },
    };
  };
  const [first, second] = compounds.map((compound) =>
    take(compound, {
      key: "compound",
      operands: [compound],
      value: world.families[compound],
      sources: [{ from: "question" }],
    })
  );
  let now = first;
  for (const doing of doings) {
    if (doing === "mix") {
      const pair = pairOf(now.family, second.family);
      const isInOrder = pair === `${now.family}+${second.family}`;
      const sources = [now.source, second.source];
      now = take(pair, {
        key: "pair",
        operands: pair.split("+"),
        value: world.reactions[pair],
        sources: isInOrder ? sources : sources.reverse(),
      });
    } else {
      now = take(`${doing} ${now.family}`, {
        key: doing,
        operands: [now.family],
        value: world[doing][now.family],
        sources: [now.source],
      });
    }
  }
  facts.push(`colour ${now.family}`);
  return {
    facts,
    lines: facts.map((name) => chemistryText(world, name)),
    steps,
    colour: world.colours[now.family],
  };
}
