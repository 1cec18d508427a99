/** Questions with options, as the released code poses them (data/gpqa/builder.py). */
import { strip } from "./python_text.ts";
import type { Message } from "./task.ts";

/** No space before "Question", as in the released code. */
const INSTRUCTION =
  "Solve the problem with proper reasoning, and make sure to put the FINAL CHOICE inside \\boxed{}.";

/**
 * The chat that asks for an option, byte for byte (builder.py:54-83).
 *
 * @param lines The options in their order, each with its letter.
 */
export function choiceMessages(
  question: string,
  lines: readonly string[],
): readonly Message[] {
  const options = lines.map((line) => `${line}\n`).join("");
  return [{
    role: "user",
    content: `${INSTRUCTION}Question: ${
      strip(question)
    }\n\nPlease choose one of the following options:\n${options}\n`,
  }];
}

/** What is taught, and the gold: the reasons, then the letter (builder.py:65). */
export function choiceAnswer(rationale: string, letter: string): string {
  return `${
    strip(rationale)
  }\n\nTherefore, the final answer is \\boxed{${letter}}`;
}
