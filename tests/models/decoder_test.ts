import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  causalMask,
  decode,
  decodePadded,
  type DecoderConfig,
  type DecoderInput,
  type DecoderView,
  embed,
  FAMILIES,
  loadLora,
  loadModel,
  logits,
  loraShapes,
  loraView,
  openSafetensors,
  toTensor,
} from "@/lib/models/mod.ts";
import { normals, seededRandom } from "@/lib/random.ts";
import {
  disposeTree,
  jit,
  type NamedTensors,
  tidy,
} from "@/lib/tensorflow/mod.ts";
import {
  assertClose,
  fullPass,
  PARITY_NAMES,
  parityPath,
  randomFactors,
  randomWeights,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "./tiny.ts";

/** float32 against float32, summed in another order, through five layers. */
const PARITY = 1e-4;
/** The same pass in other shapes. */
const ROUNDING = 1e-5;

/** The rows of `x [B, T, N]` at which the mask `[B, T]` is 1, as numbers. */
function unpadded(x: tf.Tensor, mask: tf.Tensor): Float32Array {
  const [B, T, N] = x.shape;
  const present = Array.from(mask.dataSync(), (_, i) => i)
    .filter((i) => mask.dataSync()[i] === 1);
  return tf.gather(x.reshape([B * T, N]), tf.tensor1d(present, "int32"))
    .dataSync<"float32">();
}

for (const name of PARITY_NAMES) {
  const expected = parityPath("expected", name);

  tensorTest(
    `decodePadded() gives the numbers of transformers for ${name}`,
    async () => {
      const { config, weights } = await loadModel(parityPath("models", name));
      const lora = loadLora(`${expected}/adapter`, config);
      using numbers = openSafetensors(`${expected}/lm.safetensors`);
      using adapted = openSafetensors(`${expected}/adapter_logits.safetensors`);
      const read = (file: typeof numbers, tensor: string): tf.Tensor3D =>
        toTensor(file.read(tensor)) as tf.Tensor3D;
      tidy(() => {
        const ids = toTensor(numbers.read("input_ids")) as tf.Tensor2D;
        const attentionMask = toTensor(
          numbers.read("attention_mask"),
        ) as tf.Tensor2D;
        const [B, T] = ids.shape;
        const V = config.vocabSize;
        const lastMask = attentionMask.slice([0, T - 16], [B, 16]);
        const logitsOf = (hidden: tf.Tensor3D): tf.Tensor3D => {
          const last = hidden.slice([0, T - 16, 0], [B, 16, config.hiddenSize])
            .reshape([B * 16, config.hiddenSize]) as tf.Tensor2D;
          return logits(config, weights, last).reshape([B, 16, V]);
        };
        const batch = { ids, attentionMask };

        const hidden = decodePadded(config, { weights }, batch);
        assertClose(
          unpadded(hidden, attentionMask),
          unpadded(read(numbers, "last_hidden"), attentionMask),
          PARITY,
        );
        assertClose(
          unpadded(logitsOf(hidden), lastMask),
          unpadded(read(numbers, "logits_last16"), lastMask),
          PARITY,
        );

        // After one layer the states, which the final norm then sees.
        const first = decodePadded(
          { ...config, layers: 1 },
          { weights },
          batch,
        );
        const hidden1 = read(numbers, "hidden_1");
        const meanSquare = hidden1.square().mean(-1, true);
        const normed = hidden1.div(meanSquare.add(config.rmsNormEps).sqrt())
          .mul(weights["model.norm.weight"]);
        assertClose(
          unpadded(first, attentionMask),
          unpadded(normed, attentionMask),
          PARITY,
        );

        const changed = decodePadded(config, { weights, lora }, batch);
        assertClose(
          unpadded(logitsOf(changed), lastMask),
          unpadded(read(adapted, "logits_last16"), lastMask),
          PARITY,
        );
      });
      disposeTree([weights, lora]);
    },
  );
}

tidyTest("embed() looks rows up and logits() multiplies with them", () => {
  const config = tinyConfig("qwen2", { vocabSize: 3, hiddenSize: 2 });
  const weights = {
    "model.embed_tokens.weight": tf.tensor2d([[1, 2], [3, 4], [5, 6]]),
    "lm_head.weight": tf.tensor2d([[1, 0, 1], [0, 1, 1]]),
  };
  const ids = tf.tensor2d([[2, 0]], [1, 2], "int32");
  assertEquals(embed(weights, ids).arraySync(), [[[5, 6], [1, 2]]]);
  const hidden = tf.tensor2d([[1, 10]]);
  assertEquals(logits(config, weights, hidden).arraySync(), [[21, 43, 65]]);
  const untied = { ...config, tieWordEmbeddings: false };
  assertEquals(logits(untied, weights, hidden).arraySync(), [[1, 10, 11]]);
});

tidyTest("decode() without projections is the norm of the embeddings", () => {
  const config = tinyConfig("qwen2", { rmsNormEps: 11.5 });
  const weights: Record<string, tf.Tensor> = {
    ...randomWeights(config, 0),
    "model.norm.weight": tf.fill([16], 2),
  };
  for (const name of Object.keys(weights)) {
    if (/o_proj|down_proj/.test(name)) weights[name] = weights[name].mul(0);
  }
  // The mean square is 12.5, with eps 24.
  const row = Array.from({ length: 16 }, (_, i) => i % 2 === 0 ? 3 : -4);
  const { hidden } = decode(config, { weights }, {
    embeddings: tf.tensor3d([[row]]),
    positions: tf.tensor2d([[0]], [1, 1], "int32"),
    mask: causalMask(1),
  });
  assertClose(
    hidden.dataSync(),
    row.map((value) => 2 * value / Math.sqrt(24)),
    ROUNDING,
  );
});

const IDS = [
  [3, 14, 15, 9, 2, 6, 5, 35, 8],
  [27, 18, 28, 18, 28, 4, 5, 39, 0],
];

for (const family of FAMILIES) {
  const config = tinyConfig(family);
  const [B, T] = [IDS.length, IDS[0].length];

  tidyTest(
    `decode() of ${family}: later tokens change nothing before them`,
    () => {
      const view = { weights: randomWeights(config, 1) };
      const whole = fullPass(config, view, IDS);
      const start = fullPass(config, view, IDS.map((row) => row.slice(0, 4)));
      assertClose(
        whole.slice([0, 0, 0], [-1, 4, -1]).dataSync(),
        start.dataSync(),
        ROUNDING,
      );
    },
  );

  tidyTest(
    `decodePadded() of ${family}: padding on either side changes nothing`,
    () => {
      const view = { weights: randomWeights(config, 1) };
      const pad = (
        row: number[],
        left: number,
        right: number,
        value: number,
      ) => [...Array(left).fill(value), ...row, ...Array(right).fill(value)];
      const padded = [pad(IDS[0], 4, 1, 7), pad(IDS[1], 0, 5, 11)];
      const present = [Array(T).fill(1), Array(T).fill(1)];
      const attentionMask = tf.tensor2d(
        [pad(present[0], 4, 1, 0), pad(present[1], 0, 5, 0)],
        undefined,
        "int32",
      );
      const alone = decodePadded(config, view, {
        ids: tf.tensor2d(IDS, undefined, "int32"),
        attentionMask: tf.tensor2d(present, undefined, "int32"),
      });
      const together = decodePadded(config, view, {
        ids: tf.tensor2d(padded, undefined, "int32"),
        attentionMask,
      });
      assertClose(
        unpadded(together, attentionMask),
        alone.dataSync(),
        ROUNDING,
      );
    },
  );

  tidyTest(`decode() of ${family}: a pass in two parts equals one pass`, () => {
    const view = { weights: randomWeights(config, 1) };
    const whole = fullPass(config, view, IDS).dataSync();
    const part = (start: number, end: number): DecoderInput => ({
      embeddings: embed(
        view.weights,
        tf.tensor2d(
          IDS.map((row) => row.slice(start, end)),
          undefined,
          "int32",
        ),
      ),
      positions: tf.tile(
        tf.range(start, end, 1, "int32").reshape([1, end - start]),
        [B, 1],
      ) as tf.Tensor2D,
      mask: causalMask(end - start),
    });
    const first = decode(config, view, part(0, 5));
    const second = decode(config, view, {
      ...part(5, T),
      past: [{ layers: first.keyValues, mask: tf.zeros([1, 1, 1, 5]) }],
    });
    const hidden = tf.concat([first.hidden, second.hidden], 1);
    const flat = hidden.reshape([B * T, config.hiddenSize]) as tf.Tensor2D;
    assertClose(
      logits(config, view.weights, flat).dataSync(),
      whole,
      ROUNDING,
    );
  });

  tidyTest(
    `decode() of ${family}: positions matter by their differences`,
    () => {
      const view = { weights: randomWeights(config, 1) };
      const run = (place: (t: number) => number): Float32Array =>
        decode(config, view, {
          embeddings: embed(
            view.weights,
            tf.tensor2d(IDS, undefined, "int32"),
          ),
          positions: tf.tensor2d(
            IDS.map((row) => row.map((_, t) => place(t))),
            undefined,
            "int32",
          ),
          mask: causalMask(T),
        }).hidden.dataSync<"float32">();
      const plain = run((t) => t);
      assertClose(run((t) => t - 20), plain, ROUNDING);
      const stretched = run((t) => 2 * t);
      assert(stretched.some((value, i) => Math.abs(value - plain[i]) > 0.01));
    },
  );
}

tidyTest("decode() of smollm3 does not turn in layers without RoPE", () => {
  const config = tinyConfig("smollm3", { ropeLayers: [false, false] });
  const weights = randomWeights(config, 2);
  const run = (positions: number[]): Float32Array =>
    decode(config, { weights }, {
      embeddings: embed(
        weights,
        tf.tensor2d([[1, 2, 3]], undefined, "int32"),
      ),
      positions: tf.tensor2d([positions], undefined, "int32"),
      mask: causalMask(3),
    }).hidden.dataSync<"float32">();
  assertEquals(run([0, 1, 2]), run([9, 0, -40]));
});

/** Step of the differences. */
const H = 0.0025;

/** What rounding adds to them. */
const SLOPE_NOISE = 1e-7 / H;

/**
 * Compares gradients g with slopes: of each tensor alone along g / |g|, where
 * the slope is |g|, and of all together along a random direction, which also
 * sees what is orthogonal to g.
 *
 * Central differences at h and 2h, extrapolated (Richardson), leave an error
 * of order h^4 of the loss' curvature; rounding adds about 1e-7 / h, as a loss
 * is a mean of terms of about 1. Measured: up to 2e-3 of the slope at 2h (the
 * former), 3e-4 at h, 1e-3 at h/2 (the latter; it is another on every processor).
 */
function assertGradients(
  parameters: NamedTensors,
  loss: (parameters: NamedTensors) => tf.Scalar,
): void {
  const names = Object.keys(parameters);
  const values = tf.grads((...values: tf.Tensor[]) =>
    loss(Object.fromEntries(values.map((value, i) => [names[i], value])))
  )(Object.values(parameters));
  const gradients = Object.fromEntries(
    names.map((name, i) => [name, values[i]]),
  );
  const traced = jit(loss, { name: "loss", xla: "never" });

  const assertSlope = (directions: NamedTensors): void => {
    const at = (h: number): number => {
      const moved = Object.entries(directions).map(([name, direction]) =>
        [name, parameters[name].add(direction.mul(h))] as const
      );
      return traced({ ...parameters, ...Object.fromEntries(moved) })
        .dataSync()[0];
    };
    const difference = (h: number): number => (at(h) - at(-h)) / (2 * h);
    const measured = (4 * difference(H) - difference(2 * H)) / 3;
    const slope = Object.entries(directions)
      .map(([name, u]) => gradients[name].mul(u).sum().dataSync()[0])
      .reduce((sum, value) => sum + value);
    assert(
      Math.abs(measured - slope) < 2e-3 * Math.abs(slope) + SLOPE_NOISE,
      `${Object.keys(directions)}: slope ${slope}, measured ${measured}`,
    );
  };
  for (const name of names) {
    assertSlope({ [name]: gradients[name].div(gradients[name].norm()) });
  }
  const random = seededRandom("directions");
  assertSlope(
    Object.fromEntries(
      Object.entries(parameters).map(([name, { shape, size }]) => [
        name,
        tf.tensor(normals(random, size), shape).mul(0.03),
      ]),
    ),
  );
  traced.dispose();
}

for (const family of FAMILIES) {
  tidyTest(`decode() of ${family} at some places is a part of all`, () => {
    const config = tinyConfig(family);
    const weights = randomWeights(config, 1);
    const all = hiddenStates(config, { weights });
    const places = tf.tensor1d([7, 0, 3], "int32");
    const found = hiddenStates(config, { weights }, places);
    assertEquals(found.shape, [1, 3, config.hiddenSize]);
    const flat = all.reshape([-1, config.hiddenSize]);
    assertClose(
      found.dataSync(),
      tf.gather(flat, places).dataSync(),
      1e-6,
    );
  });

  tidyTest(
    `decode() of ${family} at some places: gradients equal central differences`,
    () => {
      const config = tinyConfig(family);
      const places = tf.tensor1d([7, 0, 3], "int32");
      const seen = tf.tensor3d(
        normals(seededRandom("seen"), 3 * config.hiddenSize),
        [1, 3, config.hiddenSize],
      );
      const { "lm_head.weight": _, ...decoder } = randomWeights(config, 1);
      assertGradients(
        decoder,
        (weights) =>
          hiddenStates(config, { weights }, places).mul(seen)
            .mean() as tf.Scalar,
      );
    },
  );

  tidyTest(`decode() of ${family}: gradients equal central differences`, () => {
    const config = tinyConfig(family);
    const weights = randomWeights(config, 3);
    const settings = {
      rank: 2,
      alpha: 4,
      dropout: 0,
      targetModules: ["q_proj", "down_proj"],
      bias: "none",
    } as const;
    const parameters: NamedTensors = {
      ...weights,
      ...randomFactors(loraShapes(config, settings, "")),
    };
    const seen = tf.tensor3d(
      normals(seededRandom("seen"), IDS.flat().length * config.vocabSize),
      [IDS.length, IDS[0].length, config.vocabSize],
    );
    assertGradients(parameters, (current) => {
      const lora = loraView(current, "", settings);
      return fullPass(config, { weights: current, lora }, IDS).mul(seen)
        .mean();
    });
  });
}

/** Hidden states of `IDS` in one causal pass. */
function hiddenStates(
  config: DecoderConfig,
  view: DecoderView,
  places?: tf.Tensor1D,
): tf.Tensor3D {
  const [B, T] = [IDS.length, IDS[0].length];
  return decode(config, view, {
    embeddings: embed(view.weights, tf.tensor2d(IDS, [B, T], "int32")),
    positions: tf.tile(tf.range(0, T, 1, "int32").expandDims(0), [B, 1]),
    places,
    mask: "causal",
  }).hidden;
}
