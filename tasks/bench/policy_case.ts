/** GRPO's part of the bench: one update of the weaver from one group. */
import {
  type AppendBatch,
  appendLogProbs,
  formatMemgenConfig,
  initializeWeaver,
  packAppend,
} from "@/lib/memgen/mod.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  groupAdvantages,
  grpoLoss,
  makeTrainStep,
  packTokens,
  type PolicyTokens,
  tokenShares,
} from "@/lib/training/mod.ts";
import {
  type BenchCase,
  randomModel,
  TORCH_WEIGHT_DECAY,
  trainingWorkload,
} from "./cases.ts";
import {
  type CaseMemory,
  memgenConfig,
  memgenRows,
  onModel,
  type RowsSize,
} from "./memgen_cases.ts";

/**
 * A policy step on a group, with all insertions in every completion and the
 * log-probabilities of the policy that sampled them; no reference policy, as
 * in the paper.
 */
export function memgenPolicyCase(
  config: DecoderConfig,
  { name, memory, runs, ...size }: RowsSize & {
    readonly name: string;
    readonly memory: CaseMemory;
    readonly runs: number;
  },
): BenchCase {
  const memgen = memgenConfig(memory);
  const rate = 1e-4;
  return {
    name,
    runs,
    tokens: size.rows * (size.promptLength + size.answerLength),
    program: "official_memgen.py",
    async prepare() {
      const model = await randomModel(config);
      const { points, rows, shape } = memgenRows(config, memory, size);
      // Every second one is right.
      const advantages = groupAdvantages(
        rows.map((_, b) => b % 2),
        { groupSize: rows.length, scaleRewards: true },
      );
      // About what an untrained model gives every token.
      const old = Array<number>(size.answerLength)
        .fill(-Math.log(config.vocabSize));
      const completions = rows.map((row, b) => ({
        ...row,
        advantage: advantages[b],
        isTruncated: false,
        oldLogProbs: old,
      }));
      const shares = tokenShares(completions, {
        lossType: "grpo",
        maxCompletionLength: size.answerLength,
      });
      const step = makeTrainStep<{ memory: AppendBatch; tokens: PolicyTokens }>(
        (weaver, { memory, tokens }) =>
          grpoLoss(appendLogProbs(model, memgen, weaver, memory, 1), tokens),
        { name, xla: "always", weightDecay: TORCH_WEIGHT_DECAY },
      );
      const workload = trainingWorkload(step, {
        parameters: initializeWeaver(
          model,
          memgen,
          seededRandom("bench modules"),
        ),
        batch: {
          memory: packAppend(rows, shape, memgen),
          tokens: packTokens(completions, shares, shape),
        },
        rate,
      });
      return onModel(model, workload, {
        task: "policy",
        memgen: formatMemgenConfig(memgen),
        rows: rows.map(({ ids }) => ids),
        points,
        rate,
        advantages,
        old: rows.map(() => old),
      });
    },
  };
}
