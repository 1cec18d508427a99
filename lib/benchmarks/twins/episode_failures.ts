/**
 * Why a run of an embodied twin failed, by program: every turn's thought is
 * compared with its act, the task, what was observed and what is true.
 */
import type { FailureEvent, FailureLabel } from "../failures.ts";
import type { Goal } from "../household/goal.ts";
import type { Message } from "../task.ts";
import {
  type Act,
  type Dialect,
  type EpisodeView,
  readThought,
  readTurn,
  type Statement,
  typeOf,
  viewsOf,
} from "./episode.ts";

/** What is known of a run besides its chat. */
export interface RunTruth {
  /** Words of the twin. */
  readonly dialect: Dialect;
  /** Whether a thing is kept in a place, both by type. */
  readonly isKept: (thing: string, place: string) => boolean;
  /** Whether commands, one for each turn, solve the task. */
  readonly solves: (commands: readonly (string | undefined)[]) => boolean;
}

/** A turn with what is known before it. */
interface Moment {
  readonly view: EpisodeView;
  /** The thought and the command; undefined where the tags are wrong. */
  readonly parts: ReturnType<typeof readTurn>;
  /** The act that was done. */
  readonly act: Act | undefined;
  /** What the thought states. */
  readonly statements: readonly (Statement | undefined)[];
  /** The act that the thought means. */
  readonly intent: Act | undefined;
}

/**
 * What is wrong in a run.
 *
 * One that did not solve the task, and has no other fault, has a planning
 * failure at its last turn, if all its acts were possible: its turns ran out.
 */
export function episodeFailures(
  chat: readonly Message[],
  truth: RunTruth,
): FailureEvent[] {
  const { dialect } = truth;
  const turns = chat.filter(({ role }) => role === "assistant")
    .map(({ content }) => content);
  const isSolved = truth.solves(turns.map((turn) => readTurn(turn)?.command));
  const isFormOnly = truth.solves(meantCommands(chat, dialect));
  const events: FailureEvent[] = [];
  let before: Moment | undefined;
  let hasNothing = false;
  for (const { view, turn } of viewsOf(chat, dialect)) {
    hasNothing ||= view.last?.kind === "nothing";
    if (turn === null) continue;
    const moment = momentOf(view, turn, dialect);
    for (const label of labelsOf(moment, before, truth, isFormOnly)) {
      events.push({ turn: view.turns, label });
    }
    before = moment;
  }
  return events.length > 0 || hasNothing || isSolved
    ? events
    : [{ turn: turns.length - 1, label: "planning failure" }];
}

function momentOf(
  view: EpisodeView,
  turn: string,
  dialect: Dialect,
): Moment {
  const parts = readTurn(turn);
  const statements = readThought(thoughtOf(turn), dialect);
  const intent = statements.findLast((statement) =>
    statement?.kind === "intent"
  );
  return {
    view,
    parts,
    statements,
    act: parts && dialect.readAct(parts.command),
    intent: intent?.kind === "intent" ? intent.act : undefined,
  };
}

/** The thought of a turn, whatever its tags. */
function thoughtOf(turn: string): string {
  return /<think>([^<]*)/.exec(turn)?.[1] ?? turn.replace(/<.*/s, "");
}

/** Commands as meant: where a turn has no action at all, its thought's. */
function meantCommands(
  chat: readonly Message[],
  dialect: Dialect,
): (string | undefined)[] {
  const commands: (string | undefined)[] = [];
  for (const { view, turn } of viewsOf(chat, dialect)) {
    if (turn === null) continue;
    const { parts, intent } = momentOf(view, turn, dialect);
    const isMeant = intent !== undefined && !turn.includes("<action>");
    const command = isMeant
      ? dialect.commandText(intent, view.here ?? "")
      : undefined;
    commands.push(parts?.command ?? command);
  }
  return commands;
}

function* labelsOf(
  moment: Moment,
  before: Moment | undefined,
  truth: RunTruth,
  isFormOnly: boolean,
): Generator<FailureLabel> {
  const { view, parts, act, intent, statements } = moment;
  if (act === undefined) {
    yield isFormOnly && parts === undefined
      ? "answer formatting failure"
      : "tool parsing error";
    return;
  }
  if (
    intent !== undefined &&
    (intent.verb !== act.verb || intent.target !== act.target)
  ) yield "think-act inconsistency";
  for (const statement of statements) {
    const label = statement && labelOfStatement(statement, view, truth);
    if (label !== undefined) yield label;
  }
  if (ignoresWhatItSees(view, act) || repeatsInVain(moment, before)) {
    yield "tool response error";
  }
  yield* labelsOfAct(view, act, truth);
}

/** What a statement is, if it is not true. */
function labelOfStatement(
  statement: Statement,
  view: EpisodeView,
  { isKept }: RunTruth,
): FailureLabel | undefined {
  const belief = (isTrue: boolean): FailureLabel | undefined =>
    isTrue ? undefined : "false belief";
  switch (statement.kind) {
    case "need": {
      const wrong = wrongSlots(statement, view.goal);
      return wrong === 0
        ? undefined
        : wrong === 1
        ? "demand misunderstanding"
        : "false belief";
    }
    case "kept":
      return belief(isKept(statement.thing, statement.place));
    case "see":
      return belief(view.visible.includes(statement.thing));
    case "no":
      return view.visible.some((name) => typeOf(name) === statement.thing)
        ? "tool response error"
        : undefined;
    case "have":
      return belief(view.held === statement.thing);
    case "closed":
      return belief(
        view.here !== null && view.seen.get(view.here) === "closed",
      );
    case "state":
      return belief(
        view.held !== null && view.states.get(view.held) === statement.state,
      );
    case "intent":
      return statement.act.verb === "go" &&
          !view.places.includes(statement.act.target)
        ? "false belief"
        : undefined;
  }
}

/** How many slots of a stated need are not the task's. */
function wrongSlots(
  { state, thing, where }: Statement & { readonly kind: "need" },
  goal: Goal,
): number {
  const asked = goal.kind === "look"
    ? [null, goal.thing, goal.lamp]
    : [goal.count === 2 ? "two" : goal.state, goal.thing, goal.receptacle];
  return [state, thing, where].filter((slot, i) => slot !== asked[i]).length;
}

/** Whether what is needed is in view, the hand is free, and it is left. */
function ignoresWhatItSees(view: EpisodeView, act: Act): boolean {
  if (
    view.held !== null || !["see", "focused"].includes(view.last?.kind ?? "")
  ) {
    return false;
  }
  const needed = view.visible.filter((name) =>
    typeOf(name) === view.goal.thing && !view.put.has(name)
  );
  return needed.length > 0 &&
    !(["take", "focus"].includes(act.verb) && needed.includes(act.target));
}

function repeatsInVain(
  { view, parts }: Moment,
  before: Moment | undefined,
): boolean {
  return view.last?.kind === "nothing" && before !== undefined &&
    parts?.command === before.parts?.command;
}

/** Whether what is done leaves out a step, or is the wrong last one. */
function* labelsOfAct(
  view: EpisodeView,
  { verb, target }: Act,
  { dialect }: RunTruth,
): Generator<FailureLabel> {
  const { goal, held, here } = view;
  if (goal.kind === "look") {
    const hadIt = [...view.put.keys()].some((name) =>
      typeOf(name) === goal.thing
    );
    if (verb === "use" && held === null) {
      yield hadIt ? "compositional reasoning" : "planning failure";
    }
    return;
  }
  if (verb !== "put" || held !== target || typeOf(target) !== goal.thing) {
    return;
  }
  const isReady = goal.state === null || view.states.get(target) === goal.state;
  const isThere = here === dialect.placeName(goal.receptacle);
  if (isReady && !isThere) yield "compositional reasoning";
  if (!isReady && isThere) yield "planning failure";
}
