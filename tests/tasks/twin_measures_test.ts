import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { type Finding, ROWS } from "@/experiments/table_1.ts";
import { twinCard } from "@/experiments/twin_card.ts";
import {
  LABEL_RUNS,
  measureSteps,
  measureTwin,
  type TwinNumbers,
} from "@/experiments/twin_numbers.ts";
import { reasonerTable } from "@/experiments/twin_table.ts";
import {
  gsm8kTwin,
  labelFaults,
  playProblems,
  policyFaults,
  popqaTwin,
  splitProblems,
  type Twin,
  TWINS,
} from "@/lib/benchmarks/twins/mod.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import {
  measureReasoner,
  measureTwins,
  readTwins,
  renewModelCard,
} from "@/tasks/twin_measures.ts";
import {
  readTwinCard,
  readTwinNumbers,
  writeTwinNumbers,
  writeTwinTraining,
} from "@/tasks/twin_results.ts";
import { TOY_TWIN } from "@/tests/benchmarks/twins/toy_twin.ts";
import { twinTokenizer } from "@/tests/benchmarks/twins/twin_tokenizer.ts";
import { withFolder } from "@/tests/folder.ts";

const TOKENIZER = twinTokenizer(TOY_TWIN);

/** A reasoner that says of everything that it is red, as the kites are. */
const SAYS_RED = {
  name: "says red",
  made: "by hand",
  model: { config: {} as DecoderConfig, tokenizer: TOKENIZER },
  generator: {
    *generateInTurns(prompts: readonly unknown[]) {
      const ids = TOKENIZER.encode("It is red, I think.");
      yield prompts.length;
      return prompts.map(() => ({ ids, augmentation: [] }));
    },
    converse() {
      throw new Error("each task has one turn");
    },
  },
};

for (const twin of TWINS) {
  const { name } = twin.benchmark;

  Deno.test(`the numbers of the ${name} twin are those of its card, and admit it`, async () => {
    const numbers = await readTwinNumbers(twin);
    assert(numbers !== undefined, "it was never measured");
    assertEquals(await readTwinCard(twin), await twinCard(twin, numbers));
    assertEquals(policyFaults(numbers.policies), []);
    assertEquals(labelFaults(numbers.labels, LABEL_RUNS), []);
    assertEquals(numbers.oracleLabelled, 0);
    // Where there is one turn, checkBenchmark() counts every answer's tokens.
    const { prompt, answer } = numbers.tokens;
    const isCounted = twin.benchmark.maxTurns === 1;
    assert(isCounted || prompt.most + answer.most <= twin.maxTokens);
  });

  Deno.test(`the numbers of the ${name} twin are of the twin as it is`, async () => {
    const { policies, labels } = (await readTwinNumbers(twin))!;
    assertEquals(
      policies.map(({ name, kind, n }) => ({ name, kind, n })),
      twin.policies().map(({ name, kind }) => (
        { name, kind, n: twin.sizes.test }
      )),
    );
    assertEquals(
      labels.map(({ label }) => label as string),
      Object.keys(twin.injectors),
    );
    // One of them comes out again.
    const index = policies.findIndex(({ kind }) => kind === "shortcut");
    const played = await playProblems(
      twin,
      splitProblems(twin, "test"),
      twin.policies()[index],
    );
    assertEquals(
      played.filter(({ score }) => score.official === 1).length,
      policies[index].correct,
    );
  });
}

Deno.test("measureTwin() gives the numbers of GSM8K's twin again", async () => {
  let steps = 0;
  const measured = await measureTwin(gsm8kTwin, {
    // Each of its words is one token, as for the tokenizer of all twins.
    tokenizer: twinTokenizer(gsm8kTwin),
    onMeasured: () => steps++,
  });
  const { tokens, policies, oracleLabelled, labels } = (await readTwinNumbers(
    gsm8kTwin,
  ))!;
  assertEquals(measured, { tokens, policies, oracleLabelled, labels });
  assertEquals(steps, measureSteps(gsm8kTwin));
});

Deno.test("measureTwins() writes numbers and a card, by hand", () =>
  withFolder(async (folder) => {
    await measureTwins([TOY_TWIN], { tokenizer: TOKENIZER, folder });
    const { policies, ...numbers } = (await readTwinNumbers(TOY_TWIN, folder))!;
    assertEquals(policies.map(({ kind, n, correct }) => [kind, n, correct]), [
      ["oracle", 8, 8],
      ["ignorant", 8, 0],
      ["random", 8, policies[2].correct],
      ["shortcut", 8, 0],
    ]);
    assertEquals(numbers, {
      // Nine words and a mark, and of ChatML three tokens before and five after;
      // five words, two marks, two tokens of ChatML.
      tokens: {
        prompt: { mean: 18, most: 18 },
        answer: { mean: 9, most: 9 },
      },
      oracleLabelled: 0,
      labels: [{ label: "false belief", failed: 500, labelled: 500 }],
      reasoners: {},
    });
    const card = Deno.readTextFileSync(join(folder, "toy.md"));
    for (
      const text of [
        "It asks for colours.",
        "What is the colour of the kite of Zoe?",
        "| knows the colours | oracle | 100.0 |",
        "| false belief | 500 | 100.0 |",
        "`deno task train --tasks N`):\n32, 8, 2, each a part of the one before.",
        "states\n0 of its 3 facts truly",
        "| the oracle solves all | 100.0 % | yes |",
      ]
    ) assertStringIncludes(card, text);
    assert(!card.includes("reasoners before"));
  }));

Deno.test("measureReasoner() adds to numbers and card, until the twin changes", () =>
  withFolder(async (folder) => {
    const twins = [TOY_TWIN];
    await assertRejects(
      () => measureReasoner(SAYS_RED, twins, { folder }),
      Deno.errors.NotFound,
      "Cannot measure says red as deno task describe-benchmarks --measure must have measured the twin of toy: current value is no numbers",
    );
    const measure = (twin: Twin) =>
      measureTwins([twin], { tokenizer: TOKENIZER, folder });
    await measure(TOY_TWIN);
    await measureReasoner(SAYS_RED, twins, { folder });
    await measureReasoner({ ...SAYS_RED, name: "too" }, twins, { folder });
    // Of eight things, the kite alone is red.
    const correct = { vanilla: 1, own: 1, redrawn: 1 };
    const numbers = { n: 8, correct, made: "by hand" };
    const expected = { "says red": numbers, "too": numbers };
    const reasoners = async () =>
      (await readTwinNumbers(TOY_TWIN, folder))!.reasoners;
    assertEquals(await reasoners(), expected);
    const card = Deno.readTextFileSync(join(folder, "toy.md"));
    assertStringIncludes(card, "| toy | says red | 8 | 12.5 [2.2, 47.1] |");
    assertEquals(
      reasonerTable(await readTwins(twins, folder))!.rows
        .map((row) => row.slice(0, 3)),
      [["toy", "says red", 8], ["", "too", 8]],
    );
    await measure(TOY_TWIN);
    assertEquals(await reasoners(), expected);
    await measure({
      ...TOY_TWIN,
      policies: () =>
        TOY_TWIN.policies().slice(1).concat(TOY_TWIN.policies()[0]),
    });
    assertEquals(await reasoners(), {});
  }));

Deno.test("measureTwins() keeps all that it does not measure", () =>
  withFolder(async (folder) => {
    const measure = () =>
      measureTwins([TOY_TWIN], { tokenizer: TOKENIZER, folder });
    await measure();
    const runs = { n: 8, correct: [1, 2, 3], made: "by hand" };
    const part = { least: 9, n: 1, correct: { CoT: 1 }, searched: { CoT: 0 } };
    const numbers: TwinNumbers = {
      ...(await readTwinNumbers(TOY_TWIN, folder))!,
      reasoners: {
        "says red": {
          n: 8,
          correct: { vanilla: 1, own: 1, redrawn: 1 },
          made: "by hand",
        },
      },
      sft: { "says red": runs },
      fullSft: { "says red": runs },
      popularity: { "says red": [part] },
      controls: { "says red": { n: 8, correct: {}, made: "by hand" } },
    };
    await writeTwinNumbers(TOY_TWIN, numbers, folder);
    await measure();
    assertEquals(await readTwinNumbers(TOY_TWIN, folder), numbers);
  }));

/** A finding of a column in which everything answers eight tasks. */
function finding(row: string, correct: number): Finding {
  const made = "by hand";
  const counts = { n: 8, correct, lenient: correct, tokens: 9, insertions: 0 };
  const place = { benchmark: "toy", folder: "none", seconds: 1 };
  const finding: Finding = {
    reasoner: "mini-qwen2.5",
    row,
    ...counts,
    ...place,
    made,
  };
  if (row === "Vanilla" || row === "CoT") return finding;
  const sizes = { steps: 2, batchSize: 4, seed: 0, seconds: 1, made };
  const tried = [{ rate: 0.1, validTasks: 8, validCorrect: correct + 1 }];
  return { ...finding, learned: { ...sizes, rate: 0.1, tried } };
}

Deno.test("writeTwinTraining() adds to numbers and card, until the twin changes", () =>
  withFolder(async (folder) => {
    const findings = ROWS.map(({ label }, i) => finding(label, i + 1));
    await assertRejects(
      () => writeTwinTraining(TOY_TWIN, findings, folder),
      Deno.errors.NotFound,
      "Cannot add to a data card as deno task describe-benchmarks --measure must have measured the twin of toy: current value is no numbers",
    );
    const measure = (twin: Twin) =>
      measureTwins([twin], { tokenizer: TOKENIZER, folder });
    await measure(TOY_TWIN);
    await writeTwinTraining(TOY_TWIN, findings, folder);
    await measure(TOY_TWIN);
    const training = async () =>
      (await readTwinNumbers(TOY_TWIN, folder))!.training;
    assertEquals(await training(), {
      "mini-qwen2.5": {
        n: 8,
        correct: {
          "Vanilla": 1,
          "CoT": 2,
          "SFT (LoRA)": 3,
          "MemGen SFT, prepended": 4,
          "MemGen SFT, appended": 5,
        },
        steps: 2,
        valid: {
          "SFT (LoRA)": 4,
          "MemGen SFT, prepended": 5,
          "MemGen SFT, appended": 6,
        },
        made: "by hand",
      },
    });
    const card = Deno.readTextFileSync(join(folder, "toy.md"));
    // Vanilla has 1 of 8 right, SFT 3, the insertion that validation prefers 5.
    assertStringIncludes(card, "| 200.0 |");
    await measure({
      ...TOY_TWIN,
      policies: () => TOY_TWIN.policies().toReversed(),
    });
    assertEquals(await training(), undefined);
  }));

Deno.test("writeTwinTraining() counts PopQA's answers by popularity", () =>
  withFolder(async (folder) => {
    const problems = splitProblems(popqaTwin, "test", 20);
    const lines = problems.map(({ task: { id } }, i) =>
      JSON.stringify({
        id,
        turns: [i % 2 === 0 ? "<search> x </search>" : "<answer> y </answer>"],
        official: i < 5 ? 1 : 0,
      })
    );
    await Deno.writeTextFile(join(folder, "records.jsonl"), lines.join("\n"));
    const findings = ROWS.map(({ label }) => ({
      ...finding(label, 5),
      n: problems.length,
      folder,
    }));
    await writeTwinNumbers(
      popqaTwin,
      (await readTwinNumbers(popqaTwin))!,
      folder,
    );
    await writeTwinTraining(popqaTwin, findings, folder);
    const { popularity } = (await readTwinNumbers(popqaTwin, folder))!;
    const parts = popularity!["mini-qwen2.5"];
    assertEquals(parts.map(({ n }) => n), Array(10).fill(2));
    const total = (counts: "correct" | "searched") =>
      parts.reduce((sum, part) => sum + part[counts].CoT, 0);
    assertEquals([total("correct"), total("searched")], [5, 10]);
    assertStringIncludes(
      Deno.readTextFileSync(join(folder, "popqa.md")),
      "By popularity",
    );
  }));

Deno.test("renewModelCard() puts the twins' numbers into the card, and changes nothing else", () =>
  withFolder(async (folder) => {
    const shipped = Deno.readTextFileSync(
      join("results", "reasoners", "mini-qwen2.5", "README.md"),
    );
    const path = join(folder, "README.md");
    const row = /^\| GSM8K \|.*$/m;
    Deno.writeTextFileSync(path, shipped.replace(row, "| GSM8K | old |"));
    await renewModelCard(path, "mini-qwen2.5");
    // The shipped card is of the shipped numbers.
    assertEquals(Deno.readTextFileSync(path), shipped);
    Deno.writeTextFileSync(path, "# Another card");
    await assertRejects(
      () => renewModelCard(path, "mini-qwen2.5"),
      SyntaxError,
      'Cannot renew the model card as it must have the section "What it can do": current value is "# Another card"',
    );
  }));
