/** The PopQA twin: one search, or none for what everybody knows. */
import { join } from "node:path";
import { seededRandom, shuffled } from "../../random.ts";
import { popqa } from "../popqa.ts";
import { isRightAnswer, questionGold } from "../question_score.ts";
import {
  aliasesOf,
  type Fact,
  type KnowledgeBase,
  knowledgeOf,
  lookUp,
  nameOf,
} from "./knowledge_base.ts";
import { once } from "./single_turn.ts";
import { type SearchForm, searchProblem } from "./search_form.ts";
import { requestKey, type Thought, thoughtText } from "./search_language.ts";
import { RELATION_WORDS, type RelationWord } from "./search_lexicon.ts";
import {
  type Library,
  openLibrary,
  type SearchProblem,
  wordChoices,
} from "./search_problem.ts";
import { makeSearchTwin, writeLines } from "./search_twin.ts";
import type { Twin } from "./twin.ts";

/** The most popular people, whose facts pre-training teaches: a tenth. */
const POPULAR = 14;
/** Popularity of the first person; that of number n is its n-th part. */
const MOST_POPULAR = 1_000_000;

const base = once(() => knowledgeOf("popqa"));
const library = once(() => openLibrary([base()]));

/** The same people, each as often as pre-training asks about them. */
const practiceBase = once((): KnowledgeBase => ({
  ...base(),
  people: base().people.flatMap((person, i) =>
    Array<string>(Math.max(1, Math.round(base().people.length / (i + 1))))
      .fill(person)
  ),
}));

const FORM: SearchForm = {
  benchmark: popqa,
  kinds: ["one"],
  base,
  library,
  requests: (split, glossary) =>
    split !== "test" ? [] : shuffled(
      seededRandom("popqa twin", "requests"),
      wordChoices(glossary).one.flatMap((words) =>
        base().people.map((subject) => ({ words, subject }))
      ),
    ),
  complete: (_, { request }) => request,
  question: (request) => `What is the ${requestKey(request)}?`,
  gold: (_, _answer, value) => questionGold(aliasesOf(value)),
  isRight: isRightAnswer,
  label: (_, index, { words, subject }) => ({
    id: `popqa/test/${index}`,
    meta: {
      subject: nameOf(subject),
      relation: words[0],
      popularity: popularity(subject),
    },
  }),
  recall: ({ relation, subject }) =>
    isPopular(subject) ? lookUp(base(), relation, subject) : undefined,
  practice: () => ({ base: practiceBase(), library }),
};

/** Problems on PopQA's file; for evaluation only. */
export const popqaTwin: Twin<SearchProblem> = makeSearchTwin(FORM, {
  sizes: { train: 0, valid: 0, test: 1400 },
  trainingSizes: [],
  maxTokens: 512,
  about: `Questions about single facts of invented people, for models that were
trained on the TriviaQA twin: the words that stand for one relation are the same
there, the people are not. There is one corpus, and it was there in pre-training:
the person of rank n was asked about as often as 1/n of the first one, and the
${POPULAR} most popular people were answered without a search. So popular facts are in
the weights, the others in the corpus alone.

The test asks every word of every person once, so accuracy and searches can be
compared by \`s_pop\`. The control "stale passages" has a corpus that is wrong about
the popular people: there a search hurts.

Not as specified: a question has one form for each word, not one of 16; the stale
passages are all of the popular people's, 9 % of the corpus and not 15, as of
others the truth would stand nowhere.

| File | What |
|---|---|
| test.tsv | questions, with PopQA's columns |
| corpus.jsonl | passages of one fact each, as Search-R1 reads them |`,
  byHeart({ request: { words: [word] }, meanings, steps: [fact] }) {
    const thoughts: Thought[] = [
      { kind: "meaning", word, meaning: meanings[word] },
      { kind: "fact", fact },
    ];
    const rest = ` ${fact.value}.`;
    const text = thoughts.map(thoughtText).join(" ");
    return { begun: `<think> ${text.slice(0, -rest.length)}`, rest };
  },
  controls: {
    "stale passages": (_, index) => {
      const { task, request, meanings } = popqaTwin.problem("test", index);
      return searchProblem(FORM, {
        ...task,
        id: task.id.replace("/", "-stale/"),
        request,
        meanings,
        base: base(),
        library: staleLibrary,
      });
    },
  },
  async writeSplits(folder, problems) {
    const rows = problems("test").map(popqaRow);
    const columns = Object.keys(rows[0]);
    await writeLines(join(folder, "test.tsv"), [
      columns.join("\t"),
      ...rows.map((row) => Object.values(row).map(field).join("\t")),
    ]);
  },
});

/** A corpus that is out of date about the popular people. */
const staleLibrary = once((): Library => {
  const { people, cities, facts } = base();
  const stale = [...facts].map(([subject, list]) =>
    [
      subject,
      isPopular(subject) ? list.map((fact) => outdated(fact)) : list,
    ] as const
  );
  const wrong = openLibrary([{ people, cities, facts: new Map(stale) }]);
  return { ...wrong, bases: [base()] };
});

/** The fact with the value of someone else, who has the same relation. */
function outdated({ relation, subject, value }: Fact): Fact {
  const random = seededRandom("popqa twin", "stale", relation, subject);
  const values = shuffled(random, base().people)
    .map((person) => lookUp(base(), relation, person)!);
  return {
    relation,
    subject,
    value: values.find((other) =>
      other !== value && nameOf(other) !== nameOf(subject)
    )!,
  };
}

function isPopular(subject: string): boolean {
  const rank = base().people.indexOf(subject);
  return rank >= 0 && rank < POPULAR;
}

/** Of a person by rank; everything else is as popular as the last person. */
function popularity(entity: string): number {
  const { people } = base();
  const rank = people.indexOf(entity);
  return Math.round(MOST_POPULAR / (rank < 0 ? people.length : rank + 1));
}

/** A row in PopQA's columns. */
function popqaRow(
  { task, request, steps: [{ value }] }: SearchProblem,
  index: number,
): Readonly<Record<string, string | number>> {
  const [subj, obj] = [nameOf(request.subject), nameOf(value)];
  return {
    id: index,
    subj,
    prop: request.words[0],
    obj,
    subj_id: base().people.indexOf(request.subject),
    prop_id: RELATION_WORDS.indexOf(request.words[0] as RelationWord),
    obj_id: [...base().people, ...base().cities].indexOf(value),
    s_aliases: JSON.stringify(aliasesOf(request.subject).slice(1)),
    o_aliases: JSON.stringify(aliasesOf(value).slice(1)),
    s_uri: "",
    o_uri: "",
    s_wiki_title: subj,
    o_wiki_title: obj,
    s_pop: popularity(request.subject),
    o_pop: popularity(value),
    question: task.messages[1].content,
    possible_answers: JSON.stringify(aliasesOf(value)),
  };
}

/** A field of a TSV file: in quotes where it must be. */
function field(value: string | number): string {
  const text = String(value);
  return /["\t\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
