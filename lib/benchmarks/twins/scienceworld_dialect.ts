/** The words of the ScienceWorld twin. */
import type { State } from "../household/goal.ts";
import {
  FIXTURES,
  NO_KNOWN_ACTION,
  readLaboratoryCommand,
} from "../laboratory/laboratory.ts";
import type { Act, Dialect, Observation } from "./episode.ts";

const STATES: Readonly<Record<string, State | null>> = {
  find: null,
  clean: "clean",
  heat: "hot",
  cool: "cool",
};

/** The laboratory's words; see `laboratory.ts` for what they answer. */
export const scienceworldDialect: Dialect = {
  focuses: true,
  placeName: (type) => type,
  treatmentPlace: (state) =>
    FIXTURES.find(({ gives }) => gives === state)!.room,
  readTask(text) {
    const match =
      /several rooms: (.*)\.\n\nYour task is to (\w+) a (\w+)\. .* box in the (\w+)\.$/
        .exec(text);
    if (match === null) {
      throw new SyntaxError(
        `Cannot read a task as it must be of the twin's language: current value is ${
          JSON.stringify(text)
        }`,
      );
    }
    const [, rooms, verb, thing, receptacle] = match;
    return {
      places: rooms.split(", "),
      goal: { kind: "place", thing, count: 1, state: STATES[verb], receptacle },
    };
  },
  readObservation,
  commandText: actText,
  readAct(command) {
    const [verb, first = "", second = ""] = readLaboratoryCommand(command) ??
      [];
    switch (verb) {
      case "teleport":
        return { verb: "go", target: first };
      case "pick":
        return { verb: "take", target: first };
      case "use":
        return { verb: "treat", target: second };
      case "move":
        return { verb: "put", target: first };
      case "focus":
      case "open":
        return { verb, target: first };
      case "look":
        return { verb: "look", target: "" };
      default:
        return undefined;
    }
  },
  intentText: (act, here) =>
    act.verb === "put" ? `move ${act.target}` : actText(act, here),
  readIntent(text) {
    const put = /^move (\w+)$/.exec(text);
    return put === null
      ? scienceworldDialect.readAct(text)
      : { verb: "put", target: put[1] };
  },
};

function actText({ verb, target }: Act, here: string): string {
  switch (verb) {
    case "go":
      return `teleport to ${target}`;
    case "focus":
      return `focus on ${target}`;
    case "take":
      return `pick up ${target}`;
    case "treat": {
      const fixture = FIXTURES.find(({ room }) => room === here) ?? FIXTURES[0];
      return `use ${fixture.name} on ${target}`;
    }
    case "put":
      return `move ${target} to box`;
    case "look":
      return "look around";
    default:
      return `${verb} ${target}`;
  }
}

function readObservation(text: string): Observation {
  const read = (pattern: RegExp) => pattern.exec(text)?.slice(1);
  const seen = read(/^You teleport to the (\w+)\. In it, you see (.*)\.$/);
  if (seen !== undefined) {
    const [place, list] = seen;
    const things = list === "nothing"
      ? []
      : list.split(", ").map((item) => item.replace(/^a /, ""));
    return { kind: "see", place, things };
  }
  const focused = read(/^You focus on the (\w+)\.$/);
  if (focused !== undefined) return { kind: "focused", thing: focused[0] };
  const moved = read(/^You move the (\w+) to the (inventory|box)\.$/);
  if (moved !== undefined) {
    const [thing, where] = moved;
    return where === "inventory"
      ? { kind: "taken", thing }
      : { kind: "put", thing, place: "" };
  }
  const treated = read(/^The (\w+) is now (clean|hot|cool)\.$/);
  if (treated !== undefined) {
    const [thing, state] = treated;
    return { kind: "treated", thing, state: state as State };
  }
  return { kind: text === NO_KNOWN_ACTION ? "nothing" : "other" };
}
