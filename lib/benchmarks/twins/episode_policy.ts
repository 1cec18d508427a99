/**
 * A policy for the embodied twins that reads the chat and nothing else: it
 * looks for things where it believes them kept, then in the other places.
 */
import { type Random, randomChoice } from "../../random.ts";
import { turnText } from "../alfworld_prompts.ts";
import type { Goal } from "../household/goal.ts";
import {
  type Act,
  type Dialect,
  type EpisodeView,
  needText,
  typeOf,
  viewsOf,
} from "./episode.ts";
import { type Homes, type HomesWorld, homeText } from "./homes.ts";
import type { Policy } from "./twin.ts";

/** What a policy knows, and what it strives for. */
export interface Agent {
  /** Its words. */
  readonly dialect: Dialect;
  /** Whose facts it states. */
  readonly world: HomesWorld;
  /** Where it believes things kept. */
  readonly homes: Homes;
  /** Decides where it looks when it knows nothing. */
  readonly random: Random;
  /** What it strives for in place of what the task says. */
  readonly pursue?: (goal: Goal, view: EpisodeView) => Goal;
  /** What it says that it needs; by default, what the task says. */
  readonly state?: (goal: Goal, view: EpisodeView) => Goal;
}

/** What a turn says and does. */
export interface Step {
  /** Sentences before the one that says the act. */
  readonly sentences: readonly string[];
  /** What is done. */
  readonly act: Act;
}

/** The policy of an agent. */
export function agentPolicy(agent: Agent): Policy {
  return (chat) => {
    let view: EpisodeView | undefined;
    for (const step of viewsOf(chat, agent.dialect)) view = step.view;
    return stepText(nextStep(view!, agent), view!, agent.dialect);
  };
}

/** A step as a turn. */
export function stepText(
  { sentences, act }: Step,
  { here }: EpisodeView,
  dialect: Dialect,
): string {
  const intent = `I ${dialect.intentText(act, here ?? "")}.`;
  const thought = [...sentences, intent].join(" ");
  return turnText(thought, dialect.commandText(act, here ?? ""), "tags");
}

/** What an agent does next. */
export function nextStep(view: EpisodeView, agent: Agent): Step {
  const goal = agent.pursue?.(view.goal, view) ?? view.goal;
  const need = agent.state?.(view.goal, view) ?? view.goal;
  const { sentences, act } = view.held === null
    ? fetchThing(view, goal, agent)
    : goal.kind === "look"
    ? useLamp(view, goal.lamp, agent)
    : bringThing(view, goal, agent);
  return view.turns === 0
    ? { sentences: [needText(need), ...sentences], act }
    : { sentences, act };
}

/** Whether as many things are where they must be as the goal wants. */
export function isDone(view: EpisodeView, goal: Goal): boolean {
  return goal.kind === "place" && view.put.size >= goal.count;
}

function fetchThing(view: EpisodeView, goal: Goal, agent: Agent): Step {
  if (isDone(view, goal)) {
    return { sentences: [], act: { verb: "look", target: "" } };
  }
  const found = view.visible.find((name) =>
    typeOf(name) === goal.thing && !view.put.has(name)
  );
  if (found === undefined) return search(view, goal.thing, goal, agent);
  return agent.dialect.focuses && !view.focused.has(found)
    ? { sentences: [`I see ${found}.`], act: { verb: "focus", target: found } }
    : { sentences: [`I see ${found}.`], act: { verb: "take", target: found } };
}

function bringThing(
  view: EpisodeView,
  goal: Goal & { readonly kind: "place" },
  agent: Agent,
): Step {
  const held = view.held!;
  const isTreated = goal.state === null || view.states.get(held) === goal.state;
  if (!isTreated) {
    const place = agent.dialect.placeName(
      agent.dialect.treatmentPlace(goal.state!),
    );
    return view.here === place
      ? { sentences: [], act: { verb: "treat", target: held } }
      : goTo(view, place);
  }
  const place = agent.dialect.placeName(goal.receptacle);
  if (view.here !== place) return goTo(view, place);
  return view.seen.get(place) === "closed"
    ? open(place)
    : { sentences: [], act: { verb: "put", target: held } };
}

function useLamp(view: EpisodeView, lamp: string, agent: Agent): Step {
  const found = view.visible.find((name) => typeOf(name) === lamp);
  return found === undefined
    ? search(view, lamp, view.goal, agent)
    : { sentences: [], act: { verb: "use", target: found } };
}

/** Looks for a thing: where it was seen, where it is kept, anywhere. */
function search(
  view: EpisodeView,
  thing: string,
  goal: Goal,
  agent: Agent,
): Step {
  const { dialect, homes, world, random } = agent;
  if (view.here !== null && view.seen.get(view.here) === "closed") {
    return open(view.here);
  }
  const known = [...view.seen].find(([, things]) =>
    things !== "closed" &&
    things.some((name) => typeOf(name) === thing && !view.put.has(name))
  );
  if (known !== undefined) return goTo(view, known[0]);
  const isMissed = view.here !== null && view.held === null &&
    view.put.size === 0;
  const missed = isMissed ? [`I see no ${thing}.`] : [];
  const home = dialect.placeName(homes[thing]);
  if (view.places.includes(home) && !view.seen.has(home)) {
    const { sentences, act } = goTo(view, home);
    const fact = view.stated.has(thing)
      ? []
      : [homeText(world, thing, homes[thing])];
    return { sentences: [...missed, ...sentences, ...fact], act };
  }
  const isStorage = (place: string): boolean =>
    world.places.some(({ name }) => dialect.placeName(name) === place) &&
    !(goal.kind === "place" && place === dialect.placeName(goal.receptacle));
  const unseen = view.places.filter((place) =>
    isStorage(place) && !view.seen.has(place)
  );
  const place = randomChoice(random, unseen.length > 0 ? unseen : view.places);
  return { sentences: missed, act: { verb: "go", target: place } };
}

/** Goes on with what is in hand. */
function goTo(view: EpisodeView, place: string): Step {
  const state = view.held === null ? undefined : view.states.get(view.held);
  const sentences = state !== undefined
    ? [`It is ${state}.`]
    : view.held !== null
    ? [`I have ${view.held}.`]
    : [];
  return { sentences, act: { verb: "go", target: place } };
}

function open(place: string): Step {
  return {
    sentences: ["It is closed."],
    act: { verb: "open", target: place },
  };
}
