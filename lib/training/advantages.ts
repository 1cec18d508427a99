/** Advantages of completions over the others of their group (GRPO). */

/** Added to a group's standard deviation (TRL 0.21, grpo_trainer.py:1692). */
const STD_EPS = 1e-4;

/** How rewards become advantages. */
export interface AdvantageOptions {
  /** G: completions of one prompt. */
  readonly groupSize: number;
  /**
   * Divides by the standard deviation of the group, of G - 1 degrees of
   * freedom, plus 1e-4; so do the released code and TRL's default. The paper
   * does not.
   *
   * @default {false}
   */
  readonly scaleRewards?: boolean;
}

/**
 * Reward of each completion less the mean of its group (eq. 14 and 15).
 *
 * @param rewards One a completion; the G of a prompt follow one another.
 * @returns Advantages, in the order of the rewards.
 * @throws {RangeError} If a group has fewer than two completions or is not
 * whole, or a reward is not finite.
 * Source: TRL 0.21, grpo_trainer.py:1683-1692.
 */
export function groupAdvantages(
  rewards: readonly number[],
  { groupSize: G, scaleRewards = false }: AdvantageOptions,
): number[] {
  if (!Number.isInteger(G) || G < 2) {
    throw new RangeError(
      `Cannot compare completions as 'groupSize' must be an integer of at least 2: current value is ${G}`,
    );
  }
  if (rewards.length % G !== 0) {
    throw new RangeError(
      `Cannot compare completions as their number must be a multiple of ${G}: current value is ${rewards.length}`,
    );
  }
  const bad = rewards.findIndex((reward) => !Number.isFinite(reward));
  if (bad !== -1) {
    throw new RangeError(
      `Cannot compare completions as the reward of completion ${bad} must be finite: current value is ${
        rewards[bad]
      }`,
    );
  }
  return Array.from({ length: rewards.length / G }, (_, g) => {
    const group = rewards.slice(g * G, (g + 1) * G);
    const mean = group.reduce((sum, reward) => sum + reward) / G;
    const distances = group.map((reward) => reward - mean);
    if (!scaleRewards) return distances;
    const std = Math.hypot(...distances) / Math.sqrt(G - 1);
    return distances.map((distance) => distance / (std + STD_EPS));
  }).flat();
}
