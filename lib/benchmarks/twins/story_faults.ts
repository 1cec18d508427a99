/** Wrong ways to work a story out, each for a known reason. */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import type { Name } from "./lexicon.ts";
import { readStory, type Story, type StoryEvent, tellStory } from "./story.ts";
import { MOVES } from "./story_draw.ts";
import { storyFactText, type StoryWorld } from "./story_facts.ts";
import { type Working, workStory } from "./working.ts";

/** What a fault is made of. */
export interface Faulted {
  /** The problem's story. */
  readonly story: Story;
  /** The true facts. */
  readonly world: StoryWorld;
  /** A world of random facts. */
  drawWorld(random: Random): StoryWorld;
}

/** A wrong working; undefined where the draw gives none. */
export type Fault = (random: Random, faulted: Faulted) => Working | undefined;

/** The same events and another question: of one person, or of two together. */
export function siblingStories(story: Story): Story[] {
  const { events, asked, asksCoins } = story;
  const people = peopleOf(story);
  const pairs = people.flatMap((last, i) =>
    people.slice(0, i).map((first) => [first, last])
  );
  const things = events.filter(({ kind }) => kind !== "sell");
  return [...people.map((person) => [person]), ...pairs]
    .filter((others) => asksCoins || others.join() !== asked.join())
    .map((others) => {
      const known = people.slice(0, people.indexOf(others.at(-1)!) + 1);
      return {
        ...story,
        events: things.filter(({ who }) => known.includes(who)),
        asked: others,
        asksCoins: false,
      };
    });
}

/** Answers another question; of two people, only of the first and the last. */
export const answerSibling: Fault = (random, { story, world }) => {
  const people = peopleOf(story);
  const ends = [people[0], people.at(-1)].join();
  const workings = siblingStories(story)
    .filter(({ asked }) => asked.length === 1 || asked.join() === ends)
    .map((sibling) => workStory(sibling, world))
    .filter(({ steps }) => steps.length > 0);
  return workings.length === 0 ? undefined : randomChoice(random, workings);
};

/**
 * Reads another question about the same events, told by itself, and works only
 * what that one needs: a check on `siblingStories`, of which it knows nothing.
 */
export const answerOther: Fault = (random, { story, world }) => {
  const owners = story.events.filter(({ kind, than }) =>
    kind === "has" || than !== undefined
  ).map(({ who }) => who);
  const chosen = shuffled(random, owners).slice(0, 1 + randomInt(random, 2));
  const told = tellStory({
    ...story,
    events: story.events.filter(({ kind }) => kind !== "sell"),
    asked: owners.filter((owner) => chosen.includes(owner)),
    asksCoins: false,
  });
  if (told === tellStory(story)) return undefined;
  const other = readStory(told);
  const working = workStory({ ...other, events: neededEvents(other) }, world);
  return working.steps.length === 0 ? undefined : working;
};

/** The events on which the number depends that is asked for. */
function neededEvents({ events, asked }: Story): StoryEvent[] {
  const needed = new Set(asked);
  return events.toReversed().filter((event) => {
    if (!isRelevant(event) || !needed.has(event.who)) return false;
    if (event.than !== undefined) needed.add(event.than);
    return true;
  }).toReversed();
}

/** People who have something, in the order of their appearance. */
function peopleOf({ events }: Story): Name[] {
  return [...new Set(events.filter(isRelevant).map(({ who }) => who))];
}

/** Takes a fact, or a number of the question, for another. */
export const believeFalsely: Fault = (random, { story, world, drawWorld }) => {
  const working = workStory(story, world);
  if (random() < 0.5) {
    const name = randomChoice(random, working.facts);
    const other = drawWorld(random);
    const changed = workStory(story, mixWorlds(world, other, name));
    return storyFactText(other, name) === storyFactText(world, name)
      ? undefined
      : changed;
  }
  const told = story.events
    .filter((event) => isRelevant(event) && event.count !== undefined);
  const misread = randomChoice(random, told);
  const by = randomChoice(random, [-3, -2, -1, 1, 2, 3]);
  const events = story.events.map((event) =>
    event === misread ? { ...event, count: misread.count! + by } : event
  );
  return misread.count! + by < 2
    ? undefined
    : workStory({ ...story, events }, world);
};

/** Leaves out what happens before the end, or takes two events in the wrong order. */
export const planWrongly: Fault = (random, { story, world }) => {
  const events = story.events.filter(isRelevant);
  const inner = events.slice(1, -1);
  if (inner.length === 0) return undefined;
  const event = randomChoice(random, inner);
  const next = events[events.indexOf(event) + 1];
  const isMove = MOVES.some((kind) => kind === event.kind);
  const isSwap = random() < 0.5;
  if (isSwap) {
    if (isMove || next.kind === "sell" || next.who !== event.who) {
      return undefined;
    }
    return workStory({
      ...story,
      events: story.events.map((each) =>
        each === event ? next : each === next ? event : each
      ),
    }, world);
  }
  // Of two events that read alike, it could be either that is left out.
  if (next.kind === event.kind && next.thing === event.thing) return undefined;
  const without = story.events.filter((each) => each !== event);
  if (!isMove) return workStory({ ...story, events: without }, world);
  // Without the move, what comes next happens to the person before.
  if (story.asked.length > 1 && story.asked.includes(event.who)) {
    return undefined;
  }
  const back = (name?: Name): Name | undefined =>
    name === event.who ? event.than : name;
  return workStory({
    ...story,
    events: without.map((each) => ({
      ...each,
      who: back(each.who)!,
      than: back(each.than),
    })),
  }, world);
};

/** Computes a step wrong and goes on with the result. */
export const slip: Fault = (random, { story, world }) => {
  const { steps } = workStory(story, world);
  const step = randomInt(random, steps.length);
  const by = randomChoice(random, [-10, -2, -1, 1, 2, 10]);
  return workStory(story, world, { step, by });
};

/** Whether an event bears on some question about the story. */
function isRelevant({ kind }: StoryEvent): boolean {
  return kind !== "aside" && kind !== "also";
}

/** A world with one fact of another. */
function mixWorlds(
  world: StoryWorld,
  other: StoryWorld,
  name: string,
): StoryWorld {
  const kinds = Object.entries(world).map(([kind, facts]) => {
    const changed = (other as unknown as Record<string, typeof facts>)[kind];
    return [kind, name in facts ? { ...facts, [name]: changed[name] } : facts];
  });
  return Object.fromEntries(kinds) as StoryWorld;
}
