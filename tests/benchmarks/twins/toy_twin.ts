/**
 * The smallest twin: it asks for the colour of a thing, "What is the colour of
 * a kite?", which is a fact of its world.
 */
import { join } from "node:path";
import {
  type Benchmark,
  readRows,
  type Split,
  text,
} from "@/lib/benchmarks/mod.ts";
import type { Twin, TwinProblem } from "@/lib/benchmarks/twins/mod.ts";
import { renderChatMl } from "@/lib/models/mod.ts";
import { randomChoice, randomInt } from "@/lib/random.ts";

const COLOURS = "red blue green white black brown grey pink".split(" ");
const THINGS = "kite mug crate lamp drum coat bell rope".split(" ");
/** What only seems to help. */
const NOTE = "A drum is white. ";
/** Whose colour is asked for; a kind is of one split. */
const OWNERS: Readonly<Record<Split, string>> = {
  train: "Ann",
  valid: "Ben",
  test: "Zoe",
};

const benchmark: Benchmark = {
  name: "toy",
  maxTurns: 1,
  failures: ["wrong answer"],
  async load(folder, split) {
    const rows = await readRows(join(folder, `${split}.jsonl`), {
      question: text,
      answer: text,
    });
    return rows.map(({ question, answer }, i) =>
      toTask(`toy/${split}/${i}`, split, question, answer)
    );
  },
  score: ([turn], gold) =>
    Promise.resolve(
      turn === gold
        ? { official: 1, lenient: 1 }
        : { official: 0, lenient: 0, failure: "wrong answer" },
    ),
};

function toTask(
  id: string,
  split: Split,
  content: string,
  gold: string,
): TwinProblem["task"] {
  return {
    id,
    benchmark: "toy",
    split,
    messages: [{ role: "user", content }],
    demonstration: [{ role: "assistant", content: gold }],
    gold,
    environment: "static",
    meta: {},
  };
}

function toProblem(split: Split, index: number, notes = ""): TwinProblem {
  const thing = THINGS[index % THINGS.length];
  const owner = OWNERS[split];
  return {
    task: toTask(
      `toy/${split}/${index}`,
      split,
      `${notes}What is the colour of the ${thing} of ${owner}?`,
      answer(COLOURS[index % THINGS.length]),
    ),
    signature: `${thing} of ${owner}`,
    facts: [thing],
  };
}

function answer(colour: string): string {
  return `It is ${colour}, I think.`;
}

/** A twin that keeps the contract. */
export const TOY_TWIN: Twin = {
  benchmark,
  world: "colours",
  sizes: { train: 32, valid: 8, test: 8 },
  known: { facts: 0, of: 3 },
  trainingSizes: [32, 8, 2],
  maxTokens: 64,
  about: "It asks for colours.",
  problem: toProblem,
  async write(folder) {
    for (const split of ["train", "valid", "test"] as const) {
      const lines = Array.from({ length: TOY_TWIN.sizes[split] }, (_, i) => {
        const { messages, gold } = toProblem(split, i).task;
        const row = { question: messages[0].content, answer: gold };
        return `${JSON.stringify(row)}\n`;
      });
      await Deno.writeTextFile(join(folder, `${split}.jsonl`), lines.join(""));
    }
  },
  policies: () => [
    {
      name: "knows the colours",
      kind: "oracle",
      start: ({ task }) => () => task.gold,
    },
    {
      name: "guesses a colour that nothing has",
      kind: "ignorant",
      start: () => () => answer("beige"),
    },
    {
      name: "any colour",
      kind: "random",
      start: (_, random) => () => answer(randomChoice(random, COLOURS)),
    },
    {
      name: "says nothing",
      kind: "shortcut",
      start: () => () => "",
    },
  ],
  noted: (_world, index, distractors = 0) =>
    toProblem("test", index, NOTE.repeat(distractors)),
  practise(random) {
    const split = randomChoice(random, ["train", "valid", "test"] as const);
    const notes = NOTE.repeat(randomInt(random, 2));
    const { task } = toProblem(split, randomInt(random, 8), notes);
    const prompt = renderChatMl(task.messages, { addGenerationPrompt: true });
    return [{ text: prompt, learn: false }, { text: task.gold, learn: true }];
  },
  failureEvents: ({ task }, chat) =>
    chat.at(-1)!.content === task.gold
      ? []
      : [{ turn: 0, label: "false belief" }],
  injectors: { "false belief": () => () => answer("beige") },
  controls: { "format only": (split, index) => toProblem(split, index + 1) },
};
