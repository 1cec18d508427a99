import { assertEquals } from "@std/assert";
import type { Cell, Ledger } from "@/experiments/ledger.ts";
import { QUICK } from "@/experiments/presets.ts";
import {
  type StudyOptions,
  SupervisedStudy,
} from "@/experiments/supervised_study.ts";
import { gsm8kTwin } from "@/lib/benchmarks/twins/mod.ts";
import type { Precision } from "@/lib/tensorflow/mod.ts";

/** The settings of the cells that a study asks for; nothing is computed. */
async function askedSettings(
  precision: Precision | undefined,
): Promise<Cell["settings"][]> {
  const settings: Cell["settings"][] = [];
  const ledger = {
    run(cell: Cell) {
      settings.push(cell.settings);
      return Promise.resolve({ result: {}, folder: "none", seconds: 0 });
    },
  };
  const study = new SupervisedStudy({
    twin: gsm8kTwin,
    model: {} as StudyOptions["model"],
    modelKey: "model",
    preset: QUICK,
    precision,
    ledger: ledger as unknown as Ledger,
    signal: new AbortController().signal,
  });
  const method = { id: "sft", settings: {} } as Parameters<
    SupervisedStudy["train"]
  >[0]["method"];
  await study.evaluateTrained({ method, size: 1, rate: 1, seed: 0 }, "test");
  await study.evaluatePrompting({ id: "vanilla", prompt: (m) => m }, "notes");
  return settings;
}

Deno.test("SupervisedStudy keeps what bf16 computes in cells of its own", async () => {
  const plain = await askedSettings(undefined);
  assertEquals(plain.length, 3);
  assertEquals(await askedSettings("fp32"), plain);
  assertEquals(
    await askedSettings("bf16"),
    plain.map((settings) => ({ ...settings, precision: "bf16" })),
  );
});
