import { assert, assertEquals } from "@std/assert";
import type { Method } from "@/experiments/methods/method.ts";
import {
  MINI,
  QUICK,
  type Table1Preset,
  trainingSteps,
} from "@/experiments/presets.ts";
import type {
  SupervisedStudy,
  TrainingRun,
} from "@/experiments/supervised_study.ts";
import {
  AQUA,
  type Column,
  COLUMNS,
  columnWeight,
  computeColumn,
  type Finding,
  ROWS,
} from "@/experiments/table_1.ts";
import { layoutTable1 } from "@/experiments/table_1_layout.ts";

/** Right answers among 100 test tasks, by what answers. */
const CORRECT: Readonly<Record<string, number>> = {
  "Vanilla": 10,
  "CoT": 20,
  "sft of triviaqa at 0.003": 50,
  "prepend of triviaqa at 0.003": 60,
  "append of triviaqa at 0.003": 60,
  "sft of saved": 40,
  "prepend of saved": 30,
  "append of saved": 5,
};

function columnOf(benchmark: string): Column {
  return COLUMNS.find((column) => column.benchmark === benchmark)!;
}

/** Computes a column with studies that compute nothing; logs what is asked. */
async function compute(
  benchmark: string,
  preset: Table1Preset,
): Promise<{ findings: Finding[]; log: string[]; weight: number }> {
  const log: string[] = [];
  let weight = 0;
  const evaluated = (by: string) => {
    const correct = CORRECT[by];
    const counts = {
      n: 100,
      lenient: correct,
      tokens: 1,
      insertions: 0,
      made: "by hand",
    };
    return { result: { ...counts, correct }, folder: by, seconds: 2 };
  };
  const study = (name: string) => ({
    train({ method, rate }: TrainingRun) {
      log.push(`train ${method.id} on ${name} at ${rate}`);
      return Promise.resolve({
        result: {
          batchSize: 16,
          losses: [],
          made: "by hand",
          validTasks: 8,
          // The two highest rates are as good.
          validCorrect: Math.min(rate, 3e-3) * 1e3,
        },
        folder: `${name} at ${rate}`,
        seconds: 1,
      });
    },
    evaluateTrained(method: Method, folder: string) {
      log.push(`${method.id} of ${folder} answers ${name}`);
      return Promise.resolve(evaluated(`${method.id} of ${folder}`));
    },
    evaluatePrompting: ({ id }: { id: string }) =>
      Promise.resolve(evaluated(id)),
  } as unknown as SupervisedStudy);
  const method = (id: string) => ({ id }) as Method;
  const findings = await computeColumn(
    columnOf(benchmark),
    {
      reasoner: "mini-qwen2.5",
      preset,
      study,
      methods: () => ({
        sft: method("sft"),
        prepend: method("prepend"),
        append: method("append"),
      }),
      saved(name, method) {
        if (preset.trained === undefined) return undefined;
        log.push(`saved ${method} of ${name}`);
        const times = { seconds: 1, made: "before", isSaved: true } as const;
        const learned = { ...preset, rate: 1, tried: [], ...times };
        return { folder: "saved", learned };
      },
      onLearned: (name, { id }, { folder }) =>
        log.push(`${id} learned ${name}: ${folder}`),
      announce: (_, share) => weight += share,
    },
  );
  return { findings, log, weight };
}

const RATES = [1e-3, 3e-3, 1e-2];
const PRESET = {
  ...MINI,
  rates: { ...MINI.rates, sft: RATES, prepend: RATES, append: RATES },
};

Deno.test("computeColumn() answers PopQA with what was learned on TriviaQA, at the lowest of the best rates", async () => {
  const { findings, log, weight } = await compute("popqa", PRESET);
  assertEquals(log.slice(0, 5), [
    "train sft on triviaqa at 0.001",
    "train sft on triviaqa at 0.003",
    "train sft on triviaqa at 0.01",
    "sft learned triviaqa: triviaqa at 0.003",
    "sft of triviaqa at 0.003 answers popqa",
  ]);
  assertEquals(findings.map(({ row, correct }) => [row, correct]), [
    ["Vanilla", 10],
    ["CoT", 20],
    ["SFT (LoRA)", 50],
    ["MemGen SFT, prepended", 60],
    ["MemGen SFT, appended", 60],
  ]);
  assertEquals(findings[0].learned, undefined);
  assertEquals(findings[2].learned?.rate, 3e-3);
  assertEquals(
    findings[2].learned?.tried.map(({ validCorrect }) => validCorrect),
    [1, 3, 3],
  );
  assertEquals(
    weight,
    columnWeight(columnOf("popqa"), {
      reasoner: "mini-qwen2.5",
      preset: PRESET,
    }, () => true),
  );
  // TriviaQA takes twice as many steps as the others.
  assertEquals(weight, 5 * 4 + 2 * 3 * (10 + 20 + 20));
});

Deno.test("computeColumn() trains nothing that a preset takes as it was left", async () => {
  const { findings, log, weight } = await compute("math", QUICK);
  assertEquals(log, [
    "saved sft of math",
    "sft of saved answers math",
    "saved prepend of math",
    "prepend of saved answers math",
    "saved append of math",
    "append of saved answers math",
  ]);
  assertEquals(findings.length, ROWS.length);
  assertEquals(
    weight,
    columnWeight(
      columnOf("math"),
      { reasoner: "mini-qwen2.5", preset: QUICK },
      () => false,
    ),
  );
});

Deno.test("layoutTable1() sets the paper's numbers below ours, and marks what is not there", async () => {
  const { findings } = await compute("popqa", PRESET);
  const columns = COLUMNS.filter(({ paper }) =>
    paper === "PopQA" || paper === "GPQA"
  );
  const { rows, footnotes } = layoutTable1(findings, {
    preset: QUICK,
    columns,
    made: "by hand",
  });
  assertEquals(rows.map(([reasoner, method]) => `${reasoner}: ${method}`), [
    "mini-qwen2.5: Vanilla",
    "mini-qwen2.5: CoT",
    "mini-qwen2.5: SFT (LoRA)",
    "mini-qwen2.5: MemGen SFT, prepended",
    "mini-qwen2.5: MemGen SFT, appended",
    "Qwen2.5-1.5B: Vanilla",
    "Qwen2.5-1.5B: CoT",
    "Qwen2.5-1.5B: SFT",
    "Qwen2.5-1.5B: MemGen SFT",
  ]);
  const popqa = rows.map((row) => row[2] as { value: number; rank?: string });
  assertEquals(popqa.slice(0, 5).map(({ value, rank }) => [value, rank]), [
    [10, undefined],
    [20, undefined],
    [50, "second"],
    [60, "best"],
    [60, "best"],
  ]);
  assertEquals(rows[0][3], { missing: "unfinished" });
  assertEquals(rows[8][2], {
    paperPercent: 41.28,
    source: "arXiv 2509.24704, Table 4",
  });
  assertEquals(
    footnotes?.[0].startsWith("n = 100 PopQA: tasks of the twins' test splits"),
    true,
  );
  assertEquals(
    footnotes?.at(-1)?.startsWith("One learning rate for each method"),
    true,
  );
  const several = layoutTable1(findings, {
    preset: PRESET,
    columns,
    made: "new",
  });
  assertEquals(
    several.footnotes?.at(-2)?.startsWith(
      "Learning rates were chosen on each column's validation tasks",
    ),
    true,
  );
  assertEquals(
    several.footnotes?.at(-1),
    "Some accuracies were computed earlier: by hand",
  );
});

Deno.test("layoutTable1() says which adapters and weavers were there before", async () => {
  const { findings: ours } = await compute("popqa", PRESET);
  const { findings: saved } = await compute("math", QUICK);
  const trainedBy = (findings: readonly Finding[]): string =>
    layoutTable1(findings, { preset: MINI, columns: COLUMNS, made: "" })
      .footnotes!.find((note) => /[Aa]dapters? and weavers?/.test(note))!;
  assertEquals(
    trainedBy(ours),
    "Every adapter and weaver was trained by this command.",
  );
  assert(trainedBy(saved).startsWith("All adapters and weavers were"));
  assert(
    trainedBy([...ours, ...saved]).startsWith(
      "Trained by this command: PopQA of mini-qwen2.5. The others' adapters",
    ),
  );
});

Deno.test("layoutTable1() says where memory went in within answers", async () => {
  const { findings } = await compute("popqa", PRESET);
  const notes = (benchmark: string, insertions: number): string[] =>
    layoutTable1(
      findings.map((finding) => ({ ...finding, benchmark, insertions })),
      { preset: MINI, columns: COLUMNS, made: "" },
    ).footnotes!.filter((note) => note.startsWith("MemGen of"));
  assertEquals(notes("math", 101), [
    "MemGen of mini-qwen2.5 inserts at the prompt's end; in answers of MATH after the first delimiters, too.",
  ]);
  assertEquals(notes("math", 100), []);
  // Turns of an episode have prompts' ends of their own.
  assertEquals(notes("popqa", 300), []);
});

Deno.test("layoutTable1() has AQuA without a number of the paper", async () => {
  const { findings } = await compute("popqa", PRESET);
  const columns = [COLUMNS[2], AQUA];
  const { rows, footnotes, columns: headers } = layoutTable1(findings, {
    preset: MINI,
    columns,
    made: "",
  });
  assertEquals(headers.map(({ header }) => header).slice(2), ["PopQA", "AQuA"]);
  assertEquals(rows.at(-1)![3], { missing: "not measured" });
  assertEquals(
    footnotes!.some((note) => note.startsWith("AQuA is none")),
    true,
  );
});

Deno.test("trainingSteps() are a reasoner's, a benchmark's, or the preset's", async () => {
  const preset: Table1Preset = {
    ...PRESET,
    steps: 5,
    stepsOn: { triviaqa: 7 },
    stepsOf: { "mini-qwen3": { triviaqa: 9, gsm8k: 11 } },
  };
  assertEquals(trainingSteps(preset, "mini-qwen2.5", "triviaqa"), 7);
  assertEquals(trainingSteps(preset, "mini-qwen2.5", "math"), 5);
  assertEquals(trainingSteps(preset, "mini-qwen3", "triviaqa"), 9);
  assertEquals(trainingSteps(preset, "mini-qwen3", "gsm8k"), 11);
  assertEquals(trainingSteps(preset, "mini-qwen3", "math"), 5);
  assertEquals(trainingSteps(MINI, "mini-qwen2.5", "math"), 1800);
  const { findings } = await compute("popqa", preset);
  assertEquals(findings[2].learned?.steps, 7);
});

Deno.test("layoutTable1() says which test tasks are left out", () => {
  const footnotes = (columns: Column[]) =>
    layoutTable1([], { preset: MINI, columns, made: "" }).footnotes!;
  const left =
    "TriviaQA: none of its first 250 test tasks, which had been answered when the number of its training steps was chosen.";
  assertEquals(footnotes([columnOf("triviaqa")]).includes(left), true);
  assertEquals(footnotes([columnOf("popqa")]).includes(left), false);
});

Deno.test("layoutTable1() says which reasoner learned for longer", async () => {
  const { findings } = await compute("popqa", PRESET);
  const footnotes = (preset: Table1Preset) =>
    layoutTable1(findings, {
      preset,
      columns: [columnOf("triviaqa"), columnOf("popqa")],
      made: "",
    }).footnotes!;
  const longer =
    "Steps of mini-qwen2.5, whose weavers learn later, with every method: TriviaQA (9, others 7). Validation tasks chose them, after a table with the others' had been seen.";
  const preset = { ...PRESET, stepsOn: { triviaqa: 7 } };
  const stepsOf = { "mini-qwen2.5": { triviaqa: 9 } };
  assertEquals(footnotes({ ...preset, stepsOf }).includes(longer), true);
  const other = { "mini-qwen3": { triviaqa: 9 } };
  assertEquals(
    footnotes({ ...preset, stepsOf: other }).some((note) =>
      note.startsWith("Steps of")
    ),
    false,
  );
});

Deno.test("the mini preset's own steps and tasks are those of columns", () => {
  const learned = [...COLUMNS, AQUA].map((column) => column.learned);
  const { stepsOn, stepsOf, firstTestTaskOf } = MINI;
  for (const own of [stepsOn, firstTestTaskOf, ...Object.values(stepsOf!)]) {
    for (const benchmark of Object.keys(own!)) {
      assert(learned.includes(benchmark), benchmark);
    }
  }
});
