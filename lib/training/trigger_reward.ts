/**
 * The reward-adaptive penalty of the trigger (section 4.2 and appendix C.3 of
 * the paper): an insertion costs the more, the fewer of them the better half
 * of the group made.
 */

/** What the penalty looks at in a completion. */
export interface JudgedCompletion {
  /** What the task gave it. */
  readonly reward: number;
  /** For each candidate position: 1 INVOKE, 0 SKIP. */
  readonly decisions: readonly number[];
}

/** Settings of the penalty. */
export interface PenaltyOptions {
  /** G: completions of one prompt. */
  readonly groupSize: number;
  /** Lambda: what an insertion costs at most; 0 leaves the rewards alone. */
  readonly penalty: number;
}

/**
 * Rewards less the penalty: R - lambda sum_j max(0, d_j - p) (eq. 8 and 20),
 * where p is the insertion rate of the completion's group, see
 * `highRewardRate`. Their group advantages train the trigger.
 *
 * @param completions The G of a prompt follow one another.
 * @returns One a completion, in the unit of the rewards.
 * @throws {RangeError} If an option is out of range, a group is not whole, or
 * a decision is neither 0 nor 1.
 * Deviation: the paper does not say how the penalty enters the advantage; here
 * it is a part of the reward, as eq. 20 has it.
 */
export function penalizedRewards(
  completions: readonly JudgedCompletion[],
  { groupSize: G, penalty }: PenaltyOptions,
): number[] {
  if (!Number.isInteger(G) || G < 1 || completions.length % G !== 0) {
    throw new RangeError(
      `Cannot penalise insertions as 'groupSize' must be a positive integer that divides the ${completions.length} completions: current value is ${G}`,
    );
  }
  if (!(penalty >= 0 && penalty < Infinity)) {
    throw new RangeError(
      `Cannot penalise insertions as 'penalty' must be a number of at least 0: current value is ${penalty}`,
    );
  }
  for (const [i, { decisions }] of completions.entries()) {
    const bad = decisions.find((decision) => decision !== 0 && decision !== 1);
    if (bad !== undefined) {
      throw new RangeError(
        `Cannot penalise insertions as the decisions of completion ${i} must be 0 or 1: current value is ${bad}`,
      );
    }
  }
  return completions.map(({ reward, decisions }, i) => {
    const start = i - i % G;
    const rate = highRewardRate(completions.slice(start, start + G));
    const excess = decisions.map((decision) => Math.max(0, decision - rate));
    return reward - penalty * sum(excess);
  });
}

/**
 * Insertion rate of the better half of a group: the mean, over completions
 * whose reward is at least the median, of the share of their candidate
 * positions that got memory (eq. 9, 18 and 19). One without candidates counts
 * as 0.
 *
 * Deviation from eq. 9: it divides by the length of the completion; appendix
 * C.3 (eq. 18) by its candidate positions, as here.
 */
export function highRewardRate(group: readonly JudgedCompletion[]): number {
  const least = median(group.map(({ reward }) => reward));
  const rates = group.filter(({ reward }) => reward >= least)
    .map(({ decisions }) => sum(decisions) / Math.max(1, decisions.length));
  return sum(rates) / rates.length;
}

/** The middle value, or the mean of the two. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
