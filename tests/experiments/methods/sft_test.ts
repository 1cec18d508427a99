import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import { SFT_LORA_PREFIX } from "@/lib/baselines/mod.ts";
import { type DecoderView, loraView } from "@/lib/models/mod.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import { ADAPTER } from "@/experiments/methods/method.ts";
import { sftMethod } from "@/experiments/methods/sft.ts";
import {
  methodModel,
  prompts,
  testMethod,
  train,
} from "@/tests/experiments/methods/tiny_methods.ts";
import { assertClose, fullPass, tensorTest } from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const MODEL = methodModel();
const METHOD = sftMethod(MODEL);

testMethod("sftMethod()", MODEL, METHOD);

function logitsOf(view: DecoderView): ArrayLike<number> {
  return tidy(() =>
    fullPass(MODEL.config, view, prompts(MODEL).slice(0, 1)).dataSync()
  );
}

tensorTest(
  "sftMethod() answers from its folder as from memory",
  () =>
    withFolder(async (folder) => {
      const { parameters } = await train(METHOD, MODEL);
      await METHOD.save(folder, parameters);
      const applied = await METHOD.load(folder);
      assertEquals(applied.memory, undefined);
      const lora = loraView(parameters, SFT_LORA_PREFIX, ADAPTER);
      const found = logitsOf(applied.view);
      assertClose(found, logitsOf({ weights: MODEL.weights, lora }), 1e-5);
      // Training has changed them.
      const untrained = logitsOf(MODEL);
      const change = Array.from(found, (x, i) => Math.abs(x - untrained[i]));
      assert(Math.max(...change) > 0.1);
      disposeTree(parameters);
      applied.dispose();
      // The model itself is as it was.
      assertEquals(logitsOf(MODEL), untrained);
    }),
);
