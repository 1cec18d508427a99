import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { SummaryWriter } from "@/lib/tensorflow/mod.ts";
import { tensorflowTest } from "@/tests/backend.ts";
import { withFolderSync } from "@/tests/folder.ts";
import { readScalars } from "@/tests/tensorflow/event_file.ts";

/** Longer than what a `TF_TString` holds itself. */
const LONG_NAME = "a name of more than twenty-two bytes, ä included";

tensorflowTest("SummaryWriter writes what TensorBoard reads", (binding) => {
  withFolderSync((folder) => {
    const before = [tf.memory().numTensors, binding.getNumOfTensors()];
    {
      using writer = SummaryWriter.open(folder)!;
      writer.scalar(0, "loss", 1.5);
      writer.scalar(1_000_000, LONG_NAME, -0.25);
      writer.flush();
      assertEquals(readScalars(folder).length, 2);
      writer.scalar(7, "loss", NaN);
    }
    assertEquals(readScalars(folder), [
      { step: 0, name: "loss", value: 1.5 },
      { step: 1_000_000, name: LONG_NAME, value: -0.25 },
      { step: 7, name: "loss", value: NaN },
    ]);
    assertEquals([tf.memory().numTensors, binding.getNumOfTensors()], before);
  });
});

tensorflowTest("SummaryWriter opens a folder again in a new file", () => {
  withFolderSync((folder) => {
    for (const value of [1, 2]) {
      using writer = SummaryWriter.open(folder)!;
      writer.scalar(0, "loss", value);
    }
    const values = readScalars(folder).map(({ value }) => value);
    assertEquals(values, [1, 2]);
  });
});
