/** Games of the ALFWorld twin as ALFWorld writes them: a grammar and PDDL. */
import {
  type Homes,
  type HomesWorld,
  THINGS,
  TREATED_THINGS,
} from "./homes.ts";

/** Where things are kept; those with `in` have a door. */
export const PLACES = [
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

/** Those without. */
export const OPEN_PLACES: readonly typeof PLACES[number][] = PLACES.filter((
  { preposition },
) => preposition === "on");

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
export interface Request {
  /** The kind. */
  readonly kind: Kind;
  /** The thing. */
  readonly thing: string;
  /** Where it goes; the lamp of `look`. */
  readonly where: string;
}

/** What is asked for, in ALFWorld's first template of each kind. */
export function taskText({ kind, thing, where }: Request): string {
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
export function grammarText(task: string): string {
  return `grammar :: """
{"task": [{"rhs": "Your task is to: ${task}"}]}
""";

action PutObject { template :: "move {o} to {r}"; }
`;
}

/** What stands in a room. */
export interface Room {
  /** Where things are kept. */
  readonly places: readonly string[];
  /** Its one appliance. */
  readonly appliance: string;
  /** What is in it; of a thing, there may be two. */
  readonly things: readonly string[];
  /** The place of each thing. */
  readonly homes: Homes;
}

/** The problem in PDDL. */
export function problemText(
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
${[...new Set(things)].map((name) => `${name}Type`).join(" ")} - otype
${receptacles.map(({ name }) => `${name}Type`).join(" ")} - rtype
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
