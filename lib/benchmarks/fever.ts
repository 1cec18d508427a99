/** FEVER: claims to verify with a search engine (Thorne et al. 2018, fever.ai). */
import { integer, text } from "./columns.ts";
import { findFile } from "./files.ts";
import { collapseSpace } from "./python_text.ts";
import { readRows } from "./rows.ts";
import { openSearchEnvironments } from "./search_engine.ts";
import {
  episodeAnswer,
  SEARCH_TURNS,
  searchMessages,
} from "./search_environment.ts";
import type { Benchmark, Score, Split, Task } from "./task.ts";
import { lastTurn } from "./turns.ts";

const NAME = "fever";
const SOURCE = "fever.ai";
const FILE = "paper_test.jsonl";

/** No denial stands directly before, as in "not supported". */
const AFFIRMED = String
  .raw`(?<!(?:\b(?:not|cannot|never)|n['’]t) (?:be |been )?)`;

/**
 * The three verdicts, each with the words that mean it for `lenient`. What
 * there is not enough information to say is said of no other verdict.
 */
const VERDICTS: Readonly<Record<string, RegExp>> = {
  "SUPPORTS": new RegExp(String.raw`${AFFIRMED}\bsupport(?:s|ed)\b`, "i"),
  "REFUTES": new RegExp(String.raw`${AFFIRMED}\brefute(?:s|d)\b`, "i"),
  "NOT ENOUGH INFO": /\bnot enough info(?:rmation)?\b(?: to\b[^.]*)?/i,
};

/**
 * FEVER: one test split, for models that were trained on another benchmark
 * (figure 3). The system prompt and the environment are TriviaQA's.
 *
 * Ours, as MemGen's FEVER code is not released: the file (the 9,999 labelled
 * claims of paper_test.jsonl), `feverPrompt`, and the scorers. `official` is
 * FEVER's label accuracy: the answer is the verdict, but for case and spaces.
 * `lenient` reads the one verdict that the answer names and does not deny in the
 * words just before it.
 */
export const fever: Benchmark = {
  name: NAME,
  maxTurns: SEARCH_TURNS,
  failures: ["no answer", "other form", "no verdict", "wrong verdict"],
  load,
  score,
  openEnvironments: openSearchEnvironments({ name: NAME, load, isRight }),
};

async function load(folder: string, split: Split): Promise<Task[]> {
  if (split !== "test") {
    throw new RangeError(
      `Cannot load ${NAME} ${split} as it is for evaluation, with the split test alone: current value is ${split}`,
    );
  }
  const path = await findFile(folder, [FILE], {
    benchmark: NAME,
    source: SOURCE,
  });
  const columns = { id: integer, verifiable: text, label: text, claim: text };
  const rows = await readRows(path, columns, { source: SOURCE, id: "id" });
  return rows.map(({ label, claim }, index) => {
    if (!Object.hasOwn(VERDICTS, label)) {
      throw new RangeError(
        `Cannot read ${path} line ${index + 1} as its label must be one of ${
          Object.keys(VERDICTS).join(", ")
        }: current value is ${label}`,
      );
    }
    return {
      id: `${NAME}/test/${index}`,
      benchmark: NAME,
      split,
      messages: searchMessages(feverPrompt(claim)),
      demonstration: [],
      gold: label,
      environment: "search",
      meta: {},
    };
  });
}

/** The prompt of a claim; ours. */
export function feverPrompt(claim: string): string {
  return `Is this claim right? Answer SUPPORTS, REFUTES or NOT ENOUGH INFO.\n${claim}`;
}

function score(turns: readonly string[], gold: string): Promise<Score> {
  lastTurn(turns);
  const answer = episodeAnswer(turns.slice(0, SEARCH_TURNS));
  const words = collapseSpace(answer ?? "");
  const named = namedVerdicts(words);
  const official = answer !== undefined && isRight(answer, gold) ? 1 : 0;
  const lenient = named.length === 1 && named[0] === gold ? 1 : 0;
  if (official === 1) return Promise.resolve({ official, lenient });
  const failure = answer === undefined
    ? "no answer"
    : lenient === 1
    ? "other form"
    : named.length === 1
    ? "wrong verdict"
    : "no verdict";
  return Promise.resolve({ official, lenient, failure });
}

function namedVerdicts(words: string): string[] {
  const others = words.replace(VERDICTS["NOT ENOUGH INFO"], "");
  return Object.keys(VERDICTS).filter((verdict) =>
    VERDICTS[verdict].test(verdict === "NOT ENOUGH INFO" ? words : others)
  );
}

function isRight(answer: string, gold: string): boolean {
  return collapseSpace(answer).toUpperCase() === gold;
}
