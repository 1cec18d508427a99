/** Episodes in a household of ALFWorld, and what they are worth. */
import type { Environment, EnvironmentStep } from "../training/mod.ts";
import {
  lenientAction,
  observationText,
  type PromptStyle,
  readAction,
} from "./alfworld_prompts.ts";
import { Household, NOTHING_HAPPENS } from "./household/household.ts";
import type { Game } from "./household/game.ts";
import type { Message, Score } from "./task.ts";

/** What an episode is played by; the gold of a task, as JSON. */
export interface HouseholdGold {
  /** The game. */
  readonly game: Game;
  /** Turns until it is given up. */
  readonly maxTurns: number;
}

/** How a run can be wrong. */
export const ALFWORLD_FAILURES = [
  "no action",
  "nothing happens",
  "not solved",
] as const;

/**
 * What is read after a command. The words of arrival are left out, as they are
 * in AgentBank's conversations (eval_agent/envs/alfworld_env.py, process_ob).
 *
 * Deviation: `You arrive at shelf 1.` of newer games is left out, too, for
 * there process_ob knows only `You arrive at loc 3.`
 */
export function withoutArrival(feedback: string): string {
  return feedback.replace(/^You arrive at [^.]*\. /, "");
}

/**
 * An episode: reward 1 on the turn that solves the task, or else 0. A turn
 * without an action is one in which nothing happens.
 *
 * Deviation: the turn stays in the chat as it was written, where LatentMem cuts
 * what follows its first `</action>`.
 */
export class HouseholdEnvironment implements Environment {
  readonly #messages: readonly Message[];
  readonly #gold: HouseholdGold;
  readonly #style: PromptStyle;
  #household: Household;
  #turns = 0;

  /** @param messages The chat before the first turn. */
  constructor(
    messages: readonly Message[],
    gold: HouseholdGold,
    style: PromptStyle,
  ) {
    this.#messages = messages;
    this.#gold = gold;
    this.#style = style;
    this.#household = new Household(gold.game);
  }

  /** Begins again; a game has no chance in it, so the seed does not matter. */
  reset(_options: { readonly seed: number }): readonly Message[] {
    this.#household = new Household(this.#gold.game);
    this.#turns = 0;
    return this.#messages;
  }

  /** Does what a turn says. */
  step(text: string): EnvironmentStep {
    const action = readAction(text, this.#style);
    const feedback = action === undefined
      ? NOTHING_HAPPENS
      : this.#household.step(action);
    const isWon = this.#household.isWon();
    this.#turns++;
    return {
      observation: observationText(withoutArrival(feedback), this.#style),
      reward: isWon ? 1 : 0,
      terminated: isWon,
      truncated: !isWon && this.#turns >= this.#gold.maxTurns,
    };
  }
}

/**
 * Plays a run's turns again. `official` is 1 if the task is solved within its
 * turns; `lenient` reads the same turns by `lenientAction`.
 *
 * A run that failed has `no action` if a turn had none, else `nothing happens`
 * if one could not be done, else `not solved`.
 */
export function scoreHousehold(
  turns: readonly string[],
  { game, maxTurns }: HouseholdGold,
  style: PromptStyle,
): Score {
  const played = turns.slice(0, maxTurns);
  const actions = played.map((turn) => readAction(turn, style));
  const { isWon, feedback } = replay(game, actions);
  const lenient = isWon || replay(game, played.map(lenientAction)).isWon;
  return {
    official: isWon ? 1 : 0,
    lenient: lenient ? 1 : 0,
    ...isWon ? {} : { failure: failureOf(actions, feedback) },
  };
}

/** What happens when commands are done in turn, until the task is solved. */
export function replay(
  game: Game,
  commands: readonly (string | undefined)[],
): { readonly isWon: boolean; readonly feedback: readonly string[] } {
  const household = new Household(game);
  const feedback: string[] = [];
  for (const command of commands) {
    feedback.push(
      command === undefined ? NOTHING_HAPPENS : household.step(command),
    );
    if (household.isWon()) return { isWon: true, feedback };
  }
  return { isWon: false, feedback };
}

function failureOf(
  actions: readonly (string | undefined)[],
  feedback: readonly string[],
): string {
  if (actions.includes(undefined)) return "no action";
  return feedback.includes(NOTHING_HAPPENS) ? "nothing happens" : "not solved";
}
