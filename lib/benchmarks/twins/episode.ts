/**
 * What an embodied episode says: the acts, observations and thoughts of the
 * ALFWorld and ScienceWorld twins, whatever words they are in.
 */
import type { Goal, State } from "../household/goal.ts";
import type { Message } from "../task.ts";

/** What an agent does. */
export interface Act {
  /** The kind. */
  readonly verb:
    | "go"
    | "open"
    | "focus"
    | "take"
    | "treat"
    | "put"
    | "use"
    | "look";
  /** The place of `go` and `open`; else the thing. */
  readonly target: string;
}

/** What an agent is told. */
export type Observation =
  | { readonly kind: "see"; readonly place: string; readonly things: string[] }
  | { readonly kind: "closed"; readonly place: string }
  | { readonly kind: "taken" | "focused" | "used"; readonly thing: string }
  | { readonly kind: "treated"; readonly thing: string; readonly state: State }
  | { readonly kind: "put"; readonly thing: string; readonly place: string }
  | { readonly kind: "nothing" | "other" };

/** What an agent states or means in a thought. */
export type Statement =
  | {
    readonly kind: "need";
    readonly state: State | "two" | null;
    readonly thing: string;
    readonly where: string;
  }
  | { readonly kind: "kept"; readonly thing: string; readonly place: string }
  | { readonly kind: "see" | "no" | "have"; readonly thing: string }
  | { readonly kind: "closed" }
  | { readonly kind: "state"; readonly state: State }
  | { readonly kind: "intent"; readonly act: Act };

/** The words of a twin. */
export interface Dialect {
  /** Reads a task's first message. */
  readTask(
    text: string,
  ): { readonly places: readonly string[]; readonly goal: Goal };
  /** Reads what the agent is told. */
  readObservation(text: string): Observation;
  /** A command that does an act where the agent is. */
  commandText(act: Act, here: string): string;
  /** The act of a command; undefined if it is none. */
  readAct(command: string): Act | undefined;
  /** An act in a thought, after "I". */
  intentText(act: Act, here: string): string;
  /** Reads an act in a thought. */
  readIntent(text: string): Act | undefined;
  /** Name of the place of a type, and the type of a name. */
  placeName(type: string): string;
  /** The place where things are made clean, hot or cool. */
  treatmentPlace(state: State): string;
  /** Whether a thing must be focused on before it is taken. */
  readonly focuses: boolean;
}

/** `mug` for `mug 1`. */
export function typeOf(name: string): string {
  return name.replace(/ \d+$/, "");
}

/** What is needed, as a thought states it. */
export function needText(goal: Goal): string {
  const state = goal.kind === "look" ? null : goal.state;
  const amount = goal.kind === "place" && goal.count === 2
    ? "two"
    : state === null
    ? "a"
    : `a ${state}`;
  const where = goal.kind === "look" ? goal.lamp : goal.receptacle;
  return `I need ${amount} ${goal.thing}, for the ${where}.`;
}

/** The statements of a thought; a sentence that is none gives undefined. */
export function readThought(
  thought: string,
  dialect: Dialect,
): (Statement | undefined)[] {
  const sentences = thought.match(/[^.]+\.?/g) ?? [];
  return sentences.map((sentence) => readSentence(sentence.trim(), dialect));
}

function readSentence(text: string, dialect: Dialect): Statement | undefined {
  const read = (pattern: RegExp) => pattern.exec(text)?.slice(1);
  const need = read(
    /^I need (?:(two)|a(?: (clean|hot|cool))?) (\w+), for the (\w+)\.$/,
  );
  if (need !== undefined) {
    const [two, state, thing, where] = need;
    return {
      kind: "need",
      state: (two ?? state ?? null) as State | "two" | null,
      thing,
      where,
    };
  }
  const kept = read(/^An? (\w+) is kept (?:in|on) the (\w+)\.$/);
  if (kept !== undefined) {
    return { kind: "kept", thing: kept[0], place: kept[1] };
  }
  const no = read(/^I see no (\w+)\.$/);
  if (no !== undefined) return { kind: "no", thing: no[0] };
  const perceived = read(/^I (see|have) (\w+(?: \d+)?)\.$/);
  if (perceived !== undefined) {
    return { kind: perceived[0] as "see" | "have", thing: perceived[1] };
  }
  if (text === "It is closed.") return { kind: "closed" };
  const state = read(/^It is (clean|hot|cool)\.$/);
  if (state !== undefined) return { kind: "state", state: state[0] as State };
  const intent = read(/^I (.+)\.$/);
  const act = intent && dialect.readIntent(intent[0]);
  return act && { kind: "intent", act };
}

/** The parts of a turn; undefined where its tags are not as they must be. */
export function readTurn(
  text: string,
): { readonly thought: string; readonly command: string } | undefined {
  const match = /^<think>([^<]*)<\/think>\n<action>([^<]*)<\/action>$/.exec(
    text.trim(),
  );
  return match === null ? undefined : { thought: match[1], command: match[2] };
}

/** What an agent can know from a chat. */
export class EpisodeView {
  /** Names of all places. */
  readonly places: readonly string[];
  /** What the task asks for. */
  readonly goal: Goal;
  /** The place where the agent is. */
  here: string | null = null;
  /** Things by place, as last seen; "closed" for a shut one. */
  readonly seen = new Map<string, readonly string[] | "closed">();
  /** Name of the thing in hand. */
  held: string | null = null;
  /** What was done to things. */
  readonly states = new Map<string, State>();
  /** Things that were focused on. */
  readonly focused = new Set<string>();
  /** Things that are where the goal wants them, or were put elsewhere. */
  readonly put = new Map<string, string>();
  /** Facts that were stated. */
  readonly stated = new Set<string>();
  /** The agent's turns until now. */
  turns = 0;
  /** What was last told. */
  last: Observation | null = null;

  constructor(task: string, dialect: Dialect) {
    const { places, goal } = dialect.readTask(task);
    this.places = places;
    this.goal = goal;
  }

  /** Things seen where the agent is. */
  get visible(): readonly string[] {
    const things = this.here === null ? undefined : this.seen.get(this.here);
    return things === undefined || things === "closed" ? [] : things;
  }

  /** Takes in what the agent is told. */
  observe(observation: Observation): void {
    this.last = observation;
    switch (observation.kind) {
      case "see":
        this.here = observation.place;
        this.seen.set(observation.place, observation.things);
        break;
      case "closed":
        this.here = observation.place;
        this.seen.set(observation.place, "closed");
        break;
      case "taken":
        this.held = observation.thing;
        this.#setVisible(
          this.visible.filter((name) => name !== observation.thing),
        );
        break;
      case "focused":
        this.focused.add(observation.thing);
        break;
      case "treated":
        this.states.set(observation.thing, observation.state);
        break;
      case "put":
        this.held = null;
        this.put.set(observation.thing, observation.place);
        this.#setVisible([...this.visible, observation.thing]);
        break;
    }
  }

  #setVisible(things: readonly string[]): void {
    if (this.here !== null) this.seen.set(this.here, things);
  }
}

/** What an agent knows before each of its turns, and after the last. */
export function* viewsOf(
  chat: readonly Message[],
  dialect: Dialect,
): Generator<{ readonly view: EpisodeView; readonly turn: string | null }> {
  const first = chat.findIndex(({ role }) => role === "user");
  const view = new EpisodeView(chat[first].content, dialect);
  for (const { role, content } of chat.slice(first + 1)) {
    if (role === "user") {
      view.observe(dialect.readObservation(content));
      continue;
    }
    yield { view, turn: content };
    view.turns++;
    const thought = readTurn(content)?.thought ?? "";
    for (const statement of readThought(thought, dialect)) {
      if (statement?.kind === "kept") view.stated.add(statement.thing);
    }
  }
  yield { view, turn: null };
}
