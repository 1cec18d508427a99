import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import {
  type ChatMessage,
  loadTokenizer,
  type Tokenizer,
} from "@/lib/models/mod.ts";
import {
  conversationRow,
  maskAssistantHeader,
  supervisedRow,
} from "@/lib/training/mod.ts";
import { PARITY_NAMES, parityPath } from "@/tests/models/tiny.ts";

// That rows and labels are the released ones: tests/memgen/append_test.ts.

const TOKENIZER = loadTokenizer(parityPath("models", PARITY_NAMES[0]));
const MESSAGES: readonly ChatMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "What is 2, and 3?\n" },
];

/** What the labels teach, and what they leave out, as text. */
function texts(
  ids: readonly number[],
  labels: readonly number[],
): { learned: string; ignored: string } {
  const part = (isLearned: boolean): string =>
    TOKENIZER.decode(ids.filter((_, t) => (labels[t] !== -100) === isLearned));
  return { learned: part(true), ignored: part(false) };
}

Deno.test("supervisedRow() learns the answer and its end", () => {
  const { ids, labels } = supervisedRow(TOKENIZER, MESSAGES, "It is 5.");
  const { learned, ignored } = texts(ids, labels);
  assertEquals(learned, "It is 5.<|im_end|>\n");
  assertEquals(
    ignored,
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is 2, and 3?\n<|im_end|>\n<|im_start|>assistant\n",
  );
  assertEquals(labels.length, ids.length);
  // One prompt, then one answer.
  const start = labels.findIndex((label) => label !== -100);
  assertEquals(labels.slice(start), ids.slice(start));
});

Deno.test("supervisedRow() begins as a prompt for generation does", () => {
  const { ids } = supervisedRow(TOKENIZER, MESSAGES, "Five");
  const prompt = TOKENIZER.encode(
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is 2, and 3?\n<|im_end|>\n<|im_start|>assistant\n",
  );
  assertEquals(ids.slice(0, prompt.length), prompt);
});

Deno.test("supervisedRow() learns only the end of an empty answer", () => {
  const { ids, labels } = supervisedRow(TOKENIZER, MESSAGES, "");
  assertEquals(texts(ids, labels).learned, "<|im_end|>\n");
});

Deno.test("supervisedRow() refuses rows longer than the limit", () => {
  const { ids } = supervisedRow(TOKENIZER, MESSAGES, "Five");
  const maxLength = ids.length;
  assertEquals(
    supervisedRow(TOKENIZER, MESSAGES, "Five", { maxLength }).ids,
    ids,
  );
  assertThrows(
    () =>
      supervisedRow(TOKENIZER, MESSAGES, "Five", { maxLength: maxLength - 1 }),
    RangeError,
    `Cannot make a supervised row as it must hold at most ${
      maxLength - 1
    } tokens: current value is ${maxLength}`,
  );
});

Deno.test("supervisedRow() refuses a prompt of no messages", () => {
  assertThrows(
    () => supervisedRow(TOKENIZER, [], "Five"),
    RangeError,
    "Cannot make a supervised row as its prompt must hold a message: current value is []",
  );
});

Deno.test("supervisedRow() refuses an answer that changes its header's tokens", () => {
  // As in Qwen's vocabulary, two line breaks are one token.
  const [lineBreak] = TOKENIZER.encode("\n");
  const merging: Tokenizer = {
    ...TOKENIZER,
    encode: (text) =>
      text.split("\n\n").flatMap((part, i) => [
        ...i === 0 ? [] : [lineBreak + 1],
        ...TOKENIZER.encode(part),
      ]),
  };
  assertThrows(
    () => supervisedRow(merging, MESSAGES, "\nFive"),
    RangeError,
    'Cannot make a supervised row as its answer must leave the tokens of the assistant\'s header as they are: current value is "\\nFive"',
  );
});

Deno.test("maskAssistantHeader() masks every header, and nothing else", () => {
  const ids = TOKENIZER.encode(
    "<|im_start|>assistant\nOne.<|im_end|>\n<|im_start|>user\nassistant\n<|im_end|>\n<|im_start|>assistant\nTwo.",
  );
  const masked = maskAssistantHeader(TOKENIZER, ids, ids);
  assertEquals(texts(ids, masked), {
    learned: "One.<|im_end|>\n<|im_start|>user\nassistant\n<|im_end|>\nTwo.",
    ignored: "<|im_start|>assistant\n<|im_start|>assistant\n",
  });
  // What was ignored stays so.
  const ignored = ids.map(() => -100);
  assertEquals(maskAssistantHeader(TOKENIZER, ids, ignored), ignored);
  assertEquals(maskAssistantHeader(TOKENIZER, [], []), []);
});

Deno.test("maskAssistantHeader() leaves a header alone that is cut off", () => {
  const ids = TOKENIZER.encode("Yes.<|im_start|>assistant\n").slice(0, -1);
  assertEquals(maskAssistantHeader(TOKENIZER, ids, ids), ids);
});

Deno.test("conversationRow() learns every turn and its end, and no observation", () => {
  const { ids, labels } = conversationRow(TOKENIZER, [
    ...MESSAGES,
    { role: "assistant", content: "<search> 3 </search>" },
    { role: "user", content: "<|im_start|>assistant\nIt is 3." },
    { role: "assistant", content: "It is 5." },
  ]);
  const { learned, ignored } = texts(ids, labels);
  assertEquals(learned, "<search> 3 </search><|im_end|>\nIt is 5.<|im_end|>\n");
  assertEquals(
    ignored,
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is 2, and 3?\n<|im_end|>\n<|im_start|>assistant\n" +
      "<|im_start|>user\n<|im_start|>assistant\nIt is 3.<|im_end|>\n<|im_start|>assistant\n",
  );
});

Deno.test("conversationRow() of one turn is supervisedRow()", () => {
  const answer = { role: "assistant", content: "It is 5." } as const;
  assertEquals(
    conversationRow(TOKENIZER, [...MESSAGES, answer]),
    supervisedRow(TOKENIZER, MESSAGES, answer.content),
  );
});

Deno.test("conversationRow() refuses a conversation that the assistant begins", () => {
  for (
    const [messages, current] of [[[], "[]"], [["assistant"], "assistant"]]
  ) {
    assertThrows(
      () =>
        conversationRow(
          TOKENIZER,
          (messages as ChatMessage["role"][]).map((role) => ({
            role,
            content: "a",
          })),
        ),
      RangeError,
      `Cannot make a supervised row as its conversation must begin with a message to the assistant: current value is ${current}`,
    );
  }
});
