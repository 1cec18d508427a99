/**
 * Problems of the ALFWorld twin: games of six kinds, written as PDDL and read
 * by the real loader, each with an episode that solves it.
 */
import { type Random, randomChoice, shuffled } from "../../random.ts";
import { HouseholdEnvironment } from "../alfworld_environment.ts";
import { parseGame } from "../household/game.ts";
import type { Split, Task } from "../task.ts";
import { makeTask } from "../alfworld.ts";
import { alfworldDialect, APPLIANCES } from "./alfworld_dialect.ts";
import {
  grammarText,
  HOUSEHOLD_WORLD,
  type Kind,
  KINDS,
  OPEN_PLACES,
  PLACES,
  problemText,
  type Request,
  taskText,
} from "./alfworld_pddl.ts";
import {
  type EpisodeDraw,
  type EpisodeProblem,
  solveEpisode,
  SPARE_TURNS,
} from "./episode_problem.ts";
import {
  type Homes,
  renameHomes,
  same,
  THINGS,
  TREATED_THINGS,
} from "./homes.ts";

/** A problem of the twin. */
export interface AlfworldProblem extends EpisodeProblem {
  /** Text of its game's file. */
  readonly gameFile: string;
}

/** What a kind cannot do without; every room has one appliance. */
const APPLIANCE_OF: Readonly<Partial<Record<Kind, string>>> = {
  clean: "sinkbasin",
  heat: "microwave",
  cool: "fridge",
};

/** Things that have nothing to do with the request, at most. */
const OTHER_THINGS = 3;

/** Places in a room, besides its appliance; and in a small one. */
const PLACE_COUNTS = { room: 6, small: 3 };

/** `heat:mug:desk`. */
function requestName({ kind, thing, where }: Request): string {
  return `${kind}:${thing}:${where}`;
}

/** Draws a problem of an allowed kind. */
export function drawAlfworld(
  random: Random,
  { homes, accepts, rename = same, isSmall = false, split, index }: EpisodeDraw,
): AlfworldProblem {
  const drawn = drawRequest(random, homes, accepts);
  const { kind, thing, where } = drawn;
  const request = { ...drawn, thing: rename(thing) };
  const needed = kind === "look" ? [thing, "lamp"] : [thing];
  const fixed = new Set([
    ...needed.map((name) => homes[name]),
    ...kind === "look" ? [] : [where],
  ]);
  const rest = shuffled(random, PLACES.map(({ name }) => name))
    .filter((name) => !fixed.has(name));
  const places = [
    ...fixed,
    ...rest.slice(0, PLACE_COUNTS[isSmall ? "small" : "room"] - fixed.size),
  ];
  const others = shuffled(random, THINGS).filter((name) =>
    name !== thing && homes[name] !== where && places.includes(homes[name])
  ).slice(0, OTHER_THINGS);
  const things = [
    ...kind === "two" ? [thing, thing] : [thing],
    ...others,
    ...kind === "look" ? ["lamp"] : [],
  ];
  const appliance = APPLIANCE_OF[kind] ?? randomChoice(random, APPLIANCES);
  const texts = {
    grammar: grammarText(taskText(request)),
    problem: problemText(request, {
      places,
      appliance,
      things: things.map(rename),
      homes: renameHomes(homes, rename),
    }),
  };
  const path = gamePath(request, split, index);
  const game = parseGame(texts.grammar, texts.problem, path);
  const task = (maxTurns: number): Task =>
    makeTask({
      path,
      split,
      index,
      file: { game, maxTurns, instruction: "" },
      settings: { style: "tags", maxTurns },
    });
  const unlimited = task(Number.MAX_SAFE_INTEGER);
  const { chat, commands } = solveEpisode(
    { dialect: alfworldDialect, world: HOUSEHOLD_WORLD },
    {
      environment: new HouseholdEnvironment(
        unlimited.messages,
        JSON.parse(unlimited.gold),
        "tags",
      ),
      homes: renameHomes(homes, rename),
      random,
    },
  );
  const maxTurns = commands.length + SPARE_TURNS;
  return {
    task: task(maxTurns),
    signature: requestName(request),
    facts: needed.map(rename),
    homes: renameHomes(homes, rename),
    conversation: chat,
    gameFile: JSON.stringify({
      pddl_domain: "(define (domain alfred))",
      grammar: texts.grammar,
      pddl_problem: texts.problem,
      solvable: true,
      walkthrough: commands,
      max_turns: maxTurns,
      instruction: "",
    }),
  };
}

function drawRequest(
  random: Random,
  homes: Homes,
  accepts: (signature: string) => boolean,
): Request {
  for (;;) {
    const kind = randomChoice(random, KINDS);
    const isTreated = ["clean", "heat", "cool"].includes(kind);
    const thing = randomChoice(random, isTreated ? TREATED_THINGS : THINGS);
    // Two things take long enough without doors.
    const places = kind === "two" ? OPEN_PLACES : PLACES;
    const where = kind === "look" ? "lamp" : randomChoice(random, places).name;
    const home = homes[thing];
    const isOpen = OPEN_PLACES.some(({ name }) => name === home);
    const request = { kind, thing, where };
    const isPossible = home !== where && (kind !== "two" || isOpen) &&
      (kind !== "look" || home !== homes.lamp);
    if (isPossible && accepts(requestName(request))) return request;
  }
}

function gamePath(
  { kind, thing, where }: Request,
  split: Split,
  index: number,
): string {
  const folder = { train: "train", valid: "valid_seen", test: "valid_unseen" };
  const number = String(index).padStart(5, "0");
  const trial = `${number}-${kind}-${thing}-None-${where}`;
  return `json_2.1.1/${folder[split]}/twin/${trial}/game.tw-pddl`;
}
