/** Rows of several turns, each answered by what a test says. */
import type {
  Answers,
  ConverseOptions,
  Generation,
  Generator,
} from "@/lib/models/mod.ts";

/** How the rows of a test go on. */
export interface ConversationOptions
  extends Omit<ConverseOptions, "maxTurns" | "maxLength" | "seed"> {
  /** What a row reads after a turn; none after its last. */
  readonly observe: (
    prompt: number,
    turn: number,
  ) => readonly number[] | undefined;
  /** Turns of a row at most. */
  readonly maxTurns?: number;
  /** Tokens of a row at most. */
  readonly maxLength?: number;
}

/** Seed of a turn. */
export function turnSeed(turn: number): number {
  return 100 + turn;
}

/** What was generated in each turn of every prompt. */
export function converse(
  generator: Generator,
  prompts: readonly (readonly number[])[],
  { observe, maxTurns = 3, maxLength = 190, ...options }: ConversationOptions,
): Generation[][] {
  const turns = prompts.map((): Generation[] => []);
  const limits = { maxTurns, maxLength, seed: turnSeed(0) };
  const rows = generator.converse(prompts, { ...options, ...limits });
  let answers: Answers;
  for (;;) {
    const { done, value: ended } = rows.next(answers);
    if (done) return turns;
    answers = ended.map(({ prompt, ...generation }) => {
      const turn = turns[prompt].push(generation);
      const ids = observe(prompt, turn - 1);
      return ids && { ids, seed: turnSeed(turn) };
    });
  }
}

/** The same, each turn by a call that reads all texts anew. */
export function converseAnew(
  generator: Generator,
  prompts: readonly (readonly number[])[],
  { observe, maxTurns: _, maxLength: __, ...options }: ConversationOptions,
): Generation[][] {
  const turns = prompts.map((): Generation[] => []);
  const texts = prompts.map((prompt) => [...prompt]);
  let numbers = prompts.map((_, number) => number);
  for (let turn = 0; numbers.length > 0; turn++) {
    const results = generator.generate(numbers.map((i) => texts[i]), {
      ...options,
      seed: turnSeed(turn),
      numbers,
    });
    numbers.forEach((number, i) => turns[number].push(results[i]));
    numbers = numbers.filter((number, i) => {
      const ids = observe(number, turn);
      texts[number].push(...results[i].ids, ...ids ?? []);
      return ids !== undefined;
    });
  }
  return turns;
}
