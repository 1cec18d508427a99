/**
 * Episodes: a model and environments take turns, many of them at once.
 *
 * An episode has a row of a batch, and its cache, from its beginning to its end;
 * then another one has them. Tokens are kept as they were sampled: a turn's
 * prompt is what the turn before read and wrote, then the observation. So what
 * is learned is what was chosen, and memory stays where it went in. (The
 * released code renders the whole chat as text, tokenises it again and reads it
 * from its beginning at every turn; multiturn_interaction.py:113-160.)
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Answers,
  type ChatMessage,
  completionText,
  type EndedTurn,
  type Generator,
  latentsInView,
  type Model,
  type NextTurn,
  renderChatMl,
  type Tokenizer,
} from "../models/mod.ts";
import { randomInt, seededRandom } from "../random.ts";
import {
  type Environment,
  type EnvironmentStep,
  resetEnvironment,
  stepEnvironment,
} from "./environment.ts";
import {
  requireGroupSize,
  type Rollout,
  type RollOutOptions,
  type RolloutTurn,
} from "./rollouts.ts";

/** One turn: what the model read and wrote, and what came of it. */
export interface EpisodeTurn extends RolloutTurn {
  /** What the environment answered, uncut. */
  readonly observation: string;
  /** What it gave for the turn. */
  readonly reward: number;
}

/**
 * A played episode: as a rollout its completion is what the model wrote in all
 * turns, and it is truncated if a limit ended it, not its environment's task.
 */
export interface Episode extends Rollout {
  /** In their order. */
  readonly turns: readonly EpisodeTurn[];
}

/** Settings of episodes. */
export interface PlayOptions
  extends Omit<RollOutOptions, "generator" | "reward" | "eosTokenIds"> {
  /** The model's compiled functions. */
  readonly generator: Pick<Generator, "converse">;
  /**
   * A number for each episode: those of equal numbers and seeds get equal
   * random numbers. Default: its place.
   */
  readonly numbers?: readonly number[];
  /** The model's shape and tokenizer. */
  readonly model: Pick<Model, "config" | "tokenizer">;
  /** Turns of an episode, at most. */
  readonly maxTurns: number;
  /** Tokens of an episode, at most: it ends before a turn that might not fit. */
  readonly maxLength: number;
  /** Tokens of an observation, at most; longer ones are cut, and end in `...`. */
  readonly maxObservationTokens: number;
  /** Milliseconds that an environment may take to answer. */
  readonly timeoutMs: number;
}

/** An episode while it is played. */
interface Play {
  readonly number: number;
  readonly task: number;
  readonly environment: Environment;
  /** What the next turn reads. */
  readonly tokens: number[];
  readonly turns: EpisodeTurn[];
  isTruncated: boolean;
}

/**
 * Plays G episodes of every task.
 *
 * @param tasks What makes an environment of each task; the G of a task begin
 * with the same seed.
 * @returns The G of a task follow one another, in the order of `chosen`. An
 * episode depends on its task, the seed and its number alone.
 * @throws {RangeError} If a prompt or an option is refused, what fits into an
 * episode does not fit into the model, or a reward is not finite.
 * @throws {Error} If an environment throws or does not answer in time.
 */
export async function playEpisodes(
  tasks: readonly (() => Environment)[],
  options: PlayOptions,
): Promise<Episode[]> {
  requireLimits(options);
  const plays = await begin(tasks, options);
  const rows = options.generator.converse(
    plays.map(({ tokens }) => tokens),
    { ...options, seed: seedOf(0, options) },
  );
  try {
    let answers: Answers;
    for (;;) {
      const { done, value: ended } = rows.next(answers);
      if (done) break;
      // Other work of the process gets its turn in between.
      await nextTurn();
      answers = await inParallel(
        ended,
        (turn) => takeTurn(plays[turn.prompt], turn, options),
      );
    }
  } finally {
    rows.return();
  }
  return plays.map(({ task, turns, isTruncated }) => ({
    prompt: task,
    promptIds: turns[0].promptIds,
    ids: turns.flatMap(({ ids }) => ids),
    augmentation: turns.flatMap(({ augmentation }) => augmentation),
    isTruncated,
    reward: turns.reduce((sum, { reward }) => sum + reward, 0),
    turns,
  }));
}

async function begin(
  tasks: readonly (() => Environment)[],
  {
    chosen = tasks.map((_, task) => task),
    groupSize,
    seed,
    numbers,
    ...options
  }: PlayOptions,
): Promise<Play[]> {
  const { model: { tokenizer }, maxNewTokens, maxLength, timeoutMs } = options;
  const repeated = chosen.flatMap((task) => Array(groupSize).fill(task));
  return await inParallel(repeated, async (task: number, place) => {
    const number = numbers?.[place] ?? place;
    const environment = tasks[task]();
    const name = `episode ${number}`;
    const taskSeed = randomInt(seededRandom("reset", seed, task), 2 ** 32);
    const messages = await resetEnvironment(environment, taskSeed, {
      name,
      timeoutMs,
    });
    const tokens = encodeChat(tokenizer, messages);
    if (tokens.length + maxNewTokens > maxLength) {
      throw new RangeError(
        `Cannot play ${name} as its prompt and ${maxNewTokens} new tokens must fit into ${maxLength}: current value is ${tokens.length} tokens of a prompt`,
      );
    }
    return { number, task, environment, tokens, turns: [], isTruncated: false };
  });
}

/** The environment's part of a turn; gives what the next one reads, if any. */
async function takeTurn(
  play: Play,
  { ids, augmentation }: EndedTurn,
  options: PlayOptions,
): Promise<NextTurn | undefined> {
  const { model: { tokenizer }, timeoutMs } = options;
  const text = completionText(tokenizer, ids);
  const step = await stepEnvironment(play.environment, text, {
    name: `episode ${play.number}`,
    timeoutMs,
  });
  const { observation, reward } = step;
  const promptIds = [...play.tokens];
  play.turns.push({ promptIds, ids, augmentation, observation, reward });
  if (!goesOn(play, step, options)) return undefined;
  return {
    ids: play.tokens.slice(promptIds.length + ids.length),
    seed: seedOf(play.turns.length, options),
  };
}

/** Seed of what is sampled in a turn. */
function seedOf(turn: number, { seed }: PlayOptions): number {
  return randomInt(seededRandom("turn", seed, turn), 2 ** 32);
}

/** Whether an episode has a next turn; then its prompt is made. */
function goesOn(
  play: Play,
  { observation, terminated, truncated }: EnvironmentStep,
  { model: { tokenizer }, maxTurns, maxNewTokens, maxLength, ...limits }:
    PlayOptions,
): boolean {
  if (terminated) return false;
  const { ids } = play.turns.at(-1)!;
  const read = cutText(tokenizer, observation, limits.maxObservationTokens);
  play.tokens.push(...ids, ...afterTurn(tokenizer, ids, read));
  play.isTruncated = truncated || play.turns.length === maxTurns ||
    play.tokens.length + maxNewTokens > maxLength;
  return !play.isTruncated;
}

/** Tokens from what the model wrote to where it writes next. */
function afterTurn(
  tokenizer: Tokenizer,
  ids: readonly number[],
  observation: string,
): number[] {
  // The model may have ended its turn itself.
  const closed = tokenizer.encode(TURN_END).at(-1) === ids.at(-1);
  const answer = encodeChat(tokenizer, [{
    role: "user",
    content: observation,
  }]);
  return [...tokenizer.encode(closed ? "\n" : `${TURN_END}\n`), ...answer];
}

/** What ends a turn in plain ChatML. */
const TURN_END = "<|im_end|>";

function encodeChat(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
): number[] {
  return tokenizer.encode(
    renderChatMl(messages, { addGenerationPrompt: true }),
  );
}

/** A text of so many tokens at most (multiturn_interaction.py:177-203). */
function cutText(tokenizer: Tokenizer, text: string, most: number): string {
  const ids = tokenizer.encode(text);
  if (ids.length <= most) return text;
  const dots = tokenizer.encode("...");
  return tokenizer.decode([...ids.slice(0, most - dots.length), ...dots]);
}

/** Waits for all, so that nothing is left running, then throws the first error. */
async function inParallel<T, R>(
  items: readonly T[],
  run: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const settled = await Promise.allSettled(items.map(run));
  return settled.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}

/** @throws {RangeError} As `playEpisodes` says. */
function requireLimits(options: PlayOptions): void {
  requireGroupSize(options.groupSize);
  const { maxTurns, maxObservationTokens, timeoutMs } = options;
  for (
    const [name, value, least] of [
      ["maxTurns", maxTurns, 1],
      ["maxObservationTokens", maxObservationTokens, 3],
      ["timeoutMs", timeoutMs, 1],
    ] as const
  ) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(
        `Cannot play episodes as '${name}' must be an integer of at least ${least}: current value is ${value}`,
      );
    }
  }
  const { model: { config }, memory, maxLength } = options;
  const most = maxLength + latentsInView(memory, maxTurns);
  if (most > config.maxPositions) {
    throw new RangeError(
      `Cannot play episodes as 'maxLength' and the memory of an episode must fit into ${config.maxPositions} positions: current value is ${most}`,
    );
  }
}
