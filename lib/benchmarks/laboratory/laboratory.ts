/**
 * A small laboratory in the manner of ScienceWorld (Wang et al. 2022): rooms
 * that one teleports between, things to focus on, to pick up and to treat, and
 * a box in every room.
 *
 * It is our own stand-in. ScienceWorld is a Java program whose physics and
 * thirty tasks are not here; only words of its commands and answers are.
 */

/** What can be done to a thing. */
export const TREATMENTS = ["clean", "hot", "cool"] as const;

/** One of these. */
export type Treatment = typeof TREATMENTS[number];

/** A laboratory, as plain data that survives JSON. */
export interface LaboratoryGame {
  /** What is asked for. */
  readonly goal: {
    /** Name of the thing. */
    readonly thing: string;
    /** What it must be. */
    readonly state: Treatment | null;
    /** The room in whose box it must be. */
    readonly room: string;
  };
  /** Names of the rooms, and of the things in each. */
  readonly rooms: readonly {
    readonly name: string;
    readonly things: readonly string[];
  }[];
  /** Turns until it is given up. */
  readonly maxTurns: number;
}

/** What makes a thing what, and in which room it stands. */
export const FIXTURES: readonly {
  readonly name: string;
  readonly room: string;
  readonly gives: Treatment;
}[] = [
  { name: "sink", room: "bathroom", gives: "clean" },
  { name: "stove", room: "kitchen", gives: "hot" },
  { name: "freezer", room: "workshop", gives: "cool" },
];

/** What a laboratory says to what is no command, or not possible now. */
export const NO_KNOWN_ACTION = "No known action matches that input.";

const VERBS: Readonly<Record<Treatment, string>> = {
  clean: "clean",
  hot: "heat",
  cool: "cool",
};

/** What an agent is told first. */
export function laboratoryTask({ goal, rooms }: LaboratoryGame): string {
  const { thing, state, room } = goal;
  const verb = state === null ? "find" : VERBS[state];
  const names = rooms.map(({ name }) => name).join(", ");
  return `In the environment, there are several rooms: ${names}.\n\nYour task is to ${verb} a ${thing}. First, focus on the ${thing}. Then, move it to the box in the ${room}.`;
}

/** The state of a laboratory while it is worked in. */
export class Laboratory {
  readonly #goal: LaboratoryGame["goal"];
  readonly #rooms: Map<string, readonly string[]>;
  /** What is in the box of each room. */
  readonly #boxes = new Map<string, readonly string[]>();
  readonly #states = new Map<string, Treatment>();
  readonly #focused = new Set<string>();
  #room: string | null = null;
  #held: string | null = null;

  constructor({ goal, rooms }: LaboratoryGame) {
    this.#goal = goal;
    this.#rooms = new Map(rooms.map(({ name, things }) => [name, things]));
  }

  /** Does what a command says, if it can be done; tells what happens. */
  step(command: string): string {
    const [verb, thing = "", other = ""] = readLaboratoryCommand(command) ?? [];
    switch (verb) {
      case "teleport":
        if (!this.#rooms.has(thing)) return NO_KNOWN_ACTION;
        this.#room = thing;
        return `You teleport to the ${thing}. ${this.#describe()}`;
      case "look":
        return this.#room === null ? NO_KNOWN_ACTION : this.#describe();
      case "focus":
        if (!this.#isHere(thing)) return NO_KNOWN_ACTION;
        this.#focused.add(thing);
        return `You focus on the ${thing}.`;
      case "pick":
        if (this.#held !== null || !this.#isHere(thing)) return NO_KNOWN_ACTION;
        this.#held = thing;
        this.#remove(thing);
        return `You move the ${thing} to the inventory.`;
      case "use": {
        const fixture = FIXTURES.find(({ name }) => name === thing);
        if (fixture?.room !== this.#room || this.#held !== other) {
          return NO_KNOWN_ACTION;
        }
        this.#states.set(other, fixture!.gives);
        return `The ${other} is now ${fixture!.gives}.`;
      }
      case "move":
        if (this.#room === null || this.#held !== thing) return NO_KNOWN_ACTION;
        this.#held = null;
        this.#boxes.set(this.#room, [...this.#boxOf(this.#room), thing]);
        return `You move the ${thing} to the box.`;
      default:
        return NO_KNOWN_ACTION;
    }
  }

  /** Commands that can be done now. */
  possibleCommands(): string[] {
    const here = this.#room === null ? [] : this.#things();
    const fixture = FIXTURES.find(({ room }) => room === this.#room);
    return [
      ...[...this.#rooms.keys()].map((room) => `teleport to ${room}`),
      ...here.map((thing) => `focus on ${thing}`),
      ...this.#held === null ? here.map((thing) => `pick up ${thing}`) : [],
      ...this.#held !== null && fixture !== undefined
        ? [`use ${fixture.name} on ${this.#held}`]
        : [],
      ...this.#held !== null && this.#room !== null
        ? [`move ${this.#held} to box`]
        : [],
      ...this.#room === null ? [] : ["look around"],
    ];
  }

  /** Whether the right thing was focused on and is where it must be. */
  isWon(): boolean {
    const { thing, state, room } = this.#goal;
    return this.#focused.has(thing) && this.#boxOf(room).includes(thing) &&
      (state === null || this.#states.get(thing) === state);
  }

  /** Whether another thing was focused on, which ends the task. */
  isLost(): boolean {
    return [...this.#focused].some((thing) => thing !== this.#goal.thing);
  }

  #describe(): string {
    const fixture = FIXTURES.find(({ room }) => room === this.#room);
    const seen = [
      ...fixture === undefined ? [] : [fixture.name],
      ...this.#things(),
    ];
    return `In it, you see ${
      seen.length === 0 ? "nothing" : seen.map((name) => `a ${name}`).join(", ")
    }.`;
  }

  /** Things in the room, but for those in its box. */
  #things(): readonly string[] {
    return this.#rooms.get(this.#room ?? "") ?? [];
  }

  #isHere(thing: string): boolean {
    return this.#things().includes(thing);
  }

  #remove(thing: string): void {
    const left = this.#things().filter((name) => name !== thing);
    this.#rooms.set(this.#room!, left);
  }

  #boxOf(room: string): readonly string[] {
    return this.#boxes.get(room) ?? [];
  }
}

/** The verb of a command with its one or two objects; undefined if it is none. */
export function readLaboratoryCommand(
  text: string,
): readonly string[] | undefined {
  const patterns = [
    /^(teleport) to (\w+)$/,
    /^(look) around$/,
    /^(focus) on (\w+)$/,
    /^(pick) up (\w+)$/,
    /^(use) (\w+) on (\w+)$/,
    /^(move) (\w+) to box$/,
    /^(open) (\w+)$/,
  ];
  for (const pattern of patterns) {
    const match = pattern.exec(text.trim());
    if (match !== null) return match.slice(1);
  }
  return undefined;
}
