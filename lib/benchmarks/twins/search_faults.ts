/**
 * Policies for the search twins that fail for one known reason each: sound
 * habits but for one. They check the labels of `search_failures.ts`.
 */
import { type Random, randomChoice, randomInt } from "../../random.ts";
import type { FailureLabel } from "../failures.ts";
import { episodeAnswer } from "../search_environment.ts";
import { factKey, type KnowledgeBase, nameOf } from "./knowledge_base.ts";
import { demonstrate, knowingHabits, type SearchForm } from "./search_form.ts";
import { type SearchTurn, turnText, VERDICTS } from "./search_language.ts";
import type { Library, Meanings, SearchProblem } from "./search_problem.ts";
import { type Habits, searchSolver } from "./search_solver.ts";
import type { Inject, Policy } from "./twin.ts";

/** One bad habit, drawn for a problem. */
type Fault = (
  problem: SearchProblem,
  random: Random,
  sound: Habits,
) => Partial<Habits>;

/** Faults that are tried on a problem until one makes the run fail. */
const TRIES = 10;

/** The faulty policies of a twin. */
export function searchInjectors(
  form: SearchForm,
): Record<FailureLabel, Inject<SearchProblem>> {
  const entries = Object.entries(FAULTS).map(([label, fault]) => {
    const inject: Inject<SearchProblem> = (problem, random) => {
      const sound = knowingHabits(form, problem);
      const faulty = (): Policy =>
        searchSolver({ ...sound, ...fault(problem, random, sound) });
      let policy = faulty();
      for (let i = 1; i < TRIES && succeeds(form, problem, policy); i++) {
        policy = faulty();
      }
      return policy;
    };
    return [label, inject];
  });
  return Object.fromEntries(entries);
}

function succeeds(
  form: SearchForm,
  problem: SearchProblem,
  policy: Policy,
): boolean {
  const turns = demonstrate(problem, policy)
    .filter(({ role }) => role === "assistant");
  const answer = episodeAnswer(turns.map(({ content }) => content));
  return answer !== undefined && form.isRight(answer, problem.task.gold);
}

const FAULTS: Readonly<Record<FailureLabel, Fault>> = {
  "tool parsing error": (_, random) => {
    const spoil = randomChoice(random, [
      (query: string) => `<search> ${query}`,
      (query: string) => `<search> ${query} </answer>`,
      (query: string) => `search: ${query}`,
      () => "<search> </search>",
    ]);
    return { recall: () => undefined, write: respell("search", spoil) };
  },

  "answer formatting failure": (_, random) => {
    const spoil = randomChoice(random, [
      (answer: string) => `<answer> ${answer}`,
      (answer: string) => `The answer is ${answer}.`,
      (answer: string) => `<answer> ${[...answer].join(" ")} </answer>`,
      () => "<answer> </answer>",
    ]);
    return { write: respell("answer", spoil) };
  },

  "think-act inconsistency": (problem, random) => {
    const other = randomChoice(random, otherAnswers(problem));
    const [first] = problem.steps;
    const relation = randomChoice(random, otherRelations(problem));
    const query = factKey({ ...first, relation });
    return randomChoice(random, [
      { write: respell("answer", () => `<answer> ${other} </answer>`) },
      {
        recall: () => undefined,
        write: respell("search", () => `<search> ${query} </search>`),
      },
    ]);
  },

  "demand misunderstanding": ({ request, meanings, library }, random) => {
    const { people } = baseOf(library(), request.subject);
    const others = people.filter((person) => person !== request.subject);
    const namesakes = others.filter((person) =>
      nameOf(person) === nameOf(request.subject)
    );
    const subject = randomChoice(
      random,
      namesakes.length === 0 ? others : namesakes,
    );
    const place = randomInt(random, request.words.length);
    const word = randomChoice(
      random,
      otherWords(meanings, request.words[place])
        .filter((other) => !request.words.includes(other)),
    );
    const words = request.words.with(place, word);
    return randomChoice<Partial<Habits>>(random, [
      { request: (asked) => ({ ...asked, subject }) },
      { request: (asked) => ({ ...asked, words }) },
    ]);
  },

  "false belief": ({ request, meanings, library, steps }, random, sound) => {
    const confused = randomChoice(random, request.words);
    const wrong = meanings[
      randomChoice(random, otherWords(meanings, confused))
    ];
    const step = randomChoice(random, steps);
    const { cities, people } = baseOf(library(), step.subject);
    const values = cities.includes(step.value) ? cities : people;
    const value = randomChoice(
      random,
      values.filter((each) => each !== step.value),
    );
    return randomChoice<Partial<Habits>>(random, [
      {
        meaning: (word, chat) =>
          word === confused ? wrong : sound.meaning(word, chat),
      },
      {
        recall: (goal) =>
          factKey(goal) === factKey(step) ? value : sound.recall(goal),
      },
    ]);
  },

  "tool response error": ({ steps }, random, sound) => {
    const step = randomChoice(random, steps);
    const ignores = random() < 0.5;
    const place = random();
    return {
      recall: () => undefined,
      read: (goal, found) => {
        if (factKey(goal) !== factKey(step)) return sound.read(goal, found);
        if (ignores) return undefined;
        const others = found.filter(({ value }) => value !== step.value);
        return others[Math.floor(place * others.length)]?.value;
      },
    };
  },

  "planning failure": (problem, random) => {
    const [first, second] = problem.steps;
    if (second === undefined) {
      const other = randomChoice(random, otherRelations(problem));
      return { plan: () => [other], recall: () => undefined };
    }
    const plan = randomChoice(random, [
      [first.relation],
      [second.relation],
      [second.relation, first.relation],
    ]);
    return { plan: () => plan };
  },

  "compositional reasoning": (problem, random) => ({
    conclude: (found, { claim }) =>
      claim === undefined
        ? nameOf(randomChoice(random, found).subject)
        : randomChoice(random, otherAnswers(problem)),
  }),
};

/** Writes the calls of one kind in another way. */
function respell(
  tag: "search" | "answer",
  spell: (text: string) => string,
): (turn: SearchTurn) => string {
  return (turn) => {
    const text = turnText(turn);
    if (turn.call.tag !== tag) return text;
    return text.slice(0, text.indexOf(`<${tag}>`)) + spell(turn.call.text);
  };
}

/** Words that stand for something else, in as many steps. */
function otherWords(meanings: Meanings, word: string): string[] {
  return Object.keys(meanings).filter((other) =>
    meanings[other].length === meanings[word].length &&
    meanings[other].join() !== meanings[word].join()
  );
}

/** Relations of the person that are not the first to follow. */
function otherRelations({ library, steps: [first] }: SearchProblem): string[] {
  return baseOf(library(), first.subject).facts.get(first.subject)!
    .map(({ relation }) => relation)
    .filter((relation) => relation !== first.relation);
}

function baseOf({ bases }: Library, subject: string): KnowledgeBase {
  return bases.find(({ facts }) => facts.has(subject))!;
}

/** Wrong answers in the right form. */
function otherAnswers({ answer, request, library }: SearchProblem): string[] {
  const all = request.claim === undefined
    ? library().bases.at(-1)!.cities
    : Object.values(VERDICTS);
  return all.filter((each) => each !== answer);
}
