import { assert, assertEquals } from "@std/assert";
import {
  askFurtherTasks,
  furtherCount,
  furtherTable,
  furtherTwin,
} from "@/experiments/further_tasks.ts";
import type { Method } from "@/experiments/methods/method.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";
import {
  alfworldTwin,
  gsm8kTwin,
  splitProblems,
  twinKey,
} from "@/lib/benchmarks/twins/mod.ts";

Deno.test("furtherTwin() has other games than any split, of the test's kinds", () => {
  assertEquals(furtherCount(alfworldTwin), 1000);
  assertEquals(furtherCount(gsm8kTwin), 0);
  const further = furtherTwin(alfworldTwin);
  assert(twinKey(further) !== twinKey(alfworldTwin));
  const [train, valid, test] = (["train", "valid", "test"] as const)
    .map((split) => splitProblems(alfworldTwin, split));
  const more = splitProblems(further, "test");
  assertEquals(more.length, 1000);
  const trained = new Set(
    [...train, ...valid].map(({ signature }) => signature),
  );
  for (const { signature } of more) assert(!trained.has(signature), signature);
  const games = [...train, ...valid, ...test, ...more]
    .map(({ gameFile }) => gameFile);
  assertEquals(new Set(games).size, games.length);
  const ids = [...test, ...more].map(({ task: { id } }) => id);
  assertEquals(new Set(ids).size, ids.length);
});

/** Answers of ever more right. */
function study() {
  const asked: string[] = [];
  const answer = (text: string) => {
    asked.push(text);
    const result = { n: 1000, correct: 100 * asked.length, made: "a test" };
    return Promise.resolve({ result, seconds: 1, folder: "" });
  };
  return {
    asked,
    evaluatePrompting: ({ id }: { id: string }) => answer(id),
    evaluateTrained: ({ id }: Method, folder: string) =>
      answer(`${id} from ${folder}`),
  };
}

Deno.test("askFurtherTasks() asks with every method of Table 1, and the table says so", async () => {
  const of = study();
  const method = (id: string) => ({ id }) as Method;
  const further = await askFurtherTasks({
    study: of as unknown as Parameters<typeof askFurtherTasks>[0]["study"],
    methods: {
      sft: method("sft"),
      prepend: method("memgen-prepend"),
      append: method("memgen-append"),
    },
    folderOf: (name) => `learned by ${name}`,
    announce: () => {},
  });
  assertEquals(of.asked, [
    "Vanilla",
    "CoT",
    "sft from learned by sft",
    "memgen-prepend from learned by prepend",
    "memgen-append from learned by append",
  ]);
  const labels = Object.keys(further.correct);
  const correct = Object.fromEntries(labels.map((label) => [label, 67]));
  const training = { n: 134, correct, steps: 1, valid: {}, made: "a test" };
  const numbers = {
    training: { "mini-qwen2.5": training },
    further: { "mini-qwen2.5": further },
  } as unknown as TwinNumbers;
  const { rows, columns } = furtherTable(numbers)!;
  assertEquals(columns.at(-1), { header: "1000 tasks more" });
  // Half of 134, then 100 to 500 of 1,000 (Wilson's intervals by hand).
  const cells = rows.map(([, label, test, more]) => [
    label,
    ...[test, more].map((cell) => (cell as { value: number }).value),
  ]);
  assertEquals(cells, labels.map((label, i) => [label, 50, 10 * (i + 1)]));
  const { low, high } = rows[4][3] as { low: number; high: number };
  assertEquals([low.toFixed(1), high.toFixed(1)], ["46.9", "53.1"]);
  assertEquals(furtherTable({} as TwinNumbers), undefined);
});
