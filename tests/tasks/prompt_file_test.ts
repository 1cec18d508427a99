import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { readPrompts } from "@/tasks/prompt_file.ts";
import { withFolder } from "@/tests/folder.ts";

const GOOD = '{"prompt": "Two\\u2028lines", "gold": 4}\n' +
  '{"messages": [{"role": "user", "content": "Hi", "name": "x"}]}\n';

function withPrompts(
  content: BlobPart,
  use: (path: string) => unknown,
): Promise<void> {
  return withFolder(async (folder) => {
    const path = join(folder, "p.jsonl");
    await Deno.writeFile(path, await new Blob([content]).bytes());
    await use(path);
  });
}

Deno.test("readPrompts() reads the three kinds of rows, in order", () =>
  withPrompts(`${GOOD}{"input_ids": [5, 0]}`, (path) => {
    assertEquals(readPrompts(path), [
      { place: `${path} line 1`, content: "Two\u2028lines" },
      {
        place: `${path} line 2`,
        content: "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
      },
      { place: `${path} line 3`, content: [5, 0] },
    ]);
  }));

/** A bad third line, the error and the end of its message. */
const BAD: readonly (readonly [
  string,
  new (message: string) => Error,
  string,
])[] = [
  ["{", SyntaxError, 'it must be JSON in UTF-8: current value is "{"'],
  ["\n", SyntaxError, 'it must be JSON in UTF-8: current value is ""'],
  ["[1]", TypeError, "it must be an object: current value is [1]"],
  [
    '{"text": "x"}',
    TypeError,
    "it must have one of prompt, messages and input_ids: current value is []",
  ],
  [
    '{"prompt": "x", "input_ids": [1]}',
    TypeError,
    'it must have one of prompt, messages and input_ids: current value is ["prompt","input_ids"]',
  ],
  [
    '{"prompt": null}',
    TypeError,
    "prompt must be text: current value is null",
  ],
  [
    '{"messages": []}',
    TypeError,
    'messages must be a list of {"role": system or user or assistant or tool, "content": text}: current value is []',
  ],
  [
    '{"messages": [{"role": "robot", "content": "x"}]}',
    TypeError,
    '"content": text}: current value is [{"role":"robot","content":"x"}]',
  ],
  [
    '{"messages": [{"role": "user"}]}',
    TypeError,
    '"content": text}: current value is [{"role":"user"}]',
  ],
  [
    '{"messages": [null]}',
    TypeError,
    '"content": text}: current value is [null]',
  ],
  [
    '{"input_ids": "5"}',
    TypeError,
    'input_ids must be a list of integers: current value is "5"',
  ],
  [
    '{"input_ids": [1, 1.5]}',
    TypeError,
    "input_ids must be a list of integers: current value is [1,1.5]",
  ],
];

for (const [line, errorClass, message] of BAD) {
  Deno.test(`readPrompts() refuses the row ${JSON.stringify(line)} by its line`, () =>
    withPrompts(GOOD + line, (path) => {
      const place = `Cannot read ${path} line 3 as `;
      const error = assertThrows(() => readPrompts(path), errorClass, message);
      assertEquals(error.message.slice(0, place.length), place);
    }));
}

Deno.test("readPrompts() cuts a long value in its message", () =>
  withPrompts(JSON.stringify(["x".repeat(100)]), (path) => {
    assertThrows(
      () => readPrompts(path),
      TypeError,
      `line 1 as it must be an object: current value is ["${"x".repeat(58)}…`,
    );
  }));

Deno.test("readPrompts() refuses bytes that are no UTF-8", () =>
  withPrompts(Uint8Array.of(0x22, 0xff, 0x22), (path) => {
    assertThrows(
      () => readPrompts(path),
      SyntaxError,
      `Cannot read ${path} line 1 as it must be JSON in UTF-8`,
    );
  }));

Deno.test("readPrompts() refuses an empty file", () =>
  withPrompts("", (path) => {
    assertThrows(
      () => readPrompts(path),
      RangeError,
      `Cannot read ${path} as it must have at least one row: current value is 0 rows`,
    );
  }));
