/** Goals of ALFWorld's six kinds of tasks, read from PDDL. */
import { atomsOf, type Expression, type Fact } from "./pddl.ts";

/** What can be done to a thing before it is put somewhere. */
export type State = "clean" | "hot" | "cool";

/** What a game asks for; types are written as in names, such as `mug`. */
export type Goal =
  | {
    /** Things in a receptacle, all in the same. */
    readonly kind: "place";
    /** Type of the things. */
    readonly thing: string;
    /** How many. */
    readonly count: 1 | 2;
    /** What they must be. */
    readonly state: State | null;
    /** Type of the receptacle. */
    readonly receptacle: string;
  }
  | {
    /** A thing in hand, beside a lamp that is on. */
    readonly kind: "look";
    /** Type of the thing. */
    readonly thing: string;
    /** Type of the lamp. */
    readonly lamp: string;
  };

/** ALFRED's names of the six kinds. */
export type TaskType =
  | "pick_and_place_simple"
  | "look_at_obj_in_light"
  | "pick_clean_then_place_in_recep"
  | "pick_heat_then_place_in_recep"
  | "pick_cool_then_place_in_recep"
  | "pick_two_obj_and_place";

/** Predicates of each kind's goal, sorted (alfworld/gen/goal_library.py). */
const PREDICATES: Readonly<Record<string, TaskType>> = {
  "inreceptacle objecttype receptacletype": "pick_and_place_simple",
  "cleanable inreceptacle isclean objecttype receptacletype":
    "pick_clean_then_place_in_recep",
  "heatable inreceptacle ishot objecttype receptacletype":
    "pick_heat_then_place_in_recep",
  "coolable inreceptacle iscool objecttype receptacletype":
    "pick_cool_then_place_in_recep",
  "= inreceptacle inreceptacle objecttype objecttype receptacletype receptacletype":
    "pick_two_obj_and_place",
  "atlocation holds inreceptacle istoggled objecttype objecttype receptacleatlocation toggleable":
    "look_at_obj_in_light",
};

const STATES: Readonly<Partial<Record<TaskType, State>>> = {
  "pick_clean_then_place_in_recep": "clean",
  "pick_heat_then_place_in_recep": "hot",
  "pick_cool_then_place_in_recep": "cool",
};

/** Which of the six kinds a goal is of. */
export function taskTypeOf(goal: Goal): TaskType {
  if (goal.kind === "look") return "look_at_obj_in_light";
  if (goal.count === 2) return "pick_two_obj_and_place";
  const types = Object.keys(STATES) as TaskType[];
  return types.find((type) => STATES[type] === goal.state) ??
    "pick_and_place_simple";
}

/**
 * Reads a goal.
 *
 * @param place Whose goal it is, for messages.
 * @throws {RangeError} If it is of none of the six kinds, such as one with a
 * slice or a movable receptacle.
 */
export function readGoal(expression: Expression, place: string): Goal {
  const atoms = atomsOf(expression);
  const predicates = atoms.map(([predicate]) => predicate).sort().join(" ");
  const type = PREDICATES[predicates];
  if (type === undefined) {
    throw new RangeError(
      `Cannot read ${place} as its goal must be of one of the six kinds of tasks: current value has ${
        predicates || "no facts"
      }`,
    );
  }
  if (type === "look_at_obj_in_light") {
    return {
      kind: "look",
      thing: typeOf(atoms, variableOf(atoms, "holds", 2)),
      lamp: typeOf(atoms, variableOf(atoms, "istoggled", 1)),
    };
  }
  return {
    kind: "place",
    thing: typeOf(atoms, variableOf(atoms, "inreceptacle", 1)),
    count: type === "pick_two_obj_and_place" ? 2 : 1,
    state: STATES[type] ?? null,
    receptacle: typeOf(atoms, variableOf(atoms, "inreceptacle", 2)),
  };
}

/** `mug` for `mugtype`. */
export function typeName(type: string): string {
  return type.replace(/type$/, "");
}

function variableOf(
  atoms: readonly Fact[],
  predicate: string,
  argument: number,
): string {
  return atoms.find(([name]) => name === predicate)![argument];
}

function typeOf(atoms: readonly Fact[], variable: string): string {
  const atom = atoms.find(([predicate, argument]) =>
    predicate.endsWith("type") && argument === variable
  );
  return typeName(atom?.[2] ?? "");
}
