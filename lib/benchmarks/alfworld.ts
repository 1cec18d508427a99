/** ALFWorld: household tasks in a text world (Shridhar et al. 2021). */
import { join } from "node:path";
import { AGENTBANK, readConversations } from "./agentbank.ts";
import { householdDemonstration } from "./alfworld_conversations.ts";
import {
  ALFWORLD_FAILURES,
  HouseholdEnvironment,
  type HouseholdGold,
  replay,
  scoreHousehold,
} from "./alfworld_environment.ts";
import { alfworldMessages, type PromptStyle } from "./alfworld_prompts.ts";
import { text } from "./columns.ts";
import { findFile, isFile } from "./files.ts";
import { type GameFile, readGame } from "./household/game.ts";
import { taskTypeOf } from "./household/goal.ts";
import { Household } from "./household/household.ts";
import { readRows } from "./rows.ts";
import type { Benchmark, Split, Task } from "./task.ts";

const NAME = "alfworld";

/** Folder of the games, as alfworld-download names it. */
const GAMES = "json_2.1.1";

/** Which games a split is. */
const GAME_SPLITS: Readonly<Record<Split, string>> = {
  train: "train",
  valid: "valid_seen",
  test: "valid_unseen",
};

/** Settings of ALFWorld. */
export interface AlfworldOptions {
  /**
   * How the task is put and turns are read.
   *
   * @default {"tags"}
   */
  readonly style?: PromptStyle;
  /**
   * Turns until a game is given up, unless its file says it. MemGen's default
   * is 30; ETO has 40, ALFWorld itself 50.
   *
   * @default {30}
   */
  readonly maxTurns?: number;
}

/**
 * ALFWorld from its real files.
 *
 * - Games are `json_2.1.1/{train,valid_seen,valid_unseen}/*\/*\/game.tw-pddl`.
 *   Those that ALFWorld itself leaves out (movable receptacles, slices, not
 *   solvable, folders without a game) are left out. Every other game must have
 *   a walkthrough, which must win.
 * - `train` is AgentBank's conversations, each with its game; `valid` is the
 *   games of valid_seen, `test` those of valid_unseen. A folder may have
 *   conversations for `valid` (a twin's has).
 * - A conversation's words of placing are its game's, see `commands.ts`.
 *
 * MemGen did not release its ALFWorld: prompt, turns and the use of AgentBank
 * are inferred.
 *
 * @throws {RangeError} If `maxTurns` is not an integer above 0.
 */
export function makeAlfworld(
  { style = "tags", maxTurns = 30 }: AlfworldOptions = {},
): Benchmark {
  if (!Number.isInteger(maxTurns) || maxTurns < 1) {
    throw new RangeError(
      `Cannot make ${NAME} as maxTurns must be an integer above 0: current value is ${maxTurns}`,
    );
  }
  return {
    name: NAME,
    maxTurns,
    failures: ALFWORLD_FAILURES,
    load: (folder, split) => load(folder, split, { style, maxTurns }),
    score(turns, gold) {
      if (turns.length === 0) {
        return Promise.reject(
          new RangeError(
            `Cannot score ${NAME} as there must be a turn: current value is []`,
          ),
        );
      }
      return Promise.resolve(
        scoreHousehold(turns, JSON.parse(gold) as HouseholdGold, style),
      );
    },
    openEnvironments: () =>
      Promise.resolve(({ messages, gold }) =>
        new HouseholdEnvironment(messages, JSON.parse(gold), style)
      ),
  };
}

/** ALFWorld with the default settings. */
export const alfworld: Benchmark = makeAlfworld();

type Settings = Required<AlfworldOptions>;

async function load(
  folder: string,
  split: Split,
  settings: Settings,
): Promise<Task[]> {
  const names = ["jsonl", "parquet"].map((ending) =>
    join(
      NAME,
      `${split}${ending === "jsonl" ? "" : "-00000-of-00001"}.${ending}`,
    )
  );
  const hasRows = (await Promise.all(
    names.map((name) => isFile(join(folder, name))),
  )).includes(true);
  if (split !== "train" && !hasRows) {
    const paths = await findGames(folder, GAME_SPLITS[split]);
    const tasks: Task[] = [];
    for (const path of paths) {
      const file = await readGame(join(folder, path));
      if (file === undefined) continue;
      assertWinnable(file, path);
      const index = tasks.length;
      tasks.push(makeTask({ path, split, index, file, settings }));
    }
    if (tasks.length > 0) return tasks;
    throw new RangeError(
      `Cannot load ${NAME} ${split} as a game in ${
        join(folder, GAMES, GAME_SPLITS[split])
      } must say that it is solvable: current value is none of ${paths.length}`,
    );
  }
  const rows = await findFile(folder, names, {
    benchmark: NAME,
    source: AGENTBANK,
  });
  return await loadConversations(folder, rows, split, settings);
}

/** Paths of a split's games, sorted, relative to the folder. */
async function findGames(folder: string, split: string): Promise<string[]> {
  const paths: string[] = [];
  for (const kind of await namesIn(join(folder, GAMES, split))) {
    if (/movable|Sliced/.test(kind)) continue;
    for (const trial of await namesIn(join(folder, GAMES, split, kind))) {
      const path = join(GAMES, split, kind, trial, "game.tw-pddl");
      if (await isFile(join(folder, path))) paths.push(path);
    }
  }
  if (paths.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot load ${NAME} as the folder must hold ${GAMES}/${split}/*/*/game.tw-pddl of ALFWorld (alfworld-download): current value is ${folder}`,
    );
  }
  return paths;
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

async function loadConversations(
  folder: string,
  path: string,
  split: Split,
  settings: Settings,
): Promise<Task[]> {
  const games = await readRows(path, { id: text, "game_file": text }, {
    source: AGENTBANK,
  });
  const conversations = await readConversations(path);
  const tasks: Task[] = [];
  for (const [index, { turns }] of conversations.entries()) {
    const place = `${path} row ${index + 1}`;
    const game = gamePath(games[index].game_file, place);
    const file = await readGame(join(folder, game));
    if (file === undefined) {
      throw new RangeError(
        `Cannot read ${place} as its game must say that it is solvable: current value is ${game}`,
      );
    }
    assertWinnable(file, game);
    const [room, ...rest] = turns;
    assertSameTask(room, file.game.task, place);
    const demonstration = householdDemonstration(rest, place, {
      grammar: file.game.grammar,
      style: settings.style,
    });
    const conversation = { room, demonstration };
    tasks.push(
      makeTask({ path: game, split, index, file, settings, conversation }),
    );
  }
  return tasks;
}

/**
 * A game's path in the folder; AgentBank's may begin outside of it and, as those
 * of its authors do (ETO, construct_preference.py), end in the trial's folder.
 */
function gamePath(path: string, place: string): string {
  const at = path.indexOf(`${GAMES}/`);
  if (at >= 0) {
    const trial = path.slice(at).replace(/\/(?:game\.tw-pddl)?$/, "");
    return `${trial}/game.tw-pddl`;
  }
  throw new SyntaxError(
    `Cannot read ${place} as its game_file must be in ${GAMES}: current value is ${path}`,
  );
}

/** A conversation that is about another game teaches what wins nothing. */
function assertSameTask(room: string, task: string, place: string): void {
  if (room.trim().endsWith(`Your task is to: ${task}`)) return;
  throw new SyntaxError(
    `Cannot read ${place} as its first message must end in the task of its game, ${
      JSON.stringify(task)
    }: current value ends in ${JSON.stringify(room.trim().slice(-60))}`,
  );
}

/** Whether we play a game as ALFWorld does: what wins there must win here. */
function assertWinnable({ game, walkthrough }: GameFile, path: string): void {
  if (replay(game, walkthrough).isWon) return;
  throw new RangeError(
    `Cannot load ${path} as its walkthrough must win: current value is ${
      walkthrough.join("; ")
    }`,
  );
}

/** What a task is made of. */
export interface TaskSource {
  /** The game's file, relative to the folder. */
  readonly path: string;
  readonly split: Split;
  /** Its place in the split. */
  readonly index: number;
  readonly file: Omit<GameFile, "walkthrough">;
  readonly settings: Settings;
  /** What AgentBank recorded: the room and the task, and what is taught. */
  readonly conversation?: Pick<Task, "demonstration"> & {
    readonly room: string;
  };
}

/** The task of a game. */
export function makeTask(
  { path, split, index, file, settings, conversation }: TaskSource,
): Task {
  const { game, instruction } = file;
  const { style } = settings;
  const { room, demonstration } = conversation ?? {
    room: `${new Household(game).room()}\n\nYour task is to: ${game.task}`,
    demonstration: [],
  };
  const gold: HouseholdGold = {
    game,
    maxTurns: file.maxTurns ?? settings.maxTurns,
  };
  return {
    id: `${NAME}/${GAME_SPLITS[split]}/${index}`,
    benchmark: NAME,
    split,
    messages: alfworldMessages(room, {
      style,
      grammar: game.grammar,
      instruction,
    }),
    demonstration,
    gold: JSON.stringify(gold),
    environment: "household",
    meta: { game: path, type: taskTypeOf(game.goal) },
  };
}
