import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { type Run, type StepMetrics, train } from "@/lib/training/mod.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";
import { runChild } from "@/tests/run_child.ts";
import { tinyParameters, tinyRun } from "@/tests/training/tiny_run.ts";

/** What a run ends with. */
interface Outcome {
  readonly x: Float32Array;
  readonly metrics: readonly StepMetrics[];
}

async function outcome(changes: Partial<Run> = {}): Promise<Outcome> {
  const { parameters, metrics } = await train(
    tinyParameters(),
    tinyRun(changes),
  );
  const x = parameters.x.dataSync<"float32">();
  disposeTree(parameters);
  return { x, metrics };
}

/** Whose reward, or whatever else a step needs, fails at a step. */
function failingAt(failing: number): Run["step"] {
  const { step } = tinyRun();
  return (state, index, before) => {
    if (index === failing) throw new Error(`Cannot take step ${index}`);
    return step(state, index, before);
  };
}

async function readLog(folder: string): Promise<unknown[]> {
  const text = await Deno.readTextFile(join(folder, "metrics.jsonl"));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

const numbered = (metrics: readonly StepMetrics[]): unknown[] =>
  metrics.map((each, step) => ({ step, ...each }));

tensorTest(
  "train() hands every step its index and what was before",
  async () => {
    const seen: [number, number][] = [];
    const { step } = tinyRun();
    const { metrics } = await outcome({
      totalSteps: 3,
      step: async (state, index, before) => {
        seen.push([index, before.length]);
        await nextTurn();
        return await step(state, index, before);
      },
    });
    assertEquals(seen, [[0, 0], [1, 1], [2, 2]]);
    assertEquals(metrics.length, 3);
  },
);

tensorTest("train() goes on to the same weights after a kill", async () => {
  await withFolder(async (folder) => {
    const whole = await outcome();
    const script = new URL("./killed_run_child.ts", import.meta.url);
    const { code, stderr } = await runChild(script, [folder]);
    assertEquals(code, 137, stderr);
    // It was killed after the line of step 7, but saved after step 5.
    assertEquals((await readLog(folder)).length, 8);
    const steps: number[] = [];
    const resumed = await outcome({
      checkpoint: { folder, saveEvery: 3, settings: {} },
      onStep: (index) => void steps.push(index),
    });
    assertEquals(steps, [6, 7, 8, 9]);
    assertEquals(resumed, whole);
    assertEquals(await readLog(folder), numbered(whole.metrics));
  });
});

tensorTest("train() saves what was done before a step failed", async () => {
  await withFolder(async (folder) => {
    const checkpoint = { folder, saveEvery: 100, settings: {} };
    await assertRejects(
      () => outcome({ checkpoint, step: failingAt(4) }),
      Error,
      "Cannot take step 4",
    );
    const steps: number[] = [];
    const resumed = await outcome({
      checkpoint,
      onStep: (index) => void steps.push(index),
    });
    assertEquals(steps, [4, 5, 6, 7, 8, 9]);
    assertEquals(resumed, await outcome());
    // A finished run is not taken again.
    assertEquals(await outcome({ checkpoint, step: failingAt(0) }), resumed);
  });
});

tensorTest("train() saves what was done before onStep stopped it", async () => {
  await withFolder(async (folder) => {
    const checkpoint = { folder, saveEvery: 100, settings: {} };
    const stop = new Error("stop");
    const error = await assertRejects(() =>
      outcome({
        checkpoint,
        onStep: (index) => {
          if (index === 4) throw stop;
        },
      })
    );
    assertEquals(error, stop);
    const resumed = await outcome({ checkpoint, step: failingAt(4) });
    assertEquals(resumed, await outcome());
  });
});

tensorTest("train() saves what was done before a loss of NaN", async () => {
  await withFolder(async (folder) => {
    const checkpoint = { folder, saveEvery: 100, settings: {} };
    const step = tinyRun({}, { badStep: 3 }).step;
    await assertRejects(
      () => outcome({ checkpoint, step }),
      Error,
      "Cannot go on training as the loss of step 3 must be finite: current value is NaN",
    );
    assertEquals((await readLog(folder)).length, 3);
    assertEquals(await outcome({ checkpoint }), await outcome());
  });
});

/** Has the next file that is written under a name find the disk full. */
function fillDisk(path: string): void {
  Deno.symlinkSync("/dev/full", `${path}.${Deno.pid}.tmp`);
}

/** A test on a device that is always full, which Linux has. */
function fullDiskTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

fullDiskTest("train() keeps its last checkpoint on a full disk", async () => {
  await withFolder(async (folder) => {
    const checkpoint = { folder, saveEvery: 2, settings: {} };
    const path = join(folder, "checkpoint.safetensors");
    await assertRejects(
      () =>
        outcome({
          checkpoint,
          onStep: (index) => {
            if (index === 2) fillDisk(path);
          },
        }),
      Error,
      `Cannot save step 4 of the run as ${path} must be written: current value is No space left on device`,
    );
    const steps: number[] = [];
    const resumed = await outcome({
      checkpoint,
      onStep: (index) => void steps.push(index),
    });
    assertEquals(steps, [2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals(resumed, await outcome());
  });
});

fullDiskTest(
  "train() tells both why it ends and why it is not saved",
  async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "checkpoint.safetensors");
      const error = await assertRejects(() =>
        outcome({
          checkpoint: { folder, saveEvery: 100, settings: {} },
          onStep: () => fillDisk(path),
          step: failingAt(1),
        })
      );
      assert(error instanceof AggregateError);
      assert(error.message.startsWith("Cannot take step 1; and Cannot save"));
      assertEquals(error.errors.length, 2);
    });
  },
);

tensorTest("train() reads the same whether it is saved or not", async () => {
  await withFolder(async (folder) => {
    const checkpoint = { folder, saveEvery: 1, settings: {} };
    assertEquals(await outcome({ checkpoint }), await outcome());
  });
});

for (const saveEvery of [0, 1.5, NaN]) {
  tensorTest(`train() refuses to save every ${saveEvery} steps`, async () => {
    await withFolder(async (folder) => {
      await assertRejects(
        () => outcome({ checkpoint: { folder, saveEvery, settings: {} } }),
        RangeError,
        `Cannot save a run as 'saveEvery' must be an integer of at least 1: current value is ${saveEvery}`,
      );
    });
  });
}
