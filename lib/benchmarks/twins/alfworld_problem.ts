/**
 * Problems of the ALFWorld twin: games of six kinds, written as PDDL and read
 * by the real loader, each with an episode that solves it.
 */
import { type Random, randomChoice, shuffled } from "../../random.ts";
import { HouseholdEnvironment } from "../alfworld_environment.ts";
import { type GameFile, parseGame } from "../household/game.ts";
import type { Split, Task } from "../task.ts";
import { makeTask } from "../alfworld.ts";
import { alfworldDialect, APPLIANCES } from "./alfworld_dialect.ts";
import {
  type EpisodeDraw,
  type EpisodeProblem,
  solveEpisode,
  SPARE_TURNS,
} from "./episode_problem.ts";
import {
  type Homes,
  type HomesWorld,
  THINGS,
  TREATED_THINGS,
} from "./homes.ts";

/** Where things are kept; those with `in` have a door. */
const PLACES = [
  { name: "bed", preposition: "on" },
  { name: "desk", preposition: "on" },
  { name: "shelf", preposition: "on" },
  { name: "sofa", preposition: "on" },
  { name: "table", preposition: "on" },
  { name: "cabinet", preposition: "in" },
  { name: "chest", preposition: "in" },
  { name: "drawer", preposition: "in" },
  { name: "safe", preposition: "in" },
  { name: "trunk", preposition: "in" },
] as const;

const OPEN_PLACES = PLACES.filter(({ preposition }) => preposition === "on");

/** Where the things of a household are kept; its lamp stands in the open. */
export const HOUSEHOLD_WORLD: HomesWorld = {
  name: "household",
  places: PLACES,
  things: [...THINGS, "lamp"],
  placesOf: (thing) => thing === "lamp" ? OPEN_PLACES : PLACES,
};

/** The six kinds. */
export const KINDS = ["put", "clean", "heat", "cool", "two", "look"] as const;

/** One of `KINDS`. */
export type Kind = typeof KINDS[number];

/** What a game asks for. */
interface Request {
  /** The kind. */
  readonly kind: Kind;
  /** The thing. */
  readonly thing: string;
  /** Where it goes; the lamp of `look`. */
  readonly where: string;
}

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
  { homes, accepts, isSmall = false, split, index }: EpisodeDraw,
): AlfworldProblem {
  const request = drawRequest(random, homes, accepts);
  const { kind, thing, where } = request;
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
    problem: problemText(request, { places, appliance, things, homes }),
  };
  const path = gamePath(request, split, index);
  const game = parseGame(texts.grammar, texts.problem, path);
  const file: GameFile = {
    game,
    solvable: true,
    walkthrough: null,
    maxTurns: null,
    instruction: "",
  };
  const task = (maxTurns: number): Task =>
    makeTask({
      path,
      split,
      index,
      file: { ...file, maxTurns },
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
      homes,
      random,
    },
  );
  const maxTurns = commands.length + SPARE_TURNS;
  return {
    task: task(maxTurns),
    signature: requestName(request),
    facts: needed,
    homes,
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

function taskText({ kind, thing, where }: Request): string {
  switch (kind) {
    case "put":
      return `put a ${thing} in ${where}.`;
    case "clean":
    case "cool":
      return `put a ${kind} ${thing} in ${where}.`;
    case "heat":
      return `put a hot ${thing} in ${where}.`;
    case "two":
      return `put two ${thing} in ${where}.`;
    case "look":
      return `look at ${thing} under the ${where}.`;
  }
}

/** Of the real grammar, the two lines that tell games apart. */
function grammarText(task: string): string {
  return `grammar :: """
{"task": [{"rhs": "Your task is to: ${task}"}]}
""";

action PutObject { template :: "move {o} to {r}"; }
`;
}

interface Room {
  readonly places: readonly string[];
  readonly appliance: string;
  readonly things: readonly string[];
  readonly homes: Homes;
}

function problemText(
  request: Request,
  { places, appliance, things, homes }: Room,
): string {
  const receptacles = [...places, appliance].map((name, i) => ({
    name,
    id: name === "sinkbasin" ? "sink_bar_1_bar_sinkbasin" : `${name}_bar_1`,
    location: `loc_bar_${i + 1}`,
    isClosed: ["microwave", "fridge"].includes(name) ||
      PLACES.some((place) => place.name === name && place.preposition === "in"),
  }));
  const objects = things.map((name, i) => ({
    name,
    id: `${name}_bar_${i + 1}`,
    traits: name === "lamp"
      ? ["toggleable"]
      : TREATED_THINGS.includes(name)
      ? ["pickupable", "cleanable", "heatable", "coolable"]
      : ["pickupable"],
  }));
  const types = new Set(things.filter((name) => name !== "lamp"));
  return `(define (problem plan)
(:domain alfred)
(:objects
agent1 - agent
${objects.map(({ id }) => id).join(" ")} - object
${receptacles.map(({ id }) => id).join(" ")} - receptacle
loc_bar_0 ${receptacles.map(({ location }) => location).join(" ")} - location)
(:init
(atLocation agent1 loc_bar_0)
${
    receptacles.flatMap(({ name, id, location, isClosed }) => [
      `(receptacleType ${id} ${name}Type)`,
      `(receptacleAtLocation ${id} ${location})`,
      ...isClosed ? [`(openable ${id})`] : [],
    ]).join("\n")
  }
${
    objects.flatMap(({ name, id, traits }) => [
      `(objectType ${id} ${name}Type)`,
      ...traits.map((trait) => `(${trait} ${id})`),
      `(inReceptacle ${id} ${homes[name]}_bar_1)`,
    ]).join("\n")
  }
${
    places.flatMap((place) =>
      [...types].map((type) => `(canContain ${place}Type ${type}Type)`)
    ).join("\n")
  })
(:goal ${goalText(request)}))
`;
}

/** As ALFRED writes goals (alfworld/gen/goal_library.py). */
function goalText({ kind, thing, where }: Request): string {
  const type = `(objectType ?o ${thing}Type)`;
  if (kind === "look") {
    return `(and (exists (?ot - object ?r - receptacle ?a - agent ?l - location) (and (objectType ?ot ${where}Type) (toggleable ?ot) (isToggled ?ot) (receptacleAtLocation ?r ?l) (atLocation ?a ?l) (inReceptacle ?ot ?r))) (exists (?o - object ?a - agent) (and ${type} (holds ?a ?o))))`;
  }
  const there = `(receptacleType ?r ${where}Type)`;
  const first = `${type} ${there} (inReceptacle ?o ?r)`;
  const traits = {
    put: "",
    clean: " (cleanable ?o) (isClean ?o)",
    heat: " (heatable ?o) (isHot ?o)",
    cool: " (coolable ?o) (isCool ?o)",
    two:
      ` (exists (?p - object) (and (not (= ?o ?p)) (objectType ?p ${thing}Type) ${there} (inReceptacle ?p ?r)))`,
  };
  return `(and (exists (?r - receptacle) (exists (?o - object) (and ${first}${
    traits[kind]
  }))))`;
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
