/**
 * What is asked and thought in the twins of TriviaQA, PopQA and FEVER: a small
 * language that programs write and read, so that a wrong run can be explained.
 */
import { type Fact, factKey, factSentence, nameOf } from "./knowledge_base.ts";
import { meaningText } from "./relation_words.ts";

/** What a question asks. */
export interface Request {
  /** Invented words in the order in which they are followed. */
  readonly words: readonly string[];
  /** The entity that the first of them is asked of. */
  readonly subject: string;
  /** The value that a claim states; absent in a question. */
  readonly claim?: string;
}

/** A sentence of a thought. */
export type Thought =
  | {
    readonly kind: "meaning";
    readonly word: string;
    readonly meaning: readonly string[];
  }
  | {
    readonly kind: "need";
    readonly relation: string;
    readonly subject: string;
  }
  | { readonly kind: "fact"; readonly fact: Fact }
  | { readonly kind: "conclusion"; readonly answer: string };

/** What a turn does. */
export interface Call {
  readonly tag: "search" | "answer";
  /** The query or the answer. */
  readonly text: string;
}

/** A turn as one writes it. */
export interface SearchTurn {
  readonly thoughts: readonly Thought[];
  readonly call: Call;
}

/** A turn as one reads it. */
export interface ReadTurn {
  /** Sentences of the language; others are left out. */
  readonly thoughts: readonly Thought[];
  /** Absent unless there is exactly one whole tag with something in it. */
  readonly call?: Call;
}

const ENTITY = "(?:the [a-z]+ )?[A-Z][a-z]+ [A-Z][a-z]+";
const REQUEST = new RegExp(
  `[Tt]he ([a-z]+)(?: of the ([a-z]+))? of (${ENTITY})(?: is (${ENTITY}))?[?.]`,
  "g",
);
const FACT = new RegExp(`The ([a-z]+) of (${ENTITY}) is (${ENTITY})\\.`, "g");

const SENTENCES: readonly (readonly [
  pattern: RegExp,
  read: (words: readonly string[]) => Thought,
])[] = [
  [
    /^The ([a-z]+) is the ([a-z]+)(?: of the ([a-z]+))?\.$/,
    ([word, last, first]) => ({
      kind: "meaning",
      word,
      meaning: first === undefined ? [last] : [first, last],
    }),
  ],
  [
    new RegExp(`^So, I need the ([a-z]+) of (${ENTITY})\\.$`),
    ([relation, subject]) => ({ kind: "need", relation, subject }),
  ],
  [
    new RegExp(`^${FACT.source}$`),
    ([relation, subject, value]) => ({
      kind: "fact",
      fact: { relation, subject, value },
    }),
  ],
  [
    /^So, the answer is ([A-Za-z ]+)\.$/,
    ([answer]) => ({ kind: "conclusion", answer }),
  ],
];

/** `vark of the torv of the singer Ann Hill`. */
export function requestKey({ words, subject }: Request): string {
  return `${meaningText(words)} of ${subject}`;
}

/** What the last question or claim in a text asks, if there is one. */
export function readRequest(text: string): Request | undefined {
  const match = [...text.matchAll(REQUEST)].at(-1);
  if (match === undefined) return undefined;
  const [, last, first, subject, claim] = match;
  return {
    words: first === undefined ? [last] : [first, last],
    subject,
    ...(claim === undefined ? {} : { claim }),
  };
}

/** What FEVER calls a claim that is right, and one that is wrong. */
export const VERDICTS = { right: "SUPPORTS", wrong: "REFUTES" } as const;

/** The answer that a value gives: its name, or a verdict on what is claimed. */
export function answerOf({ claim }: Request, value: string): string {
  if (claim === undefined) return nameOf(value);
  return value === claim ? VERDICTS.right : VERDICTS.wrong;
}

/** Whether a text has the form of an answer, right or wrong. */
export function isAnswer(text: string): boolean {
  return new RegExp(`^(?:${ENTITY}|${Object.values(VERDICTS).join("|")})$`)
    .test(text);
}

/** The facts that a text states, such as what a search brought. */
export function readFacts(text: string): Fact[] {
  return [...text.matchAll(FACT)].map(([, relation, subject, value]) => ({
    relation,
    subject,
    value,
  }));
}

/** A thought as a sentence. */
export function thoughtText(thought: Thought): string {
  switch (thought.kind) {
    case "meaning":
      return `The ${thought.word} is the ${meaningText(thought.meaning)}.`;
    case "need":
      return `So, I need the ${factKey(thought)}.`;
    case "fact":
      return factSentence(thought.fact);
    case "conclusion":
      return `So, the answer is ${thought.answer}.`;
  }
}

/** A turn as the model writes it. */
export function turnText({ thoughts, call }: SearchTurn): string {
  const thought = thoughts.map(thoughtText).join(" ");
  return `<think> ${thought} </think>\n<${call.tag}> ${call.text} </${call.tag}>`;
}

/** Reads a turn; what is not of the language is left out. */
export function readTurn(text: string): ReadTurn {
  const [before] = text.split(/<\/think>|<search>|<answer>/);
  const sentences = before.replace("<think>", "").trim().split(/(?<=\.)\s+/);
  const thoughts = sentences.flatMap(readThought);
  const tags = text.match(/<\/?(?:search|answer)>/g) ?? [];
  const whole = /<(search|answer)>([^<]*)<\/\1>/.exec(text);
  if (tags.length !== 2 || whole === null) return { thoughts };
  const content = whole[2].trim();
  if (content === "") return { thoughts };
  return { thoughts, call: { tag: whole[1] as Call["tag"], text: content } };
}

function readThought(sentence: string): Thought[] {
  for (const [pattern, read] of SENTENCES) {
    const match = pattern.exec(sentence);
    if (match !== null) return [read(match.slice(1))];
  }
  return [];
}
