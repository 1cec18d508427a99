/**
 * What reasoners read in pre-training of the twins of KodCode and BigCodeBench:
 * chains of idioms, chains without, and notes to look up.
 */
import { type Random, shuffled } from "../../random.ts";
import { type Dialect, workedAnswer, writeAnswer } from "./code_answer.ts";
import { type Chain, drawChain, idiomsOf, questionOf } from "./code_chain.ts";
import { drillLookUps, type NoteKind } from "./drills.ts";
import {
  drawIdioms,
  drawIdiomsAroundKnown,
  factText,
  factTexts,
  type Idioms,
  IDIOMS_OF,
} from "./idioms.ts";
import {
  type PracticeSource,
  practiseAnswer,
  practiseProblem,
  type Worked,
} from "./practice.ts";
import type { Segments } from "./twin.ts";

/** Shares of the samples that are one skill; the rest are problems. */
const DRILL_SHARES = { plainChains: 0.15, lookUps: 0.2 };
/** Notes of a sample to look up, at most. */
const MOST_NOTES = 6;

/** One sample, by a benchmark's prompt and its way to write answers. */
export function practiseCode(
  random: Random,
  promptOf: (question: string) => string,
  dialect: Dialect,
): Segments {
  const { plainChains, lookUps } = DRILL_SHARES;
  const worked = (chain: Chain, idioms: Idioms): Worked => ({
    prompt: promptOf(questionOf(chain)),
    answer: writeAnswer(workedAnswer(chain), dialect),
    facts: idiomsOf(chain).map((name) => factText(name, idioms.get(name)!)),
  });
  const source: PracticeSource<Idioms> = {
    drawWorld: drawIdioms,
    drawKnownWorld: drawIdiomsAroundKnown,
    drawWorked: (random, idioms) =>
      worked(drawChain(random, idioms, [1, 2]), idioms),
    factTexts,
  };
  const skill = random();
  if (skill < lookUps) return drillLookUps(random, MOST_NOTES, NOTES);
  if (skill >= lookUps + plainChains) return practiseProblem(random, source);
  const none: Idioms = new Map();
  const { prompt, answer } = worked(drawChain(random, none, [0]), none);
  return practiseAnswer(prompt, answer);
}

/** Idioms of a role, with what they mean in a new world. */
const NOTES: readonly NoteKind[] = [IDIOMS_OF.step, IDIOMS_OF.result]
  .map((names) => (random, count) => {
    const idioms = drawIdioms(random);
    return shuffled(random, names).slice(0, count)
      .map((name) => ({ name, text: factText(name, idioms.get(name)!) }));
  });
