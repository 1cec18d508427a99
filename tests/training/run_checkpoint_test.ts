import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { disposeTree, mapTensors } from "@/lib/tensorflow/mod.ts";
import {
  initialState,
  type StepMetrics,
  type TrainingState,
} from "@/lib/training/mod.ts";
import {
  readCheckpoint,
  writeCheckpoint,
} from "@/lib/training/run_checkpoint.ts";
import { withFolderSync } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

const SETTINGS = { seed: 3, rate: 1e-3, target: ["q_proj", "v_proj"] };

const METRICS: StepMetrics[] = [
  { loss: 0.1, reward: 1 / 3 },
  { loss: -0, divergence: NaN },
];

/** Numbers of every size, also those that float32 rounds last. */
function state(): TrainingState {
  const parameters = {
    "a.b": tf.tensor2d([[1 / 3, -0], [1e-38, 3e38]]),
    c: tf.scalar(-7),
  };
  return {
    parameters,
    means: mapTensors(parameters, (x) => x.mul(0.1)),
    squares: mapTensors(parameters, (x) => x.mul(0)),
  };
}

function values({ parameters, means, squares }: TrainingState): unknown {
  return [parameters, means, squares].map((part) =>
    Object.entries(part).map(([name, x]) => [name, x.shape, x.dataSync()])
  );
}

/** Writes a checkpoint, then calls `use` with its path and its state. */
function withCheckpoint(
  use: (path: string, written: TrainingState) => void,
): void {
  withFolderSync((folder) => {
    const path = join(folder, "checkpoint.safetensors");
    const written = state();
    writeCheckpoint(path, SETTINGS, { state: written, metrics: METRICS });
    use(path, written);
    disposeTree(written);
  });
}

tensorTest("a checkpoint comes back bit for bit", () => {
  withCheckpoint((path, written) => {
    const read = readCheckpoint(path, SETTINGS, written);
    assertEquals(values(read.state), values(written));
    assertEquals(read.metrics, [METRICS[0], { loss: 0, divergence: NaN }]);
    disposeTree(read.state);
  });
});

tensorTest("a checkpoint of other settings is refused by their name", () => {
  withCheckpoint((path, written) => {
    for (
      const [settings, name, now, then] of [
        [{ ...SETTINGS, rate: 2e-3 }, "rate", "0.002", "0.001"],
        [{ ...SETTINGS, beta: 0.1 }, "beta", "0.1", "none"],
        [{ seed: 3, rate: 1e-3 }, "target", "none", '["q_proj","v_proj"]'],
      ] as const
    ) {
      assertThrows(
        () => readCheckpoint(path, settings, written),
        Error,
        `Cannot go on from ${path} as it must be of a run with '${name}' ${now}: current value is ${then}`,
      );
    }
  });
});

tensorTest("a checkpoint in which one bit changed is refused", () => {
  withCheckpoint((path, written) => {
    const bytes = Deno.readFileSync(path);
    bytes[bytes.length - 1] ^= 1;
    Deno.writeFileSync(path, bytes);
    assertThrows(
      () => readCheckpoint(path, SETTINGS, written),
      Error,
      `Cannot go on from ${path} as its SHA-256 must be `,
    );
  });
});

tensorTest("a checkpoint of which the metrics changed is refused", () => {
  withCheckpoint((path, written) => {
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
    const changed = text.replace("0.3333", "0.4333");
    Deno.writeFileSync(
      path,
      Uint8Array.from(changed, (character) => character.charCodeAt(0)),
    );
    assertThrows(
      () => readCheckpoint(path, SETTINGS, written),
      Error,
      "as its SHA-256 must be",
    );
  });
});

tensorTest("a checkpoint that was cut off is refused", () => {
  withCheckpoint((path, written) => {
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.subarray(0, bytes.length - 4));
    assertThrows(
      () => readCheckpoint(path, SETTINGS, written),
      SyntaxError,
      path,
    );
  });
});

tensorTest("a checkpoint of another shape is refused", () => {
  withCheckpoint((path) => {
    const like = initialState({ "a.b": tf.zeros([2, 2]), c: tf.zeros([1]) });
    assertThrows(
      () => readCheckpoint(path, SETTINGS, like),
      Error,
      `Cannot go on from ${path} as 'c' must be of shape [1]: current value is []`,
    );
    const more = {
      ...like,
      parameters: { ...like.parameters, d: like.means.c },
    };
    assertThrows(
      () => readCheckpoint(path, SETTINGS, more),
      Error,
      "current value is",
    );
    disposeTree(like);
  });
});

tensorTest("a state that is not finite is not saved", () => {
  withFolderSync((folder) => {
    const path = join(folder, "checkpoint.safetensors");
    const bad = initialState({ x: tf.tensor1d([1, NaN]) });
    assertThrows(
      () => writeCheckpoint(path, {}, { state: bad, metrics: [] }),
      RangeError,
      "as its values must be finite",
    );
    assertEquals([...Deno.readDirSync(folder)], []);
    disposeTree(bad);
  });
});
