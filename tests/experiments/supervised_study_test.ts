import { assertEquals } from "@std/assert";
import type { Cell, Ledger } from "@/experiments/ledger.ts";
import { QUICK } from "@/experiments/presets.ts";
import {
  type StudyOptions,
  SupervisedStudy,
  type TrainingRun,
} from "@/experiments/supervised_study.ts";
import { findTwin, twinKey } from "@/lib/benchmarks/twins/mod.ts";

/** The cells that a study asks for; nothing is computed. */
async function askedCells(
  options: Partial<StudyOptions>,
): Promise<Pick<Cell, "kind" | "settings">[]> {
  const cells: Pick<Cell, "kind" | "settings">[] = [];
  const ledger = {
    run({ kind, settings }: Cell) {
      cells.push({ kind, settings });
      return Promise.resolve({ result: {}, folder: "none", seconds: 0 });
    },
  };
  const study = new SupervisedStudy({
    twin: findTwin("gsm8k"),
    model: { weights: {} } as StudyOptions["model"],
    modelKey: "model",
    generator: {} as StudyOptions["generator"],
    preset: QUICK,
    ledger: ledger as unknown as Ledger,
    made: "a test",
    signal: new AbortController().signal,
    ...options,
  });
  const method = { id: "sft", settings: { rank: 2 } } as unknown as TrainingRun[
    "method"
  ];
  const { folder } = await study.train({ method, rate: 1, seed: 0 });
  await study.evaluateTrained(method, folder);
  await study.evaluatePrompting({
    id: "Vanilla",
    prompt: ([{ role }]) => [{ role, content: "And?" }],
  });
  return cells;
}

Deno.test("SupervisedStudy names its cells by all that they depend on", async () => {
  const common = {
    twin: `gsm8k-${twinKey(findTwin("gsm8k"))}`,
    maxNewTokens: 128,
    reasoner: "model",
    precision: "fp32",
  };
  assertEquals(await askedCells({}), [
    {
      kind: "train",
      settings: {
        ...common,
        method: "sft",
        methodSettings: { rank: 2 },
        rate: 1,
        seed: 0,
        steps: QUICK.steps,
        batchSize: QUICK.batchSize,
        validTasks: QUICK.validTasks,
      },
    },
    {
      kind: "evaluate",
      settings: {
        ...common,
        method: "sft",
        methodSettings: { rank: 2 },
        // The checksum of a folder that is not there.
        parameters: "",
        testTasks: QUICK.testTasks,
        firstTestTask: 0,
      },
    },
    {
      kind: "evaluate",
      settings: {
        ...common,
        method: "Vanilla",
        prompt: "user: And?",
        testTasks: QUICK.testTasks,
        firstTestTask: 0,
      },
    },
  ]);
});

Deno.test("SupervisedStudy keeps every twin and precision in cells of its own", async () => {
  const plain = await askedCells({});
  for (
    const { option, setting } of [
      {
        option: { twin: findTwin("aqua") },
        setting: { twin: `aqua-${twinKey(findTwin("aqua"))}` },
      },
      { option: { precision: "bf16" }, setting: { precision: "bf16" } },
    ] as const
  ) {
    assertEquals(
      await askedCells(option),
      plain.map(({ kind, settings }) => ({
        kind,
        settings: { ...settings, ...setting },
      })),
    );
  }
});

Deno.test("SupervisedStudy evaluates from the preset's first test task on", async () => {
  const cells = await askedCells({ preset: { ...QUICK, firstTestTask: 250 } });
  assertEquals(
    cells.slice(1).map(({ settings }) => settings.firstTestTask),
    [250, 250],
  );
});
