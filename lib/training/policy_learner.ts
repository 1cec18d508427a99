/**
 * A policy with its compiled functions: what it thinks of completions, and an
 * update from them in micro-batches. They serve many runs.
 */
import * as tf from "@tensorflow/tfjs";
import {
  type BatchShape,
  learnedPlaces,
  type SupervisedRow,
  type TurnLayout,
} from "../memgen/mod.ts";
import type { DecoderView, Memory } from "../models/mod.ts";
import {
  disposeTree,
  jit,
  type Jitted,
  type NamedTensors,
  tidy,
} from "../tensorflow/mod.ts";
import { makeSummedStep } from "./accumulation.ts";
import type { TrainingState } from "./adamw.ts";
import type { PolicyTokens } from "./grpo.ts";
import {
  type Completion,
  packTokens,
  type ShareOptions,
  tokenShares,
} from "./policy_batch.ts";
import type { PolicyObjective } from "./policy_objective.ts";
import type { RolloutTurn } from "./rollouts.ts";
import type { RunStep } from "./run.ts";
import {
  takeStep,
  type TrainStep,
  type TrainStepOptions,
} from "./train_step.ts";

/** What is trained: it samples, and says how likely its tokens are. */
export interface Policy<Batch> {
  /** Divides the scores where it samples and where it says how likely. */
  readonly temperature: number;
  /** Padded sizes of a micro-batch. */
  readonly shape: BatchShape;
  /** The policy with these parameters, which stay the caller's. */
  readonly apply: (
    parameters: NamedTensors,
  ) => { readonly view: DecoderView; readonly memory?: Memory };
  /** A turn as a row: what the policy chose in it is learned. */
  readonly row: (turn: RolloutTurn) => SupervisedRow;
  /** How the turns of an episode stand in rows. */
  readonly layout: TurnLayout;
  /** Packs completions, with memory where it went in as they were sampled. */
  readonly pack: (rows: readonly SupervisedRow[]) => Batch;
  /** Log-probability of each learned token, `[P]`, in nats. */
  readonly logProbs: (parameters: NamedTensors, batch: Batch) => tf.Tensor1D;
}

/** Completions with what their tokens count. */
interface PolicyBatch<Batch> {
  readonly batch: Batch;
  readonly tokens: PolicyTokens;
}

/** A policy that learns. */
export class PolicyLearner<Batch> {
  /** What is trained. */
  readonly policy: Policy<Batch>;
  /** How it learns. */
  readonly objective: PolicyObjective;
  readonly #step: TrainStep<readonly PolicyBatch<Batch>[]>;
  readonly #logProbs: Jitted<[NamedTensors, Batch], tf.Tensor1D>;

  /** Functions are traced and compiled at their first use. */
  constructor(
    policy: Policy<Batch>,
    objective: PolicyObjective,
    options: TrainStepOptions,
  ) {
    this.policy = policy;
    this.objective = objective;
    this.#step = makeSummedStep(
      (parameters, { batch, tokens }) =>
        objective.loss(policy.logProbs(parameters, batch), tokens),
      options,
    );
    const { name, xla } = options;
    this.#logProbs = jit(policy.logProbs, { name: `${name}_log_probs`, xla });
  }

  /** Log-probabilities of the learned tokens of each row, in nats. */
  logProbs(
    parameters: NamedTensors,
    rows: readonly SupervisedRow[],
  ): Float32Array[] {
    const isLearned = rows.map((row) => learnedPlaces(row).length > 0);
    const learned = rows.filter((_, b) => isLearned[b]);
    const values = this.#microBatches(learned).flatMap((part) => {
      const batch = this.policy.pack(part);
      const result = this.#logProbs(parameters, batch);
      const values = result.dataSync<"float32">();
      disposeTree([batch, result]);
      let start = 0;
      return part.map((row) =>
        values.slice(start, start += learnedPlaces(row).length)
      );
    });
    let next = 0;
    return isLearned.map((is) => is ? values[next++] : new Float32Array());
  }

  /**
   * One update: from `state`, which it frees, to the next.
   *
   * Completions that have no part in the gradient, without an advantage or left
   * out as truncated, are not computed.
   *
   * @param at Number of the update, from 0, its learning rate, and the tokens
   * that a completion could have had.
   * @throws As `takeStep` does; then `state` stays the caller's.
   */
  update(
    state: TrainingState,
    completions: readonly Completion[],
    { index, rate, maxCompletionLength }: {
      readonly index: number;
      readonly rate: number;
    } & Pick<ShareOptions, "maxCompletionLength">,
  ): RunStep {
    const { objective, policy: { pack, shape } } = this;
    const shares = this.#shares(completions, maxCompletionLength);
    const counting = completions.map((_, b) => b).filter((b) =>
      shares[b] > 0 &&
      (objective.usesReference || completions[b].advantage !== 0)
    );
    const batches = tidy(() =>
      this.#microBatches(counting).map((part) => {
        const rows = part.map((b) => completions[b]);
        return {
          batch: pack(rows),
          tokens: packTokens(rows, part.map((b) => shares[b]), shape),
        };
      })
    );
    return takeStep(this.#step, state, batches, { index, rate });
  }

  /** How far the policy has moved from the one that sampled; means over tokens. */
  statistics(
    parameters: NamedTensors,
    completions: readonly Completion[],
    { maxCompletionLength }: Pick<ShareOptions, "maxCompletionLength">,
  ): Record<string, number> {
    const now = this.logProbs(parameters, completions)
      .flatMap((values) => Array.from(values));
    const results = tidy(() => {
      const shares = this.#shares(completions, maxCompletionLength);
      const tokens = packTokens(completions, shares, { targets: now.length });
      return this.objective.statistics(tf.tensor1d(now), tokens);
    });
    const values = Object.entries(results)
      .map(([name, value]) => [name, value.dataSync()[0]] as const);
    disposeTree(results);
    return Object.fromEntries(values);
  }

  /** Frees the compiled functions. */
  dispose(): void {
    this.#step.dispose();
    this.#logProbs.dispose();
  }

  #shares(
    completions: readonly Completion[],
    maxCompletionLength: number,
  ): number[] {
    return tokenShares(completions, { ...this.objective, maxCompletionLength });
  }

  #microBatches<Row>(rows: readonly Row[]): Row[][] {
    const { rows: size } = this.policy.shape;
    return Array.from(
      { length: Math.ceil(rows.length / size) },
      (_, i) => rows.slice(i * size, (i + 1) * size),
    );
  }
}
