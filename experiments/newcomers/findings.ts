/** What the newcomers' study computes for each seed, and in which order. */
import type { NewcomersAnswers } from "@/experiments/newcomers/answers.ts";
import {
  choosePenalty,
  type PenaltyTrial,
} from "@/experiments/newcomers/choice.ts";
import type { NewcomersSizes } from "@/experiments/newcomers/settings.ts";
import type { NewcomersStudy } from "@/experiments/newcomers/study.ts";

/** Who can decide where memory goes in. */
export const DECIDERS = ["Never", "Always", "Trained", "Random"] as const;

/** One of `DECIDERS`. */
export type Decider = typeof DECIDERS[number];

/** What a seed of weaver and trigger came to. */
export interface SeedFindings {
  /** The seed. */
  readonly seed: number;
  /** Answers to the validation questions. */
  readonly valid: {
    /** With every insertion. */
    readonly always: NewcomersAnswers;
    /** With the trigger of each lambda. */
    readonly trials: readonly PenaltyTrial[];
  };
  /** Lambda of the trained trigger, chosen on these. */
  readonly penalty: number;
  /** Answers to the test questions; random inserts as often as the trained. */
  readonly test: Readonly<Record<Decider, NewcomersAnswers>>;
}

/**
 * Computes every seed, or takes it from the ledger: test questions are asked
 * with the chosen lambda alone.
 */
export async function computeNewcomers(
  study: NewcomersStudy,
  { seeds, penalties }: NewcomersSizes,
): Promise<SeedFindings[]> {
  const findings: SeedFindings[] = [];
  for (const seed of seeds) {
    const always = await study.askUntrained(seed, "valid", "always");
    const trials: PenaltyTrial[] = [];
    for (const penalty of penalties) {
      const answers = await study.askTrained({ seed, penalty }, "valid");
      trials.push({ penalty, answers });
    }
    const penalty = choosePenalty(trials, always);
    const trained = await study.askTrained({ seed, penalty }, "test");
    findings.push({
      seed,
      valid: { always, trials },
      penalty,
      test: {
        Never: await study.askUntrained(seed, "test", "never"),
        Always: await study.askUntrained(seed, "test", "always"),
        Trained: trained,
        Random: await study.askUntrained(seed, "test", {
          probability: trained.insertions / trained.candidates,
          positions: "delimiters",
        }),
      },
    });
  }
  return findings;
}
