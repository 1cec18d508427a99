/** Problems of the ScienceWorld twin: a thing, maybe treated, into a box. */
import { type Random, randomChoice, shuffled } from "../../random.ts";
import { FIXTURES, type LaboratoryGame } from "../laboratory/laboratory.ts";
import { LaboratoryEnvironment, laboratoryTaskOf } from "../scienceworld.ts";
import type { Task } from "../task.ts";
import {
  type EpisodeDraw,
  type EpisodeProblem,
  solveEpisode,
  SPARE_TURNS,
} from "./episode_problem.ts";
import {
  type Homes,
  type HomesWorld,
  renameHomes,
  same,
  THINGS,
  TREATED_THINGS,
} from "./homes.ts";
import { scienceworldDialect } from "./scienceworld_dialect.ts";

/** The laboratory's rooms, where its things are kept. */
export const LABORATORY_WORLD: HomesWorld = {
  name: "laboratory",
  places: [
    "kitchen",
    "foundry",
    "workshop",
    "bathroom",
    "bedroom",
    "greenhouse",
    "hallway",
    "studio",
  ].map((name) => ({ name, preposition: "in" })),
  things: THINGS,
};

/** What is done to a thing, by the kind of the request. */
const STATES = {
  find: null,
  clean: "clean",
  heat: "hot",
  cool: "cool",
} as const;
const KINDS = ["find", "clean", "heat", "cool"] as const;

/** Things that have nothing to do with the request, at most. */
const OTHER_THINGS = 4;
/** Rooms of a small laboratory, at least. */
const FEW_ROOMS = 3;

/** Draws a problem of an allowed kind. */
export function drawScienceworld(
  random: Random,
  { homes: drawnHomes, accepts, rename = same, isSmall = false, split, index }:
    EpisodeDraw,
): EpisodeProblem {
  const { kind, where, ...drawn } = drawRequest(random, drawnHomes, accepts);
  const thing = rename(drawn.thing);
  const homes = renameHomes(drawnHomes, rename);
  const state = STATES[kind];
  const names = LABORATORY_WORLD.places.map(({ name }) => name);
  const fixture = FIXTURES.find(({ gives }) => gives === state);
  const fixed = new Set([
    homes[thing],
    where,
    ...fixture === undefined ? [] : [fixture.room],
  ]);
  const rest = shuffled(random, names).filter((name) => !fixed.has(name));
  const count = isSmall ? FEW_ROOMS - fixed.size : rest.length;
  const rooms = shuffled(random, [...fixed, ...rest.slice(0, count)]);
  const others = shuffled(random, THINGS).map(rename).filter((name) =>
    name !== thing && rooms.includes(homes[name])
  ).slice(0, OTHER_THINGS);
  const game = (maxTurns: number): LaboratoryGame => ({
    goal: { thing, state, room: where },
    rooms: rooms.map((name) => ({
      name,
      things: [thing, ...others].filter((other) => homes[other] === name)
        .sort(),
    })),
    maxTurns,
  });
  const task = (game: LaboratoryGame): Task =>
    laboratoryTaskOf(game, { split, index, turns: [] });
  const unlimited = game(Number.MAX_SAFE_INTEGER);
  const { chat, commands } = solveEpisode(
    { dialect: scienceworldDialect, world: LABORATORY_WORLD },
    {
      environment: new LaboratoryEnvironment(
        task(unlimited).messages,
        unlimited,
      ),
      homes,
      random,
    },
  );
  return {
    task: task(game(commands.length + SPARE_TURNS)),
    signature: `${kind}:${thing}:${where}`,
    facts: [thing],
    homes,
    conversation: chat,
  };
}

function drawRequest(
  random: Random,
  homes: Homes,
  accepts: (signature: string) => boolean,
): { kind: typeof KINDS[number]; thing: string; where: string } {
  for (;;) {
    const kind = randomChoice(random, KINDS);
    const things = kind === "find" ? THINGS : TREATED_THINGS;
    const thing = randomChoice(random, things);
    const where = randomChoice(random, LABORATORY_WORLD.places).name;
    if (homes[thing] !== where && accepts(`${kind}:${thing}:${where}`)) {
      return { kind, thing, where };
    }
  }
}
