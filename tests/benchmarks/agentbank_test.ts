import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { readAgentTurn } from "@/lib/benchmarks/agentbank.ts";
import { readConversations } from "@/lib/benchmarks/mod.ts";
import { withFolder } from "@/tests/folder.ts";

/** Reads a conversation of these speakers and texts. */
function read(...turns: [string, string][]) {
  return withFolder(async (folder) => {
    const path = join(folder, "train.jsonl");
    const conversations = turns.map(([from, value]) => ({ from, value }));
    await Deno.writeTextFile(path, JSON.stringify({ id: "a", conversations }));
    return await readConversations(path);
  });
}

Deno.test("readConversations() gives the turns", async () => {
  assertEquals(
    await read(["human", "Go."], ["gpt", "walk"], ["human", ""], ["gpt", "OK"]),
    [{ id: "a", head: "none", turns: ["Go.", "walk", "", "OK"] }],
  );
});

Deno.test("readConversations() parts an instruction and its OK from the turns", async () => {
  for (const ok of ["OK", "OK.", "ok, I will do so.", " OK\n"]) {
    assertEquals(
      await read(["human", "Obey."], ["gpt", ok], ["human", "Go."], [
        "gpt",
        "walk",
      ]),
      [{ id: "a", head: "instruction", turns: ["Go.", "walk"] }],
    );
  }
  // The whole conversation is no head, and other words are no OK.
  for (const answer of ["OK", "Okapi"]) {
    assertEquals(
      (await read(["human", "Go."], ["gpt", answer]))[0].head,
      "none",
    );
  }
  const [okapi] = await read(["human", "Animal?"], ["gpt", "Okapi"], [
    "human",
    "Right.",
  ], ["gpt", "Good."]);
  assertEquals(okapi.head, "none");
});

Deno.test("readConversations() takes no first turn that does something for an OK", async () => {
  for (
    const turn of [
      "OK, I look.\nAction: search[Tarn]",
      "OK. Thought: I know.",
      "Ok.\nFinal Answer: Tarn",
    ]
  ) {
    const [{ head, turns }] = await read(["human", "Who?"], ["gpt", turn], [
      "human",
      "Observation: x",
    ], ["gpt", "Final Answer: Tarn"]);
    assertEquals([head, turns[0], turns.length], ["none", "Who?", 4]);
  }
});

Deno.test("readConversations() refuses speakers that are not in turn", async () => {
  const bad: [string[], string][] = [
    [[], "no turn"],
    [["human"], "human"],
    [["gpt", "human"], "gpt, human"],
    [["human", "gpt", "human"], "human, gpt, human"],
    [["human", "human"], "human, human"],
    [["system", "gpt"], "system, gpt"],
  ];
  for (const [speakers, current] of bad) {
    await assertRejects(
      () => read(...speakers.map((from): [string, string] => [from, "x"])),
      SyntaxError,
      `train.jsonl row 1 as human and gpt must speak in turn, gpt last: current value is ${current}`,
    );
  }
});

Deno.test("readAgentTurn() parts a thought from the action after it", () => {
  const turns = [
    ["Thought: I look.\nOnce.\nAction: look\n", "I look.\nOnce.", "look"],
    [
      "Thought: My last Action: failed. I go.\nAction: go to sinkbasin 1",
      "My last Action: failed. I go.",
      "go to sinkbasin 1",
    ],
    ["Thought: a\nAction: b\nAction: c", "a\nAction: b", "c"],
    [" Action: look", "", "look"],
  ];
  for (const [turn, thought, action] of turns) {
    assertEquals(readAgentTurn(turn, "here"), { thought, action }, turn);
  }
  for (const turn of ["", "I look.", "Action: ", "Thought: an Action: look"]) {
    assertThrows(
      () => readAgentTurn(turn, "here"),
      SyntaxError,
      `Cannot read here as each turn of gpt must have "Action:" at the start of a line, and an action after it: current value is ${
        JSON.stringify(turn)
      }`,
    );
  }
});
