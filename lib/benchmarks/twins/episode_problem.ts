/** What the problems of the embodied twins have in common. */
import type { EnvironmentStep } from "../../training/mod.ts";
import type { Random } from "../../random.ts";
import type { Message, Split, Task } from "../task.ts";
import { type Dialect, readTurn } from "./episode.ts";
import { agentPolicy } from "./episode_policy.ts";
import type { Homes, HomesWorld } from "./homes.ts";
import type { TwinProblem } from "./twin.ts";

/** A problem of an embodied twin; its kind is `kind:thing:where`. */
export interface EpisodeProblem extends TwinProblem {
  /** Where things are kept in its game. */
  readonly homes: Homes;
  /** The whole chat of an episode that solves it. */
  readonly conversation: readonly Message[];
}

/** Settings of a draw. */
export interface EpisodeDraw {
  /** Where things are kept. */
  readonly homes: Homes;
  /** Which kinds are allowed. */
  accepts(signature: string): boolean;
  /** Another name for each thing that was drawn. @default its own */
  readonly rename?: (thing: string) => string;
  /** Whether there are few places, for practice. @default {false} */
  readonly isSmall?: boolean;
  /** The split in the task's name. */
  readonly split: Split;
  /** The number in the task's name. */
  readonly index: number;
}

/** An environment that answers at once. */
export interface QuickEnvironment {
  reset(options: { readonly seed: number }): readonly Message[];
  step(text: string): EnvironmentStep;
}

/** Turns that a game leaves beyond those it needs: one wrong place. */
export const SPARE_TURNS = 1;

/** Who speaks in which words, of which world. */
export interface Speaker {
  /** The words. */
  readonly dialect: Dialect;
  /** The world. */
  readonly world: HomesWorld;
}

/** An episode of who knows the homes: its chat and its commands. */
export function solveEpisode(
  { dialect, world }: Speaker,
  { environment, homes, random }: {
    readonly environment: QuickEnvironment;
    readonly homes: Homes;
    readonly random: Random;
  },
): { readonly chat: Message[]; readonly commands: string[] } {
  const policy = agentPolicy({ dialect, world, homes, random });
  const chat = [...environment.reset({ seed: 0 })];
  const commands: string[] = [];
  for (;;) {
    const content = policy(chat);
    chat.push({ role: "assistant", content });
    commands.push(readTurn(content)!.command);
    const { observation, terminated } = environment.step(content);
    if (terminated) return { chat, commands };
    chat.push({ role: "user", content: observation });
  }
}

/** The problem with its episode as what is learned from. */
export function withDemonstration<P extends EpisodeProblem>(problem: P): P {
  const { task, conversation } = problem;
  const demonstration = conversation.slice(task.messages.length);
  return { ...problem, task: { ...task, demonstration } };
}

/** A turn of a conversation in AgentBank's form. */
export function agentBankTurn(
  { role, content }: Message,
  index: number,
): { readonly from: string; readonly value: string } {
  if (role === "user") {
    const value = index === 0 ? content : `Observation: ${content}`;
    return { from: "human", value };
  }
  const { thought, command } = readTurn(content)!;
  return { from: "gpt", value: `Thought: ${thought}\nAction: ${command}` };
}

/** A task under another name, with notes before its first message. */
export function notedTask(task: Task, id: string, notes: string): Task {
  const [first, ...rest] = task.messages;
  const content = `${notes}${first.content}`;
  return { ...task, id, messages: [{ ...first, content }, ...rest] };
}
