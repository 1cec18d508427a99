/** What a prompt must be to be continued. */
import type { DecoderConfig } from "./config.ts";

/**
 * Refuses a prompt that cannot be continued.
 *
 * @throws {RangeError} If it is empty, holds an unknown token, or does not fit
 * the model's positions.
 */
export function requirePrompt(
  { vocabSize, maxPositions }: DecoderConfig,
  prompt: readonly number[],
  { name, maxNewTokens, maxLatents }: {
    /** What the prompt is called in messages. */
    readonly name: string;
    readonly maxNewTokens: number;
    readonly maxLatents: number;
  },
): void {
  const refuse = (rule: string, current: string | number): never => {
    throw new RangeError(
      `Cannot generate as ${name} must ${rule}: current value is ${current}`,
    );
  };
  if (prompt.length === 0) refuse("hold a token", "[]");
  const unknown = prompt.find((id) =>
    !Number.isInteger(id) || id < 0 || id >= vocabSize
  );
  if (unknown !== undefined) {
    refuse(`hold tokens from 0 to ${vocabSize - 1}`, unknown);
  }
  const length = prompt.length + maxNewTokens + maxLatents;
  if (length > maxPositions) {
    refuse(
      `fit into ${maxPositions} positions with its memory and continuation`,
      length,
    );
  }
}
