/**
 * Environments: what answers a model's turns, such as a search engine or a
 * simulated household. The interface is Gymnasium's (Towers et al. 2024,
 * arXiv 2407.17032), with a chat in place of arrays.
 */
import type { ChatMessage } from "../models/mod.ts";

/** What an environment answers to a turn. */
export interface EnvironmentStep {
  /** What the model reads next. */
  readonly observation: string;
  /** Of this turn; an episode's is the sum. */
  readonly reward: number;
  /** Whether the task has ended: solved or lost. */
  readonly terminated: boolean;
  /** Whether the environment gives up, such as after too many turns. */
  readonly truncated: boolean;
}

/** A task that is worked on in turns; each episode has its own. */
export interface Environment {
  /**
   * Whether it sees to it itself that its answers come in time, as one does
   * that waits for its turn at a search engine. Default: no.
   */
  readonly keepsTime?: boolean;
  /**
   * Begins an episode.
   *
   * @param options Equal seeds begin alike.
   * @returns The chat before the model's first turn.
   */
  reset(
    options: { readonly seed: number },
  ): readonly ChatMessage[] | Promise<readonly ChatMessage[]>;
  /**
   * Takes a turn.
   *
   * @param text What the model wrote, without the end token.
   */
  step(text: string): EnvironmentStep | Promise<EnvironmentStep>;
}

/** How long an environment may take, and what it is called in messages. */
export interface EnvironmentCall {
  /** Such as `episode 3`. */
  readonly name: string;
  /** Milliseconds until an answer must be there. */
  readonly timeoutMs: number;
}

/**
 * Begins an episode.
 *
 * @throws {Error} If the environment throws (its error is the cause), or does
 * not answer in time, unless it keeps time itself.
 * @throws {RangeError} If it gives no message.
 */
export async function resetEnvironment(
  environment: Environment,
  seed: number,
  call: EnvironmentCall,
): Promise<readonly ChatMessage[]> {
  const messages = await answer(
    () => environment.reset({ seed }),
    ownClock(environment, call),
  );
  if (messages.length === 0) {
    throw new RangeError(
      `Cannot play ${call.name} as its environment must begin with a message: current value is []`,
    );
  }
  return messages;
}

/**
 * Takes a turn.
 *
 * @throws {Error} If the environment throws (its error is the cause), or does
 * not answer in time, unless it keeps time itself.
 * @throws {RangeError} If the reward is not finite.
 */
export async function stepEnvironment(
  environment: Environment,
  text: string,
  call: EnvironmentCall,
): Promise<EnvironmentStep> {
  const step = await answer(
    () => environment.step(text),
    ownClock(environment, call),
  );
  if (!Number.isFinite(step.reward)) {
    throw new RangeError(
      `Cannot play ${call.name} as its reward must be finite: current value is ${step.reward}`,
    );
  }
  return step;
}

/** The call, without a time if the environment keeps it. */
function ownClock(
  { keepsTime = false }: Environment,
  { name, timeoutMs }: EnvironmentCall,
): EnvironmentCall {
  return { name, timeoutMs: keepsTime ? Infinity : timeoutMs };
}

/** What a call gives, if it gives it in time. */
async function answer<T>(
  run: () => T | Promise<T>,
  { name, timeoutMs }: EnvironmentCall,
): Promise<T> {
  if (timeoutMs === Infinity) return await callOf(run, name);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new Error(
            `Cannot play ${name} as its environment must answer within ${timeoutMs} ms: current value is no answer`,
          ),
        ),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([callOf(run, name), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

async function callOf<T>(run: () => T | Promise<T>, name: string): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Cannot play ${name} as its environment must not throw: current value is ${message}`,
      { cause },
    );
  }
}
