/** The twin of ScienceWorld: other rooms and words than ALFWorld's. */
import { join } from "node:path";
import { Laboratory, type LaboratoryGame } from "../laboratory/laboratory.ts";
import {
  LaboratoryEnvironment,
  replayLaboratory,
  scienceworld,
} from "../scienceworld.ts";
import type { Split, Task } from "../task.ts";
import { agentBankTurn, type EpisodeProblem } from "./episode_problem.ts";
import { makeEpisodeTwin } from "./episode_twin.ts";
import { scienceworldDialect } from "./scienceworld_dialect.ts";
import { drawScienceworld, LABORATORY_WORLD } from "./scienceworld_problem.ts";
import type { Twin } from "./twin.ts";

const SIZES: Readonly<Record<Split, number>> = {
  train: 1600,
  valid: 100,
  test: 134,
};

/** The twin of ScienceWorld. */
export const scienceworldTwin: Twin<EpisodeProblem> = makeEpisodeTwin({
  benchmark: scienceworld,
  world: LABORATORY_WORLD,
  dialect: scienceworldDialect,
  sizes: SIZES,
  trainingSizes: [1600, 400, 100],
  maxTokens: 640,
  about:
    `Tasks in a laboratory of eight rooms: focus on a thing, maybe clean, heat or
cool it, and move it into the box of a room. It stands in for ScienceWorld as the
other embodied benchmark, to measure transfer from ALFWorld: the same skills, but
other rooms, commands and answers, and no doors.

It is our own. ScienceWorld is a Java program, whose tasks are not in files and
which is not run here; the files are our own format, and no number here is one
of ScienceWorld.

Every task needs a fact that no message states: in which room a thing is usually
kept. There are ${LABORATORY_WORLD.things.length} such facts, the same in every split. They stand only in the
thoughts of worked episodes. Who does not know them has time for one wrong room.

What is new in the test split is not the facts, but requests: which thing is
wanted, how, and where it goes. No request is in two splits. Two training
episodes put together by rote, one up to its taking of the thing and one from
there on, win the games.`,
  draw: drawScienceworld,
  write,
  makeEnvironment: (task) =>
    new LaboratoryEnvironment(task.messages, goldOf(task)),
  simulate: (task) => new Laboratory(goldOf(task)),
  solves: (task, commands) => replayLaboratory(goldOf(task), commands).isWon,
  kept: (task) =>
    new Set(
      goldOf(task).rooms.flatMap(({ name, things }) =>
        things.map((thing) => `${thing} ${name}`)
      ),
    ),
});

function goldOf({ gold }: Task): LaboratoryGame {
  return JSON.parse(gold);
}

/** A row for each game; conversations for training and validation. */
async function write(
  folder: string,
  problem: (split: Split, index: number) => EpisodeProblem,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const split of ["train", "valid", "test"] as const) {
    const rows = Array.from({ length: SIZES[split] }, (_, index) => {
      const { task, conversation } = problem(split, index);
      return JSON.stringify({
        id: task.id,
        game: goldOf(task),
        ...split === "test"
          ? {}
          : { conversations: conversation.map(agentBankTurn) },
      });
    });
    const path = join(folder, `${split}.jsonl`);
    await Deno.writeTextFile(path, `${rows.join("\n")}\n`);
  }
}
