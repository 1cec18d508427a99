/** TriviaQA: questions for a search engine (mandarjoshi/trivia_qa). */
import { dirname, join } from "node:path";
import { AGENTBANK } from "./agentbank.ts";
import { anyStruct, listOf, nullable, structOf, text } from "./columns.ts";
import { findFile, isFile } from "./files.ts";
import {
  isRightAnswer,
  QUESTION_FAILURES,
  questionGold,
  scoreQuestion,
} from "./question_score.ts";
import { readRows } from "./rows.ts";
import { openSearchEnvironments } from "./search_engine.ts";
import { SEARCH_TURNS, searchMessages } from "./search_environment.ts";
import { selectPart } from "./split.ts";
import type { Benchmark, Split, Task } from "./task.ts";
import { loadConversations } from "./triviaqa_conversations.ts";

const NAME = "triviaqa";
const HUB_ID = "mandarjoshi/trivia_qa";
/** The hub's folder of questions with Wikipedia pages, less the pages. */
const CONFIGURATION = "rc.wikipedia.nocontext";

/** All columns of the file; what no task needs may be empty. */
const COLUMNS = {
  "question": text,
  "question_id": text,
  "question_source": nullable(text),
  "entity_pages": nullable(anyStruct),
  "search_results": nullable(anyStruct),
  "answer": structOf({
    "aliases": nullable(listOf(text)),
    "normalized_aliases": listOf(text),
    "matched_wiki_entity_name": nullable(text),
    "normalized_matched_wiki_entity_name": nullable(text),
    "normalized_value": nullable(text),
    "type": nullable(text),
    "value": nullable(text),
  }),
};

/** What the hub's test file has in place of an answer. */
const HIDDEN = "<unk>";

/**
 * TriviaQA as the released code poses it (data/triviaqa/builder.py).
 *
 * - `test` is the hub's validation file: the names of the answers of its test
 *   file are hidden.
 * - `train` and `valid` are AgentBank's conversations, one in ten for `valid`
 *   (or all of valid.jsonl, where a folder has one). A task's gold is the
 *   conversation's own answer.
 * - A folder without them gives the hub's train file in their place, without
 *   demonstrations, as the released code's mode for GRPO.
 *
 * Deviations: which rows are for validation, see `chooseIds`; an instruction
 * and "OK" before a conversation's question are left out, since the system
 * prompt is in their place (the released code keeps them, the "OK" as an empty
 * turn).
 */
export const triviaqa: Benchmark = {
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
  if (split === "test") {
    const names = tableNames(CONFIGURATION, "validation");
    const owner = { benchmark: NAME, source: HUB_ID };
    const path = await findFile(folder, names, owner);
    return await loadQuestions(path, { file: "validation", split });
  }
  const hasValid = await isFile(join(folder, NAME, "valid.jsonl"));
  const file = hasValid ? split : "train";
  const path = await findFile(folder, [
    ...tableNames(NAME, file),
    ...tableNames(CONFIGURATION, file),
  ], { benchmark: NAME, source: `${AGENTBANK} or ${HUB_ID}` });
  const isConversations = dirname(path) === join(folder, NAME);
  const tasks = isConversations
    ? await loadConversations(path, { file, split })
    : await loadQuestions(path, { file, split });
  return hasValid ? tasks : selectPart(tasks, split);
}

/** Where each publisher keeps a file, or a twin in its place. */
function tableNames(folder: string, file: string): string[] {
  return [
    join(folder, `${file}.jsonl`),
    join(folder, `${file}-00000-of-00001.parquet`),
  ];
}

async function loadQuestions(
  path: string,
  { file, split }: { readonly file: string; readonly split: Split },
): Promise<Task[]> {
  const rows = await readRows(path, COLUMNS, {
    source: HUB_ID,
    id: "question_id",
  });
  return rows.map(({ question, question_id, answer }, index) => {
    const aliases = answer.normalized_aliases;
    if (aliases.length === 0 || aliases.includes(HIDDEN)) {
      throw new RangeError(
        `Cannot read ${path} row ${
          index + 1
        } as answer.normalized_aliases must name the answer, which the hub's test file hides: current value is ${
          aliases.join(", ") || "none"
        }`,
      );
    }
    return {
      id: `${NAME}/${file}/${index}`,
      benchmark: NAME,
      split,
      messages: searchMessages(question),
      demonstration: [],
      gold: questionGold(aliases),
      environment: "search",
      meta: { questionId: question_id },
    };
  });
}
