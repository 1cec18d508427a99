import { assertEquals } from "@std/assert";
import {
  answerOf,
  isAnswer,
  readFacts,
  readRequest,
  readTurn,
  requestKey,
  type SearchTurn,
  turnText,
} from "@/lib/benchmarks/twins/search_language.ts";

const TURNS: readonly (readonly [SearchTurn, string])[] = [
  [
    {
      thoughts: [
        { kind: "meaning", word: "torv", meaning: ["teacher"] },
        { kind: "meaning", word: "vark", meaning: ["home", "mayor"] },
        { kind: "need", relation: "teacher", subject: "the singer Ada Hill" },
      ],
      call: { tag: "search", text: "teacher of the singer Ada Hill" },
    },
    "<think> The torv is the teacher. The vark is the mayor of the home. So, I need the teacher of the singer Ada Hill. </think>\n<search> teacher of the singer Ada Hill </search>",
  ],
  [
    {
      thoughts: [
        {
          kind: "fact",
          fact: {
            relation: "mayor",
            subject: "Port Reed",
            value: "the judge Ben Cole",
          },
        },
        { kind: "conclusion", answer: "Ben Cole" },
      ],
      call: { tag: "answer", text: "Ben Cole" },
    },
    "<think> The mayor of Port Reed is the judge Ben Cole. So, the answer is Ben Cole. </think>\n<answer> Ben Cole </answer>",
  ],
];

Deno.test("readTurn() reads what turnText() writes", () => {
  for (const [turn, text] of TURNS) {
    assertEquals(turnText(turn), text);
    assertEquals(readTurn(text), turn);
  }
});

Deno.test("readTurn() finds a call only in one whole tag", () => {
  for (
    const text of [
      "home of Ada",
      "<search> home",
      "<search> home </answer>",
      "<search> </search>",
      "<search> home </search>\n<answer> Ada </answer>",
      "<search> home </search>\n<search> boss </search>",
    ]
  ) {
    assertEquals(readTurn(`<think> Hm. </think>\n${text}`), { thoughts: [] });
  }
  assertEquals(
    readTurn("So, the answer is Old Rowe.<answer>Old Rowe</answer>"),
    {
      thoughts: [{ kind: "conclusion", answer: "Old Rowe" }],
      call: { tag: "answer", text: "Old Rowe" },
    },
  );
});

Deno.test("readRequest() reads the last question, after any notes", () => {
  assertEquals(
    readRequest(
      "Notes: The vark is the mayor of the home.\nWhat is the vark of the singer Ada Hill?",
    ),
    { words: ["vark"], subject: "the singer Ada Hill" },
  );
  const asked = { words: ["torv", "vark"], subject: "the singer Ada Hill" };
  assertEquals(requestKey(asked), "vark of the torv of the singer Ada Hill");
  assertEquals(readRequest(`What is the ${requestKey(asked)}?`), asked);
  assertEquals(
    readRequest(`Is this right?\nThe ${requestKey(asked)} is Old Rowe.`),
    { ...asked, claim: "Old Rowe" },
  );
  assertEquals(readRequest("What is a vark?"), undefined);
});

Deno.test("readFacts() reads passages, their titles left out", () => {
  assertEquals(
    readFacts(
      'Doc 1(Title: "Ada Hill (singer)") The boss of the singer Ada Hill is the nurse Pia Moss.\nDoc 2(Title: "Old Rowe") The mayor of Old Rowe is the singer Ada Hill.\n',
    ),
    [
      {
        relation: "boss",
        subject: "the singer Ada Hill",
        value: "the nurse Pia Moss",
      },
      { relation: "mayor", subject: "Old Rowe", value: "the singer Ada Hill" },
    ],
  );
});

Deno.test("answerOf() names a value, or judges a claim by it", () => {
  const request = { words: ["vark"], subject: "the singer Ada Hill" };
  assertEquals(answerOf(request, "the nurse Pia Moss"), "Pia Moss");
  const claimed = { ...request, claim: "the nurse Pia Moss" };
  assertEquals(answerOf(claimed, "the nurse Pia Moss"), "SUPPORTS");
  // A namesake is somebody else.
  assertEquals(answerOf(claimed, "the judge Pia Moss"), "REFUTES");
  for (const text of ["Pia Moss", "the nurse Pia Moss", "REFUTES"]) {
    assertEquals(isAnswer(text), true);
  }
  for (const text of ["Moss, Pia", "P. Moss", "REFUTED", ""]) {
    assertEquals(isAnswer(text), false);
  }
});
