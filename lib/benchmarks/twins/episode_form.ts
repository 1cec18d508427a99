/**
 * What tells the twins of ALFWorld and ScienceWorld apart: their games, their
 * words and their files. All else is shared.
 */
import type { Random } from "../../random.ts";
import type { Split, Task } from "../task.ts";
import type { Dialect } from "./episode.ts";
import type {
  EpisodeDraw,
  EpisodeProblem,
  QuickEnvironment,
} from "./episode_problem.ts";
import type { HomesWorld } from "./homes.ts";
import type { Twin } from "./twin.ts";

/** What a twin does not share. */
export interface EpisodeForm<P extends EpisodeProblem> extends
  Pick<
    Twin<P>,
    | "benchmark"
    | "sizes"
    | "further"
    | "trainingSizes"
    | "maxTokens"
    | "about"
  > {
  /** Where its things are kept. */
  readonly world: HomesWorld;
  /** Its words. */
  readonly dialect: Dialect;
  /** Draws a problem of an allowed kind, without a demonstration. */
  draw(random: Random, options: EpisodeDraw): P;
  /** Writes the problems of all splits. */
  write(
    folder: string,
    problem: (split: Split, index: number) => P,
  ): Promise<void>;
  /** What answers the turns of a task. */
  makeEnvironment(task: Task): QuickEnvironment;
  /** A game to try commands in. */
  simulate(task: Task): Simulator;
  /** Whether commands, one for each turn, solve a task. */
  solves(task: Task, commands: readonly (string | undefined)[]): boolean;
  /** `thing place`, both by type, of what is where at first. */
  kept(task: Task): ReadonlySet<string>;
}

/** A game in which commands can be tried. */
export interface Simulator {
  /** Does what a command says. */
  step(command: string): string;
  /** Commands that can be done now. */
  possibleCommands(): readonly string[];
}
