/**
 * The GSM8K twin with notes: the facts that a problem needs stand in the
 * prompt. Answering these is what a mini reasoner brings along, so it is what
 * training can make it forget.
 */
import { seededRandom, shuffled } from "../../random.ts";
import { gsm8kPrompt } from "../gsm8k.ts";
import type { Task } from "../task.ts";
import {
  drawGlossary,
  FACT_NAMES,
  type FactName,
  factText,
  type Glossary,
  worldGlossary,
} from "./glossary.ts";
import { drawProblem } from "./gsm8k_problem.ts";
import { CHAIN_LENGTHS, splitOf } from "./gsm8k_splits.ts";

/** Whose facts the notes state: a new world's, or the benchmark's own. */
export type NotedWorld = "redrawn" | "own";

/** Facts as notes, one line. */
export function notesText(
  glossary: Glossary,
  facts: readonly FactName[],
): string {
  return `Notes: ${facts.map((name) => factText(glossary, name)).join(" ")}\n`;
}

/**
 * Task number `index`: a problem of a test kind, notes before the question.
 *
 * @param distractors Notes that the problem does not need, besides its own.
 */
export function notedTask(
  world: NotedWorld,
  index: number,
  distractors = 0,
): Task {
  const random = seededRandom("gsm8k-twin", "notes", world, index);
  const glossary = world === "own" ? worldGlossary() : drawGlossary(random);
  const problem = drawProblem(random, {
    glossary,
    lengths: CHAIN_LENGTHS,
    accepts: (signature) => splitOf(signature) === "test",
  });
  const needed = [...new Set(problem.facts)];
  const others = shuffled(random, FACT_NAMES)
    .filter((name) => !needed.includes(name)).slice(0, distractors);
  const notes = notesText(glossary, shuffled(random, [...needed, ...others]));
  const target = problem.answer.replace(/\n#### (.*)$/, "\\boxed{$1}");
  return {
    id: `gsm8k-notes/${world}/${index}`,
    benchmark: "gsm8k",
    split: "test",
    messages: [{
      role: "user",
      content: `${notes}${gsm8kPrompt(problem.question)}`,
    }],
    demonstration: [{ role: "assistant", content: target }],
    gold: target,
    environment: "static",
    meta: {},
  };
}
