/**
 * Episodes: a model and environments take turns, many of them at once.
 *
 * All episodes that go on take each turn together, as one batch. Tokens are
 * kept as they were sampled: a turn's prompt is what the turn before read and
 * wrote, then the observation. So what is learned is what was chosen, and
 * memory stays where it went in. (The released code renders the whole chat as
 * text and tokenises it again at every turn; multiturn_interaction.py:113-160.)
 */
import {
  type ChatMessage,
  type MemoryBlock,
  type Model,
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
  generateAll,
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
  extends Omit<RollOutOptions, "reward" | "eosTokenIds"> {
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
  readonly blocks: MemoryBlock[];
  readonly turns: EpisodeTurn[];
  isTruncated: boolean;
}

/**
 * Plays G episodes of every task.
 *
 * @param tasks What makes an environment of each task; the G of a task begin
 * with the same seed.
 * @returns The G of a task follow one another, in the order of `chosen`. An
 * episode depends on the seed and its place alone.
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
  let active = plays;
  for (let turn = 0; active.length > 0; turn++) {
    active = await takeTurn(active, turn, options);
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
  { chosen = tasks.map((_, task) => task), groupSize, seed, ...options }:
    PlayOptions,
): Promise<Play[]> {
  const { model: { tokenizer }, maxNewTokens, maxLength, timeoutMs } = options;
  const repeated = chosen.flatMap((task) => Array(groupSize).fill(task));
  return await inParallel(repeated, async (task: number, number) => {
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
    const play = { number, task, environment, tokens, blocks: [], turns: [] };
    return { ...play, isTruncated: false };
  });
}

/** One turn of all episodes that go on; returns those that still do. */
async function takeTurn(
  active: readonly Play[],
  turn: number,
  options: PlayOptions,
): Promise<Play[]> {
  const { model: { config, tokenizer }, memory, seed, timeoutMs } = options;
  const generations = await generateAll(
    active.map(({ tokens }) => tokens),
    {
      ...options,
      seed: randomInt(seededRandom("turn", seed, turn), 2 ** 32),
      numbers: active.map(({ number }) => number),
      blocks: memory?.keepsBlocks
        ? active.map(({ blocks }) => blocks)
        : undefined,
    },
  );
  const steps = await inParallel(active, ({ environment, number }, i) => {
    const { ids } = generations[i];
    const isEnded = config.eosTokenIds.includes(ids.at(-1)!);
    const text = tokenizer.decode(isEnded ? ids.slice(0, -1) : ids);
    const name = `episode ${number}`;
    return stepEnvironment(environment, text, { name, timeoutMs });
  });
  return active.filter((play, i) => {
    const { ids, augmentation } = generations[i];
    const { observation, reward } = steps[i];
    const promptIds = [...play.tokens];
    play.turns.push({ promptIds, ids, augmentation, observation, reward });
    return goesOn(play, steps[i], options);
  });
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
  const turnsInView = memory?.keepsBlocks ? maxTurns : 1;
  const most = maxLength + turnsInView * (memory?.maxLatents ?? 0);
  if (most > config.maxPositions) {
    throw new RangeError(
      `Cannot play episodes as 'maxLength' and the memory of an episode must fit into ${config.maxPositions} positions: current value is ${most}`,
    );
  }
}
