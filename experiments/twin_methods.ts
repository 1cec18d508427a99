/** The methods of Table 1 on mini reasoners, as twins need them. */
import { memgenMethod } from "@/experiments/methods/memgen.ts";
import type { Method } from "@/experiments/methods/method.ts";
import { fullSftMethod, sftMethod } from "@/experiments/methods/sft.ts";
import { INFERENCE_AUGMENTATIONS, MINI_MEMGEN } from "@/experiments/presets.ts";
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
  const sft = sftMethod(model);
  const fullSft = fullSftMethod(model);
  const known = new Map<string, TwinMethods>();
  return (benchmark) => {
    const maxInferenceAugmentations = INFERENCE_AUGMENTATIONS[benchmark] ?? 0;
    // In episodes, memory of the first prompt stays in view.
    const memoryScope = findTwin(benchmark).benchmark.maxTurns > 1
      ? "episode"
      : "turn";
    const places = { memoryScope, maxInferenceAugmentations } as const;
    const weaver = (insertion: "prepend" | "append") =>
      memgenMethod(model, { ...MINI_MEMGEN, ...places, insertion });
    // Twins with memory in the same places share what is compiled.
    const key = JSON.stringify(places);
    const methods = known.get(key) ??
      { sft, fullSft, prepend: weaver("prepend"), append: weaver("append") };
    known.set(key, methods);
    return methods;
  };
}
