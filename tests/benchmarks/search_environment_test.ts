import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import {
  INVALID_ACTION,
  SEARCH_SYSTEM_PROMPT,
  SEARCH_TURNS,
  searchAction,
  SearchEnvironment,
  searchMessages,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import { stepEnvironment } from "@/lib/training/environment.ts";

const TASK: Task = {
  id: "triviaqa/validation/0",
  benchmark: "triviaqa",
  split: "test",
  messages: searchMessages("Which river crosses Elmford?"),
  demonstration: [],
  gold: '["river tarn"]',
  environment: "search",
  meta: {},
};
const FOUND = [
  { document: { id: "0", contents: '"Tarn"\nA river.\nLong.' }, score: 2 },
  { document: { id: "1", contents: '"Ash"' }, score: 1 },
];

/** An environment that finds the same for every query, and the queries. */
function makeEnvironment() {
  const queries: [string, number][] = [];
  const environment = new SearchEnvironment(TASK, {
    search: (query, count) => {
      queries.push([query, count]);
      return Promise.resolve(query === "nothing" ? [] : FOUND);
    },
    isRight: (answer) => answer === "Tarn",
  });
  return { environment, queries };
}

Deno.test("The search prompt is the released code's, byte for byte", () => {
  // sha256 of TRIVIAQA_SYSTEM_PROMPT (data/triviaqa/builder.py:9).
  assertEquals(
    createHash("sha256").update(SEARCH_SYSTEM_PROMPT).digest("hex"),
    "7d2f7484cf2ac1e3e8bf33c928121a8bb0238ab21319042de60f6ee2342449e0",
  );
  assertEquals(searchMessages(" Who? "), [
    { role: "system", content: SEARCH_SYSTEM_PROMPT },
    { role: "user", content: " Who? " },
  ]);
});

Deno.test("searchAction() reads turns as the released code", () => {
  // Run through TriviaQAEnv.preprocess_action and _process_action.
  const vectors = [
    [
      "<think> t </think>\n<search> Elmford river </search>",
      "search",
      "Elmford river",
    ],
    ["<answer> River Tarn </answer>", "answer", "River Tarn"],
    ["<search> a </search> <answer> b </answer>", "search", "a"],
    ["<answer> b </answer> <search> a </search>", "search", "a"],
    ["<answer> b </answer></search>", "answer", "b"],
    ["<search> q\nsecond </search>", "search", "q"],
    ["<search>\n\n q \n r</search>", "search", "q"],
    ["</search><search> q </search>", "none", ""],
    ["<answer> one </answer> and <answer> two </answer>", "answer", "one"],
    ["</answer><answer> x </answer></search>", "answer", ""],
    ["</answer> <answer> x </answer>", "none", ""],
    ["<search> a <search> b </search>", "search", "a <search> b"],
    ["<search></search>", "search", ""],
    ["<search> a", "none", ""],
    ["I think so.", "none", ""],
    ["", "none", ""],
    ["<Answer> x </Answer>", "none", ""],
    ["<search> a </answer>", "none", ""],
    ["<answer> a <search> b </answer> c </search>", "search", "b </answer> c"],
  ];
  for (const [turn, kind, text] of vectors) {
    assertEquals(searchAction(turn), { kind, text } as unknown, turn);
  }
});

Deno.test("SearchEnvironment searches, then takes the answer", async () => {
  const { environment, queries } = makeEnvironment();
  assertEquals(environment.reset(), TASK.messages);
  const going = { reward: 0, terminated: false, truncated: false };
  assertEquals(await environment.step("<search> tarn </search>"), {
    // The passages alone, a line each, the second without a text.
    observation: 'Doc 1(Title: "Tarn") A river.\nLong.\nDoc 2(Title: "Ash") \n',
    ...going,
  });
  assertEquals(await environment.step("<search> nothing </search>"), {
    observation: "",
    ...going,
  });
  assertEquals(await environment.step("Tarn."), {
    observation: INVALID_ACTION,
    ...going,
  });
  assertEquals(await environment.step("<answer> Tarn </answer>"), {
    observation: "",
    reward: 1,
    terminated: true,
    truncated: false,
  });
  assertEquals(queries, [["tarn", 3], ["nothing", 3]]);
});

Deno.test("SearchEnvironment gives nothing for a wrong answer, and ends", async () => {
  const { environment } = makeEnvironment();
  environment.reset();
  assertEquals(await environment.step("<answer> Ash </answer>"), {
    observation: "",
    reward: 0,
    terminated: true,
    truncated: false,
  });
});

Deno.test("SearchEnvironment ends after five turns, and begins anew", async () => {
  const { environment } = makeEnvironment();
  for (let episode = 0; episode < 2; episode++) {
    environment.reset();
    const truncated: boolean[] = [];
    for (let turn = 0; turn < SEARCH_TURNS; turn++) {
      truncated.push((await environment.step("Hm.")).truncated);
    }
    assertEquals(truncated, [false, false, false, false, true]);
  }
});

Deno.test("SearchEnvironment lets a failing search engine end the run", async () => {
  const environment = new SearchEnvironment(TASK, {
    search: () => Promise.reject(new Error("engine is down")),
    isRight: () => false,
  });
  environment.reset();
  await assertRejects(
    () => environment.step("<search> tarn </search>"),
    Error,
    "engine is down",
  );
});

Deno.test("SearchEnvironment may wait for its search engine longer than others", async () => {
  const environment = new SearchEnvironment(TASK, {
    search: async () => {
      await new Promise((end) => setTimeout(end, 50));
      return FOUND;
    },
    isRight: () => false,
  });
  const turn = "<search> tarn </search>";
  const call = { name: "episode 0", timeoutMs: 10 };
  const { observation } = await stepEnvironment(environment, turn, call);
  assertEquals(observation.startsWith("Doc 1"), true);
});
