/**
 * Commands of ALFWorld, in both of its grammars: games up to 2.1.2, and
 * AgentBank's trajectories, say `put mug 1 in/on desk 1`; games since say
 * `move mug 1 to desk 1`. Both are read everywhere, so a model that learned
 * one is not lost in the other.
 */

/** Which words place a thing. */
export type Grammar = "put" | "move";

/** A command: what to do, with one or two things. */
export interface Command {
  /** What to do. */
  readonly verb:
    | "go"
    | "open"
    | "close"
    | "take"
    | "put"
    | "use"
    | "heat"
    | "cool"
    | "clean"
    | "slice"
    | "examine"
    | "inventory"
    | "look"
    | "help";
  /** The receptacle of `go`, `open`, `close`; else the thing; or neither. */
  readonly target?: string;
  /** The other one: where from, where to, with what. */
  readonly other?: string;
}

const PATTERNS: readonly (readonly [Command["verb"], RegExp])[] = [
  ["go", /^go to (.+)$/],
  ["open", /^open (.+)$/],
  ["close", /^close (.+)$/],
  ["take", /^take (.+) from (.+)$/],
  ["put", /^move (.+) to (.+)$/],
  ["put", /^put (.+) in\/on (.+)$/],
  ["use", /^use (.+)$/],
  ["heat", /^heat (.+) with (.+)$/],
  ["cool", /^cool (.+) with (.+)$/],
  ["clean", /^clean (.+) with (.+)$/],
  ["slice", /^slice (.+) with (.+)$/],
  ["examine", /^examine (.+)$/],
  ["inventory", /^inventory$/],
  ["look", /^look$/],
  ["help", /^help$/],
];

/** What games do not read, though it is clear what is meant. */
const LOOSE_PATTERNS: typeof PATTERNS = [
  ["put", /^put (.+) (?:in|on) (.+)$/],
  // As ETO's instruction has it; the place says nothing more.
  ["use", /^toggle (\S+ \d+)(?: \S+ \d+)?$/],
];

/** Reads a command as games do; undefined if it is none. */
export function readCommand(text: string): Command | undefined {
  return matchCommand(text, PATTERNS);
}

/** Reads what a command means, also in words that games do not read. */
export function readLooseCommand(text: string): Command | undefined {
  return matchCommand(text, [...PATTERNS, ...LOOSE_PATTERNS]);
}

function matchCommand(
  text: string,
  patterns: typeof PATTERNS,
): Command | undefined {
  for (const [verb, pattern] of patterns) {
    const match = pattern.exec(text.trim());
    if (match !== null) {
      const [, target, other] = match;
      return {
        verb,
        ...target === undefined ? {} : { target },
        ...other === undefined ? {} : { other },
      };
    }
  }
  return undefined;
}

/** Writes a command. */
export function commandText(
  { verb, target, other }: Command,
  grammar: Grammar,
): string {
  switch (verb) {
    case "go":
      return `go to ${target}`;
    case "take":
      return `take ${target} from ${other}`;
    case "put":
      return grammar === "put"
        ? `put ${target} in/on ${other}`
        : `move ${target} to ${other}`;
    case "heat":
    case "cool":
    case "clean":
    case "slice":
      return `${verb} ${target} with ${other}`;
    default:
      return target === undefined ? verb : `${verb} ${target}`;
  }
}

/** What a household says when a thing was placed. */
export function placedText(
  thing: string,
  receptacle: string,
  grammar: Grammar,
): string {
  return grammar === "put"
    ? `You put the ${thing} in/on the ${receptacle}.`
    : `You move the ${thing} to the ${receptacle}.`;
}

/** What a household says, in a grammar's words. */
export function translateFeedback(text: string, grammar: Grammar): string {
  const match = /^You (?:put the (.+) in\/on|move the (.+) to) the (.+)\.$/
    .exec(text);
  return match === null
    ? text
    : placedText(match[1] ?? match[2], match[3], grammar);
}
