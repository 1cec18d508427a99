/** Greedy episodes of a benchmark with environments, scored. */
import { completionText, latentsInView } from "../models/mod.ts";
import { type Environment, playEpisodes } from "../training/mod.ts";
import {
  type EvaluateOptions,
  type EvaluationRecord,
  inOrder,
  insertionsOf,
} from "./evaluation.ts";
import type { Benchmark, Message, Task } from "./task.ts";

/** Tokens of an observation, at most (max_obs_length of the released code). */
const MAX_OBSERVATION_TOKENS = 512;
/** An environment that takes longer has hung. */
const TIMEOUT_MS = 60_000;

/** Options of `evaluateEpisodes`. */
export interface EvaluateEpisodesOptions extends EvaluateOptions {
  /** What answers the model's turns. */
  readonly environments: (task: Task) => Environment;
}

/**
 * Plays an episode of each task; see `evaluate`. One that the model's positions
 * or the benchmark's turns cut off is scored as it stands.
 */
export async function evaluateEpisodes(
  benchmark: Benchmark,
  tasks: readonly Task[],
  { environments, prompt, onProgress, ...options }: EvaluateEpisodesOptions,
): Promise<EvaluationRecord[]> {
  const { model, memory, seed = 0, batchSize = 32 } = options;
  const chosen = options.chosen ?? tasks.map((_, i) => i);
  const { maxTurns } = benchmark;
  let ended = 0;
  const onEnd = (): void => {
    ended += 1;
    onProgress?.(ended, chosen.length);
  };
  const episodes = await playEpisodes(
    tasks.map((task) => () =>
      observed(environments(task), { prompt, maxTurns, onEnd })
    ),
    {
      ...options,
      chosen,
      numbers: chosen,
      seed,
      batchSize,
      temperature: 0,
      groupSize: 1,
      maxTurns,
      // Its memory must have room, too.
      maxLength: model.config.maxPositions - latentsInView(memory, maxTurns),
      maxObservationTokens: MAX_OBSERVATION_TOKENS,
      timeoutMs: TIMEOUT_MS,
    },
  );
  // Those that ran out of positions ended without their environment.
  while (ended < chosen.length) onEnd();
  return await inOrder(episodes, async (episode) => {
    const { id, gold } = tasks[episode.prompt];
    const turns = episode.turns.map(({ ids }) =>
      completionText(model.tokenizer, ids)
    );
    return {
      id,
      turns,
      observations: episode.turns.slice(0, -1)
        .map(({ observation }) => observation),
      tokens: episode.ids.length,
      turnTokens: episode.turns.map(({ ids }) => ids.length),
      insertions: insertionsOf(episode.augmentation),
      ...await benchmark.score(turns, gold),
    };
  });
}

/** An environment that says when its episode ends, and how it begins. */
function observed(
  environment: Environment,
  { prompt = (messages) => messages, maxTurns, onEnd }: {
    readonly prompt?: (messages: readonly Message[]) => readonly Message[];
    readonly maxTurns: number;
    readonly onEnd: () => void;
  },
): Environment {
  let turns = 0;
  return {
    keepsTime: environment.keepsTime,
    reset: async (options) => prompt(await environment.reset(options)),
    step: async (text) => {
      const step = await environment.step(text);
      if (step.terminated || step.truncated || ++turns === maxTurns) onEnd();
      return step;
    },
  };
}
