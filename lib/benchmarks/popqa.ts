/** PopQA: questions on facts that are asked for often or seldom (akariasai/PopQA). */
import { integer, jsonText, listOf, nullable, text } from "./columns.ts";
import { findFile } from "./files.ts";
import {
  isRightAnswer,
  QUESTION_FAILURES,
  questionGold,
  scoreQuestion,
} from "./question_score.ts";
import { readRows } from "./rows.ts";
import { openSearchEnvironments } from "./search_engine.ts";
import { SEARCH_TURNS, searchMessages } from "./search_environment.ts";
import type { Benchmark, Split, Task } from "./task.ts";

const NAME = "popqa";
const HUB_ID = "akariasai/PopQA";

/** Lists are JSON texts in the file; names that are null are left out. */
const ALIASES = jsonText(listOf(nullable(text)));

/** All columns of the file; what no task needs may be empty. */
const COLUMNS = {
  "id": integer,
  "subj": text,
  "prop": text,
  "obj": text,
  "subj_id": integer,
  "prop_id": integer,
  "obj_id": integer,
  "s_aliases": nullable(ALIASES),
  "o_aliases": nullable(ALIASES),
  "s_uri": nullable(text),
  "o_uri": nullable(text),
  "s_wiki_title": nullable(text),
  "o_wiki_title": nullable(text),
  "s_pop": integer,
  "o_pop": integer,
  "question": text,
  "possible_answers": ALIASES,
};

/**
 * PopQA: one test split, for models that were trained on TriviaQA. Prompt,
 * environment and scorer are TriviaQA's, with `possible_answers` as the names.
 *
 * [infer]: MemGen's own PopQA code is not released; this is that of its second
 * author's LatentMem, less its training on rows 0 to 5,999.
 */
export const popqa: Benchmark = {
  name: NAME,
  maxTurns: SEARCH_TURNS,
  failures: QUESTION_FAILURES,
  load,
  score: scoreQuestion,
  openEnvironments: openSearchEnvironments({
    name: NAME,
    load,
    isRight: isRightAnswer,
  }),
};

async function load(folder: string, split: Split): Promise<Task[]> {
  if (split !== "test") {
    throw new RangeError(
      `Cannot load ${NAME} ${split} as it is for evaluation, with the split test alone: current value is ${split}`,
    );
  }
  const path = await findFile(folder, ["test.tsv"], {
    benchmark: NAME,
    source: HUB_ID,
  });
  const rows = await readRows(path, COLUMNS, { source: HUB_ID, id: "id" });
  return rows.map((row, index) => {
    const aliases = row.possible_answers.filter((name) => name !== null);
    if (aliases.length === 0) {
      throw new RangeError(
        `Cannot read ${path} row ${
          index + 1
        } as possible_answers must name the answer: current value is none`,
      );
    }
    return {
      id: `${NAME}/test/${index}`,
      benchmark: NAME,
      split,
      messages: searchMessages(row.question),
      demonstration: [],
      gold: questionGold(aliases),
      environment: "search",
      // Popularity is how often the subject's page was read.
      meta: { subject: row.subj, relation: row.prop, popularity: row.s_pop },
    };
  });
}
