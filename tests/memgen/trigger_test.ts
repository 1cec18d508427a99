import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import {
  initializeTrigger,
  TRIGGER_HEADS,
  TRIGGER_LORA_PREFIX,
  triggerLogits,
  triggerLora,
  triggerShapes,
} from "@/lib/memgen/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { largest, memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import {
  assertClose,
  tensorTest,
  tidyTest,
  tinyConfig,
} from "@/tests/models/tiny.ts";

// That its logits are the released ones at every position: weaver_test.ts.

tidyTest("triggerLogits() scores SKIP and INVOKE", () => {
  const parameters = {
    "trigger.output_layer.weight": tf.tensor2d([[1, 0, 2], [0, -1, 0]]),
    "trigger.output_layer.bias": tf.tensor1d([0.5, 10]),
  };
  const hidden = tf.tensor2d([[1, 2, 3], [0, 0, 0]]);
  const scores = triggerLogits(parameters, hidden);
  assertEquals(scores.arraySync(), [[7.5, 8], [0.5, 10]]);
});

tidyTest("triggerLogits() of a sigmoid head: softmax gives the sigmoid", () => {
  const parameters = {
    "trigger.output_layer.weight": tf.tensor2d([[1, 0, 2]]),
    "trigger.output_layer.bias": tf.tensor1d([0.5]),
  };
  const hidden = tf.tensor2d([[1, 2, 3], [0, 0, 0]]);
  const scores = triggerLogits(parameters, hidden);
  assertEquals(scores.arraySync(), [[0, 7.5], [0, 0.5]]);
  const invoke = tf.softmax(scores).slice([0, 1], [2, 1]);
  assertClose(invoke.dataSync(), tf.sigmoid([7.5, 0.5]).dataSync(), 1e-6);
});

for (const triggerHead of TRIGGER_HEADS) {
  tensorTest(
    `initializeTrigger() is a uniform ${triggerHead} head on an unchanged model`,
    () => {
      const model = tinyConfig("qwen2", { hiddenSize: 64 });
      const config = memgenConfig({ triggerHead });
      const trigger = initializeTrigger(model, config, seededRandom("initial"));
      for (const [name, shape] of triggerShapes(model, config)) {
        assertEquals(trigger[name].shape, shape);
        const found = largest(trigger[name]);
        assert(found > 0 && found < 1 / Math.sqrt(64), `${name} ${found}`);
      }
      const names = Object.keys(trigger).filter((name) =>
        name.startsWith(TRIGGER_LORA_PREFIX)
      );
      // Two factors, two targets, two layers.
      assertEquals(names.length, 8);
      for (
        const { a, b } of Object.values(triggerLora(trigger, config).modules)
      ) {
        assert(largest(a) > 0.1);
        assertEquals(largest(b), 0);
      }
      assertEquals(triggerLora(trigger, config).scale, 2);
      disposeTree(trigger);
    },
  );
}
