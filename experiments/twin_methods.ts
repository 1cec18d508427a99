/** The methods of Table 1 on mini reasoners, as twins need them. */
import { memgenMethod } from "@/experiments/methods/memgen.ts";
import type { Method } from "@/experiments/methods/method.ts";
import { fullSftMethod, sftMethod } from "@/experiments/methods/sft.ts";
import { MINI_MEMGEN } from "@/experiments/presets.ts";
import type { TrainedMethods } from "@/experiments/table_1.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
import type { Model } from "@/lib/models/mod.ts";

/** Table 1's methods, and one that it has no row for. */
export interface TwinMethods extends TrainedMethods {
  /** Supervised fine-tuning of all weights. */
  readonly fullSft: Method;
}

/** From the name of a benchmark to the methods, as its twin is learned. */
export function twinMethods(
  model: Model,
): (benchmark: string) => TwinMethods {
  const single = trainedMethods(model, "turn");
  const several = trainedMethods(model, "episode");
  return (benchmark) =>
    findTwin(benchmark).benchmark.maxTurns > 1 ? several : single;
}

/** @param memoryScope In episodes, memory of the first prompt stays in view. */
function trainedMethods(
  model: Model,
  memoryScope: "turn" | "episode",
): TwinMethods {
  const weaver = (insertion: "prepend" | "append") =>
    memgenMethod(model, { ...MINI_MEMGEN, memoryScope, insertion });
  return {
    sft: sftMethod(model),
    fullSft: fullSftMethod(model),
    prepend: weaver("prepend"),
    append: weaver("append"),
  };
}
