/**
 * Policies that fail for a known reason: the one who knows all, with one fault.
 * What they do after it does not matter, for the earliest event counts.
 */
import { type Random, randomChoice, randomInt } from "../../random.ts";
import type { FailureLabel } from "../failures.ts";
import type { Goal } from "../household/goal.ts";
import type { Message } from "../task.ts";
import { type Act, type EpisodeView, typeOf, viewsOf } from "./episode.ts";
import {
  type Agent,
  agentPolicy,
  isDone,
  nextStep,
  type Step,
  stepText,
} from "./episode_policy.ts";
import { THINGS } from "./homes.ts";
import type { Policy } from "./twin.ts";

/** An agent who knows all, and how many turns it needs. */
export interface Injected extends Agent {
  /** Turns of the episode that solves the task. */
  readonly turns: number;
}

/** The faulty policy of each label. */
export const EPISODE_INJECTORS: Readonly<
  Record<FailureLabel, (agent: Injected) => Policy>
> = {
  "tool parsing error": garbled,
  "answer formatting failure": withoutAction,
  "think-act inconsistency": distracted,
  "demand misunderstanding": mistaken,
  "false belief": misled,
  "tool response error": blind,
  "planning failure": hasty,
  "compositional reasoning": misplacing,
};

/** A policy that changes an agent's steps. */
function changed(
  agent: Agent,
  change: (step: Step, view: EpisodeView) => string | Step,
): Policy {
  return (chat: readonly Message[]) => {
    let view: EpisodeView | undefined;
    for (const moment of viewsOf(chat, agent.dialect)) view = moment.view;
    const written = change(nextStep(view!, agent), view!);
    return typeof written === "string"
      ? written
      : stepText(written, view!, agent.dialect);
  };
}

/** From some turn on, what stands in the tags is no command. */
function garbled(agent: Injected): Policy {
  const { random, dialect, turns } = agent;
  const first = randomInt(random, turns);
  const garble = randomChoice<(turn: string) => string>(random, [
    (turn) => turn.replace(/<action>.*/, "<action>grab it</action>"),
    (turn) => turn.replace("</action>", ""),
    (turn) => turn.replace("<action>", "<action>look</action><action>"),
  ]);
  return changed(agent, (step, view) => {
    const turn = stepText(step, view, dialect);
    return view.turns < first ? turn : garble(turn);
  });
}

/** The last step stands in the thought alone. */
function withoutAction(agent: Injected): Policy {
  return changed(agent, (step, view) => {
    const turn = stepText(step, view, agent.dialect);
    return view.turns < agent.turns - 1 ? turn : turn.replace(/\n.*/, "");
  });
}

/** From some turn on, before the last way, it goes elsewhere than it says. */
function distracted(agent: Injected): Policy {
  const { random, dialect, turns } = agent;
  const first = randomInt(random, turns - 2);
  return changed(agent, (step, view) => {
    const turn = stepText(step, view, dialect);
    if (view.turns < first || step.act.verb !== "go") return turn;
    const target = otherPlace(view, random, [step.act.target]);
    const command = dialect.commandText({ verb: "go", target }, "");
    return turn.replace(/<action>.*/, `<action>${command}</action>`);
  });
}

/** It strives for something else: one slot of the request is another. */
function mistaken(agent: Injected): Policy {
  const { random, world } = agent;
  const slot = randomInt(random, 2);
  let goal: Goal | undefined;
  const misread = (asked: Goal, view: EpisodeView): Goal => {
    if (goal !== undefined) return goal;
    if (asked.kind === "look" || slot === 0) {
      const others = THINGS.filter((thing) => thing !== asked.thing);
      goal = { ...asked, thing: randomChoice(random, others) };
    } else {
      const others = world.places.map(({ name }) => name).filter((name) =>
        name !== asked.receptacle &&
        view.places.includes(agent.dialect.placeName(name))
      );
      goal = { ...asked, receptacle: randomChoice(random, others) };
    }
    return goal;
  };
  return agentPolicy({ ...agent, pursue: misread, state: misread });
}

/** It believes things where they are not. */
function misled(agent: Injected): Policy {
  const { random, world, homes } = agent;
  let wrongHome: string | undefined;
  return (chat) => {
    const view = viewsOf(chat, agent.dialect).next().value!.view;
    const { goal } = view;
    const wrong = world.places.map(({ name }) => name).filter((name) =>
      view.places.includes(agent.dialect.placeName(name)) &&
      name !== homes[goal.thing] &&
      !(goal.kind === "place" && name === goal.receptacle)
    );
    wrongHome ??= randomChoice(random, wrong);
    return agentPolicy({
      ...agent,
      homes: { ...homes, [goal.thing]: wrongHome },
    })(chat);
  };
}

/** It does not see what is before it, or does again what did nothing. */
function blind(agent: Injected): Policy {
  const { random, turns } = agent;
  if (randomInt(random, 2) === 0) {
    const first = randomInt(random, turns);
    const act: Act = { verb: "open", target: "" };
    return changed(agent, (step, view) => {
      if (view.turns < first) return step;
      const target = view.places.find((place) =>
        view.seen.get(place) !== "closed" && place !== view.here
      );
      return { sentences: [], act: { ...act, target: target! } };
    });
  }
  return changed(agent, (step, view) => {
    const { goal } = view;
    const isSeen = view.visible.some((name) => typeOf(name) === goal.thing);
    if (!isSeen || view.held !== null) return step;
    return {
      sentences: [`I see no ${goal.thing}.`],
      act: { verb: "go", target: otherPlace(view, random, []) },
    };
  });
}

/** It leaves a step out; or, where there is none to leave out, gets nowhere. */
function hasty(agent: Injected): Policy {
  const { random, homes, dialect } = agent;
  const skip = (goal: Goal): Goal =>
    goal.kind === "place" ? { ...goal, state: null, count: 1 } : goal;
  return changed({ ...agent, pursue: skip, state: (goal) => goal }, (
    step,
    view,
  ) => {
    const { goal } = view;
    const isSkipping = goal.kind === "place" &&
      (goal.state !== null || goal.count === 2);
    if (isSkipping) return step;
    const home = dialect.placeName(homes[goal.thing]);
    return {
      sentences: [],
      act: { verb: "go", target: otherPlace(view, random, [home]) },
    };
  });
}

/** It has all that is needed, and brings it to the wrong place. */
function misplacing(agent: Injected): Policy {
  const { random, dialect } = agent;
  let wrongPlace: string | undefined;
  return changed(agent, (step, view) => {
    const { goal, held, here } = view;
    if (goal.kind === "look") {
      const isLit = here !== null &&
        view.visible.some((name) => typeOf(name) === goal.lamp);
      if (!isLit) return step;
      const lamp = view.visible.find((name) => typeOf(name) === goal.lamp)!;
      return held === null
        ? { sentences: [], act: { verb: "use", target: lamp } }
        : { sentences: [], act: { verb: "put", target: held } };
    }
    if (isDone(view, { ...goal, count: 1 })) {
      return { sentences: [], act: { verb: "look", target: "" } };
    }
    const target = dialect.placeName(goal.receptacle);
    const isAtLast = held !== null &&
      (goal.state === null || view.states.get(held) === goal.state);
    if (!isAtLast) return step;
    wrongPlace ??= randomChoice(
      random,
      [...view.seen].filter(([place, things]) =>
        place !== target && things !== "closed" && isStorage(agent, place)
      ).map(([place]) => place),
    );
    return here === wrongPlace
      ? { sentences: [], act: { verb: "put", target: held } }
      : { sentences: step.sentences, act: { verb: "go", target: wrongPlace } };
  });
}

function otherPlace(
  view: EpisodeView,
  random: Random,
  not: readonly string[],
): string {
  return randomChoice(
    random,
    view.places.filter((place) => place !== view.here && !not.includes(place)),
  );
}

function isStorage({ world, dialect }: Agent, place: string): boolean {
  return world.places.some(({ name }) => dialect.placeName(name) === place);
}
