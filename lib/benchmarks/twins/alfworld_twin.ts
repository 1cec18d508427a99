/** The twin of ALFWorld: small households, in ALFWorld's files and words. */
import { dirname, join } from "node:path";
import { alfworld } from "../alfworld.ts";
import {
  HouseholdEnvironment,
  type HouseholdGold,
  replay,
} from "../alfworld_environment.ts";
import { Household } from "../household/household.ts";
import type { Split, Task } from "../task.ts";
import { alfworldDialect } from "./alfworld_dialect.ts";
import { HOUSEHOLD_WORLD } from "./alfworld_pddl.ts";
import { type AlfworldProblem, drawAlfworld } from "./alfworld_problem.ts";
import { typeOf } from "./episode.ts";
import { agentBankTurn } from "./episode_problem.ts";
import { makeEpisodeTwin } from "./episode_twin.ts";
import type { Twin } from "./twin.ts";

const SIZES: Readonly<Record<Split, number>> = {
  train: 1600,
  valid: 100,
  test: 134,
};

/** The twin of ALFWorld. */
export const alfworldTwin: Twin<AlfworldProblem> = makeEpisodeTwin({
  benchmark: alfworld,
  world: HOUSEHOLD_WORLD,
  dialect: alfworldDialect,
  sizes: SIZES,
  further: 1000,
  trainingSizes: [1600, 400, 100],
  maxTokens: 640,
  about: `Household tasks of ALFWorld's six kinds, in rooms with six places, an
appliance and a few things. Rules, words and files are ALFWorld's; a game's file
also says its turns (one more than it needs) and that there is no instruction.

Every task needs one or two facts that no message states: where a thing is
usually kept. There are ${HOUSEHOLD_WORLD.things.length} such facts, the same in every split. They stand only
in the thoughts of worked episodes. Who does not know them has one turn to spare:
time for one wrong place without a door, as one with a door takes two turns.

What is new in the test split is not the facts, but requests: which thing is
wanted, how, and where it goes. No request is in two splits. Two training
episodes put together by rote, one up to its taking of the thing and one from
there on, win most games: what training teaches is where things are, and what
the test asks is to put that together with a known way to end.

Not as specified: the largest training size is 1,600 games and not the paper's
3,321.`,
  draw: drawAlfworld,
  write,
  makeEnvironment: (task) =>
    new HouseholdEnvironment(task.messages, goldOf(task), "tags"),
  simulate: (task) => new Household(goldOf(task).game),
  solves(task, commands) {
    const { game, maxTurns } = goldOf(task);
    return replay(game, commands.slice(0, maxTurns)).isWon;
  },
  kept: (task) =>
    new Set(
      goldOf(task).game.things.flatMap(({ type, receptacles }) =>
        receptacles.map((name) => `${type} ${typeOf(name)}`)
      ),
    ),
});

function goldOf({ gold }: Task): HouseholdGold {
  return JSON.parse(gold);
}

/** Games, and AgentBank's conversations for training and validation. */
async function write(
  folder: string,
  problem: (split: Split, index: number) => AlfworldProblem,
): Promise<void> {
  await Deno.mkdir(join(folder, "alfworld"), { recursive: true });
  for (const split of ["train", "valid", "test"] as const) {
    const rows: string[] = [];
    for (let index = 0; index < SIZES[split]; index++) {
      const { task, gameFile, conversation } = problem(split, index);
      const path = String(task.meta.game);
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), gameFile);
      rows.push(JSON.stringify({
        id: `${split}_${index}`,
        game_file: path,
        conversations: conversation.map(agentBankTurn),
      }));
    }
    if (split === "test") continue;
    const path = join(folder, "alfworld", `${split}.jsonl`);
    await Deno.writeTextFile(path, `${rows.join("\n")}\n`);
  }
}
