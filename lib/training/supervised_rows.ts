/**
 * Supervised rows of a chat: the prompt is read, the answer is learned.
 *
 * Source: `_postprocess_assistant_labels` of the released code
 * (modeling_utils.py) and the prompt-completion rows of TRL 0.21.
 */
import { IGNORED_LABEL } from "../memgen/mod.ts";
import {
  type ChatMessage,
  renderChatMl,
  type Tokenizer,
} from "../models/mod.ts";

/** What opens the answer: given at generation, so never learned. */
const ASSISTANT_HEADER = renderChatMl([], { addGenerationPrompt: true });

/** Tokens and what is learned of them. */
export interface LabelledTokens {
  /** Token ids of prompt and answer, `[T]`. */
  readonly ids: readonly number[];
  /** Target of each token: itself, or `IGNORED_LABEL`; `[T]`. */
  readonly labels: readonly number[];
}

/**
 * One example in plain ChatML: `messages`, then `completion` as the
 * assistant's turn, tokenised on its own. Learned are the answer and its end,
 * not the header that opens it.
 *
 * @param messages The conversation before the answer.
 * @throws {RangeError} If there is no message, the row is longer than
 * `maxLength`, or the answer begins so (with a line break) that its header is
 * not tokenised as it is at generation.
 */
export function supervisedRow(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  completion: string,
  { maxLength = Infinity }: {
    /** Tokens of a row, at most. @default {Infinity} */
    readonly maxLength?: number;
  } = {},
): LabelledTokens {
  if (messages.length === 0) {
    throw new RangeError(
      "Cannot make a supervised row as its prompt must hold a message: current value is []",
    );
  }
  const prompt = tokenizer.encode(renderChatMl(messages));
  const answer = assistantTurn(tokenizer, completion);
  const ids = [...prompt, ...answer];
  if (ids.length > maxLength) {
    throw new RangeError(
      `Cannot make a supervised row as it must hold at most ${maxLength} tokens: current value is ${ids.length}`,
    );
  }
  const labels = ids.map((id, t) => t < prompt.length ? IGNORED_LABEL : id);
  return { ids, labels: maskAssistantHeader(tokenizer, ids, labels) };
}

/**
 * A worked episode in plain ChatML: each of the assistant's turns is learned
 * with its end, everything else is read.
 *
 * @param messages The whole conversation, from the task on.
 * @throws {RangeError} If it does not begin with another's message, or a turn
 * begins so that its header is not tokenised as it is at generation.
 */
export function conversationRow(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
): LabelledTokens {
  if (messages.length === 0 || messages[0].role === "assistant") {
    throw new RangeError(
      `Cannot make a supervised row as its conversation must begin with a message to the assistant: current value is ${
        messages[0]?.role ?? "[]"
      }`,
    );
  }
  const header = tokenizer.encode(ASSISTANT_HEADER).length;
  const parts = messages.map((message) => {
    if (message.role !== "assistant") {
      const ids = tokenizer.encode(renderChatMl([message]));
      return { ids, labels: ids.map(() => IGNORED_LABEL) };
    }
    const ids = assistantTurn(tokenizer, message.content);
    return { ids, labels: [...ids].fill(IGNORED_LABEL, 0, header) };
  });
  return {
    ids: parts.flatMap(({ ids }) => ids),
    labels: parts.flatMap(({ labels }) => labels),
  };
}

/** Tokens of an assistant's message; its header is that of generation. */
function assistantTurn(tokenizer: Tokenizer, content: string): number[] {
  const ids = tokenizer.encode(renderChatMl([{ role: "assistant", content }]));
  if (!startsWith(ids, tokenizer.encode(ASSISTANT_HEADER), 0)) {
    throw new RangeError(
      `Cannot make a supervised row as its answer must leave the tokens of the assistant's header as they are: current value is ${
        JSON.stringify(content.slice(0, 40))
      }`,
    );
  }
  return ids;
}

/** The labels without those of every `<|im_start|>assistant\n` in the row. */
export function maskAssistantHeader(
  tokenizer: Tokenizer,
  ids: readonly number[],
  labels: readonly number[],
): number[] {
  const header = tokenizer.encode(ASSISTANT_HEADER);
  const masked = [...labels];
  for (let start = 0; start + header.length <= ids.length; start++) {
    if (startsWith(ids, header, start)) {
      masked.fill(IGNORED_LABEL, start, start + header.length);
    }
  }
  return masked;
}

function startsWith(
  ids: readonly number[],
  pattern: readonly number[],
  start: number,
): boolean {
  return pattern.every((id, i) => ids[start + i] === id);
}
