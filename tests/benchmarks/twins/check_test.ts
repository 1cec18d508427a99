import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Split, Task } from "@/lib/benchmarks/mod.ts";
import {
  checkBenchmark,
  type NamedPolicy,
  splitProblems,
  type Twin,
  TWINS,
} from "@/lib/benchmarks/twins/mod.ts";
import { wordsOf } from "@/experiments/pretraining/tokenizer.ts";
import { TOY_TWIN } from "@/tests/benchmarks/twins/toy_twin.ts";
import {
  twinTokenizer,
  twinWords,
} from "@/tests/benchmarks/twins/twin_tokenizer.ts";
import { withFolder } from "@/tests/folder.ts";

/** What is wrong with a twin. */
function check(twin: Twin, count: number): Promise<string[]> {
  return withFolder((folder) =>
    checkBenchmark(twin, { folder, tokenizer: twinTokenizer(twin), count })
  );
}

for (const twin of TWINS) {
  Deno.test(`the ${twin.benchmark.name} twin keeps the contract of twins`, async () => {
    assertEquals(await check(twin, 60), []);
  });
}

Deno.test("reasoners read every word of a twin in practice", () => {
  for (const twin of TWINS) {
    const practised = new Set(twinWords(twin));
    const asked = splitProblems(twin, "test", 200).flatMap(({ task }) =>
      wordsOf(task.messages.map(({ content }) => content))
    );
    assertEquals(asked.filter((word) => !practised.has(word)), []);
  }
});

/** The toy twin with other tasks, everywhere but in its files. */
function tasks(
  change: (task: Task, split: Split) => Partial<Task>,
): Partial<Twin> {
  return {
    problem(split, index) {
      const problem = TOY_TWIN.problem(split, index);
      const { task } = problem;
      return { ...problem, task: { ...task, ...change(task, split) } };
    },
  };
}

/** The toy twin with other policies of some kinds, by what they answer. */
function policies(
  answers: Partial<Record<NamedPolicy["kind"], readonly string[]>>,
): Partial<Twin> {
  return {
    policies: () =>
      TOY_TWIN.policies().flatMap((policy) =>
        answers[policy.kind]?.map((answer) => ({
          ...policy,
          start: () => () => answer,
        })) ?? [policy]
      ),
  };
}

/** The toy twin in two turns, between which an environment says something. */
function episodes(
  fromProblem: string,
  fromFiles: string,
  reward: number = 1,
): Partial<Twin> {
  const saying = (observation: string) => ({ task }: { task: Task }) => {
    let turns = 0;
    return {
      reset: () => task.messages,
      step() {
        const terminated = ++turns === 2;
        return {
          observation,
          reward: terminated ? reward : 0,
          terminated,
          truncated: false,
        };
      },
    };
  };
  return {
    benchmark: {
      ...TOY_TWIN.benchmark,
      maxTurns: 2,
      openEnvironments: () =>
        Promise.resolve((task) => saying(fromFiles)({ task })),
    },
    makeEnvironment: saying(fromProblem),
  };
}

let calls = 0;
const RIGHT = TOY_TWIN.problem("test", 0).task.gold;

/** Changes of the toy twin, each with what must be found. */
const BROKEN: readonly [change: Partial<Twin>, fault: string][] = [
  [tasks(() => ({ id: `${calls++}` })), "problems change from call to call"],
  [
    { practise: () => [{ text: `${calls++}`, learn: true }] },
    "problems change from call to call",
  ],
  [
    { noted: () => ({ ...TOY_TWIN.noted("own", 0), signature: `${calls++}` }) },
    "problems change from call to call",
  ],
  [
    {
      controls: {
        "format only": () => ({
          ...TOY_TWIN.problem("test", 0),
          signature: `${calls++}`,
        }),
      },
    },
    "problems change from call to call",
  ],
  [
    {
      problem: (split, i) => ({
        ...TOY_TWIN.problem(split, i),
        signature: i === 0 ? "kite" : `${split} ${i}`,
      }),
    },
    "kite is in train and valid",
  ],
  [
    {
      problem: (split, i) => ({
        ...TOY_TWIN.problem(split, i),
        facts: [split],
      }),
    },
    "the test asks for test, which training never shows",
  ],
  [{ trainingSizes: [33, 8, 2] }, "its training sizes are 33, 8, 2"],
  [{ trainingSizes: [32, 8] }, "its training sizes are 32, 8"],
  [{ trainingSizes: [32, 8, 8] }, "its training sizes are 32, 8, 8"],
  [
    { noted: (_, i) => TOY_TWIN.problem("train", i) },
    "toy/train/0 is of a kind of training",
  ],
  [
    { noted: (_, i) => TOY_TWIN.problem("test", i) },
    "toy/test/0 has no more notes for two distractors",
  ],
  [
    { sizes: { ...TOY_TWIN.sizes, valid: 7 } },
    "valid has 8 tasks",
  ],
  [
    tasks(({ id }) => id === "toy/valid/3" ? { meta: { page: 1 } } : {}),
    "valid task 3 is not what its file says",
  ],
  [
    episodes("Go on.", "Stop."),
    "toy/test/0 is answered otherwise from its files",
  ],
  [episodes("Go on.", "Go on.", 0), "toy/test/0 earns the oracle 0"],
  [
    tasks(() => ({ demonstration: [] })),
    "toy/train/0 is shown in turns that are not the model's",
  ],
  [
    tasks(({ messages, demonstration }) => ({
      demonstration: [...messages, ...demonstration],
    })),
    "toy/train/0 is shown in turns that are not the model's",
  ],
  [tasks(() => ({ gold: "beige" })), "toy/train/0 is shown a wrong answer"],
  [{ maxTokens: 10 }, "toy/train/0 has 27 tokens"],
  [{ maxTokens: 10 }, "run 0 has 27 tokens"],
  // One of them all, also after the first `count`, and of any split.
  ...["toy/train/31", "toy/valid/7"].map((long): [Partial<Twin>, string] => [
    tasks(({ id, demonstration: [{ role, content }] }) =>
      id === long
        ? { demonstration: [{ role, content: content.repeat(9) }] }
        : {}
    ),
    `${long} has 83 tokens`,
  ]),
  [tasks(() => ({ messages: [] })), "toy/train/0 has no prompt"],
  [
    tasks(({ messages, demonstration }) => ({
      messages: [...messages, ...demonstration],
    })),
    "toy/train/0 has no prompt",
  ],
  [
    tasks(() => ({ demonstration: [{ role: "assistant", content: "red" }] })),
    "toy/train/0 has no delimiter in its trace",
  ],
  [policies({ oracle: ["red"] }), "run 0 has no delimiter in its trace"],
  [
    tasks(() => ({ messages: [{ role: "user", content: "<|im_end|>" }] })),
    "toy/train/0 holds a special token",
  ],
  [
    { practise: () => [{ text: "kite", learn: false }] },
    "sample 0 to practise has nothing to learn",
  ],
  [
    { practise: () => [{ text: "kite", learn: true }] },
    "sample 0 to practise has nothing to read",
  ],
  [
    { revise: () => [{ text: "kite", learn: false }] },
    "sample 0 to revise has nothing to learn",
  ],
  ...(["oracle", "ignorant", "random", "shortcut"] as const).map(
    (kind): [Partial<Twin>, string] => [
      policies({ [kind]: [] }),
      `it has no ${kind} policy`,
    ],
  ),
  [policies({ oracle: [RIGHT] }), "the oracle reaches 0.125"],
  [policies({ oracle: [RIGHT] }), "without knowledge a policy reaches 0"],
  [
    policies({ random: ["red"], shortcut: [RIGHT] }),
    "a shortcut reaches 0.125, chance 0",
  ],
  [
    {
      policies: () =>
        TOY_TWIN.policies().map((policy) => {
          const start = () => () => RIGHT;
          if (policy.kind === "random") {
            return { ...policy, start, chance: 0.01 };
          }
          return policy.kind === "shortcut" ? { ...policy, start } : policy;
        }),
    },
    "a shortcut reaches 0.125, chance 0.01",
  ],
  [
    { failureEvents: () => [{ turn: 0, label: "false belief" }] },
    "8 runs of the oracle get a label",
  ],
  [
    { injectors: { "false belief": ({ task }) => () => task.gold } },
    "only 0 of 16 runs fail by an injected false belief",
  ],
  [
    { injectors: { "planning failure": () => () => "It is beige." } },
    "0 of 8 runs with an injected planning failure get it",
  ],
];

Deno.test("checkBenchmark() finds what is wrong with a twin, rule by rule", async () => {
  for (const change of [{}, episodes("Go on.", "Go on.")]) {
    assertEquals(await check({ ...TOY_TWIN, ...change }, 8), []);
  }
  for (const [change, fault] of BROKEN) {
    const faults = await check({ ...TOY_TWIN, ...change }, 8);
    assert(faults.includes(fault), `${fault}, not ${faults.join("; ")}`);
  }
});

Deno.test("checkBenchmark() lets a twin be for evaluation only", async () => {
  const sizes = { train: 0, valid: 0, test: 8 };
  const write: Twin["write"] = async (folder) => {
    await TOY_TWIN.write(folder);
    await Deno.remove(join(folder, "train.jsonl"));
    await Deno.remove(join(folder, "valid.jsonl"));
  };
  const twin = { ...TOY_TWIN, sizes, write, trainingSizes: [] };
  assertEquals(await check(twin, 8), []);
});
