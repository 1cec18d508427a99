/** A run of a few numbers that depends on every step, for tests. */
import * as tf from "@tensorflow/tfjs";
import { normals, seededRandom } from "@/lib/random.ts";
import type { NamedTensors } from "@/lib/tensorflow/mod.ts";
import { makeTrainStep, type Run, takeStep } from "@/lib/training/mod.ts";

interface Point {
  readonly y: tf.Tensor1D;
}

/** Mean squared distance of `x` from the batch. */
const STEP = makeTrainStep<Point>(
  ({ x }, { y }) => x.sub(y).square().mean() as tf.Scalar,
  { name: "distance", xla: "never" },
);

/** What the run starts from. */
export function tinyParameters(): NamedTensors {
  return { x: tf.tensor1d([0, 0, 0]) };
}

/**
 * Ten steps, each towards another random point.
 *
 * @param badStep A step whose point is none.
 */
export function tinyRun(
  changes: Partial<Run> = {},
  { badStep }: { readonly badStep?: number } = {},
): Run {
  return {
    totalSteps: 10,
    step: (state, index) => {
      const point = index === badStep
        ? [NaN, NaN, NaN]
        : normals(seededRandom("point", index), 3);
      const batch = { y: tf.tensor1d(point) };
      return takeStep(STEP, state, batch, { index, rate: 0.1 });
    },
    ...changes,
  };
}
