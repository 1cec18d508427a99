import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Benchmark,
  countOfficial,
  encodePrompt,
  evaluate,
  type EvaluateOptions,
  type EvaluationRecord,
  gsm8k,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import {
  type GenerateOptions,
  type Generation,
  Generator,
  loadModel,
  loadTokenizer,
  NOT_ASKED,
} from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { parityPath, tensorTest, tinyConfig } from "@/tests/models/tiny.ts";

const MODEL = parityPath("models", "tiny-qwen2.5");
const TOKENIZER = loadTokenizer(MODEL);
const END = TOKENIZER.eosTokenId;
const CONFIG = tinyConfig("qwen2");

/** A benchmark whose tasks are right if the completion is the gold. */
const ECHO: Benchmark = {
  name: "echo",
  load: () => Promise.resolve([]),
  maxTurns: 1,
  failures: [],
  score: ([completion], gold) =>
    Promise.resolve({
      official: completion === gold ? 1 : 0,
      lenient: completion.trim() === gold ? 1 : 0,
    }),
};

function task(index: number, content: string, gold = content): Task {
  return {
    id: `echo/test/${index}`,
    benchmark: ECHO.name,
    split: "test",
    messages: [{ role: "user", content }],
    demonstration: [{ role: "assistant", content: gold }],
    gold,
    environment: "static",
    meta: {},
  };
}

/** A generator that writes what `answer` makes of a prompt's text. */
function scripted(answer: (prompt: string) => Generation) {
  const calls: GenerateOptions[] = [];
  const generateInTurns: Generator["generateInTurns"] = function* (
    prompts,
    options,
  ) {
    calls.push(options);
    const answers: Generation[] = [];
    for (const ids of prompts) {
      answers.push(answer(TOKENIZER.decode(ids)));
      yield answers.length;
    }
    return answers;
  };
  const converse = () => {
    throw new Error("each task has one turn");
  };
  return { calls, generator: { generateInTurns, converse } };
}

/** Answers with the question, in plain words, without memory. */
function echo(prompt: string): Generation {
  const [, content] = /user\n(.*)<\|im_end\|>/s.exec(prompt)!;
  const ids = [...TOKENIZER.encode(content), END];
  return { ids, augmentation: ids.map(() => NOT_ASKED) };
}

function options(
  generator: EvaluateOptions["generator"],
  more: Partial<EvaluateOptions> = {},
): EvaluateOptions {
  return {
    generator,
    model: { config: CONFIG, tokenizer: TOKENIZER },
    maxNewTokens: 9,
    ...more,
  };
}

Deno.test("encodePrompt() is plain ChatML, opened for the assistant", () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "How many?\n" },
  ] as const;
  assertEquals(
    TOKENIZER.decode(encodePrompt(TOKENIZER, messages)),
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHow many?\n<|im_end|>\n<|im_start|>assistant\n",
  );
});

Deno.test("evaluate() makes a record of each answer, in the order of the tasks", async () => {
  const five = TOKENIZER.encode("5");
  const answers: Readonly<Record<string, Generation>> = {
    // Ended, with memory before the first and before the last token.
    "a": { ids: [...five, END], augmentation: [1, 1] },
    // Cut off at the limit; memory asked for, and not given.
    "b": { ids: [...five, ...five], augmentation: [0, NOT_ASKED] },
    // Nothing but special tokens.
    "c": {
      ids: [...TOKENIZER.encode("<|endoftext|>"), END],
      augmentation: [NOT_ASKED, NOT_ASKED],
    },
  };
  const { generator } = scripted((prompt) =>
    answers[/user\n(.)/.exec(prompt)![1]]
  );
  const tasks = [task(7, "a", "5"), task(3, "b", "5"), task(4, "c", "")];
  const expected: EvaluationRecord[] = [
    {
      id: "echo/test/7",
      turns: ["5"],
      observations: [],
      tokens: five.length + 1,
      turnTokens: [five.length + 1],
      insertions: [0, 1],
      official: 1,
      lenient: 1,
    },
    {
      id: "echo/test/3",
      turns: ["55"],
      observations: [],
      tokens: 2 * five.length,
      turnTokens: [2 * five.length],
      insertions: [],
      official: 0,
      lenient: 0,
    },
    {
      id: "echo/test/4",
      turns: [""],
      observations: [],
      tokens: 2,
      turnTokens: [2],
      insertions: [],
      official: 1,
      lenient: 1,
    },
  ];
  for (const batchSize of [1, 2, 32]) {
    assertEquals(
      await evaluate(ECHO, tasks, options(generator, { batchSize })),
      expected,
    );
  }
});

Deno.test("evaluate() answers the chosen tasks, with the random numbers of their places among all", async () => {
  const { calls, generator } = scripted(echo);
  const tasks = ["a", "b", "c"].map((text, i) => task(i, text));
  const progress: number[][] = [];
  const records = await evaluate(
    ECHO,
    tasks,
    options(generator, {
      chosen: [2, 0],
      onProgress: (...numbers) => progress.push(numbers),
    }),
  );
  assertEquals(records.map(({ id }) => id), ["echo/test/2", "echo/test/0"]);
  assertEquals(records.map(({ turns }) => turns), [["c"], ["a"]]);
  assertEquals(calls.map(({ numbers }) => numbers), [[2, 0]]);
  assertEquals(progress, [[1, 2], [2, 2]]);
});

Deno.test("evaluate() asks what the method makes of the messages", async () => {
  const { generator } = scripted(echo);
  const [record] = await evaluate(
    ECHO,
    [task(0, "one", "one and two")],
    options(generator, {
      prompt: (messages) =>
        messages.map((message) => ({
          ...message,
          content: `${message.content} and two`,
        })),
    }),
  );
  assertEquals(record.turns, ["one and two"]);
  assertEquals(record.official, 1);
});

Deno.test("evaluate() generates greedily, in batches, with view and memory", async () => {
  const { generator, calls } = scripted(echo);
  const view = { weights: {} };
  const memory = { maxLatents: 3, open: () => assert(false) as never };
  const tasks = ["a", "b", "c", "d", "e"].map((text, i) => task(i, text));
  await evaluate(
    ECHO,
    tasks,
    options(generator, { batchSize: 2, view, memory }),
  );
  assertEquals(calls.length, 1);
  const [call] = calls;
  assertEquals(call.maxNewTokens, 9);
  assertEquals(call.batchSize, 2);
  assertEquals(call.temperature ?? 0, 0);
  assert(call.view === view && call.memory === memory);
});

Deno.test("evaluate() counts answers, and stops where it is told", async () => {
  let asked = 0;
  const { generator } = scripted((prompt) => {
    asked++;
    return echo(prompt);
  });
  const tasks = ["a", "b", "c", "d", "e"].map((text, i) => task(i, text));
  const seen: [number, number][] = [];
  await evaluate(
    ECHO,
    tasks,
    options(generator, {
      batchSize: 2,
      onProgress: (done, total) => seen.push([done, total]),
    }),
  );
  assertEquals(seen, [[1, 5], [2, 5], [3, 5], [4, 5], [5, 5]]);
  asked = 0;
  await assertRejects(
    () =>
      evaluate(
        ECHO,
        tasks,
        options(generator, {
          batchSize: 2,
          onProgress: (done) => {
            if (done === 3) throw new Error("stopped");
          },
        }),
      ),
    Error,
    "stopped",
  );
  assertEquals(asked, 3);
});

tensorTest(
  "evaluate() of a real model does not depend on the batch",
  async () => {
    const fixture = new URL("fixtures/gsm8k", import.meta.url).pathname;
    const tasks = await gsm8k.load(fixture, "test");
    const model = await loadModel(MODEL);
    const generator = new Generator(model, "never");
    const run = (batchSize: number) =>
      evaluate(gsm8k, tasks, options(generator, { batchSize }));
    const records = await run(32);
    const prompts = tasks.map(({ messages }) =>
      encodePrompt(TOKENIZER, messages)
    );
    const generations = generator.generate(prompts, { maxNewTokens: 9 });
    assertEquals(
      records.map(({ turns }) => turns[0]),
      generations.map(({ ids }) =>
        TOKENIZER.decode(ids.filter((id) => id !== END))
      ),
    );
    assertEquals(await run(1), records);
    assertEquals(await run(2), records);
    generator.dispose();
    disposeTree(model.weights);
  },
);

Deno.test("countOfficial() counts what the released scorer finds right", () => {
  const record = {
    id: "",
    turns: [""],
    observations: [],
    tokens: 1,
    turnTokens: [1],
    insertions: [],
  };
  assertEquals(
    countOfficial([
      { ...record, official: 1, lenient: 0 },
      { ...record, official: 0, lenient: 1 },
      { ...record, official: 1, lenient: 1 },
    ]),
    2,
  );
  assertEquals(countOfficial([]), 0);
});
