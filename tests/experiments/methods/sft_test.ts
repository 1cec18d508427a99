import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import { SFT_LORA_PREFIX } from "@/lib/baselines/mod.ts";
import { type DecoderView, loraView } from "@/lib/models/mod.ts";
import { disposeTree, tidy } from "@/lib/tensorflow/mod.ts";
import { ADAPTER } from "@/experiments/methods/method.ts";
import { fullSftMethod, sftMethod } from "@/experiments/methods/sft.ts";
import {
  methodModel,
  prompts,
  start,
  testMethod,
  testSeededStart,
  train,
  values,
} from "@/tests/experiments/methods/tiny_methods.ts";
import { assertClose, fullPass, tensorTest } from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const MODEL = methodModel();
const METHOD = sftMethod(MODEL);

const FULL = fullSftMethod(MODEL);

testMethod("sftMethod()", MODEL, METHOD);
testSeededStart("sftMethod()", MODEL, METHOD);
testMethod("fullSftMethod()", MODEL, FULL);

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

tensorTest(
  "fullSftMethod() changes every weight of a copy, and answers from its folder",
  () =>
    withFolder(async (folder) => {
      const untrained = logitsOf(MODEL);
      assertEquals(await start(FULL, MODEL, 3), values(MODEL.weights));
      const { parameters } = await train(FULL, MODEL);
      for (const [name, weight] of Object.entries(MODEL.weights)) {
        const learned = parameters[name].dataSync();
        assert(weight.dataSync().some((x, i) => x !== learned[i]), name);
      }
      await FULL.save(folder, parameters);
      const applied = await FULL.load(folder);
      assertEquals(applied.memory, undefined);
      assertEquals(logitsOf(applied.view), logitsOf({ weights: parameters }));
      disposeTree(parameters);
      applied.dispose();
      // The model itself is as it was.
      assertEquals(logitsOf(MODEL), untrained);
    }),
);
