/** The TriviaQA twin: questions that take one search or two. */
import { join } from "node:path";
import { normalizeTriviaQa } from "../qa_scorers.ts";
import { isRightAnswer, questionGold } from "../question_score.ts";
import type { Task } from "../task.ts";
import { triviaqa } from "../triviaqa.ts";
import {
  aliasesOf,
  drawSmallKnowledgeBase,
  knowledgeOf,
} from "./knowledge_base.ts";
import { once } from "./single_turn.ts";
import type { SearchForm } from "./search_form.ts";
import { requestKey } from "./search_language.ts";
import { RELATION_WORDS } from "./search_lexicon.ts";
import {
  openLibrary,
  type SearchProblem,
  splitRequests,
} from "./search_problem.ts";
import { practisePair } from "./search_practice.ts";
import { makeSearchTwin, writeLines } from "./search_twin.ts";
import type { Twin } from "./twin.ts";

/** What the corpus of TriviaQA and FEVER says. */
const BASES = {
  train: once(() => knowledgeOf("train")),
  valid: once(() => knowledgeOf("valid")),
  test: once(() => knowledgeOf("test")),
};

/** What the FEVER twin has in common with it. */
export const SEARCH_BASE: Pick<
  SearchForm,
  "kinds" | "base" | "library" | "requests" | "recall" | "practice"
> = {
  kinds: ["one", "chain", "one", "pair"],
  base: (split) => BASES[split](),
  library: once(() =>
    openLibrary([BASES.train(), BASES.valid(), BASES.test()])
  ),
  requests: (split, glossary) => splitRequests(split, glossary, BASES[split]()),
  recall: () => undefined,
  practice(random) {
    const base = drawSmallKnowledgeBase(random);
    return { base, library: once(() => openLibrary([base])) };
  },
};

const FORM: SearchForm = {
  ...SEARCH_BASE,
  benchmark: triviaqa,
  complete: (_, { request }) => request,
  question: (request) => `What is the ${requestKey(request)}?`,
  gold: (split, answer, value) =>
    questionGold(
      split === "test" ? aliasesOf(value).map(normalizeTriviaQa) : [answer],
    ),
  isRight: isRightAnswer,
  label(split, index): Pick<Task, "id" | "meta"> {
    if (split === "test") {
      return {
        id: `triviaqa/validation/${index}`,
        meta: { questionId: `twin_${index}` },
      };
    }
    return {
      id: `triviaqa/${split}/${index}`,
      meta: { agentbankId: `twin_${split}_${index}`, head: "none" },
    };
  },
};

/** Problems on TriviaQA's files, the training splits on AgentBank's. */
export const triviaqaTwin: Twin<SearchProblem> = makeSearchTwin(FORM, {
  sizes: { train: 4134, valid: 400, test: 1000 },
  trainingSizes: [4134, 1033, 258],
  maxTokens: 512,
  about:
    `Questions for a search engine about invented people and cities, such as
"What is the vark of the singer Ann Hill?". Every question has one or two of
${RELATION_WORDS.length} invented words. A word stands for one relation of the corpus (the
birthplace) or for a chain of two (the mayor of the birthplace), and so says
which searches to make: one in half of the questions, two in the others. What
the words stand for is in no passage; it stands only in the worked answers.

People share their names with two namesakes of other occupations, so a search
must name the person and the relation. Each split asks about people and cities
of its own. But one search engine holds the facts of all: what training searches
return shows some passages that test answers are found in (about a sixth of them
in the first 2,500 conversations). Who remembered those could answer without a
search.

New in the test split are the pairs of words, and of a word and an occupation:
none of those is in training, while every word is.

Not as specified: questions are not paraphrased, and there are no list pages.

| File | What |
|---|---|
| triviaqa/train.jsonl, triviaqa/valid.jsonl | conversations, as in AgentBank |
| rc.wikipedia.nocontext/validation.jsonl | test questions, as on TriviaQA's hub page |
| corpus.jsonl | passages of one fact each, as Search-R1 reads them |

Columns of our own: \`words\`, the invented words in the order of their use.`,
  revise: (random) => practisePair(FORM, random),
  async writeSplits(folder, problems) {
    const [agentbank, hub] = ["triviaqa", "rc.wikipedia.nocontext"].map((
      name,
    ) => join(folder, name));
    await Deno.mkdir(agentbank, { recursive: true });
    await Deno.mkdir(hub, { recursive: true });
    for (const split of ["train", "valid"] as const) {
      await writeLines(
        join(agentbank, `${split}.jsonl`),
        problems(split).map((problem) => JSON.stringify(agentbankRow(problem))),
      );
    }
    await writeLines(
      join(hub, "validation.jsonl"),
      problems("test").map((problem) => JSON.stringify(hubRow(problem))),
    );
  },
});

/** A conversation in AgentBank's words. */
function agentbankRow({ task, facts }: SearchProblem): object {
  const [, question] = task.messages;
  return {
    id: task.meta.agentbankId,
    conversations: [question, ...task.demonstration].map(({ role, content }) =>
      role === "user"
        ? { from: "human", value: content }
        : { from: "gpt", value: agentbankTurn(content) }
    ),
    words: facts,
  };
}

/** A turn of the model in AgentBank's words. */
function agentbankTurn(content: string): string {
  return content.replace(/<think> (.*) <\/think>/s, "Thought: $1")
    .replace(/<search> (.*) <\/search>/, "Action: search[$1]")
    .replace(/<answer> (.*) <\/answer>/, "Final Answer: $1");
}

/** A question as TriviaQA publishes it, without the pages that it links. */
function hubRow({ task, steps, facts }: SearchProblem): object {
  const aliases = aliasesOf(steps.at(-1)!.value);
  const normalized = aliases.map(normalizeTriviaQa);
  return {
    question: task.messages[1].content,
    question_id: task.meta.questionId,
    question_source: "",
    entity_pages: { doc_source: [], filename: [], title: [], wiki_context: [] },
    search_results: {
      description: [],
      filename: [],
      rank: [],
      title: [],
      url: [],
      search_context: [],
    },
    answer: {
      aliases,
      normalized_aliases: normalized,
      matched_wiki_entity_name: "",
      normalized_matched_wiki_entity_name: "",
      normalized_value: normalized[0],
      type: "FreeForm",
      value: aliases[0],
    },
    words: facts,
  };
}
