import { backend, tensorflowTest } from "@/tests/backend.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type EvaluationRecord,
  findBenchmark,
  type Message,
  STEP_BY_STEP,
} from "@/lib/benchmarks/mod.ts";
import { gpqaTwin } from "@/lib/benchmarks/twins/mod.ts";
import {
  loadLora,
  loadModel,
  loadTokenizer,
  readJsonObject,
  renderChatMl,
  writeJson,
} from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION, evaluateModel } from "@/tasks/evaluate.ts";
import type { EvaluateModelOptions } from "@/tasks/evaluation_answers.ts";
import { shareThreads, usefulWorkers } from "@/tasks/evaluation_shares.ts";
import type { EvaluationSummary } from "@/tasks/evaluation_summary.ts";
import { generateFile } from "@/tasks/generate.ts";
import { twinFolder } from "@/tasks/twin_folder.ts";
import {
  continueGreedily,
  parityPath,
  tensorTest,
} from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const MODEL = parityPath("models", "tiny-qwen2.5");
const MEMGEN = parityPath(
  "expected",
  "tiny-qwen2.5",
  "memgen-trigger",
  "checkpoint",
);
/** Three test rows and ten train rows that we made up. */
const DATA = join(import.meta.dirname!, "..", "benchmarks", "fixtures/gsm8k");
const REAL_DATA = fileURLToPath(
  new URL("../../../shared/data/gsm8k", import.meta.url),
);
const TOKENIZER = loadTokenizer(MODEL);
const TASKS = await findBenchmark("gsm8k").load(DATA, "test");

const SETTINGS: Omit<EvaluateModelOptions, "output"> = {
  benchmark: "gsm8k",
  data: DATA,
  split: "test",
  model: MODEL,
  method: "vanilla",
  maxNewTokens: 12,
  batchSize: 32,
  seed: 0,
};

function start(): Promise<typeof backend> {
  return Promise.resolve(backend);
}

interface Written {
  readonly summary: EvaluationSummary;
  readonly records: readonly EvaluationRecord[];
}

/** Runs the task; gives what it wrote. */
async function evaluateTo(
  folder: string,
  options: Partial<EvaluateModelOptions> = {},
): Promise<Written> {
  const output = join(folder, "records.jsonl");
  const summary = await evaluateModel(
    { ...SETTINGS, ...options, output },
    start,
  );
  const text = Deno.readTextFileSync(join(folder, "records.json"));
  assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(summary)));
  const lines = Deno.readTextFileSync(output).trimEnd().split("\n");
  return { summary, records: lines.map((line) => JSON.parse(line)) };
}

/** What `deno task generate` writes for the tasks, as records tell it. */
async function generated(
  folder: string,
  messages: readonly (readonly Message[])[],
  memgen?: string,
): Promise<Pick<EvaluationRecord, "turns" | "tokens" | "insertions">[]> {
  const prompts = join(folder, "prompts.jsonl");
  const lines = messages.map((messages) => JSON.stringify({ messages }));
  Deno.writeTextFileSync(prompts, lines.join("\n"));
  const rows = await generateFile({
    model: MODEL,
    memgen,
    prompts,
    output: join(folder, "generated.jsonl"),
    maxNewTokens: SETTINGS.maxNewTokens!,
    temperature: 0,
    batchSize: 32,
    seed: 0,
  }, start);
  return rows.map(({ ids, text, augmentation }) => ({
    turns: [text],
    tokens: ids.length,
    insertions: [...augmentation.keys()].filter((t) => augmentation[t] === 1),
  }));
}

function withoutScores(records: readonly EvaluationRecord[]) {
  return records.map(({ turns, tokens, insertions }) => ({
    turns,
    tokens,
    insertions,
  }));
}

/** A copy of the model, with some fields of its config.json changed. */
function copyModel(folder: string, changes: Record<string, unknown>): string {
  const model = join(folder, "model");
  cpSync(MODEL, model, { recursive: true });
  const file = join(model, "config.json");
  writeJson(file, { ...readJsonObject(file), ...changes });
  return model;
}

tensorTest(
  "evaluateModel() records what generate writes, task by task",
  () =>
    withFolder(async (folder) => {
      const { summary, records } = await evaluateTo(folder);
      const messages = TASKS.map((task) => task.messages);
      assertEquals(records.map(({ id }) => id), TASKS.map(({ id }) => id));
      assertEquals(withoutScores(records), await generated(folder, messages));
      assertEquals(summary.n, 3);
      assertEquals(summary.splitTasks, 3);
      assertEquals(summary.official.right, 0);
      assertEquals(summary.settings.maxNewTokens, 12);
      assertEquals(summary.made.backend, backend);
      assert(summary.seconds > 0);
    }),
);

tensorTest(
  "evaluateModel() takes the first tasks of a split, in any batches",
  () =>
    withFolder(async (folder) => {
      const all = await evaluateTo(folder);
      const two = await evaluateTo(folder, { limit: 2, batchSize: 1 });
      assertEquals(two.records, all.records.slice(0, 2));
      assertEquals([two.summary.n, two.summary.splitTasks], [2, 3]);
      const many = await evaluateTo(folder, { limit: 99 });
      assertEquals(many.summary.n, 3);
      const valid = await evaluateTo(folder, { split: "valid" });
      assertEquals(valid.records.map(({ id }) => id), ["gsm8k/train/4"]);
    }),
);

tensorTest(
  "evaluateModel() gives the same records with workers, in their order",
  () =>
    withFolder(async (folder) => {
      const options = {
        ...SETTINGS,
        memgen: MEMGEN,
        trigger: "random-anywhere:0.5",
        output: join(folder, "records.jsonl"),
      };
      const evaluateBy = async (count: number): Promise<string> => {
        const workers = { count, backend: {} };
        const { processes } = await evaluateModel(options, start, workers);
        assertEquals(processes, count);
        return Deno.readTextFileSync(options.output);
      };
      assertEquals(await evaluateBy(2), await evaluateBy(1));
      await assertRejects(
        () =>
          evaluateModel(options, start, {
            count: 3,
            backend: { backend: "wasm", precision: "bf16" },
          }),
        Error,
        "Cannot multiply in bf16 as the backend must be tensorflow: current value is wasm",
      );
    }),
);

Deno.test("usefulWorkers() and shareThreads() use the cores once", () => {
  assertEquals([1, 128].map(usefulWorkers), [1, 1]);
  const cores = navigator.hardwareConcurrency;
  assertEquals(usefulWorkers(1e6), cores);
  assertEquals(shareThreads({ threads: 5 }, 1), { threads: 5 });
  assertEquals(shareThreads({ threads: 5 }, 2), { threads: 2 });
  assertEquals(shareThreads({ threads: 1, precision: "bf16" }, 2), {
    threads: 1,
    precision: "bf16",
  });
  assertEquals(shareThreads({}, cores), { threads: 1 });
});

tensorTest(
  "evaluateModel() asks for steps with the method cot",
  () =>
    withFolder(async (folder) => {
      const { records } = await evaluateTo(folder, { method: "cot" });
      const messages = TASKS.map(({ messages: [{ role, content }] }) => [
        { role, content: `${content}${STEP_BY_STEP}` },
      ]);
      assertEquals(withoutScores(records), await generated(folder, messages));
    }),
);

tensorTest(
  "evaluateModel() inserts memory, as the trigger says or always",
  () =>
    withFolder(async (folder) => {
      const own = await evaluateTo(folder, { memgen: MEMGEN });
      const messages = TASKS.map((task) => task.messages);
      assertEquals(
        withoutScores(own.records),
        await generated(folder, messages, MEMGEN),
      );
      assertEquals(own.summary.settings.trigger, "learned");
      const always = await evaluateTo(folder, {
        memgen: MEMGEN,
        trigger: "always",
      });
      assert(always.records.every(({ insertions }) => insertions[0] === 0));
      assertEquals(always.summary.settings.trigger, "always");
      // Any place may get memory, if not the prompt's end.
      const random = await evaluateTo(folder, {
        memgen: MEMGEN,
        trigger: "random-anywhere:0.5",
        maxPromptAugmentations: 0,
        maxInferenceAugmentations: 8,
      });
      assertEquals(random.summary.settings.maxInferenceAugmentations, 8);
      const found = random.records.map(({ insertions }) => insertions);
      assert(found.every(({ length }) => length <= 8));
      assert(!found.flat().includes(0));
      const { records } = await evaluateTo(folder, {
        ...random.summary.settings,
        seed: 1,
      });
      assert(`${records.map(({ insertions }) => insertions)}` !== `${found}`);
      assertEquals(
        always.summary.insertions,
        always.records.flatMap(({ insertions }) => insertions).length,
      );
    }),
);

tensorTest(
  "evaluateModel() answers through the adapter",
  () =>
    withFolder(async (folder) => {
      const adapter = parityPath("expected", "tiny-qwen2.5", "adapter");
      const plain = await evaluateTo(folder, { limit: 1 });
      const { records: [record] } = await evaluateTo(folder, {
        adapter,
        limit: 1,
      });
      const { config, weights } = await loadModel(MODEL);
      const lora = loadLora(adapter, config);
      const prompt = TOKENIZER.encode(
        renderChatMl(TASKS[0].messages, { addGenerationPrompt: true }),
      );
      const ids = continueGreedily(config, { weights, lora }, {
        prompt,
        maxNewTokens: 12,
      });
      assertEquals(
        record.turns[0],
        TOKENIZER.decode(ids.filter((id) => id !== TOKENIZER.eosTokenId)),
      );
      assertNotEquals(record.turns, plain.records[0].turns);
      disposeTree([weights, lora]);
    }),
);

tensorTest(
  "evaluateModel() lets an answer be 1024 tokens long, as was released",
  () =>
    withFolder(async (folder) => {
      // Whatever it writes ends the answer.
      const everyToken = Array.from({ length: 1024 }, (_, id) => id);
      const model = copyModel(folder, { eos_token_id: everyToken });
      const { summary } = await evaluateTo(folder, {
        model,
        maxNewTokens: undefined,
      });
      assertEquals(summary.settings.maxNewTokens, 1024);
      assertEquals(summary.newTokens, 3);
    }),
);

const PROMPT_LENGTHS = TASKS.map(({ messages }) =>
  TOKENIZER.encode(renderChatMl(messages, { addGenerationPrompt: true })).length
);
const LONGEST = Math.max(...PROMPT_LENGTHS);

tensorTest(
  "evaluateModel() lets an answer be as long as positions are left",
  () =>
    withFolder(async (folder) => {
      const model = copyModel(folder, { max_position_embeddings: LONGEST + 5 });
      const { summary } = await evaluateTo(folder, {
        model,
        maxNewTokens: undefined,
      });
      assertEquals(summary.settings.maxNewTokens, 5);
    }),
);

Deno.test("evaluateModel() names a task that does not fit, and writes nothing", () =>
  withFolder(async (folder) => {
    const model = copyModel(folder, { max_position_embeddings: LONGEST + 5 });
    const output = join(folder, "records.jsonl");
    const name = TASKS[PROMPT_LENGTHS.indexOf(LONGEST)].id;
    await assertRejects(
      () =>
        evaluateModel({ ...SETTINGS, model, maxNewTokens: 6, output }, start),
      RangeError,
      `Cannot generate as ${name} must fit into ${
        LONGEST + 5
      } positions with its memory and continuation: current value is ${
        LONGEST + 6
      }`,
    );
    assert(!existsSync(output));
  }));

/** Bad options, the error and the end of its message. */
const BAD: readonly (readonly [
  Partial<EvaluateModelOptions>,
  typeof UsageError | typeof Deno.errors.NotFound,
  string,
])[] = [
  [
    { trigger: "learned" },
    UsageError,
    "Cannot run evaluate as --trigger must come with --memgen: current value is only learned",
  ],
  [
    { adapter: "lora", memgen: "memory" },
    UsageError,
    "Cannot run evaluate as --adapter and --memgen must not come together: current value is lora and memory",
  ],
  [
    { output: "records.json" },
    UsageError,
    "Cannot run evaluate as --output must end in .jsonl: current value is records.json",
  ],
  [
    { output: "none/records.jsonl" },
    Deno.errors.NotFound,
    "Cannot write none/records.jsonl as its folder must exist: current value is none",
  ],
  [
    { data: "none" },
    Deno.errors.NotFound,
    "Cannot load gsm8k as the folder must hold",
  ],
];

for (const [options, errorClass, message] of BAD) {
  Deno.test(`evaluateModel() refuses ${JSON.stringify(options)} before the backend starts`, () =>
    withFolder(async (folder) => {
      const output = join(folder, "records.jsonl");
      await assertRejects(
        () =>
          evaluateModel({ ...SETTINGS, output, ...options }, () => {
            throw new Error("started");
          }),
        errorClass,
        message,
      );
      assertEquals([...Deno.readDirSync(folder)], []);
    }));
}

tensorTest(
  "evaluateModel() without a folder takes the twin, and its lengths",
  () =>
    withFolder(async (folder) => {
      const options = {
        benchmark: "gpqa",
        data: undefined,
        maxNewTokens: undefined,
        limit: 1,
      };
      const { summary, records } = await evaluateTo(folder, options);
      const { settings, splitTasks } = summary;
      assertEquals(settings.data, await twinFolder(gpqaTwin));
      assertEquals(splitTasks, gpqaTwin.sizes.test);
      assertEquals(records[0].id, gpqaTwin.problem("test", 0).task.id);
      assertEquals(settings.maxNewTokens, 128);
      const short = await evaluateTo(folder, { ...options, maxNewTokens: 4 });
      assertEquals(short.summary.settings.maxNewTokens, 4);
    }),
);

Deno.test("deno task evaluate: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" "));
  }
});

/** Runs the task as a user in `folder` does. */
async function runTask(folder: string, ...args: readonly string[]) {
  const path = (name: string): string =>
    fileURLToPath(new URL(`../../${name}`, import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", path("deno.json")]
      .concat(path("tasks/evaluate.ts"), "--benchmark", "gsm8k")
      .concat("--model", MODEL, "--threads", "2", args),
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const [output, errors] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  return { code, output, errors };
}

Deno.test({
  name:
    "deno task evaluate: reads real rows, writes and prints as a process (needs ../shared/data/gsm8k)",
  ignore: !existsSync(REAL_DATA),
  fn: () =>
    withFolder(async (folder) => {
      const { code, output, errors } = await runTask(
        folder,
        ...["--data", REAL_DATA, "--limit", "3", "--max-new-tokens", "8"],
      );
      assertEquals(code, 0, errors);
      assertStringIncludes(output, "gsm8k: 3 of 1319 test tasks");
      assertStringIncludes(output, "vanilla prompt, greedy, at most 8 new");
      for (const scorer of ["official", "lenient"]) {
        assert(
          new RegExp(`^${scorer} +0\\.0 \\[0\\.0, 56\\.1\\] +0 +3$`, "m")
            .test(output),
          output,
        );
      }
      const [, name] =
        /^Records: (\.runs\/evaluate\/gsm8k-test-3-tiny-qwen2\.5-tokens-8-vanilla-[0-9a-f]{8})\.jsonl$/m
          .exec(output)!;
      assertStringIncludes(output, `Summary: ${name}.json\n`);
      const lines = Deno.readTextFileSync(join(folder, `${name}.jsonl`))
        .trimEnd().split("\n");
      assertEquals(
        lines.map((line) => JSON.parse(line).id),
        ["gsm8k/test/0", "gsm8k/test/1", "gsm8k/test/2"],
      );
    }),
});

tensorflowTest(
  "deno task evaluate: bf16 replaces no records of fp32",
  () =>
    withFolder(async (folder) => {
      const { code, output, errors } = await runTask(
        folder,
        ...["--data", DATA, "--limit", "1", "--max-new-tokens", "2"],
        ...["--precision", "bf16"],
      );
      assertEquals(code, 0, errors);
      const [, name] =
        /^Records: (\.runs\/evaluate\/gsm8k-test-1-tiny-qwen2\.5-tokens-2-vanilla-bf16-[0-9a-f]{8})\.jsonl$/m
          .exec(output)!;
      const summary = Deno.readTextFileSync(join(folder, `${name}.json`));
      assertEquals(JSON.parse(summary).made.backend.precision, "bf16");
    }),
);

Deno.test("deno task evaluate: ends with 2 for a wrong command line", () =>
  withFolder(async (folder) => {
    const { code, errors } = await runTask(folder, "--data", DATA, "--limit=0");
    assertEquals(code, 2);
    assertStringIncludes(
      errors,
      "Cannot run evaluate as --limit must be an integer of at least 1: current value is 0",
    );
  }));
