/** Learning rates over the steps of a run. */

/** A run's schedule. */
export interface Schedule {
  /** Highest rate. */
  readonly peakRate: number;
  /** Steps over which the rate rises from 0. */
  readonly warmupSteps: number;
  /** Steps of the run. */
  readonly totalSteps: number;
}

/**
 * Linear warm-up, then half a cosine down to 0.
 *
 * Source: transformers 4.55.4, `get_cosine_schedule_with_warmup`; its step s
 * uses the rate of index s, so the first step of a run with warm-up has
 * rate 0.
 *
 * @param step Index of the step, from 0.
 * @throws {RangeError} If the step is outside the run, or the schedule is none.
 */
export function cosineRate(schedule: Schedule, step: number): number {
  const { peakRate, warmupSteps, totalSteps } = schedule;
  for (
    const [name, isValid, rule] of [
      ["peakRate", Number.isFinite(peakRate), "a number"],
      ["warmupSteps", Number.isInteger(warmupSteps), "an integer"],
      ["totalSteps", Number.isInteger(totalSteps), "an integer"],
    ] as const
  ) {
    if (!isValid || schedule[name] < 0) {
      throw new RangeError(
        `Cannot take a learning rate as '${name}' must be ${rule} of at least 0: current value is ${
          schedule[name]
        }`,
      );
    }
  }
  if (!Number.isInteger(step) || step < 0 || step >= totalSteps) {
    throw new RangeError(
      `Cannot take a learning rate as 'step' must be within 0 to ${
        totalSteps - 1
      }: current value is ${step}`,
    );
  }
  if (step < warmupSteps) return peakRate * step / Math.max(1, warmupSteps);
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return peakRate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
}
