import "@/tests/backend.ts";
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Benchmark,
  evaluate,
  type EvaluateOptions,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import {
  type Generation,
  type Generator,
  loadTokenizer,
} from "@/lib/models/mod.ts";
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

/** Writes what it read last; memory before its first token. */
const generator: Pick<Generator, "generateInTurns"> = {
  generateInTurns: function* (prompts) {
    const answers = prompts.map((ids): Generation => {
      const text = model.tokenizer.decode(ids);
      const [, content] = /.*user\n(.*)<\|im_end\|>/s.exec(text)!;
      const written = [
        ...model.tokenizer.encode(content),
        model.tokenizer.eosTokenId,
      ];
      return { ids: written, augmentation: [1, ...written.slice(1).fill(0)] };
    });
    yield answers.length;
    return answers;
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
