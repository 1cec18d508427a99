/** ScienceWorld's stand-in: tasks in a small laboratory. */
import type { Environment, EnvironmentStep } from "../training/mod.ts";
import { readAgentTurn, readConversations } from "./agentbank.ts";
import { readAction, turnText } from "./alfworld_prompts.ts";
import {
  listOf,
  nullable,
  oneOf,
  positiveInteger,
  structOf,
  text,
} from "./columns.ts";
import { findFile } from "./files.ts";
import {
  Laboratory,
  type LaboratoryGame,
  laboratoryTask,
  NO_KNOWN_ACTION,
  TREATMENTS,
} from "./laboratory/laboratory.ts";
import { readRows } from "./rows.ts";
import type { Benchmark, Message, Score, Split, Task } from "./task.ts";

const NAME = "scienceworld";

/** Turns at most; every game says its own. */
const MAX_TURNS = 30;

const GAME = structOf({
  goal: structOf({
    thing: text,
    state: nullable(oneOf(TREATMENTS)),
    room: text,
  }),
  rooms: listOf(structOf({ name: text, things: listOf(text) })),
  maxTurns: positiveInteger,
});

/**
 * A stand-in for ScienceWorld, which measures transfer alone.
 *
 * What is read is our own format, `{train,valid,test}.jsonl` with an id and a
 * game in each row and, for training and validation, AgentBank's form of a
 * conversation ("Thought: … Action: …"). ScienceWorld itself has no files of
 * games: its tasks are made by a Java program (allenai/ScienceWorld), which is
 * not run here, so none of its tasks can be loaded and no number of ours is
 * one of ScienceWorld.
 */
export const scienceworld: Benchmark = {
  name: NAME,
  maxTurns: MAX_TURNS,
  failures: ["no action", "no known action", "wrong focus", "not solved"],
  load,
  score(turns, gold) {
    if (turns.length === 0) {
      return Promise.reject(
        new RangeError(
          `Cannot score ${NAME} as there must be a turn: current value is []`,
        ),
      );
    }
    return Promise.resolve(scoreLaboratory(turns, JSON.parse(gold)));
  },
  openEnvironments: () =>
    Promise.resolve(({ messages, gold }) =>
      new LaboratoryEnvironment(messages, JSON.parse(gold))
    ),
};

async function load(folder: string, split: Split): Promise<Task[]> {
  const path = await findFile(folder, [`${split}.jsonl`], {
    benchmark: NAME,
    source: "this project (deno task make-twin --benchmark scienceworld)",
  });
  const rows = await readRows(path, { id: text, game: GAME }, { id: "id" });
  const conversations = split === "test" ? [] : await readConversations(path);
  return rows.map(({ game }, index) =>
    laboratoryTaskOf(game, {
      split,
      index,
      turns: conversations[index]?.turns.slice(1) ?? [],
    })
  );
}

/** What a task is made of besides its game. */
export interface LaboratoryTaskSource {
  /** The split. */
  readonly split: Split;
  /** Its place in the file. */
  readonly index: number;
  /** In turn what the agent and the laboratory said. */
  readonly turns: readonly string[];
}

/** The task of a game. */
export function laboratoryTaskOf(
  game: LaboratoryGame,
  { split, index, turns }: LaboratoryTaskSource,
): Task {
  const id = `${NAME}/${split}/${index}`;
  return {
    id,
    benchmark: NAME,
    split,
    messages: [{ role: "user", content: laboratoryTask(game) }],
    demonstration: turns.map((turn, i): Message =>
      i % 2 === 0
        ? { role: "assistant", content: inTags(turn, id) }
        : { role: "user", content: turn.replace(/^Observation: /, "") }
    ),
    gold: JSON.stringify(game),
    environment: "laboratory",
    meta: {},
  };
}

/** "Thought: … Action: …" in tags. */
function inTags(turn: string, place: string): string {
  const { thought, action } = readAgentTurn(turn, place);
  return turnText(thought, action, "tags");
}

/** An episode: reward 1 on the turn that solves the task, or else 0. */
export class LaboratoryEnvironment implements Environment {
  readonly #messages: readonly Message[];
  readonly #game: LaboratoryGame;
  #laboratory: Laboratory;
  #turns = 0;

  /** @param messages The chat before the first turn. */
  constructor(messages: readonly Message[], game: LaboratoryGame) {
    this.#messages = messages;
    this.#game = game;
    this.#laboratory = new Laboratory(game);
  }

  /** Begins again; nothing is left to chance, so the seed does not matter. */
  reset(_options: { readonly seed: number }): readonly Message[] {
    this.#laboratory = new Laboratory(this.#game);
    this.#turns = 0;
    return this.#messages;
  }

  /** Does what a turn says. A focus on the wrong thing ends the episode. */
  step(turn: string): EnvironmentStep {
    const action = readAction(turn, "tags");
    const observation = action === undefined
      ? NO_KNOWN_ACTION
      : this.#laboratory.step(action);
    const isWon = this.#laboratory.isWon() && !this.#laboratory.isLost();
    const terminated = isWon || this.#laboratory.isLost();
    this.#turns++;
    return {
      observation,
      reward: isWon ? 1 : 0,
      terminated,
      truncated: !terminated && this.#turns >= this.#game.maxTurns,
    };
  }
}

/** What happens when commands are done in turn, until the task has ended. */
export function replayLaboratory(
  game: LaboratoryGame,
  commands: readonly (string | undefined)[],
): { isWon: boolean; isLost: boolean; feedback: readonly string[] } {
  const laboratory = new Laboratory(game);
  const feedback: string[] = [];
  for (const command of commands.slice(0, game.maxTurns)) {
    feedback.push(
      command === undefined ? NO_KNOWN_ACTION : laboratory.step(command),
    );
    if (laboratory.isWon() || laboratory.isLost()) break;
  }
  const isLost = laboratory.isLost();
  return { isWon: laboratory.isWon() && !isLost, isLost, feedback };
}

function scoreLaboratory(
  turns: readonly string[],
  game: LaboratoryGame,
): Score {
  const strict = turns.map((turn) => readAction(turn, "tags"));
  const { isWon, isLost, feedback } = replayLaboratory(game, strict);
  if (isWon) return { official: 1, lenient: 1 };
  const lenient = replayLaboratory(game, turns.map(lenientAction));
  const failure = strict.includes(undefined)
    ? "no action"
    : isLost
    ? "wrong focus"
    : feedback.includes(NO_KNOWN_ACTION)
    ? "no known action"
    : "not solved";
  return { official: 0, lenient: lenient.isWon ? 1 : 0, failure };
}

/** The command that a turn means, whatever its form. */
function lenientAction(turn: string): string | undefined {
  return /(?:<action>|action:)([^\n<]*)/i.exec(turn)?.[1].trim().toLowerCase()
    .replace(/\.$/, "");
}
