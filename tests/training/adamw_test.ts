import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import {
  type AdamwOptions,
  adamwStep,
  globalNorm,
  initialState,
  type TrainingState,
} from "@/lib/training/mod.ts";
import { assertClose, tensorTest, tidyTest } from "@/tests/models/tiny.ts";

/** Updates after each step: parameters a, b and the norm of the gradients. */
function run(
  initial: { readonly a: number[]; readonly b: number[] },
  gradients: readonly { readonly a: number[]; readonly b: number[] }[],
  rates: readonly number[],
  options: AdamwOptions,
): { a: Float32Array; b: Float32Array; norm: number }[] {
  let state: TrainingState = initialState({
    a: tf.tensor1d(initial.a),
    b: tf.tensor2d(initial.b, [initial.b.length, 1]),
  });
  return gradients.map(({ a, b }, s) => {
    const updated = adamwStep(
      state,
      { a: tf.tensor1d(a), b: tf.tensor2d(b, [b.length, 1]) },
      { rate: tf.scalar(rates[s]), step: tf.scalar(s + 1) },
      options,
    );
    state = updated.state;
    return {
      a: state.parameters.a.dataSync<"float32">(),
      b: state.parameters.b.dataSync<"float32">(),
      norm: updated.gradNorm.dataSync()[0],
    };
  });
}

tidyTest("adamwStep() follows its rule, worked out for two steps", () => {
  const [first, second] = run(
    { a: [1], b: [0] },
    [{ a: [2], b: [0] }, { a: [-1], b: [0] }],
    [0.1, 0.1],
    { maxGradNorm: 10 },
  );
  // The first step is the rate, whatever the gradient: 0.1 x 2 / √4.
  assertAlmostEquals(first.a[0], 0.9, 1e-6);
  // Mean 0.9 x 0.2 - 0.1 = 0.08, square 0.999 x 0.004 + 0.001 = 0.004996;
  // corrected by 1 - 0.81 and 1 - 0.998001.
  const change = 0.1 * (0.08 / 0.19) / Math.sqrt(0.004996 / 0.001999);
  assertAlmostEquals(second.a[0], 0.9 - change, 1e-6);
  // No gradient, no change.
  assertEquals(second.b[0], 0);
});

/** Made by PyTorch 2.7.1:
 *
 * ```python
 * a = Parameter(tensor([1.0, -2.0, 0.5])); b = Parameter(tensor([[0.25], [3.0]]))
 * o = AdamW([a, b], lr=0.1, betas=betas, weight_decay=wd)
 * for i in range(3):
 *   a.grad, b.grad = tensor(ga[i]), tensor(gb[i])
 *   n = clip_grad_norm_([a, b], clip)
 *   o.param_groups[0]['lr'] = [0.1, 0.05, 0.2][i]
 *   o.step(); print(n.item(), a.tolist(), b.flatten().tolist())
 * ```
 */
const TORCH: readonly {
  readonly options: AdamwOptions;
  readonly steps: readonly (readonly [a: number[], b: number[]])[];
}[] = [
  {
    options: { maxGradNorm: 1e9 },
    steps: [
      [
        [0.9000000357627869, -1.899999976158142, 0.4000000059604645],
        [0.15000000596046448, 3.0999999046325684],
      ],
      [
        [0.9299177527427673, -1.9183051586151123, 0.36649709939956665],
        [0.10086041688919067, 3.1325619220733643],
      ],
      [
        [1.0181982517242432, -2.0490262508392334, 0.3109762668609619],
        [0.1524599939584732, 3.1363964080810547],
      ],
    ],
  },
  {
    options: { weightDecay: 0.1, maxGradNorm: 1 },
    steps: [
      [
        [0.89000004529953, -1.8799999952316284, 0.39500001072883606],
        [0.14750000834465027, 3.069999933242798],
      ],
      [
        [0.9166655540466309, -1.8918639421463013, 0.35952210426330566],
        [0.09843666106462479, 3.087035655975342],
      ],
      [
        [0.9929394721984863, -1.9898046255111694, 0.26989272236824036],
        [0.06504182517528534, 3.079310655593872],
      ],
    ],
  },
  {
    options: { beta1: 0.8, beta2: 0.95 },
    steps: [
      [
        [0.9000000357627869, -1.899999976158142, 0.4000000059604645],
        [0.15000000596046448, 3.0999999046325684],
      ],
      [
        [0.9331071972846985, -1.923764705657959, 0.36816221475601196],
        [0.10112586617469788, 3.1306445598602295],
      ],
      [
        [1.028307318687439, -2.0704588890075684, 0.29878801107406616],
        [0.08433116972446442, 3.1689319610595703],
      ],
    ],
  },
];

for (const { options, steps } of TORCH) {
  tidyTest(
    `adamwStep() gives PyTorch's numbers with ${JSON.stringify(options)}`,
    () => {
      const found = run(
        { a: [1, -2, 0.5], b: [0.25, 3] },
        [
          { a: [0.3, -0.1, 2], b: [0.6, -0.4] },
          { a: [-1.5, 0.2, 0], b: [1, 0.01] },
          { a: [0.05, 4, -0.7], b: [-2.5, 0.3] },
        ],
        [0.1, 0.05, 0.2],
        options,
      );
      found.forEach(({ a, b }, s) => {
        assertClose(a, steps[s][0], 1e-6);
        assertClose(b, steps[s][1], 1e-6);
      });
      // Before clipping.
      assertClose(
        found.map(({ norm }) => norm),
        [2.149418592453003, 1.8138632774353027, 4.778336524963379],
        1e-6,
      );
    },
  );
}

tidyTest("adamwStep() scales gradients down to the norm, never up", () => {
  const update = (maxGradNorm: number, scale = 1): number => {
    const gradients = { x: tf.tensor1d([3 * scale, 4 * scale]) };
    const { state } = adamwStep(
      initialState({ x: tf.tensor1d([0, 0]) }),
      gradients,
      { rate: tf.scalar(1), step: tf.scalar(1) },
      { maxGradNorm },
    );
    return state.means.x.dataSync()[1];
  };
  // A tenth of the gradient, whose norm is 5.
  assertAlmostEquals(update(100), 0.4, 1e-6);
  assertAlmostEquals(update(Infinity, 1e6), 0.4e6, 1);
  assertAlmostEquals(update(5.1), 0.4, 1e-6);
  assertAlmostEquals(update(1), 0.4 / 5, 1e-6);
  // A millionth is added to the norm: 4e-6 becomes 5e-6.
  assertAlmostEquals(update(1e-6, 8e-7) * 1e6, 0.4 * 0.8 / 5, 1e-5);
});

tidyTest(
  "adamwStep() decays parameters by rate x decay, not by the gradient",
  () => {
    const { state } = adamwStep(
      initialState({ x: tf.tensor1d([10, -10]) }),
      { x: tf.tensor1d([0, 0]) },
      { rate: tf.scalar(0.5), step: tf.scalar(1) },
      { weightDecay: 0.2 },
    );
    assertEquals([...state.parameters.x.dataSync()], [9, -9]);
  },
);

tidyTest(
  "adamwStep() corrects the means of late steps as precisely as of early ones",
  () => {
    // A constant gradient moves by the rate at every step.
    for (const step of [1, 2, 1000]) {
      const share = (beta: number) => 1 - beta ** step;
      const { state } = adamwStep(
        {
          parameters: { x: tf.tensor1d([0]) },
          means: { x: tf.tensor1d([share(0.9) / 0.9 - 0.1 / 0.9]) },
          squares: { x: tf.tensor1d([share(0.999) / 0.999 - 0.001 / 0.999]) },
        },
        { x: tf.tensor1d([1]) },
        { rate: tf.scalar(1), step: tf.scalar(step) },
        { maxGradNorm: 10 },
      );
      assertAlmostEquals(state.parameters.x.dataSync()[0], -1, 1e-6, `${step}`);
    }
  },
);

tensorTest("globalNorm() is that of all values together", () => {
  const tensors = { a: tf.tensor1d([2, -3]), b: tf.tensor2d([[6]]) };
  const norm = tidy(() => globalNorm(tensors));
  assertAlmostEquals(norm.dataSync()[0], 7, 1e-6);
  disposeTree([tensors, norm]);
});

tensorTest("initialState() has zero means of every shape", () => {
  const parameters = { a: tf.tensor1d([2, 3]), b: tf.tensor2d([[6]]) };
  const state = initialState(parameters);
  assert(state.parameters === parameters);
  for (const tensors of [state.means, state.squares]) {
    assertEquals(tensors.a.arraySync(), [0, 0]);
    assertEquals(tensors.b.arraySync(), [[0]]);
  }
  disposeTree(state);
});

tensorTest("adamwStep() refuses bad options and missing gradients", () => {
  const state = initialState({ x: tf.tensor1d([1]) });
  const gradients = { x: tf.tensor1d([1]) };
  const clock = { rate: tf.scalar(1), step: tf.scalar(1) };
  for (
    const [name, value, rule] of [
      ["beta1", 1, "at least 0 and below 1"],
      ["beta2", -0.1, "at least 0 and below 1"],
      ["eps", 0, "above 0"],
      ["weightDecay", -1, "at least 0"],
      ["maxGradNorm", 0, "above 0"],
      ["maxGradNorm", NaN, "above 0"],
    ] as const
  ) {
    assertThrows(
      () => adamwStep(state, gradients, clock, { [name]: value }),
      RangeError,
      `Cannot update parameters as '${name}' must be ${rule}: current value is ${value}`,
    );
  }
  assertThrows(
    () => adamwStep(state, {}, clock),
    TypeError,
    "Cannot update parameters as each must have a gradient: current value is none for 'x'",
  );
  disposeTree([state, gradients, clock]);
});
