/**
 * Who decides, while text is generated, whether memory goes in at a candidate:
 * the trigger (eq. 4), or one of what it is compared with.
 */
import type { MemgenConfig } from "./config.ts";

/** Insertion by chance. */
export interface RandomDecisions {
  /** Of an insertion at a candidate, from 0 to 1. */
  readonly probability: number;
  /** Candidates after the prompt's end: the delimiters, or any position. */
  readonly positions: "delimiters" | "any";
}

/** Who decides at a candidate. */
export type Decide = "trigger" | "always" | "never" | RandomDecisions;

/** How decisions are made. */
export interface DecisionOptions {
  /**
   * Who decides. Default: the trigger if the settings say that it is active,
   * else always.
   */
  readonly decide?: Decide;
  /**
   * Draws the trigger's decisions from the softmax of its scores, divided by
   * the temperature: at 1 and with a sigmoid head, d ~ Bernoulli(p) (eq. 4).
   * Default: the decision with the higher score, p > 0.5.
   */
  readonly sampleDecisions?: { readonly temperature: number };
}

/** The decisions that the options and the settings ask for. */
export type Decisions =
  & Required<Pick<DecisionOptions, "decide">>
  & Pick<DecisionOptions, "sampleDecisions">;

/**
 * The options with their defaults.
 *
 * @throws {RangeError} If the probability is not in [0, 1], the temperature not
 * above 0, or decisions are to be sampled that the trigger does not make.
 */
export function resolveDecisions(
  { decide, sampleDecisions }: DecisionOptions,
  { triggerActive }: Pick<MemgenConfig, "triggerActive">,
): Decisions {
  const resolved = decide ?? (triggerActive ? "trigger" : "always");
  if (typeof resolved === "object") {
    const { probability } = resolved;
    if (!(probability >= 0 && probability <= 1)) {
      throw new RangeError(
        `Cannot insert at random as 'probability' must be in [0, 1]: current value is ${probability}`,
      );
    }
  }
  if (sampleDecisions !== undefined) {
    const { temperature } = sampleDecisions;
    if (resolved !== "trigger") {
      throw new RangeError(
        `Cannot sample decisions as the trigger must decide: current value is ${
          JSON.stringify(resolved)
        }`,
      );
    }
    if (!(temperature > 0 && temperature < Infinity)) {
      throw new RangeError(
        `Cannot sample decisions as 'temperature' must be a number above 0: current value is ${temperature}`,
      );
    }
  }
  return { decide: resolved, sampleDecisions };
}
