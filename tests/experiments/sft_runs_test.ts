import { assertEquals } from "@std/assert";
import type { Method } from "@/experiments/methods/method.ts";
import {
  measureSftRuns,
  SFT_SEEDS,
  type SftRunsOptions,
} from "@/experiments/sft_runs.ts";

Deno.test("measureSftRuns() answers with what each seed learned", async () => {
  const method = { id: "sft" } as Method;
  const calls: string[] = [];
  const learned = {
    train: ({ seed, rate }: { seed: number; rate: number }) => {
      calls.push(`train ${seed} at ${rate}`);
      return Promise.resolve({ folder: `learned ${seed}` });
    },
  };
  const asked = {
    evaluateTrained: (_: Method, folder: string) => {
      calls.push(`ask ${folder}`);
      const correct = 10 - Number(folder.at(-1));
      return Promise.resolve({ result: { n: 12, correct, made: "a test" } });
    },
  };
  const runs = await measureSftRuns({
    learned: learned as unknown as SftRunsOptions["learned"],
    asked: asked as unknown as SftRunsOptions["asked"],
    method,
    rate: 0.5,
    learnedBefore: (seed) => seed === 1 ? "kept 1" : undefined,
    onSeed: (seed) => calls.push(`seed ${seed}`),
  });
  assertEquals(runs, { n: 12, correct: [10, 9, 8], made: "a test" });
  assertEquals(
    calls,
    SFT_SEEDS.flatMap((seed) =>
      seed === 1 ? ["seed 1", "ask kept 1"] : [
        `seed ${seed}`,
        `train ${seed} at 0.5`,
        `ask learned ${seed}`,
      ]
    ),
  );
});
