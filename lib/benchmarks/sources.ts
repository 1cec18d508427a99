/** Where the files of each benchmark are published, and under which terms. */
import type { HubFile } from "./hub_files.ts";
import { MATH_FOLDERS } from "./math.ts";
import type { Split } from "./task.ts";

/** Where a benchmark's files come from. */
export interface DataSource {
  /** Licence of the files, and what else a user must know of it. */
  readonly licence: string;
  /** What a person must do or accept before, without the last full stop. */
  readonly terms?: string;
  /** Files that are downloaded, to the same paths. */
  readonly files: readonly HubFile[];
  /** What a person must get by other means, step by step. */
  readonly byHand?: string;
  /** Published tasks of the splits, as our loader counts them. */
  readonly tasks?: Readonly<Partial<Record<Split, number>>>;
}

const AGENTBANK = "Solaris99/AgentBank";
const MATH = "EleutherAI/hendrycks_math";
const TRIVIAQA = "mandarjoshi/trivia_qa";

const CORPUS =
  "The questions are answered with a search engine. Start one that answers as Search-R1's does, over PeterJinGo/wiki-18-corpus of the hub (21 million passages), and give its address with --retriever. Or put a smaller corpus into the folder as corpus.jsonl, with an id and contents in each row.";

/** By the benchmark's name. */
export const DATA_SOURCES: Readonly<Record<string, DataSource>> = {
  alfworld: {
    licence:
      "Apache-2.0 (AgentBank), MIT (ALFWorld), with data of ALFRED (MIT)",
    files: [{
      hubId: AGENTBANK,
      path: "alfworld/train-00000-of-00001.parquet",
    }],
    byHand:
      "The games are not on the hub. Download json_2.1.3_tw-pddl.zip from release 0.4.2 of alfworld/alfworld on GitHub and unpack it here, so that there are json_2.1.1/train, valid_seen and valid_unseen with a game.tw-pddl for each game. The command alfworld-download of the Python package alfworld does the same.",
    tasks: { train: 3_321, valid: 140, test: 134 },
  },
  triviaqa: {
    licence:
      "Apache-2.0 says the authors' repository, unknown says the hub's card; AgentBank's conversations are Apache-2.0",
    files: [
      { hubId: AGENTBANK, path: "triviaqa/train-00000-of-00001.parquet" },
      {
        hubId: TRIVIAQA,
        path: "rc.wikipedia.nocontext/validation-00000-of-00001.parquet",
      },
    ],
    byHand: CORPUS,
    tasks: { train: 3_721, valid: 413, test: 7_993 },
  },
  popqa: {
    licence: "MIT says the authors' repository, the hub's card says nothing",
    files: [{ hubId: "akariasai/PopQA", path: "test.tsv" }],
    byHand: CORPUS,
    tasks: { test: 14_267 },
  },
  kodcode: {
    licence: "CC BY-NC 4.0",
    terms:
      "KodCode is CC BY-NC 4.0: you may use it for non-commercial purposes only, must name its authors, and must not pass its rows on under other terms",
    files: [{
      hubId: "KodCode/KodCode-Light-RL-10K",
      path: "data/train-00000-of-00001.parquet",
    }],
    tasks: { train: 7_000, valid: 1_000, test: 2_000 },
  },
  bigcodebench: {
    licence: "Apache-2.0",
    files: [{
      hubId: "bigcode/bigcodebench",
      path: "data/v0.1.4-00000-of-00001.parquet",
    }],
    tasks: { train: 821, valid: 91, test: 228 },
  },
  gpqa: {
    licence: "CC BY 4.0; the rows must not be published",
    terms:
      "GPQA is gated. Log in to the hub, open the page of the data set Idavidrein/gpqa, and accept its conditions: you agree not to reveal examples of it in plain text or images online. Then make an access token that may read, and put it into the environment as HF_TOKEN",
    files: ["gpqa_main.csv", "gpqa_diamond.csv"].map((path) => ({
      hubId: "Idavidrein/gpqa",
      path,
    })),
    tasks: { train: 225, valid: 25, test: 198 },
  },
  gsm8k: {
    licence: "MIT",
    files: ["train", "test"].map((split) => ({
      hubId: "openai/gsm8k",
      path: `main/${split}-00000-of-00001.parquet`,
    })),
    tasks: { train: 6_726, valid: 747, test: 1_319 },
  },
  math: {
    licence:
      "MIT; hendrycks/competition_math was taken down from the hub, these are mirrors of it",
    files: [
      ...MATH_FOLDERS.map((subject) => ({
        hubId: MATH,
        path: `${subject}/train-00000-of-00001.parquet`,
      })),
      { hubId: "HuggingFaceH4/MATH-500", path: "test.jsonl" },
    ],
    tasks: { train: 1_600, valid: 100, test: 500 },
  },
  aqua: {
    licence: "Apache-2.0",
    files: ["train", "validation", "test"].map((split) => ({
      hubId: "deepmind/aqua_rat",
      path: `raw/${split}-00000-of-00001.parquet`,
    })),
    tasks: { train: 4_000, valid: 254, test: 254 },
  },
  scienceworld: {
    licence: "Apache-2.0",
    files: [],
    byHand:
      "ScienceWorld is a Java program, allenai/ScienceWorld on GitHub, which this project does not run: it has the twin alone (deno task make-twin --benchmark scienceworld).",
  },
  fever: {
    licence: "CC BY-SA 3.0",
    files: [],
    byHand:
      `FEVER is not on the hub as a file. Download paper_test.jsonl from fever.ai (Dataset, FEVER) and put it here. ${CORPUS}`,
    tasks: { test: 9_999 },
  },
};
