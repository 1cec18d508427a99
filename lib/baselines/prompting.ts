/**
 * Prompting baselines: Vanilla and CoT.
 *
 * Vanilla is the released prompt, zero-shot; CoT adds "think step by step"
 * (paper, table 1; the authors in issue 15 of the released code). Neither
 * changes the model.
 */
import { type Message, STEP_BY_STEP } from "../benchmarks/mod.ts";

/** The messages as the benchmark poses them. */
export function vanillaPrompt(
  messages: readonly Message[],
): readonly Message[] {
  return messages;
}

/** The messages with the last one asking for steps. */
export function chainOfThoughtPrompt(
  messages: readonly Message[],
): readonly Message[] {
  return messages.map((message, i) =>
    i === messages.length - 1
      ? { ...message, content: `${message.content}${STEP_BY_STEP}` }
      : message
  );
}
