import { assertEquals } from "@std/assert";
import { renderText } from "@/lib/report/mod.ts";
import {
  type EvaluationRun,
  summarize,
  summaryTable,
} from "@/tasks/evaluation_summary.ts";

const RUN: EvaluationRun = {
  settings: {
    benchmark: "gsm8k",
    data: "data/gsm8k",
    split: "test",
    limit: 3,
    model: "models/tiny",
    method: "vanilla",
    maxNewTokens: 9,
    batchSize: 32,
    seed: 0,
    output: "records.jsonl",
  },
  splitTasks: 1319,
  seconds: 1.25,
  processes: 2,
  made: {
    command: "deno task evaluate",
    commit: "0123456789",
    date: "2026-11-21",
    deno: "2.9.6",
    backend: {
      name: "cpu",
      version: "4.22.0",
      device: "CPU",
      threads: 1,
      precision: "fp32",
    },
    processor: "Some CPU",
    cores: 2,
  },
};

const RECORDS = [
  { tokens: 9, insertions: [0, 4], official: 1, lenient: 1 },
  {
    tokens: 3,
    insertions: [],
    official: 0,
    lenient: 1,
    failure: "other form",
  },
  { tokens: 5, insertions: [2], official: 0, lenient: 0, failure: "no box" },
] as const;

function records() {
  return RECORDS.map((record, i) => ({
    id: `gsm8k/test/${i}`,
    turns: [""],
    observations: [],
    turnTokens: [record.tokens],
    ...record,
  }));
}

Deno.test("summarize() adds the records up, worked out by hand", () => {
  const summary = summarize(records(), RUN);
  const { official, lenient, ...others } = summary;
  assertEquals(others, {
    ...RUN,
    n: 3,
    failures: { "no box": 1, "other form": 1, "wrong answer": 0 },
    newTokens: 17,
    answersAtLimit: 1,
    insertions: 3,
  });
  const round = (values: typeof official) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, value.toFixed(2)]),
    );
  // Wilson's interval of 1 in 3 and of 2 in 3.
  assertEquals(round(official), {
    right: "1.00",
    percent: "33.33",
    low: "6.15",
    high: "79.23",
  });
  assertEquals(round(lenient), {
    right: "2.00",
    percent: "66.67",
    low: "20.77",
    high: "93.85",
  });
});

Deno.test("summarize() holds each turn of an episode against the limit", () => {
  const [record] = records();
  const count = (...turnTokens: number[]): number => {
    const tokens = turnTokens.reduce((sum, turn) => sum + turn);
    return summarize([{ ...record, tokens, turnTokens }], RUN).answersAtLimit;
  };
  assertEquals(count(9, 4, 4), 1);
  assertEquals(count(2, 9, 9), 1);
  assertEquals(count(4, 5), 0);
});

Deno.test("summaryTable() shows both scorers, what was asked and what it took", () => {
  const rule = "─".repeat(37);
  const text = renderText(summaryTable(summarize(records(), RUN)));
  assertEquals(
    text.split("\n").map((line) => line.trim()),
    [
      "gsm8k: 3 of 1319 test tasks",
      "models/tiny, vanilla prompt, greedy, at most 9 new tokens",
      rule,
      "Scorer          Accuracy, %  Right  n",
      rule,
      "official   33.3 [6.1, 79.2]      1  3",
      "lenient   66.7 [20.8, 93.9]      2  3",
      rule,
      "Brackets: 95 % interval",
      "official: the released code's rules; lenient: ours, which forgive the form of a right answer",
      "wrong for official: no box 1, other form 1, wrong answer 0",
      "1 of 3 answers reached the limit of new tokens",
      "17 new tokens in 1.3 s by 2 processes",
      "",
    ],
  );
});

Deno.test("summaryTable() shows the gain over a baseline, in points", () => {
  const baseline = [
    { official: 0, lenient: 1 },
    { official: 0, lenient: 0 },
    { official: 0, lenient: 0 },
  ] as const;
  const settings = { ...RUN.settings, baseline: "vanilla.jsonl" };
  const summary = summarize(records(), { ...RUN, settings }, baseline);
  const { official, lenient } = summary;
  // One of three more; resamples of it have from none to three.
  assertEquals(official.gain?.value, 100 / 3);
  assertEquals([official.gain?.low, official.gain?.high], [0, 100]);
  assertEquals(lenient.gain?.value, 100 / 3);
  const { columns, rows, footnotes } = summaryTable(summary);
  assertEquals(columns.at(-1), { header: "Gain, points" });
  assertEquals(rows.map((row) => row.at(-1)), [official.gain!, lenient.gain!]);
  assertEquals(
    footnotes!.at(-1),
    "Gain over vanilla.jsonl: paired bootstrap interval",
  );
});

Deno.test("summaryTable() names the adapter or the memory", () => {
  const show = (changes: Partial<EvaluationRun["settings"]>): string[] => {
    const settings = { ...RUN.settings, ...changes };
    const table = summaryTable(summarize(records(), { ...RUN, settings }));
    return [table.caption, table.footnotes!.at(-1)!];
  };
  assertEquals(show({ adapter: "lora", method: "cot" }), [
    "models/tiny, adapter lora, cot prompt, greedy, at most 9 new tokens",
    "17 new tokens in 1.3 s by 2 processes",
  ]);
  assertEquals(show({ memgen: "memory", trigger: "learned" }), [
    "models/tiny, MemGen memory (trigger learned), vanilla prompt, greedy, at most 9 new tokens",
    "17 new tokens in 1.3 s by 2 processes, memory inserted 3 times",
  ]);
});
