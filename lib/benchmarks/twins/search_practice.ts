/**
 * What the mini reasoners read of the search twins in pre-training: words are
 * re-drawn for every sample and mostly given as notes, so that the reasoner
 * learns to search, to read and to use what it is told.
 */
import { renderChatMl } from "../../models/mod.ts";
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import type { Message } from "../task.ts";
import { drillLookUps, type Note } from "./drills.ts";
import type { KnowledgeBase } from "./knowledge_base.ts";
import { notesText } from "./practice.ts";
import {
  CHAINS,
  drawRelationGlossary,
  drawRelationsAround,
  knownRelationWords,
  type RelationGlossary,
  wordFact,
} from "./relation_words.ts";
import {
  demonstrate,
  knowingHabits,
  type SearchForm,
  searchProblem,
} from "./search_form.ts";
import type { Request } from "./search_language.ts";
import {
  PERSON_RELATIONS,
  RELATION_WORDS,
  type RelationWord,
} from "./search_lexicon.ts";
import { drawRequest, type Meanings, stepsOf } from "./search_problem.ts";
import { searchSolver } from "./search_solver.ts";
import type { Segments } from "./twin.ts";

/** Samples that only look notes up, and episodes in known words alone. */
const SHARES = { lookUps: 0.25, plain: 0.25 };
/** Notes of a sample that only looks them up, at most. */
const MOST_NOTES = 5;
/** Share of the other episodes that carry the facts they need as notes. */
const NOTED_SHARE = 0.8;
/** Notes that are not needed, at most. */
const MOST_DISTRACTORS = 3;

const KNOWN = knownRelationWords();

/** Relations stand for themselves. */
const PLAIN: Meanings = Object.fromEntries(
  [...PERSON_RELATIONS, ...CHAINS.flat()].map((relation) =>
    [relation, [relation]] as const
  ),
);

/** Where the notes of an episode stand. */
type NotesPlace = "nowhere" | "prompt" | "answer" | "line";

/** One sample. */
export function practiseSearch(form: SearchForm, random: Random): Segments {
  const kind = random();
  if (kind < SHARES.lookUps) {
    return drillLookUps(random, MOST_NOTES, [drawWords]);
  }
  const isPlain = kind < SHARES.lookUps + SHARES.plain;
  return episode(form, random, isPlain);
}

/** A question of two words, mostly with notes of both: the rarest skill. */
export function practisePair(form: SearchForm, random: Random): Segments {
  return episode({ ...form, kinds: ["pair"] }, random, false);
}

/** What words stand for, as notes. */
export function relationNotes(
  glossary: RelationGlossary,
  words: readonly string[],
): string {
  return notesText(
    words.map((word) => wordFact(glossary, word as RelationWord)),
  );
}

/** Words with some others among them, in any order. */
export function withDistractors(
  random: Random,
  words: readonly string[],
  count: number,
): string[] {
  const others = shuffled(random, RELATION_WORDS)
    .filter((word) => !words.includes(word)).slice(0, count);
  return shuffled(random, [...words, ...others]);
}

/** Draws words with what they stand for. */
function drawWords(random: Random, count: number): Note[] {
  const glossary = drawRelationGlossary(random);
  return shuffled(random, RELATION_WORDS).slice(0, count)
    .map((name) => ({ name, text: wordFact(glossary, name) }));
}

/**
 * A question, searched for and answered.
 *
 * @param isPlain Whether relations stand for themselves.
 */
function episode(
  form: SearchForm,
  random: Random,
  isPlain: boolean,
): Segments {
  const { base, library } = form.practice(random);
  const place: NotesPlace = isPlain || random() >= NOTED_SHARE
    ? "nowhere"
    : randomChoice(random, ["prompt", "prompt", "answer", "line"] as const);
  // What notes say holds, even of words that are known otherwise.
  const glossary = place === "nowhere"
    ? drawRelationsAround(random, KNOWN)
    : drawRelationGlossary(random);
  const meanings: Meanings = isPlain ? PLAIN : glossary;
  const asked = isPlain ? drawPlainRequest(form, random, base) : drawRequest(
    random,
    { glossary, base, kinds: form.kinds, accepts: () => true },
  );
  const request = form.complete(random, { request: asked, meanings, base });
  const count = randomInt(random, MOST_DISTRACTORS + 1);
  const notes = isPlain ? "" : relationNotes(
    glossary,
    withDistractors(random, request.words, count),
  );
  const problem = searchProblem(form, {
    id: "practice",
    meta: {},
    // The system prompt with a space at its end, and without.
    split: randomChoice(random, ["train", "test"]),
    request,
    meanings,
    base,
    library,
    notes: place === "prompt" ? notes : "",
  });
  const [first, ...rest] = demonstrate(
    problem,
    searchSolver(knowingHabits(form, problem)),
  );
  const before = place === "answer" ? notes : "";
  const lines = place === "line"
    ? request.words.map((word) => wordFact(glossary, word as RelationWord))
    : [];
  return [
    { text: `${opened(problem.task.messages)}${before}`, learn: false },
    ...withNotes(`${first.content}<|im_end|>\n`, lines),
    ...rest.map((message) =>
      message.role === "assistant"
        ? { text: `${message.content}<|im_end|>\n`, learn: true }
        : { text: opened([message]), learn: false }
    ),
  ];
}

/** A question in the words of the corpus: what searching and reading are. */
function drawPlainRequest(
  { kinds }: SearchForm,
  random: Random,
  base: KnowledgeBase,
): Request {
  for (;;) {
    const words = randomChoice(random, kinds) === "one"
      ? [randomChoice(random, PERSON_RELATIONS)]
      : randomChoice(random, CHAINS);
    const request = { words, subject: randomChoice(random, base.people) };
    if (stepsOf(request, PLAIN, base) !== undefined) return request;
  }
}

/** A turn with a note right before each of some sentences in it. */
function withNotes(text: string, sentences: readonly string[]): Segments {
  const segments: { text: string; learn: boolean }[] = [];
  let start = 0;
  for (const sentence of sentences) {
    const end = text.indexOf(sentence);
    segments.push({ text: text.slice(start, end), learn: true });
    segments.push({ text: `Notes: ${sentence}\n`, learn: false });
    start = end;
  }
  return [...segments, { text: text.slice(start), learn: true }];
}

/** Messages, and the beginning of the model's turn. */
function opened(messages: readonly Message[]): string {
  return renderChatMl(messages, { addGenerationPrompt: true });
}
