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
  const answer = tokenizer.encode(
    renderChatMl([{ role: "assistant", content: completion }]),
  );
  const header = tokenizer.encode(ASSISTANT_HEADER);
  if (!startsWith(answer, header, 0)) {
    throw new RangeError(
      `Cannot make a supervised row as its answer must leave the tokens of the assistant's header as they are: current value is ${
        JSON.stringify(completion.slice(0, 40))
      }`,
    );
  }
  const ids = [...prompt, ...answer];
  if (ids.length > maxLength) {
    throw new RangeError(
      `Cannot make a supervised row as it must hold at most ${maxLength} tokens: current value is ${ids.length}`,
    );
  }
  const labels = ids.map((id, t) => t < prompt.length ? IGNORED_LABEL : id);
  return { ids, labels: maskAssistantHeader(tokenizer, ids, labels) };
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
