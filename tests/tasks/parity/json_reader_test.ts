import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  boolean,
  integer,
  listOf,
  number,
  objectOf,
  oneOf,
  readJson,
  recordOf,
  text,
} from "@/tasks/parity/json_reader.ts";
import { withFolder } from "@/tests/folder.ts";

const RUN = objectOf({
  maxSteps: integer,
  rates: listOf(number),
  norms: recordOf(number),
  isLast: boolean,
  rows: listOf(objectOf({ question: text, role: oneOf(["user", "tool"]) })),
});
const TEXT = `{
  "max_steps": 3,
  "rates": [0.5, 1],
  "norms": { "a.b": 2 },
  "is_last": false,
  "rows": [{ "question": "Why?", "role": "tool", "note": "left out" }]
}`;
const VALUE = JSON.parse(TEXT);

Deno.test("objectOf() reads snake case as camel case, and nothing else", () => {
  assertEquals<unknown>(RUN(VALUE, "f"), {
    maxSteps: 3,
    rates: [0.5, 1],
    norms: { "a.b": 2 },
    isLast: false,
    rows: [{ question: "Why?", role: "tool" }],
  });
});

const INVALID: readonly [changes: unknown, place: string, rule: string][] = [
  [[], "f", "an object: current value is []"],
  [null, "f", "an object: current value is null"],
  [
    { ...VALUE, max_steps: 1.5 },
    "f.max_steps",
    "an integer: current value is 1.5",
  ],
  [
    { ...VALUE, max_steps: undefined },
    "f.max_steps",
    "an integer: current value is none",
  ],
  [{ ...VALUE, rates: 1 }, "f.rates", "a list: current value is 1"],
  [
    { ...VALUE, rates: [1, "x"] },
    "f.rates[1]",
    'a number: current value is "x"',
  ],
  [
    { ...VALUE, norms: { a: null } },
    "f.norms.a",
    "a number: current value is null",
  ],
  [{ ...VALUE, norms: [1] }, "f.norms", "an object: current value is [1]"],
  [{ ...VALUE, is_last: 0 }, "f.is_last", "a boolean: current value is 0"],
  [
    { ...VALUE, rows: [VALUE.rows[0], { question: 1, role: "user" }] },
    "f.rows[1].question",
    "a text: current value is 1",
  ],
  [
    { ...VALUE, rows: [{ question: "Why?", role: "critic" }] },
    "f.rows[0].role",
    'user or tool: current value is "critic"',
  ],
];

for (const [value, place, rule] of INVALID) {
  Deno.test(`Readers refuse ${place} that is not ${rule}`, () => {
    const message = `Cannot read ${place} as it must be ${rule}`;
    const error = assertThrows(() => RUN(value, "f"), TypeError);
    assertEquals(error.message, message);
  });
}

Deno.test("Readers show the beginning of a long value", () => {
  const error = assertThrows(() => integer("x".repeat(500), "f"), TypeError);
  assertEquals(error.message.endsWith(`"${"x".repeat(79)}`), true);
});

Deno.test("readJson() names the file", () =>
  withFolder((folder) => {
    const path = join(folder, "run.json");
    assertThrows(() => readJson(path, RUN), Deno.errors.NotFound, path);
    Deno.writeTextFileSync(path, '{"max_steps": ');
    assertThrows(() => readJson(path, RUN), SyntaxError, path);
    Deno.writeTextFileSync(path, '{"max_steps": "3"}');
    assertThrows(
      () => readJson(path, RUN),
      TypeError,
      `Cannot read ${path}.max_steps as it must be an integer: current value is "3"`,
    );
    Deno.writeTextFileSync(path, TEXT);
    assertEquals(readJson(path, RUN).maxSteps, 3);
  }));
