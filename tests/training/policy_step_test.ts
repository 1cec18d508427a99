import "@/tests/backend.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  type AppendBatch,
  appendLogProbs,
  type BatchShape,
  type Insertion,
  INSERTIONS,
  learnedPlaces,
  packAppend,
  packPrepend,
  type PrependBatch,
  prependLogProbs,
  PROMPT_SKIPPED,
} from "@/lib/memgen/mod.ts";
import type { Model } from "@/lib/models/mod.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import { disposeTree, type NamedTensors, tidy } from "@/lib/tensorflow/mod.ts";
import {
  type Completion,
  grpoLoss,
  type GrpoOptions,
  initialState,
  lossAndGradients,
  makeTrainStep,
  packTokens,
  type PolicyTokens,
  takeStep,
  tokenShares,
} from "@/lib/training/mod.ts";
import {
  assertGradients,
  memgenConfig,
  randomModules,
  randomRow,
  tinyModel,
} from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, tensorTest, tidyTest } from "@/tests/models/tiny.ts";

/** float32, summed in another order. */
const ROUNDING = 1e-5;
const TEMPERATURE = 0.7;

const random = seededRandom("policy step");
/** Two groups of two; of one the prompt was skipped, one was cut off. */
const COMPLETIONS: readonly Completion[] = [
  { ...randomRow(random, 12, [3, 6, 9]), advantage: 0.5, isTruncated: false },
  {
    ...randomRow(random, 9, [3, 7]),
    points: [PROMPT_SKIPPED, 7],
    advantage: -0.5,
    isTruncated: false,
  },
  { ...randomRow(random, 6, [5]), advantage: 1, isTruncated: true },
  { ...randomRow(random, 8, [5, 7]), advantage: -1, isTruncated: false },
];
const SHAPE = { rows: 4, length: 12, targets: 22, prompt: 5, segment: 4 };

/** A batch of the policy: where memory went in, and what tokens count. */
interface PolicyBatch {
  readonly memory: AppendBatch | PrependBatch;
  readonly tokens: PolicyTokens;
}

/** The weaver's policy with one insertion. */
function policyOf(model: Model, insertion: Insertion) {
  const config = memgenConfig({ insertion });
  const logProbs = (weaver: NamedTensors, memory: PolicyBatch["memory"]) =>
    "passes" in memory
      ? appendLogProbs(model, config, weaver, memory, TEMPERATURE)
      : prependLogProbs(model, config, weaver, memory, TEMPERATURE);
  return {
    logProbs,
    pack(
      rows: readonly Completion[],
      shares: readonly number[],
      shape: BatchShape & typeof SHAPE = SHAPE,
    ): PolicyBatch {
      return {
        memory: insertion === "append"
          ? packAppend(rows, shape, config)
          : packPrepend(rows, { ...shape, prompt: undefined }, config),
        tokens: packTokens(rows, shares, shape),
      };
    },
    loss:
      (options?: GrpoOptions) =>
      (weaver: NamedTensors, { memory, tokens }: PolicyBatch): tf.Scalar =>
        grpoLoss(logProbs(weaver, memory), tokens, options),
  };
}

const SHARES = tokenShares(COMPLETIONS, {
  lossType: "grpo",
  maxCompletionLength: 9,
});

/** The completions as another policy sampled them. */
function sampledBy(
  policy: ReturnType<typeof policyOf>,
  weaver: NamedTensors,
): Completion[] {
  return tidy(() => {
    const { memory } = policy.pack(COMPLETIONS, SHARES);
    const now = policy.logProbs(weaver, memory).dataSync<"float32">();
    let start = 0;
    return COMPLETIONS.map((row) => {
      const count = learnedPlaces(row).length;
      const values = now.slice(start, start += count);
      const near = (spread: number) =>
        normals(random, count).map((x, i) => values[i] + spread * x);
      return { ...row, oldLogProbs: near(0.4), referenceLogProbs: near(0.4) };
    });
  });
}

for (const insertion of INSERTIONS) {
  tidyTest(`The policy loss, ${insertion}: gradients are its slopes`, () => {
    const model = tinyModel("qwen2", 1);
    const { weaver } = randomModules(model, memgenConfig(), 2);
    const policy = policyOf(model, insertion);
    const batch = policy.pack(sampledBy(policy, weaver), SHARES);
    // So wide that no ratio crosses a bound between two differences.
    const options = { beta: 0.2, epsilonLow: 1, epsilonHigh: 9 };
    const loss = policy.loss(options);
    assertGradients((parameters) => loss(parameters, batch), weaver);
  });

  /** Loss and gradients of an update, summed over batches, as numbers. */
  const update = (
    batches: readonly (readonly number[])[],
    shape: BatchShape & typeof SHAPE = SHAPE,
  ): { loss: number; gradients: Float32Array } =>
    tidy(() => {
      const model = tinyModel("qwen2", 1);
      const { weaver } = randomModules(model, memgenConfig(), 2);
      const policy = policyOf(model, insertion);
      const parts = batches.map((chosen) => {
        const rows = chosen.map((b) => ({
          ...COMPLETIONS[b],
          oldLogProbs: COMPLETIONS[b].labels.slice(1)
            .flatMap((label) => label < 0 ? [] : [-3]),
        }));
        const batch = policy.pack(rows, chosen.map((b) => SHARES[b]), shape);
        return lossAndGradients(policy.loss(), weaver, batch);
      });
      const flat = parts.map(({ gradients }) =>
        tf.concat(Object.values(gradients).map((each) => each.flatten()))
      );
      return {
        loss: tf.addN(parts.map(({ loss }) => loss)).dataSync()[0],
        gradients: tf.addN(flat).dataSync<"float32">(),
      };
    });

  tensorTest(`The policy loss, ${insertion}: padding changes nothing`, () => {
    const plain = update([[0, 1, 2, 3]]);
    const padded = update([[0, 1, 2, 3]], {
      rows: 5,
      length: 14,
      targets: 30,
      prompt: 6,
      segment: 5,
    });
    assertAlmostEquals(padded.loss, plain.loss, ROUNDING);
    assertClose(padded.gradients, plain.gradients, ROUNDING);
  });

  tensorTest(
    `The policy loss, ${insertion}: an update is the sum of its batches`,
    () => {
      const whole = update([[0, 1, 2, 3]]);
      const split = update([[3, 2, 1], [0]]);
      assertAlmostEquals(split.loss, whole.loss, ROUNDING);
      assertClose(split.gradients, whole.gradients, ROUNDING);
    },
  );

  tensorTest(`The policy step, ${insertion}, raises what it should`, () => {
    const model = tinyModel("qwen2", 1);
    const { weaver, trigger } = randomModules(model, memgenConfig(), 2);
    const policy = policyOf(model, insertion);
    const pack = () => policy.pack(COMPLETIONS, SHARES);
    /** The objective of eq. 16: advantage times log-probability, shared out. */
    const objective = (parameters: NamedTensors): number =>
      tidy(() => {
        const { memory, tokens: { advantages, shares } } = pack();
        const now = policy.logProbs(parameters, memory);
        return now.mul(advantages).mul(shares).sum().dataSync()[0];
      });
    const values = [objective(weaver)];
    const step = makeTrainStep(policy.loss(), { name: "policy", xla: "never" });
    let state = initialState(weaver);
    for (let index = 0; index < 3; index++) {
      const taken = takeStep(step, state, pack(), { index, rate: 3e-3 });
      state = taken.state;
      // The ratio is 1, and the advantages sum to 0.
      assertAlmostEquals(taken.metrics.loss, 0, 1e-6);
      values.push(objective(state.parameters));
      assert(values.at(-1)! > values.at(-2)!, `${values}`);
    }
    disposeTree([state, trigger, model.weights]);
    step.dispose();
  });
}

tensorTest("A policy batch is freed as one tree", () => {
  const model = tinyModel("qwen2", 1);
  const batch = policyOf(model, "append").pack(COMPLETIONS, SHARES);
  assertEquals(batch.tokens.oldLogProbs, undefined);
  disposeTree([batch, model.weights]);
});
