import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pl from "nodejs-polars";
import {
  convertAgentTurn,
  convertHumanTurn,
  SEARCH_SYSTEM_PROMPT,
  type Task,
  triviaqa,
} from "@/lib/benchmarks/mod.ts";
import { withFolder } from "@/tests/folder.ts";

/** Two questions and ten conversations that we made up. */
const FIXTURE = fileURLToPath(new URL("fixtures/triviaqa", import.meta.url));
const QUESTIONS = "rc.wikipedia.nocontext";

/** Writes a JSONL file of the fixture as parquet. */
async function writeParquet(name: string, path: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const bytes = Buffer.from(Deno.readFileSync(join(FIXTURE, name)));
  pl.readJSON(bytes, { format: "lines" }).writeParquet(path);
}

/** Rows of a JSONL file of the fixture. */
function readRows(name: string): Record<string, unknown>[] {
  return Deno.readTextFileSync(join(FIXTURE, name)).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
}

/** Train and validation tasks, in the order of the file. */
async function loadConversations(): Promise<Task[]> {
  const tasks = [
    ...await triviaqa.load(FIXTURE, "train"),
    ...await triviaqa.load(FIXTURE, "valid"),
  ];
  const place = ({ id }: Task) => Number(id.split("/")[2]);
  return tasks.sort((a, b) => place(a) - place(b));
}

async function writeRows(
  path: string,
  rows: readonly unknown[],
): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  await Deno.writeTextFile(path, lines.join(""));
}

Deno.test("triviaqa.load() gives the validation file's questions as test", async () => {
  const tasks = await triviaqa.load(FIXTURE, "test");
  assertEquals(tasks.length, 2);
  assertEquals(tasks[0], {
    id: "triviaqa/validation/0",
    benchmark: "triviaqa",
    split: "test",
    messages: [
      { role: "system", content: SEARCH_SYSTEM_PROMPT },
      { role: "user", content: "Which river crosses Elmford?" },
    ],
    demonstration: [],
    gold: '["river tarn","tarn"]',
    environment: "search",
    meta: { questionId: "tc_1" },
  });
  assertEquals(JSON.parse(JSON.stringify(tasks)), tasks);
});

Deno.test("triviaqa.load() reads the hub's parquet, structs of lists and all", async () => {
  await withFolder(async (folder) => {
    await writeParquet(
      `${QUESTIONS}/validation.jsonl`,
      join(folder, QUESTIONS, "validation-00000-of-00001.parquet"),
    );
    assertEquals(
      await triviaqa.load(folder, "test"),
      await triviaqa.load(FIXTURE, "test"),
    );
  });
});

Deno.test("triviaqa.load() gives AgentBank's conversations in tags", async () => {
  assertEquals((await loadConversations())[0], {
    id: "triviaqa/train/0",
    benchmark: "triviaqa",
    split: "train",
    messages: [
      { role: "system", content: SEARCH_SYSTEM_PROMPT.trim() },
      { role: "user", content: "Which river crosses Elmford?" },
    ],
    demonstration: [
      {
        role: "assistant",
        content:
          "<think> I do not know the river.\nI search for the town. </think>\n<search> Elmford river </search>",
      },
      {
        role: "user",
        // The second line is lost, as in the released code.
        content: "<observation> River Tarn crosses Elmford. </observation>",
      },
      {
        role: "assistant",
        content:
          "<think> The river is the Tarn. </think>\n<answer> River Tarn </answer>",
      },
    ],
    gold: '["River Tarn"]',
    environment: "search",
    meta: { agentbankId: "triviaqa_0", head: "none" },
  });
});

Deno.test("triviaqa.load() leaves out an instruction and its OK", async () => {
  const task = (await loadConversations())[1];
  assertEquals(task.meta, { agentbankId: "triviaqa_1", head: "instruction" });
  assertEquals(task.messages[1].content, "Where does the Tarn join the sea?");
  assertEquals(task.demonstration.map(({ content }) => content), [
    // The query ends at its first bracket, as in the released code.
    "<think> I search. </think>\n<search> River Tarn [mouth </search>",
    "<observation> At Port Ash. </observation>",
    "<answer> Port Ash </answer>",
  ]);
});

Deno.test("triviaqa.load() takes one in ten conversations for validation", async () => {
  const [train, valid] = [
    await triviaqa.load(FIXTURE, "train"),
    await triviaqa.load(FIXTURE, "valid"),
  ];
  assertEquals([train.length, valid.length], [9, 1]);
  assertEquals(valid[0].split, "valid");
  assertEquals(new Set([...train, ...valid].map(({ id }) => id)).size, 10);
});

Deno.test("triviaqa.load() reads conversations in parquet, and valid.jsonl", async () => {
  await withFolder(async (folder) => {
    await writeParquet(
      "triviaqa/train.jsonl",
      join(folder, "triviaqa", "train-00000-of-00001.parquet"),
    );
    assertEquals(
      await triviaqa.load(folder, "valid"),
      await triviaqa.load(FIXTURE, "valid"),
    );
    const [row] = readRows("triviaqa/train.jsonl");
    await writeRows(join(folder, "triviaqa", "valid.jsonl"), [row]);
    assertEquals(
      (await triviaqa.load(folder, "valid")).map(({ id }) => id),
      ["triviaqa/valid/0"],
    );
    assertEquals((await triviaqa.load(folder, "train")).length, 10);
  });
});

Deno.test("triviaqa.load() gives the hub's train file where there is no AgentBank", async () => {
  await withFolder(async (folder) => {
    const [row] = readRows(`${QUESTIONS}/validation.jsonl`);
    const rows = Array.from({ length: 10 }, (_, i) => ({
      ...row,
      question_id: `tc_${i}`,
    }));
    await writeRows(join(folder, QUESTIONS, "train.jsonl"), rows);
    const train = await triviaqa.load(folder, "train");
    assertEquals(train.length, 9);
    assertEquals(train[0].demonstration, []);
    assertEquals(train[0].gold, '["river tarn","tarn"]');
    assertEquals((await triviaqa.load(folder, "valid")).length, 1);
  });
});

Deno.test("triviaqa.load() says which files it looks for and where to get them", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => triviaqa.load(folder, "test"),
      Deno.errors.NotFound,
      `Cannot load triviaqa as the folder must hold rc.wikipedia.nocontext/validation.jsonl or rc.wikipedia.nocontext/validation-00000-of-00001.parquet of mandarjoshi/trivia_qa: current value is ${folder}`,
    );
    await assertRejects(
      () => triviaqa.load(folder, "train"),
      Deno.errors.NotFound,
      "the folder must hold triviaqa/train.jsonl or triviaqa/train-00000-of-00001.parquet or rc.wikipedia.nocontext/train.jsonl or rc.wikipedia.nocontext/train-00000-of-00001.parquet of Solaris99/AgentBank or mandarjoshi/trivia_qa",
    );
  });
});

Deno.test("triviaqa.load() refuses hidden answers, repeated ids and lacking ones", async () => {
  const rows = readRows(`${QUESTIONS}/validation.jsonl`);
  const hidden = {
    ...rows[1],
    answer: {
      ...rows[1].answer as object,
      aliases: [],
      normalized_aliases: [],
      value: "<unk>",
    },
  };
  const { question_source: __, ...sourceless } = rows[1];
  const { answer: _, ...lacking } = rows[1];
  const cases: [unknown, new (message: string) => Error, string][] = [
    [
      hidden,
      RangeError,
      "row 2 as answer.normalized_aliases must name the answer, which the hub's test file hides: current value is none",
    ],
    [
      {
        ...rows[1],
        answer: { ...rows[1].answer as object, normalized_aliases: ["<unk>"] },
      },
      RangeError,
      "must name the answer, which the hub's test file hides: current value is <unk>",
    ],
    [sourceless, SyntaxError, 'must have the column "question_source"'],
    [
      { ...rows[1], answer: { normalized_aliases: ["dr no"] } },
      TypeError,
      'column "answer" must be a struct of aliases (a list of text or null), normalized_aliases (a list of text), matched_wiki_entity_name (text or null)',
    ],
    [
      { ...rows[1], question_id: "tc_1" },
      RangeError,
      'column "question_id" must name each row differently: current value is "tc_1" in rows 1 and 2',
    ],
    [lacking, SyntaxError, 'must have the column "answer"'],
    [
      { ...rows[1], answer: { normalized_aliases: "dr no" } },
      TypeError,
      'column "answer" must be a struct of',
    ],
  ];
  for (const [second, errorClass, message] of cases) {
    await withFolder(async (folder) => {
      const path = join(folder, QUESTIONS, "validation.jsonl");
      await writeRows(path, [rows[0], second]);
      await assertRejects(
        () => triviaqa.load(folder, "test"),
        errorClass,
        message,
      );
    });
  }
});

Deno.test("triviaqa.load() refuses conversations without an answer", async () => {
  for (const value of ["Thought: no", "Final Answer: "]) {
    await withFolder(async (folder) => {
      const path = join(folder, "triviaqa", "train.jsonl");
      await writeRows(path, [{
        id: "a",
        conversations: [{ from: "human", value: "Who?" }, {
          from: "gpt",
          value,
        }],
      }]);
      await assertRejects(
        () => triviaqa.load(folder, "train"),
        SyntaxError,
        `Cannot read ${path} row 1 as the agent must give a "Final Answer: ": current value ends in "${value}"`,
      );
    });
  }
});

Deno.test("convertAgentTurn() converts as the released code, faults included", () => {
  // Run through _add_assistant_special_tokens (data/triviaqa/builder.py:97).
  const vectors = [
    [
      "Thought: t\nmore\nAction: search[q]",
      "<think> t\nmore </think>\n<search> q </search>",
    ],
    [
      "Thought: t\nFinal Answer: a\nb",
      "<think> t </think>\n<answer> a </answer>",
    ],
    ["Action: search[a [b] c]", "<search> a [b </search>"],
    ["OK", ""],
    ["Thought: t\n", "<think> t </think>"],
    ["Thought:t\nAction: lookup[q]", ""],
    ["Final Answer: ", "<answer>  </answer>"],
    ["Action: search[a\nb]", ""],
    [
      "Final Answer: x. Action: search[y]",
      "<search> y </search>\n<answer> x. Action: search[y] </answer>",
    ],
    [
      "Thought: \nAction: search[ q ]",
      "<think>  </think>\n<search> q </search>",
    ],
    ["thought: t", ""],
    [
      "Thought: a\u2028b\nAction: search[c\u2028d]\nFinal Answer: e\u2028f",
      "<think> a\u2028b </think>\n<search> c\u2028d </search>\n<answer> e\u2028f </answer>",
    ],
  ];
  for (const [turn, text] of vectors) {
    assertEquals(convertAgentTurn(turn), text);
  }
});

Deno.test("convertHumanTurn() converts as the released code, faults included", () => {
  // Run through _add_user_special_tokens (data/triviaqa/builder.py:87).
  const vectors = [
    ["Observation: one\ntwo", "<observation> one </observation>"],
    ["Observation: ", "<observation>  </observation>"],
    ["Question: who?", "Question: who?"],
    ["x Observation: y", "<observation> y </observation>"],
    ["Observation:none", "Observation:none"],
    ["Observation: a\u2028b", "<observation> a\u2028b </observation>"],
  ];
  for (const [turn, text] of vectors) {
    assertEquals(convertHumanTurn(turn), text);
  }
});

Deno.test("triviaqa plays an episode with the folder's corpus", async () => {
  const [task] = await triviaqa.load(FIXTURE, "test");
  const environment = (await triviaqa.openEnvironments!(FIXTURE))(task);
  assertEquals(await environment.reset({ seed: 1 }), task.messages);
  const search = "<think> t </think>\n<search> river Elmford </search>";
  const { observation } = await environment.step(search);
  assertEquals(
    observation,
    'Doc 1(Title: "River Tarn") The River Tarn crosses Elmford and joins the sea at Port Ash.\n' +
      'Doc 2(Title: "Elmford") Elmford is a town with a bridge.\nIts mayor is Dr. No.\n',
  );
  const answer = "<think> t </think>\n<answer> River Tarn </answer>";
  const step = await environment.step(answer);
  assertEquals([step.reward, step.terminated], [1, true]);
  assertEquals(await triviaqa.score([search, answer], task.gold), {
    official: 1,
    lenient: 1,
  });
});
