/**
 * A household of ALFWorld: TextWorld's rules and words for the fifteen actions
 * of `alfred.pddl`, without TextWorld.
 *
 * Source: alfworld 0.4.2, data/alfred.pddl and data/alfred.twl2; their oddities
 * are kept: a door need not be open to heat or to cool, a lamp that was turned
 * on never turns off, receptacles never get full.
 */
import {
  type Command,
  commandText,
  placedText,
  readCommand,
} from "./commands.ts";
import { describeThing, has, HELP, listed, roomText } from "./words.ts";
import type { Game, Receptacle, Thing } from "./game.ts";

/** What a household says to a command that is none, or not possible now. */
export const NOTHING_HAPPENS = "Nothing happens.";

/** A thing now. */
interface ThingNow extends Thing {
  readonly receptacles: readonly string[];
  readonly location: string | null;
  readonly traits: readonly string[];
}

/** Appliances, what they need of a thing, and what they make of it. */
const TREATMENTS = {
  clean: { at: "sinkbasin", needs: "cleanable", gives: "isclean", ends: "" },
  heat: { at: "microwave", needs: "heatable", gives: "ishot", ends: "iscool" },
  cool: { at: "fridge", needs: "coolable", gives: "iscool", ends: "ishot" },
} as const;

/** The state of a game while it is played. */
export class Household {
  readonly #game: Game;
  readonly #things: Map<string, ThingNow>;
  readonly #opened: Set<string>;
  #location: string;
  /** Name of the thing in hand. */
  #held: string | null = null;

  constructor(game: Game) {
    this.#game = game;
    this.#things = new Map(game.things.map((thing) => [thing.name, thing]));
    this.#opened = new Set(
      game.receptacles.filter(({ opened }) => opened).map(({ name }) => name),
    );
    this.#location = game.start;
  }

  /** The whole room, as it is shown before the first step. */
  room(): string {
    const all = this.#game.receptacles.map(({ name }) => `a ${name}`);
    const here = this.#here();
    return here.length > 0 ? this.#look() : roomText(all);
  }

  /** Does what a command says, if it can be done; tells what happens. */
  step(text: string): string {
    const command = readCommand(text);
    return command === undefined || !this.#isPossible(command)
      ? NOTHING_HAPPENS
      : this.#apply(command);
  }

  /** Commands that can be done now, sorted, in the game's grammar. */
  possibleCommands(): string[] {
    const things = [...this.#things.keys()];
    const receptacles = this.#game.receptacles.map(({ name }) => name);
    const commands: Command[] = [
      { verb: "look" },
      { verb: "inventory" },
      { verb: "help" },
      ...receptacles.flatMap((target): Command[] => [
        { verb: "go", target },
        { verb: "open", target },
        { verb: "close", target },
        { verb: "examine", target },
      ]),
      ...things.flatMap((target): Command[] => [
        { verb: "use", target },
        { verb: "examine", target },
        ...receptacles.flatMap((other): Command[] =>
          (["take", "put", "heat", "cool", "clean"] as const).map((verb) => ({
            verb,
            target,
            other,
          }))
        ),
        ...things.map((other): Command => ({ verb: "slice", target, other })),
      ]),
    ];
    return commands.filter((command) => this.#isPossible(command))
      .map((command) => commandText(command, this.#game.grammar)).sort();
  }

  /** Whether the goal is reached. */
  isWon(): boolean {
    const { goal } = this.#game;
    const things = [...this.#things.values()];
    if (goal.kind === "look") {
      const isLit = things.some((lamp) =>
        lamp.type === goal.lamp && has(lamp, "toggleable") &&
        has(lamp, "istoggled") &&
        this.#here().some(({ name }) => lamp.receptacles.includes(name))
      );
      return isLit && this.#things.get(this.#held ?? "")?.type === goal.thing;
    }
    const trait = goal.state === null ? undefined : `is${goal.state}`;
    return this.#game.receptacles.some(({ name, type }) =>
      type === goal.receptacle &&
      things.filter((thing) =>
          thing.type === goal.thing && thing.receptacles.includes(name) &&
          (trait === undefined || has(thing, trait))
        ).length >= goal.count
    );
  }

  #isPossible({ verb, target = "", other = "" }: Command): boolean {
    switch (verb) {
      case "look":
      case "inventory":
      case "help":
        return true;
      case "go": {
        const receptacle = this.#receptacle(target);
        return receptacle !== undefined &&
          receptacle.location !== this.#location;
      }
      case "open":
      case "close":
        return this.#receptacleHere(target)?.openable === true &&
          this.#opened.has(target) === (verb === "close");
      case "examine":
        // Not so in alfred.pddl, which also says things within reach, but so
        // in what TextWorld makes of it.
        return this.#receptacleHere(target) !== undefined ||
          this.#held === target;
      case "take": {
        const thing = this.#things.get(target);
        return thing !== undefined && has(thing, "pickupable") &&
          this.#held === null && thing.receptacles.includes(other) &&
          this.#isAccessible(other);
      }
      case "put": {
        const type = this.#receptacle(other)?.type;
        return this.#held === target && this.#isAccessible(other) &&
          this.#game.canContain.includes(
            `${type} > ${this.#things.get(target)!.type}`,
          );
      }
      case "heat":
      case "cool":
      case "clean": {
        const { at, needs } = TREATMENTS[verb];
        return this.#held === target && has(this.#things.get(target)!, needs) &&
          this.#receptacleHere(other)?.type === at;
      }
      case "use": {
        const thing = this.#things.get(target);
        return thing !== undefined && has(thing, "toggleable") &&
          this.#here().some(({ name }) => thing.receptacles.includes(name));
      }
      case "slice": {
        const thing = this.#things.get(target);
        const knife = this.#things.get(other);
        return thing !== undefined && has(thing, "sliceable") &&
          thing.location === this.#location && this.#held === other &&
          ["knife", "butterknife"].includes(knife?.type ?? "");
      }
    }
  }

  /** Does a possible command. */
  #apply({ verb, target = "", other = "" }: Command): string {
    switch (verb) {
      case "look":
        return this.#look();
      case "inventory":
        return this.#held === null
          ? "You are not carrying anything."
          : `You are carrying: a ${this.#held}.`;
      case "help":
        return HELP;
      case "go": {
        this.#location = this.#receptacle(target)!.location;
        const { grammar, locationNames } = this.#game;
        const where = grammar === "put"
          ? locationNames[this.#location]
          : target;
        return `You arrive at ${where}. ${this.#describe(target)}`;
      }
      case "open":
        this.#opened.add(target);
        return `You open the ${target}. ${this.#describe(target)}`;
      case "close":
        this.#opened.delete(target);
        return `You close the ${target}.`;
      case "examine":
        return this.#receptacle(target) === undefined
          ? describeThing(this.#things.get(target)!, this.#game.things)
          : this.#describe(target);
      case "take":
        this.#held = target;
        this.#change(target, ({ receptacles }) => ({
          receptacles: receptacles.filter((name) => name !== other),
          location: null,
        }));
        return `You pick up the ${target} from the ${other}.`;
      case "put":
        this.#held = null;
        this.#change(target, ({ receptacles }) => ({
          receptacles: [...receptacles, other],
          location: this.#location,
        }));
        return placedText(target, other, this.#game.grammar);
      case "heat":
      case "cool":
      case "clean": {
        const { gives, ends } = TREATMENTS[verb];
        this.#give(target, gives, ends);
        return `You ${verb} the ${target} using the ${other}.`;
      }
      case "use":
        this.#give(target, "istoggled");
        return `You turn on the ${target}.`;
      case "slice":
        this.#give(target, "issliced");
        return `You sliced the ${target} with the ${other}.`;
    }
  }

  /**
   * What the command `look` tells: away from all receptacles, nothing.
   *
   * TextWorld sometimes lists what stands on another receptacle of the same
   * location; which, depends on how its planner encodes the game, so not here.
   */
  #look(): string {
    const here = this.#here().map(({ name }) => name);
    return here.length === 0
      ? roomText([])
      : `You are facing the ${listed(here)}. Next to it, you see nothing.`;
  }

  #describe(receptacle: string): string {
    const { openable } = this.#receptacle(receptacle)!;
    const isOpen = this.#opened.has(receptacle);
    if (openable && !isOpen) return `The ${receptacle} is closed.`;
    const things = [...this.#things.values()]
      .filter(({ receptacles }) => receptacles.includes(receptacle))
      .map(({ name }) => `a ${name}`);
    return openable
      ? `The ${receptacle} is open. In it, you see ${listed(things)}.`
      : `On the ${receptacle}, you see ${listed(things)}.`;
  }

  #here(): Receptacle[] {
    return this.#game.receptacles.filter(({ location }) =>
      location === this.#location
    );
  }

  #receptacle(name: string): Receptacle | undefined {
    return this.#game.receptacles.find((receptacle) =>
      receptacle.name === name
    );
  }

  #receptacleHere(name: string): Receptacle | undefined {
    return this.#here().find((receptacle) => receptacle.name === name);
  }

  /** Whether a receptacle is here and, if it has a door, open. */
  #isAccessible(name: string): boolean {
    const receptacle = this.#receptacleHere(name);
    return receptacle !== undefined &&
      (!receptacle.openable || this.#opened.has(name));
  }

  #change(
    name: string,
    change: (thing: ThingNow) => Partial<ThingNow>,
  ): void {
    const thing = this.#things.get(name)!;
    this.#things.set(name, { ...thing, ...change(thing) });
  }

  #give(name: string, trait: string, ended = ""): void {
    this.#change(name, ({ traits }) => ({
      traits: [...traits.filter((old) => old !== ended), trait],
    }));
  }
}
