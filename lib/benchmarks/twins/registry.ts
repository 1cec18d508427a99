/** The twins by the names of their benchmarks. */
import { alfworldTwin } from "./alfworld_twin.ts";
import { aquaTwin } from "./aqua_twin.ts";
import { bigCodeBenchTwin } from "./bigcodebench_twin.ts";
import { feverTwin } from "./fever_twin.ts";
import { gpqaTwin } from "./gpqa_twin.ts";
import { gsm8kTwin } from "./gsm8k_twin.ts";
import { kodcodeTwin } from "./kodcode_twin.ts";
import { popqaTwin } from "./popqa_twin.ts";
import { scienceworldTwin } from "./scienceworld_twin.ts";
import { triviaqaTwin } from "./triviaqa_twin.ts";
import { mathTwin } from "./math_twin.ts";
import type { Twin } from "./twin.ts";

/** All of them, in the paper's order. */
export const TWINS: readonly Twin[] = [
  alfworldTwin,
  triviaqaTwin,
  popqaTwin,
  kodcodeTwin,
  bigCodeBenchTwin,
  gpqaTwin,
  gsm8kTwin,
  mathTwin,
  aquaTwin,
  scienceworldTwin,
  feverTwin,
];

/** Every name that `findTwin` knows. */
export const TWIN_NAMES: readonly string[] = TWINS.map(
  ({ benchmark }) => benchmark.name,
);

/**
 * The twin of the benchmark of that name.
 *
 * @throws {RangeError} If there is none; the message lists the names.
 */
export function findTwin(name: string): Twin {
  const twin = TWINS.find(({ benchmark }) => benchmark.name === name);
  if (twin === undefined) {
    throw new RangeError(
      `Cannot find a twin as its name must be one of ${
        TWIN_NAMES.join(", ")
      }: current value is ${name}`,
    );
  }
  return twin;
}
