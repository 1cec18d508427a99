/**
 * Reads a problem of the GSM8K twin and solves it with given facts: the
 * oracle with the world's, a policy without knowledge with drawn ones.
 *
 * It knows the language only, not the generator, and so checks it.
 */
import type { Glossary } from "./glossary.ts";
import {
  type Container,
  CONTAINERS,
  type ItemName,
  ITEMS,
  plural,
  type Verb,
  VERBS,
} from "./lexicon.ts";

const COUNT = "([0-9]+)";
const WORD = "([a-z]+)";
const WHO = "([A-Z][a-z]+)";

/** What people own while the problem is read. */
interface State {
  readonly owned: Map<string, number>;
  coins: number;
}

type Rule = readonly [
  pattern: string,
  read: (state: State, glossary: Glossary, words: readonly string[]) => void,
];

const RULES: readonly Rule[] = [
  [`${WHO} has ${COUNT} ${WORD}\\.`, ({ owned }, _, [who, count]) => {
    owned.set(who, Number(count));
  }],
  [`${WHO} is ${COUNT} years old\\.`, () => {}],
  [`${WHO} also has ${COUNT} ${WORD}\\.`, () => {}],
  [
    `${WHO} (?:buys|gets) ${COUNT} ${WORD} of ${WORD}\\.`,
    ({ owned }, { holds }, [who, count, containers]) => {
      const container = singular<Container>(CONTAINERS, containers);
      owned.set(who, owned.get(who)! + Number(count) * holds[container]);
    },
  ],
  [
    `${WHO} (?:gives away|loses) ${COUNT} ${WORD}\\.`,
    ({ owned }, _, [who, count]) => {
      owned.set(who, owned.get(who)! - Number(count));
    },
  ],
  [
    `${WHO} sells all the ${WORD}\\.`,
    (state, { prices }, [who, items]) => {
      const item = singular<ItemName>(ITEMS, items);
      state.coins = state.owned.get(who)! * prices[item];
    },
  ],
  [
    `${WHO} (${VERBS.join("|")})s the ${WORD}\\.`,
    ({ owned }, { effects }, [who, verb]) => {
      const { operation, amount } = effects[verb as Verb];
      const before = owned.get(who)!;
      const after = {
        add: before + amount,
        take: before - amount,
        multiply: before * amount,
      };
      owned.set(who, after[operation]);
    },
  ],
  [
    `${WHO} has ${COUNT} (more|fewer) ${WORD} than ${WHO}\\.`,
    ({ owned }, _, [who, count, direction, , other]) => {
      const sign = direction === "more" ? 1 : -1;
      owned.set(who, owned.get(other)! + sign * Number(count));
    },
  ],
  [
    `${WHO} has ${COUNT} times as many ${WORD} as ${WHO}\\.`,
    ({ owned }, _, [who, count, , other]) => {
      owned.set(who, owned.get(other)! * Number(count));
    },
  ],
  [
    `${WHO} has half as many ${WORD} as ${WHO}\\.`,
    ({ owned }, _, [who, , other]) => {
      owned.set(who, owned.get(other)! / 2);
    },
  ],
];

const QUESTIONS: readonly [
  pattern: string,
  answer: (state: State, words: readonly string[]) => number,
][] = [
  [`How many coins does ${WHO} get\\?`, ({ coins }) => coins],
  [
    `How many ${WORD} does ${WHO} have\\?`,
    ({ owned }, [, who]) => owned.get(who)!,
  ],
  [
    `How many ${WORD} do ${WHO} and ${WHO} have together\\?`,
    ({ owned }, [, one, other]) => owned.get(one)! + owned.get(other)!,
  ],
];

/**
 * The number that a problem asks for, under the given facts.
 *
 * @throws {SyntaxError} If a sentence is not of the twin's language.
 */
export function solve(question: string, glossary: Glossary): number {
  const state: State = { owned: new Map(), coins: 0 };
  const sentences = question.match(/[^.?]+[.?]/g) ?? [];
  for (const sentence of sentences.map((text) => text.trim())) {
    for (const [pattern, answer] of QUESTIONS) {
      const match = whole(pattern, sentence);
      if (match !== null) return answer(state, match.slice(1));
    }
    const rule = RULES.find(([pattern]) => whole(pattern, sentence) !== null);
    if (rule === undefined) break;
    const [pattern, read] = rule;
    read(state, glossary, whole(pattern, sentence)!.slice(1));
  }
  throw new SyntaxError(
    `Cannot solve a problem as its sentences must be of the twin's language: current value is ${
      JSON.stringify(question)
    }`,
  );
}

function whole(pattern: string, text: string): RegExpExecArray | null {
  return new RegExp(`^${pattern}$`).exec(text);
}

function singular<W extends string>(words: readonly W[], text: string): W {
  return words.find((word) => plural(word) === text)!;
}
