import "@/tests/backend.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadTokenizer, renderChatMl } from "@/lib/models/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import {
  DEFINITION,
  type GeneratedRow,
  generateFile,
  type GenerateFileOptions,
} from "@/tasks/generate.ts";
import { PARITY_NAMES, parityPath, tensorTest } from "../models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const MODEL = parityPath("models", "tiny-qwen2.5");
const TOKENIZER = loadTokenizer(MODEL);
const SETTINGS = {
  model: MODEL,
  maxNewTokens: 10,
  temperature: 0,
  batchSize: 32,
  seed: 0,
};

function start(): Promise<void> {
  return Promise.resolve();
}

function toJsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** Runs the task on prompts that are written for it; gives what it wrote. */
async function generateRows(
  prompts: readonly unknown[],
  options: Partial<GenerateFileOptions> = {},
): Promise<GeneratedRow[]> {
  let text = "";
  await withFolder(async (folder) => {
    const files = {
      prompts: join(folder, "p.jsonl"),
      output: join(folder, "o.jsonl"),
    };
    Deno.writeTextFileSync(files.prompts, toJsonLines(prompts));
    Deno.writeTextFileSync(files.output, "old");
    const rows = await generateFile(
      { ...SETTINGS, ...files, ...options },
      start,
    );
    text = Deno.readTextFileSync(files.output);
    assertEquals(text, toJsonLines(rows));
  });
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

interface Expected {
  readonly prompt: string;
  readonly "prompt_ids": number[];
  readonly ids: number[];
  readonly augmentation: number[];
}

function parityRows(name: string, kind: string): Expected[] {
  const path = parityPath("expected", name, kind, "expected.json");
  return JSON.parse(Deno.readTextFileSync(path)).generate_single;
}

for (const name of PARITY_NAMES) {
  for (const kind of ["memgen-always", "memgen-trigger"]) {
    tensorTest(
      `generateFile() writes the released code's tokens for ${name}, ${kind}`,
      async () => {
        const expected = parityRows(name, kind);
        const rows = await generateRows([
          ...expected.map(({ prompt }) => ({ prompt })),
          ...expected.map(({ prompt_ids: ids }) => ({ input_ids: ids })),
        ], {
          model: parityPath("models", name),
          memgen: parityPath("expected", name, kind, "checkpoint"),
        });
        assertEquals(
          rows.map(({ ids, augmentation }) => ({ ids, augmentation })),
          [...expected, ...expected].map(({ ids, augmentation }) => ({
            ids: ids.slice(0, 10),
            augmentation: augmentation.slice(0, 10),
          })),
        );
      },
    );
  }
}

tensorTest(
  "generateFile() lets --trigger override the checkpoint",
  async () => {
    const memgen = parityPath(
      "expected",
      "tiny-qwen2.5",
      "memgen-trigger",
      "checkpoint",
    );
    const prompts = parityRows("tiny-qwen2.5", "memgen-trigger")
      .map(({ prompt_ids: ids }) => ({ input_ids: ids }));
    const options = { memgen, maxNewTokens: 20 };
    const own = await generateRows(prompts, options);
    const active = await generateRows(prompts, {
      ...options,
      trigger: "learned",
    });
    const always = await generateRows(prompts, {
      ...options,
      trigger: "always",
    });
    const marks = (rows: GeneratedRow[]) => rows.map((row) => row.augmentation);
    assertEquals(active, own);
    assert(marks(active).flat().includes(0));
    assert(!marks(always).flat().includes(0));
    assert(marks(always).flat().includes(1));
  },
);

tensorTest(
  "generateFile() takes a prompt as it is and renders messages in ChatML",
  async () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "How many?" },
    ] as const;
    const text = renderChatMl(messages, { addGenerationPrompt: true });
    const [rendered, plain, ids, other] = await generateRows([
      { messages },
      { prompt: text, gold: "not read" },
      { input_ids: TOKENIZER.encode(text) },
      { prompt: "How many?" },
    ]);
    assertEquals(rendered, plain);
    assertEquals(rendered, ids);
    assertNotEquals(rendered, other);
    assertEquals(rendered.ids.length, 10);
    assertEquals(rendered.augmentation, Array(10).fill(-100));
    assertEquals(rendered.text, TOKENIZER.decode(rendered.ids));
  },
);

tensorTest(
  "generateFile() leaves the end token out of the text, not of the ids",
  async () => {
    const [{ prompt }] = parityRows("tiny-qwen2.5", "memgen-trigger");
    const [{ ids, text, augmentation }] = await generateRows([{ prompt }], {
      memgen: parityPath("expected/tiny-qwen2.5/memgen-trigger/checkpoint"),
      maxNewTokens: 32,
    });
    assert(ids.length < 32);
    assertEquals(ids.at(-1), TOKENIZER.eosTokenId);
    assertEquals(augmentation.length, ids.length);
    assertEquals(text, TOKENIZER.decode(ids.slice(0, -1)));
    assert(!text.includes("<|im_end|>"));
  },
);

tensorTest(
  "generateFile() samples by seed, whatever the batch size",
  async () => {
    const prompts = ["A", "B", "A", "C"].map((prompt) => ({ prompt }));
    const run = (seed: number, batchSize: number) =>
      generateRows(prompts, { temperature: 1, seed, batchSize });
    const first = await run(1, 32);
    assertEquals(await run(1, 1), first);
    assertEquals(await run(1, 3), first);
    assertNotEquals(await run(2, 32), first);
    assertNotEquals(first[0], first[2]);
  },
);

/** A bad third row, and the end of its message. */
const BAD: readonly (readonly [unknown, string])[] = [
  [
    { prompt: "" },
    "must hold a token: current value is []",
  ],
  [
    { input_ids: [5, 1024] },
    "must hold tokens from 0 to 1023: current value is 1024",
  ],
  [
    { input_ids: Array(2040).fill(1) },
    "must fit into 2048 positions with its memory and continuation: current value is 2050",
  ],
];

for (const [row, message] of BAD) {
  const shown = JSON.stringify(row).slice(0, 30);
  Deno.test(`generateFile() names the line of ${shown} and writes nothing`, async () => {
    await withFolder(async (folder) => {
      const prompts = join(folder, "p.jsonl");
      const output = join(folder, "o.jsonl");
      const rows = [{ prompt: "a" }, { prompt: "b" }, row];
      Deno.writeTextFileSync(prompts, toJsonLines(rows));
      await assertRejects(
        () => generateFile({ ...SETTINGS, prompts, output }, start),
        RangeError,
        `Cannot generate as ${prompts} line 3 ${message}`,
      );
      assertEquals([...Deno.readDirSync(folder)].length, 1);
    });
  });
}

Deno.test("generateFile() refuses a malformed row before the backend starts", () =>
  withFolder(async (folder) => {
    const prompts = join(folder, "p.jsonl");
    const output = join(folder, "o.jsonl");
    Deno.writeTextFileSync(prompts, '{"prompt": "a"}\n{"prompt": 7}\n');
    await assertRejects(
      () =>
        generateFile({ ...SETTINGS, prompts, output }, () => {
          throw new Error("started");
        }),
      TypeError,
      `Cannot read ${prompts} line 2 as prompt must be text: current value is 7`,
    );
    await assertRejects(
      () => generateFile({ ...SETTINGS, prompts, output: prompts }, start),
      UsageError,
      "Cannot run generate as --output must be another file than the input",
    );
    await assertRejects(
      () =>
        generateFile(
          { ...SETTINGS, prompts, output, trigger: "learned" },
          start,
        ),
      UsageError,
      "Cannot run generate as --trigger must come with --memgen: current value is only learned",
    );
  }));

Deno.test("deno task generate: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" "));
  }
});

Deno.test("deno task generate: reads, writes and prints as a process", () =>
  withFolder(async (folder) => {
    const task = fileURLToPath(
      new URL("../../tasks/generate.ts", import.meta.url),
    );
    const prompts = join(folder, "p.jsonl");
    const output = join(folder, "o.jsonl");
    Deno.writeTextFileSync(prompts, toJsonLines([{ prompt: "One two" }]));
    const run = (...more: string[]) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", task, "--model", MODEL, "--prompts", prompts]
          .concat(["--output", output, "--max-new-tokens", "3"], more),
        env: { NO_COLOR: "1" },
      }).output();
    const good = await run("--threads", "2");
    assertEquals(good.code, 0, new TextDecoder().decode(good.stderr));
    assertEquals(
      new TextDecoder().decode(good.stdout),
      `${output}: 1 rows, 3 new tokens, memory inserted 0 times\n`,
    );
    const [row] = Deno.readTextFileSync(output).trimEnd().split("\n");
    assertEquals(Object.keys(JSON.parse(row)), ["ids", "text", "augmentation"]);
    const bad = await run("--temperature", "-1");
    assertEquals(bad.code, 2);
    assertStringIncludes(
      new TextDecoder().decode(bad.stderr),
      "Cannot run generate as",
    );
  }));
