/** Games of ALFWorld, read from `game.tw-pddl`: JSON around a PDDL problem. */
import {
  type ColumnType,
  isRecord,
  listOf,
  nullable,
  positiveInteger,
  text,
} from "../columns.ts";
import type { Grammar } from "./commands.ts";
import { type Goal, readGoal, typeName } from "./goal.ts";
import { nameThings } from "./names.ts";
import { type Fact, readPddlProblem } from "./pddl.ts";

/** A place that holds things. */
export interface Receptacle {
  /** Such as `shelf 1`. */
  readonly name: string;
  /** Such as `shelf`. */
  readonly type: string;
  /** Where it is; several may be at one location. */
  readonly location: string;
  /** Whether it has a door. */
  readonly openable: boolean;
  /** Whether the door is open at first. */
  readonly opened: boolean;
}

/** A thing. */
export interface Thing {
  /** Such as `mug 1`. */
  readonly name: string;
  /** Such as `mug`. */
  readonly type: string;
  /** Names of the receptacles that it is in at first. */
  readonly receptacles: readonly string[];
  /** Name of the thing that it is in, such as a bowl. */
  readonly container: string | null;
  /** Where it is; only what was put there is known to be. */
  readonly location: string | null;
  /** What PDDL says of it alone, such as `heatable` and `isclean`. */
  readonly traits: readonly string[];
}

/** A game, as plain data that survives JSON. */
export interface Game {
  /** What is asked for, as the game says it: `put a hot mug in desk.` */
  readonly task: string;
  /** What must hold in the end. */
  readonly goal: Goal;
  /** Words of its placements. */
  readonly grammar: Grammar;
  /** Where the agent is at first. */
  readonly start: string;
  /** In the order in which they are listed. */
  readonly receptacles: readonly Receptacle[];
  /** In the order in which they are listed. */
  readonly things: readonly Thing[];
  /** `receptacle type > thing type` for what may be put where. */
  readonly canContain: readonly string[];
  /** Names of locations, which old games tell on arrival. */
  readonly locationNames: Readonly<Record<string, string>>;
}

/** A game with what else its file says. */
export interface GameFile {
  /** The game. */
  readonly game: Game;
  /** Commands that win. */
  readonly walkthrough: readonly string[];
  /** Turns until it is given up; a twin's files say it. */
  readonly maxTurns: number | null;
  /** What the model is told first; a twin's files say it. */
  readonly instruction: string | null;
}

/**
 * Reads a game.
 *
 * `max_turns` and `instruction` are ours: a twin's games have them.
 *
 * @returns Undefined if ALFWorld leaves the game out, since its file does not
 * say that it is solvable; what else is in it is then not looked at.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError | TypeError | RangeError} If it is not such a game; the
 * message names the file.
 */
export async function readGame(path: string): Promise<GameFile | undefined> {
  const fields = parseFields(await readText(path), path);
  const field = <Value>(name: string, type: ColumnType<Value>): Value => {
    const value = type.read(fields[name] ?? null);
    if (value !== undefined) return value;
    throw new TypeError(
      `Cannot read ${path} as "${name}" must be ${type.description}: current value is ${
        JSON.stringify(fields[name]) ?? "absent"
      }`,
    );
  };
  if (field("solvable", nullable(yesOrNo)) !== true) return undefined;
  return {
    game: parseGame(field("grammar", text), field("pddl_problem", text), path),
    walkthrough: field("walkthrough", listOf(text)),
    maxTurns: field("max_turns", nullable(positiveInteger)),
    instruction: field("instruction", nullable(text)),
  };
}

const yesOrNo: ColumnType<boolean> = {
  description: "true or false",
  read: (value) => typeof value === "boolean" ? value : undefined,
};

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.IsADirectory;
    if (!isAbsent) throw error;
    throw new Deno.errors.NotFound(
      `Cannot read ${path} as it must be a game of ALFWorld (alfworld-download): current value is none`,
    );
  }
}

function parseFields(
  text: string,
  path: string,
): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Said below.
  }
  throw new SyntaxError(
    `Cannot read ${path} as it must be a JSON object: current value is ${
      JSON.stringify(text.slice(0, 60))
    }`,
  );
}

/**
 * A game from the two texts of its file.
 *
 * @param place What it is, for messages.
 */
export function parseGame(
  grammar: string,
  problem: string,
  place: string,
): Game {
  const task = /Your task is to: ([^"]*)"/.exec(grammar)?.[1];
  if (task === undefined) {
    throw new SyntaxError(
      `Cannot read ${place} as its grammar must say "Your task is to: …": current value does not`,
    );
  }
  const { types, facts, goal } = readPddlProblem(problem, place);
  const holding = new Facts(facts);
  const names = nameThings(new Set(facts.flatMap((fact) => fact.slice(1))));
  const idsOf = (type: string, predicate: string): string[] =>
    [...names.keys()].filter((id) =>
      types.get(id) === type && holding.first(predicate, id) !== undefined
    );
  const receptacles = idsOf("receptacle", "receptacleatlocation");
  return {
    task,
    goal: readGoal(goal, place),
    grammar: grammar.includes("put {o} in/on {r}") ? "put" : "move",
    start: holding.all("atlocation")[0]?.[2] ?? "",
    receptacles: receptacles.map((id): Receptacle => ({
      name: names.get(id)!.name,
      type: typeName(holding.first("receptacletype", id)?.[2] ?? ""),
      location: holding.first("receptacleatlocation", id)![2],
      openable: holding.first("openable", id) !== undefined,
      opened: holding.first("opened", id) !== undefined,
    })),
    things: idsOf("object", "objecttype").map((id): Thing => ({
      name: names.get(id)!.name,
      type: typeName(holding.first("objecttype", id)![2]),
      receptacles: receptacles.filter((receptacle) =>
        holding.about(id).some(([predicate, , other]) =>
          predicate === "inreceptacle" && other === receptacle
        )
      ).map((receptacle) => names.get(receptacle)!.name),
      container: nameOf(names, holding.first("inreceptacleobject", id)?.[2]),
      location: holding.first("objectatlocation", id)?.[2] ?? null,
      traits: holding.about(id).filter((fact) => fact.length === 2)
        .map(([predicate]) => predicate),
    })),
    canContain: [
      ...new Set(
        holding.all("cancontain").map(([, receptacle, thing]) =>
          `${typeName(receptacle)} > ${typeName(thing)}`
        ),
      ),
    ],
    locationNames: Object.fromEntries(
      [...names].filter(([id]) => types.get(id) === "location")
        .map(([id, { name }]) => [id, name]),
    ),
  };
}

function nameOf(
  names: ReturnType<typeof nameThings>,
  id: string | undefined,
): string | null {
  return id === undefined ? null : names.get(id)?.name ?? null;
}

/** Facts, found by their predicate or by what they are about. */
class Facts {
  readonly #byPredicate = new Map<string, Fact[]>();
  readonly #bySubject = new Map<string, Fact[]>();

  constructor(facts: readonly Fact[]) {
    for (const fact of facts) {
      append(this.#byPredicate, fact[0], fact);
      append(this.#bySubject, fact[1], fact);
    }
  }

  /** Facts of a predicate. */
  all(predicate: string): readonly Fact[] {
    return this.#byPredicate.get(predicate) ?? [];
  }

  /** Facts whose first argument is this. */
  about(subject: string): readonly Fact[] {
    return this.#bySubject.get(subject) ?? [];
  }

  /** A fact of a predicate whose first argument is this. */
  first(predicate: string, subject: string): Fact | undefined {
    return this.about(subject).find(([name]) => name === predicate);
  }
}

function append(map: Map<string, Fact[]>, key: string, fact: Fact): void {
  const facts = map.get(key);
  if (facts === undefined) map.set(key, [fact]);
  else facts.push(fact);
}
