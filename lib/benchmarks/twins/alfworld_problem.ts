/**
 * Problems of the ALFWorld twin: games of six kinds, written as PDDL and read
 * by the real loader, each with an episode that solves it.
 */
import { type Random, randomChoice, shuffled } from "../../random.ts";
import { HouseholdEnvironment } from "../alfworld_environment.ts";
import { type GameFile, parseGame } from "../household/game.ts";
import type { Message, Split, Task } from "../task.ts";
import { makeTask } from "../alfworld.ts";
import { alfworldDialect, APPLIANCES } from "./alfworld_dialect.ts";
import type { Policy, TwinProblem } from "./twin.ts";
import { agentPolicy } from "./episode_policy.ts";
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

/** What a game asks for; no two splits share one. */
export interface Request {
  /** The kind. */
  readonly kind: Kind;
  /** The thing. */
  readonly thing: string;
  /** Where it goes; the lamp of `look`. */
  readonly where: string;
}

/** A problem of the twin. */
export interface AlfworldProblem extends TwinProblem {
  /** Where things are kept in its game. */
  readonly homes: Homes;
  /** Text of its game's file. */
  readonly gameFile: string;
  /** What AgentBank's file says of it. */
  readonly conversation: readonly Message[];
}

/** Settings of a draw. */
export interface DrawOptions {
  /** Where things are kept. */
  readonly homes: Homes;
  /** Which requests are allowed. */
  readonly accepts: (request: Request) => boolean;
  /**
   * Places in the room, besides its appliance; at least 3.
   *
   * @default {6}
   */
  readonly places?: number;
  /** The split in the task's name. */
  readonly split: Split;
  /** The number in the task's name. */
  readonly index: number;
}

/** What a kind cannot do without; every room has one appliance. */
const APPLIANCE_OF: Readonly<Partial<Record<Kind, string>>> = {
  clean: "sinkbasin",
  heat: "microwave",
  cool: "fridge",
};

/** Turns that a game leaves beyond those it needs: one wrong place. */
const SPARE_TURNS = 1;
/** Things that have nothing to do with the request, at most. */
const OTHER_THINGS = 3;

/** `heat:mug:desk`. */
export function requestName({ kind, thing, where }: Request): string {
  return `${kind}:${thing}:${where}`;
}

/** Draws a problem of an allowed kind. */
export function drawAlfworld(
  random: Random,
  { homes, accepts, places: count = 6, split, index }: DrawOptions,
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
  const places = [...fixed, ...rest.slice(0, count - fixed.size)];
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
  const task = (maxTurns: number, turns?: readonly string[]): Task =>
    makeTask({
      path,
      split,
      index,
      file: { ...file, maxTurns },
      settings: { style: "tags", maxTurns },
      ...turns === undefined ? {} : { turns },
    });
  const { chat, commands } = solve(task(99), homes, random);
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

/** The problem with its episode as what is learned from. */
export function withDemonstration(
  problem: AlfworldProblem,
): AlfworldProblem {
  const { task, conversation } = problem;
  const demonstration = conversation.slice(task.messages.length);
  return { ...problem, task: { ...task, demonstration } };
}

function drawRequest(
  random: Random,
  homes: Homes,
  accepts: (request: Request) => boolean,
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
    if (isPossible && accepts(request)) return request;
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

/** An episode of who knows the homes, and its commands. */
function solve(
  task: Task,
  homes: Homes,
  random: Random,
): { chat: Message[]; commands: string[] } {
  const policy: Policy = agentPolicy({
    dialect: alfworldDialect,
    world: HOUSEHOLD_WORLD,
    homes,
    random,
  });
  const environment = new HouseholdEnvironment(
    task.messages,
    JSON.parse(task.gold),
    "tags",
  );
  const chat = [...task.messages];
  const commands: string[] = [];
  for (;;) {
    const content = policy(chat);
    chat.push({ role: "assistant", content });
    commands.push(/<action>(.*)<\/action>/.exec(content)![1]);
    const { observation, terminated } = environment.step(content);
    if (terminated) return { chat, commands };
    chat.push({ role: "user", content: observation });
  }
}
