import { assertEquals } from "@std/assert";
import type { FailureEvent, Message } from "@/lib/benchmarks/mod.ts";
import type { KnowledgeBase } from "@/lib/benchmarks/twins/knowledge_base.ts";
import { searchFailures } from "@/lib/benchmarks/twins/search_failures.ts";
import {
  openLibrary,
  type SearchProblem,
} from "@/lib/benchmarks/twins/search_problem.ts";

const SINGER = "the singer Ada Hill";
const BAKER = "the baker Ada Hill";
const BEN = "the judge Ben Cole";

const BASE: KnowledgeBase = {
  people: [SINGER, BAKER, BEN],
  cities: ["Old Rowe", "Port Lane"],
  facts: new Map([
    [SINGER, [
      { relation: "boss", subject: SINGER, value: BEN },
      { relation: "home", subject: SINGER, value: "Port Lane" },
    ]],
    [BAKER, [{ relation: "boss", subject: BAKER, value: SINGER }]],
    [BEN, [
      { relation: "home", subject: BEN, value: "Old Rowe" },
      { relation: "boss", subject: BEN, value: BAKER },
    ]],
  ]),
};

const MESSAGES: Message[] = [
  { role: "user", content: `What is the vark of ${SINGER}?` },
];

/** The vark is the home of the boss: Old Rowe. */
const PROBLEM: SearchProblem = {
  task: {
    id: "triviaqa/validation/0",
    benchmark: "triviaqa",
    split: "test",
    messages: MESSAGES,
    demonstration: [],
    gold: "old rowe",
    environment: "search",
    meta: {},
  },
  signature: "vark of singer",
  facts: ["vark"],
  request: { words: ["vark"], subject: SINGER },
  meanings: { vark: ["boss", "home"], torv: ["home"] },
  steps: [
    { relation: "boss", subject: SINGER, value: BEN },
    { relation: "home", subject: BEN, value: "Old Rowe" },
  ],
  answer: "Old Rowe",
  library: () => openLibrary([BASE]),
};

const MEANING = "The vark is the home of the boss.";
const NEED_BOSS = `So, I need the boss of ${SINGER}.`;
const SEARCH_BOSS = `<search> boss of ${SINGER} </search>`;
const BOSS = `The boss of ${SINGER} is ${BEN}.`;
const NEED_HOME = `So, I need the home of ${BEN}.`;
const SEARCH_HOME = `<search> home of ${BEN} </search>`;
const HOME = `The home of ${BEN} is Old Rowe.`;
const CONCLUSION = "So, the answer is Old Rowe.";
const ANSWER = "<answer> Old Rowe </answer>";

/** Events of turns, each a thought and a call, and what is read between. */
function events(...said: readonly string[]): readonly FailureEvent[] {
  const chat = said.map((content, i): Message => ({
    role: i % 2 === 0 ? "assistant" : "user",
    content,
  }));
  return searchFailures(PROBLEM, [...MESSAGES, ...chat]);
}

function turn(thought: string, call: string): string {
  return `<think> ${thought} </think>\n${call}`;
}

const FIRST = turn(`${MEANING} ${NEED_BOSS}`, SEARCH_BOSS);
const SECOND = turn(`${BOSS} ${NEED_HOME}`, SEARCH_HOME);

Deno.test("searchFailures() finds nothing wrong with a run that succeeds", () => {
  assertEquals(
    events(FIRST, BOSS, SECOND, HOME, turn(`${HOME} ${CONCLUSION}`, ANSWER)),
    [],
  );
  // The rules do not ask whether the answer is right.
  assertEquals(events(turn("The vark is the boss.", ANSWER)), [
    { turn: 0, label: "false belief" },
  ]);
});

const CASES: readonly [why: string, label: string, said: readonly string[]][] =
  [
    ["an unclosed search", "0 tool parsing error", [
      turn(`${MEANING} ${NEED_BOSS}`, `<search> boss of ${SINGER}`),
    ]],
    ["the right answer without a tag", "2 answer formatting failure", [
      FIRST,
      BOSS,
      SECOND,
      HOME,
      turn(`${HOME} ${CONCLUSION}`, "Old Rowe."),
    ]],
    ["the right answer misspelt", "2 answer formatting failure", [
      FIRST,
      BOSS,
      SECOND,
      HOME,
      turn(`${HOME} ${CONCLUSION}`, "<answer> Rowe, Old </answer>"),
    ]],
    ["another answer than concluded", "2 think-act inconsistency", [
      FIRST,
      BOSS,
      SECOND,
      HOME,
      turn(`${HOME} ${CONCLUSION}`, "<answer> Port Lane </answer>"),
    ]],
    ["another search than needed", "0 think-act inconsistency", [
      turn(`${MEANING} ${NEED_BOSS}`, `<search> home of ${SINGER} </search>`),
    ]],
    ["a namesake", "0 demand misunderstanding", [
      turn(
        `${MEANING} So, I need the boss of ${BAKER}.`,
        `<search> boss of ${BAKER} </search>`,
      ),
    ]],
    ["another word", "0 demand misunderstanding", [
      turn(
        `The torv is the home. So, I need the home of ${SINGER}.`,
        `<search> home of ${SINGER} </search>`,
      ),
    ]],
    ["a wrong meaning", "0 false belief", [
      turn(
        `The vark is the home. So, I need the home of ${SINGER}.`,
        `<search> home of ${SINGER} </search>`,
      ),
    ]],
    ["a fact that was not found", "1 false belief", [
      FIRST,
      BOSS,
      turn(
        `${BOSS} The home of ${BEN} is Port Lane. So, the answer is Port Lane.`,
        "<answer> Port Lane </answer>",
      ),
    ]],
    ["a passage misread", "1 tool response error", [
      FIRST,
      BOSS,
      turn(
        `The boss of ${SINGER} is ${BAKER}. So, I need the home of ${BAKER}.`,
        `<search> home of ${BAKER} </search>`,
      ),
    ]],
    ["a passage ignored", "1 tool response error", [FIRST, BOSS, FIRST]],
    ["an answer in spite of nothing found", "1 tool response error", [
      FIRST,
      "",
      turn("So, the answer is unknown.", "<answer> unknown </answer>"),
    ]],
    ["the second step first", "0 planning failure", [
      turn(
        `${MEANING} So, I need the home of ${SINGER}.`,
        `<search> home of ${SINGER} </search>`,
      ),
    ]],
    ["the second step left out", "1 planning failure", [
      FIRST,
      BOSS,
      turn(
        `${BOSS} So, the answer is Ben Cole.`,
        "<answer> Ben Cole </answer>",
      ),
    ]],
    ["one search after another", "1 planning failure", [
      turn("Hm.", "<search> Ada Hill </search>"),
      "",
      turn("Hm.", "<search> Ada Hill </search>"),
    ]],
    ["the bridge for an answer", "2 compositional reasoning", [
      FIRST,
      BOSS,
      SECOND,
      HOME,
      turn(
        `${HOME} So, the answer is Ben Cole.`,
        "<answer> Ben Cole </answer>",
      ),
    ]],
    ["the second step of the first person", "1 compositional reasoning", [
      FIRST,
      BOSS,
      turn(
        `${BOSS} So, I need the home of ${SINGER}.`,
        `<search> home of ${SINGER} </search>`,
      ),
    ]],
    ["thoughts of another language", "none", [
      turn("I am not sure.", "<answer> Port Lane </answer>"),
    ]],
  ];

Deno.test("searchFailures() names what went wrong first", () => {
  for (const [why, label, said] of CASES) {
    const [first] = events(...said);
    const named = first === undefined ? "none" : `${first.turn} ${first.label}`;
    assertEquals(named, label, why);
  }
});
