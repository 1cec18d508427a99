import "@/tests/backend.ts";
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Benchmark,
  evaluate,
  type EvaluateOptions,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import { type Generation, loadTokenizer } from "@/lib/models/mod.ts";
import type { Environment } from "@/lib/training/mod.ts";
import { parityPath, tinyConfig } from "@/tests/models/tiny.ts";

const tokenizer = loadTokenizer(parityPath("models", "tiny-qwen2.5"));
const model = {
  config: tinyConfig("qwen2", { eosTokenIds: [tokenizer.eosTokenId] }),
  tokenizer,
};

/** Right is who says the gold in their last turn. */
const COUNTING: Benchmark = {
  name: "counting",
  maxTurns: 3,
  failures: [],
  load: () => Promise.resolve([]),
  score: (turns, gold) => {
    const right = turns.at(-1) === gold ? 1 : 0;
    return Promise.resolve({ official: right, lenient: right });
  },
};

function task(gold: string): Task {
  return {
    id: `counting/test/${gold}`,
    benchmark: COUNTING.name,
    split: "test",
    messages: [{ role: "user", content: "0" }],
    demonstration: [],
    gold,
    environment: "search",
    meta: {},
  };
}

/** Says what it hears, until that is the gold. */
function echoing({ messages, gold }: Task): Environment {
  return {
    reset: () => messages,
    step: (text) => ({
      observation: `${Number(text) + 1}`,
      reward: 0,
      terminated: text === gold,
      truncated: false,
    }),
  };
}

/** What it read last; memory before its first token. */
function repeat(text: readonly number[]): Generation {
  const read = model.tokenizer.decode(text);
  const [, content] = /.*user\n(.*)<\|im_end\|>/s.exec(read)!;
  const ids = [...model.tokenizer.encode(content), model.tokenizer.eosTokenId];
  return { ids, augmentation: ids.map((_, i) => i === 0 ? 1 : 0) };
}

/** Writes what it read last. */
const generator: EvaluateOptions["generator"] = {
  generateInTurns: () => {
    throw new Error("episodes are conversations");
  },
  *converse(prompts) {
    const texts = prompts.map((ids) => [...ids]);
    let going = prompts.map((_, prompt) => prompt);
    while (going.length > 0) {
      const ended = going.map((prompt) => ({
        prompt,
        ...repeat(texts[prompt]),
      }));
      const answers = yield ended;
      ended.forEach(({ prompt, ids }, i) =>
        texts[prompt].push(...ids, ...answers![i]?.ids ?? [])
      );
      going = going.filter((_, i) => answers![i] !== undefined);
    }
  },
};

const OPTIONS: EvaluateOptions = {
  generator,
  model,
  maxNewTokens: 8,
  environments: echoing,
};

Deno.test("evaluate() plays episodes with environments, and scores their turns", async () => {
  const progress: number[][] = [];
  const records = await evaluate(COUNTING, ["1", "9", "0"].map(task), {
    ...OPTIONS,
    onProgress: (...numbers) => progress.push(numbers),
  });
  assertEquals(
    records.map(({ id, turns, observations, official }) => ({
      id,
      turns,
      observations,
      official,
    })),
    [
      {
        id: "counting/test/1",
        turns: ["0", "1"],
        observations: ["1"],
        official: 1,
      },
      {
        id: "counting/test/9",
        turns: ["0", "1", "2"],
        observations: ["1", "2"],
        official: 0,
      },
      { id: "counting/test/0", turns: ["0"], observations: [], official: 1 },
    ],
  );
  assertEquals(records.map(({ tokens }) => tokens), [4, 6, 2]);
  assertEquals(
    records.map(({ turnTokens }) => turnTokens),
    [[2, 2], [2, 2, 2], [2]],
  );
  assertEquals(records[0].insertions, [0, 2]);
  assertEquals(progress, [[1, 3], [2, 3], [3, 3]]);
});

Deno.test("evaluate() plays episodes of the chosen tasks", async () => {
  const progress: number[][] = [];
  const records = await evaluate(COUNTING, ["1", "9", "0"].map(task), {
    ...OPTIONS,
    chosen: [2, 0],
    onProgress: (...numbers) => progress.push(numbers),
  });
  assertEquals(
    records.map(({ id, official }) => [id, official]),
    [["counting/test/0", 1], ["counting/test/1", 1]],
  );
  assertEquals(progress, [[1, 2], [2, 2]]);
});

Deno.test("evaluate() tells of episodes that the model's positions end", async () => {
  const progress: number[][] = [];
  const config = { ...model.config, maxPositions: 32 };
  const records = await evaluate(COUNTING, ["9", "0"].map(task), {
    ...OPTIONS,
    model: { ...model, config },
    onProgress: (...numbers) => progress.push(numbers),
  });
  assertEquals(records.map(({ turns }) => turns.length), [1, 1]);
  assertEquals(progress, [[1, 2], [2, 2]]);
});

Deno.test("evaluate() begins episodes with what the method makes of them", async () => {
  const [{ turns }] = await evaluate(COUNTING, [task("6")], {
    ...OPTIONS,
    prompt: () => [{ role: "user", content: "5" }],
  });
  assertEquals(turns, ["5", "6"]);
});

Deno.test("evaluate() refuses several turns that nothing answers", async () => {
  await assertRejects(
    () =>
      evaluate(COUNTING, [task("1")], { ...OPTIONS, environments: undefined }),
    TypeError,
    "Cannot evaluate counting as something must answer the model's turns: current value is no environments",
  );
});
