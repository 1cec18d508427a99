/** Prompts in JSONL: a text, a conversation or token ids in each line. */
import { type ChatMessage, renderChatMl } from "@/lib/models/mod.ts";

/** What to continue, and where it stands, for messages. */
export interface Prompt {
  /** Such as `prompts.jsonl line 3`. */
  readonly place: string;
  /** A text, or token ids. */
  readonly content: string | readonly number[];
}

/**
 * Reads all prompts of a file. A line is `{"prompt": text}`, taken as it is,
 * `{"messages": [{"role", "content"}, ...]}`, rendered in ChatML and opened for
 * the assistant, or `{"input_ids": [...]}`. Other fields are not read.
 *
 * @returns At least one prompt, in the order of the file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If a line is not JSON.
 * @throws {TypeError} If a line has not exactly one of the three fields, or it
 * is of another form.
 * @throws {RangeError} If the file has no rows.
 */
export function readPrompts(path: string): Prompt[] {
  const bytes = Deno.readFileSync(path);
  const prompts: Prompt[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const place = `${path} line ${prompts.length + 1}`;
    const row = parseRow(bytes.subarray(start, end), place);
    prompts.push({ place, content: readContent(row, place) });
    start = end + 1;
  }
  if (prompts.length === 0) {
    throw new RangeError(
      `Cannot read ${path} as it must have at least one row: current value is 0 rows`,
    );
  }
  return prompts;
}

function parseRow(
  bytes: Uint8Array,
  place: string,
): Readonly<Record<string, unknown>> {
  let row: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    row = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(
      `Cannot read ${place} as it must be JSON in UTF-8: current value is ${
        JSON.stringify(new TextDecoder().decode(bytes).slice(0, 60))
      }`,
      { cause: error },
    );
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw refuse(place, "it must be an object", row);
  }
  return row as Record<string, unknown>;
}

/** The one field that says what to continue. */
function readContent(
  row: Readonly<Record<string, unknown>>,
  place: string,
): Prompt["content"] {
  const names = ["prompt", "messages", "input_ids"]
    .filter((name) => Object.hasOwn(row, name));
  if (names.length !== 1) {
    throw refuse(
      place,
      "it must have one of prompt, messages and input_ids",
      names,
    );
  }
  const { prompt, messages, input_ids: ids } = row;
  switch (names[0]) {
    case "prompt":
      if (typeof prompt !== "string") {
        throw refuse(place, "prompt must be text", prompt);
      }
      return prompt;
    case "messages":
      if (!isMessages(messages)) {
        throw refuse(
          place,
          `messages must be a list of {"role": ${
            ROLES.join(" or ")
          }, "content": text}`,
          messages,
        );
      }
      return renderChatMl(messages, { addGenerationPrompt: true });
    default:
      if (!Array.isArray(ids) || !ids.every(Number.isInteger)) {
        throw refuse(place, "input_ids must be a list of integers", ids);
      }
      return ids;
  }
}

const ROLES: readonly unknown[] = ["system", "user", "assistant", "tool"];

function isMessages(value: unknown): value is ChatMessage[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((message) =>
      ROLES.includes(message?.role) && typeof message.content === "string"
    );
}

function refuse(place: string, rule: string, value: unknown): TypeError {
  const current = JSON.stringify(value) ?? "none";
  const shown = current.length > 60 ? `${current.slice(0, 60)}…` : current;
  return new TypeError(
    `Cannot read ${place} as ${rule}: current value is ${shown}`,
  );
}
