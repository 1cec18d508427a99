/**
 * Texts for the pre-training of the mini reasoners (mini-reasoners' recipe,
 * part 1): worked problems of worlds that are re-drawn for every sample, mostly
 * with the facts as notes, so that a reasoner learns to use what it is told.
 */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import { renderChatMl } from "../../models/mod.ts";
import { STEP_BY_STEP } from "../prompts.ts";
import type { Segments } from "./twin.ts";

/** Share of the samples that carry the facts they need as notes. */
const NOTED_SHARE = 0.8;
/** Notes that are not needed, at most. */
const MOST_DISTRACTORS = 3;
/** Share of the prompts that ask for steps, as chain-of-thought prompts do. */
const STEPS_SHARE = 0.3;

/** A problem with its worked answer. */
export interface Worked {
  /** The user's turn. */
  readonly prompt: string;
  /** The model's turn; every fact stands at the end of a line. */
  readonly answer: string;
  /** The facts that it states, in order. */
  readonly facts: readonly string[];
}

/** Where problems of a twin come from. */
export interface PracticeSource<World> {
  /** A world of random facts. */
  drawWorld(random: Random): World;
  /** The same, in which the facts that reasoners know are true. */
  drawKnownWorld(random: Random): World;
  /** A problem of a world. */
  drawWorked(random: Random, world: World): Worked;
  /** All facts of a world, stated. */
  factTexts(world: World): readonly string[];
}

/** Facts as notes, one line. */
export function notesText(facts: readonly string[]): string {
  return `Notes: ${facts.join(" ")}\n`;
}

/** The needed facts and some others as notes, in any order. */
export function drawNotes(
  random: Random,
  needed: readonly string[],
  others: readonly string[],
): string {
  return notesText(shuffled(random, [...new Set(needed), ...others]));
}

/** Facts that are not needed, in any order. */
export function drawDistractors(
  random: Random,
  needed: readonly string[],
  all: readonly string[],
): string[] {
  return shuffled(random, all).filter((fact) => !needed.includes(fact));
}

/** A problem, with notes before it, after it, before each line, or nowhere. */
export function practiseProblem<World>(
  random: Random,
  source: PracticeSource<World>,
): Segments {
  const place = random() >= NOTED_SHARE
    ? "nowhere"
    : randomChoice(random, ["prompt", "prompt", "answer", "line"] as const);
  // What notes say holds, even of facts that are known otherwise.
  const world = place === "nowhere"
    ? source.drawKnownWorld(random)
    : source.drawWorld(random);
  const worked = source.drawWorked(random, world);
  const steps = random() < STEPS_SHARE ? STEP_BY_STEP : "";
  const prompt = `${worked.prompt}${steps}`;
  const all = source.factTexts(world);
  const others = drawDistractors(random, worked.facts, all)
    .slice(0, randomInt(random, MOST_DISTRACTORS + 1));
  const notes = drawNotes(random, worked.facts, others);
  const user = place === "prompt" ? `${notes}${prompt}` : prompt;
  const answer = place === "line"
    ? notedLines(worked)
    : [{ text: worked.answer, learn: true }];
  return [
    {
      text: openChat(user) + (place === "answer" ? notes : ""),
      learn: false,
    },
    ...answer,
    { text: "<|im_end|>\n", learn: true },
  ];
}

/** A question and its answer, all of which is learned. */
export function practiseAnswer(user: string, answer: string): Segments {
  return [
    { text: openChat(user), learn: false },
    { text: `${answer}<|im_end|>\n`, learn: true },
  ];
}

function openChat(user: string): string {
  return renderChatMl([{ role: "user", content: user }], {
    addGenerationPrompt: true,
  });
}

/** The worked answer with notes right before the lines that need them. */
function notedLines({ answer, facts }: Worked): Segments {
  const segments: { text: string; learn: boolean }[] = [];
  let next = 0;
  answer.split("\n").forEach((line, i, lines) => {
    if (next < facts.length && line.endsWith(facts[next])) {
      segments.push({ text: `Notes: ${facts[next++]}\n`, learn: false });
    }
    const end = i === lines.length - 1 ? "" : "\n";
    segments.push({ text: `${line}${end}`, learn: true });
  });
  return segments;
}
