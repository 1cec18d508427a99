/** What the twins of stories share: policies, faults and their labels. */
import { type Random, shuffled } from "../../random.ts";
import type { FailureEvent, FailureLabel } from "../failures.ts";
import type { Message } from "../task.ts";
import { CONTAINERS, FAIRS, ITEMS, MACHINES, SPANS, VERBS } from "./lexicon.ts";
import { always, answerOf, promptOf } from "./single_turn.ts";
import { readStory, type Story } from "./story.ts";
import {
  isStoryFact,
  readStoryFacts,
  storyFactTexts,
  type StoryWorld,
} from "./story_facts.ts";
import {
  answerOther,
  believeFalsely,
  type Fault,
  planWrongly,
  siblingStories,
  slip,
} from "./story_faults.ts";
import { readEquation, readTrace } from "./trace.ts";
import { traceFailures } from "./trace_failures.ts";
import type { Inject, Policy, TwinProblem } from "./twin.ts";
import { type Working, workStory } from "./working.ts";

/** A problem that tells a story. */
export interface StoryProblem extends TwinProblem {
  /** What it tells. */
  readonly story: Story;
  /** The facts that hold in it. */
  readonly world: StoryWorld;
  /** Values of the options by their letters; absent if there are none. */
  readonly options?: Readonly<Record<string, string>>;
}

/** How the answers of a twin are written. */
export interface AnswerForm {
  /** What is right in the box, such as a number or a letter. */
  readonly pattern: RegExp;
  /** The worked answer up to the box. */
  work(working: Working, options: StoryProblem["options"]): string;
  /** What belongs into the box. */
  answer(working: Working, options: StoryProblem["options"]): string;
  /** Any other answer. */
  otherAnswer(random: Random, answer: string): string;
  /** Endings that hold the answer, but in no form that the scorer takes. */
  badEndings(answer: string): readonly string[];
}

/** Draws until a fault makes the result wrong, at most so often. */
const ATTEMPTS = 40;

/** A worked answer with its box. */
export function writeAnswer(
  form: AnswerForm,
  working: Working,
  options: StoryProblem["options"],
): string {
  const work = form.work(working, options);
  return `${work}\\boxed{${form.answer(working, options)}}`;
}

/** Reads the question of a prompt and works it out with a world's facts. */
export function storySolver(
  form: AnswerForm,
  readOptions: (prompt: string) => StoryProblem["options"],
  worldOf: (prompt: string) => StoryWorld,
): Policy {
  return (chat) => {
    const prompt = promptOf(chat);
    const question = prompt.split("Question: ").at(-1)!.split("\n")[0];
    const working = workStory(readStory(question), worldOf(prompt));
    return writeAnswer(form, working, readOptions(prompt));
  };
}

/** The facts of the notes in a prompt, and nothing else. */
export function notedWorld(prompt: string): StoryWorld {
  return readStoryFacts(prompt.split("\n")[0]);
}

/** What is wrong in an answer to a story. */
export function storyFailures(
  form: AnswerForm,
  { story, world, options }: StoryProblem,
  chat: readonly Message[],
): readonly FailureEvent[] {
  const trace = readTrace(
    { isFact: isStoryFact, readStep: readEquation },
    answerOf(chat),
  );
  const working = workStory(story, world);
  const truths = new Set(storyFactTexts(world));
  return traceFailures(trace, {
    plan: working.steps,
    siblings: siblingStories(story)
      .map((sibling) => workStory(sibling, world).steps),
    gold: form.answer(working, options),
    answerForm: form.pattern,
    isTrue: (fact) => truths.has(fact),
    options,
  });
}

/** Policies that fail for a known reason; see `Twin.injectors`. */
export function storyInjectors(
  form: AnswerForm,
  drawWorld: (random: Random) => StoryWorld,
): Partial<Record<FailureLabel, Inject<StoryProblem>>> {
  const inject =
    (fault: Fault): Inject<StoryProblem> =>
    ({ story, world, options }, random) => {
      const right = workStory(story, world);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const working = fault(random, { story, world, drawWorld });
        if (working?.isInRange && working.value !== right.value) {
          return always(writeAnswer(form, working, options));
        }
      }
      return always(writeAnswer(form, right, options));
    };
  return {
    "answer formatting failure": ({ story, world, options }, random) => {
      const right = workStory(story, world);
      const endings = form.badEndings(form.answer(right, options));
      const [ending] = shuffled(random, endings);
      return always(form.work(right, options) + ending);
    },
    "think-act inconsistency": ({ story, world, options }, random) => {
      const right = workStory(story, world);
      const other = form.otherAnswer(random, form.answer(right, options));
      return always(`${form.work(right, options)}\\boxed{${other}}`);
    },
    "demand misunderstanding": inject(answerOther),
    "false belief": inject(believeFalsely),
    "planning failure": inject(planWrongly),
    "compositional reasoning": inject(slip),
  };
}

/** Every name of a thing, fact or item replaced by another of its kind. */
export function renameWords(random: Random): ReadonlyMap<string, string> {
  const lists = [ITEMS, CONTAINERS, VERBS, MACHINES, FAIRS, SPANS];
  return new Map(
    lists.flatMap((words: readonly string[]) => {
      const others = shuffled(random, words);
      return words.map((word, i) => [word, others[i]] as const);
    }),
  );
}

/** A story with its words replaced. */
export function renameStory(
  story: Story,
  names: ReadonlyMap<string, string>,
): Story {
  return {
    ...story,
    unit: (names.get(story.unit) ?? story.unit) as Story["unit"],
    events: story.events.map((event) =>
      event.thing === undefined
        ? event
        : { ...event, thing: names.get(event.thing) }
    ),
  };
}

/** A world with its words replaced. */
export function renameWorld<World extends StoryWorld>(
  world: World,
  names: ReadonlyMap<string, string>,
): World {
  const kinds = Object.entries(world).map(([kind, facts]) => {
    const renamed = Object.entries(facts)
      .map(([name, fact]) => [names.get(name), fact]);
    return [kind, Object.fromEntries(renamed)];
  });
  return Object.fromEntries(kinds) as World;
}
