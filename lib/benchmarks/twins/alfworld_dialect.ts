/** ALFWorld's words, as its twin uses them. */
import { commandText, readCommand } from "../household/commands.ts";
import type { Goal, State } from "../household/goal.ts";
import { type Act, type Dialect, type Observation, typeOf } from "./episode.ts";

/** How a thing is made what it must be, and where. */
const TREATMENTS = {
  clean: { verb: "clean", at: "sinkbasin" },
  hot: { verb: "heat", at: "microwave" },
  cool: { verb: "cool", at: "fridge" },
} as const;

const STATES = Object.keys(TREATMENTS) as State[];

const INTENT_VERBS: Readonly<Record<string, Act["verb"]>> = {
  "go to": "go",
  open: "open",
  take: "take",
  clean: "treat",
  heat: "treat",
  cool: "treat",
  move: "put",
  use: "use",
};

/** Names of the appliances. */
export const APPLIANCES: readonly string[] = STATES.map((state) =>
  TREATMENTS[state].at
);

/** ALFWorld's words; see `household.ts` for what they answer. */
export const alfworldDialect: Dialect = {
  focuses: false,
  placeName: (type) => `${type} 1`,
  treatmentPlace: (state) => TREATMENTS[state].at,
  readTask(text) {
    const [, places, task] =
      /you see (.*)\.\n\nYour task is to: (.*)\.$/.exec(text) ?? [];
    if (task === undefined) {
      throw new SyntaxError(
        `Cannot read a task as it must be of the twin's language: current value is ${
          JSON.stringify(text)
        }`,
      );
    }
    return { places: readList(places), goal: readTaskGoal(task) };
  },
  readObservation,
  commandText({ verb, target }, here) {
    switch (verb) {
      case "take":
        return commandText({ verb: "take", target, other: here }, "move");
      case "put":
        return commandText({ verb: "put", target, other: here }, "move");
      case "treat": {
        const state = stateAt(here);
        return commandText(
          { verb: TREATMENTS[state].verb, target, other: here },
          "move",
        );
      }
      case "look":
        return "look";
      default:
        return commandText(
          { verb: verb === "focus" ? "examine" : verb, target },
          "move",
        );
    }
  },
  readAct(text) {
    const command = readCommand(text);
    if (command === undefined) return undefined;
    const { verb, target = "" } = command;
    switch (verb) {
      case "go":
      case "open":
      case "take":
      case "put":
      case "use":
        return { verb, target };
      case "heat":
      case "cool":
      case "clean":
        return { verb: "treat", target };
      default:
        return { verb: "look", target: "" };
    }
  },
  intentText({ verb, target }, here) {
    switch (verb) {
      case "go":
        return `go to ${target}`;
      case "put":
        return `move ${target}`;
      case "treat":
        return `${TREATMENTS[stateAt(here)].verb} ${target}`;
      case "look":
        return "look";
      default:
        return `${verb} ${target}`;
    }
  },
  readIntent(text) {
    if (text === "look") return { verb: "look", target: "" };
    const match = /^(go to|open|take|clean|heat|cool|move|use) (\w+ \d+)$/
      .exec(text);
    if (match === null) return undefined;
    return { verb: INTENT_VERBS[match[1]], target: match[2] };
  },
};

/** What an appliance makes of things. */
function stateAt(place: string): State {
  return STATES.find((state) => TREATMENTS[state].at === typeOf(place)) ??
    "clean";
}

function readList(text: string): string[] {
  if (text === "nothing") return [];
  return text.split(/, (?:and )?/).map((item) => item.replace(/^a /, ""));
}

function readTaskGoal(task: string): Goal {
  const look = /^look at (\w+) under the (\w+)$/.exec(task);
  if (look !== null) return { kind: "look", thing: look[1], lamp: look[2] };
  const [, two, state, thing, receptacle] =
    /^put (?:(two)|a(?: (clean|hot|cool))?) (\w+) in (\w+)$/.exec(task) ?? [];
  return {
    kind: "place",
    thing,
    count: two === undefined ? 1 : 2,
    state: (state ?? null) as State | null,
    receptacle,
  };
}

function readObservation(text: string): Observation {
  const read = (pattern: RegExp) => pattern.exec(text)?.slice(1);
  const seen = read(/(?:On|In) (?:the ([\w ]+)|it), you see (.*)\.$/);
  if (seen !== undefined) {
    const place = seen[0] ?? read(/The ([\w ]+) is open\./)?.[0] ?? "";
    return { kind: "see", place, things: readList(seen[1]) };
  }
  const closed = read(/^The ([\w ]+) is closed\.$/);
  if (closed !== undefined) return { kind: "closed", place: closed[0] };
  const taken = read(/^You pick up the ([\w ]+) from/);
  if (taken !== undefined) return { kind: "taken", thing: taken[0] };
  const put = read(/^You move the ([\w ]+) to the ([\w ]+)\.$/);
  if (put !== undefined) return { kind: "put", thing: put[0], place: put[1] };
  const used = read(/^You turn on the ([\w ]+)\.$/);
  if (used !== undefined) return { kind: "used", thing: used[0] };
  const treated = read(/^You (clean|heat|cool) the ([\w ]+) using/);
  if (treated !== undefined) {
    const state = STATES.find((state) => TREATMENTS[state].verb === treated[0]);
    return { kind: "treated", thing: treated[1], state: state! };
  }
  return { kind: text === "Nothing happens." ? "nothing" : "other" };
}
