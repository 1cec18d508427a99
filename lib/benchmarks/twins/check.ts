/** The contract that every twin keeps: one test for all of them. */
import { seededRandom } from "../../random.ts";
import { renderChatMl, type Tokenizer } from "../../models/mod.ts";
import type { Message, Split } from "../task.ts";
import { labelFaults, policyFaults } from "./admission.ts";
import {
  countLabelled,
  measureLabels,
  measurePolicies,
  playProblems,
  splitProblems,
} from "./measure.ts";
import type { Played } from "./play.ts";
import type { Twin, TwinProblem } from "./twin.ts";

/** What `checkBenchmark` needs. */
export interface CheckOptions {
  /** Empty folder that the twin is written into. */
  readonly folder: string;
  /** Counts tokens. */
  readonly tokenizer: Tokenizer;
  /**
   * Failed runs of each label, and problems of a split whose demonstrations are
   * played. Files, kinds and lengths are those of all problems, policies are
   * tried on all of the test split.
   */
  readonly count: number;
}

/** After one of these, memory may be inserted. */
const DELIMITERS = /[,.\n]/;

const SPLITS = ["train", "valid", "test"] as const satisfies readonly Split[];

/** All problems of a twin. */
type Problems = Readonly<Record<Split, readonly TwinProblem[]>>;

/**
 * Whether a twin is what its contract says (see `Twin`; sections 5.10 and 5.12
 * of the benchmarks' specification).
 *
 * @returns What is wrong, a sentence each; nothing if all is right.
 */
export async function checkBenchmark(
  twin: Twin,
  { folder, tokenizer, count }: CheckOptions,
): Promise<string[]> {
  const unsettled = checkDeterminism(twin);
  const problems = {
    train: splitProblems(twin, "train"),
    valid: splitProblems(twin, "valid"),
    test: splitProblems(twin, "test"),
  };
  const demonstrations = SPLITS.flatMap((split) => problems[split])
    .filter(({ task }) => task.demonstration.length > 0);
  const asked = problems.test.slice(0, count);
  const oracle = twin.policies().find(({ kind }) => kind === "oracle");
  const played = oracle === undefined
    ? []
    : await playProblems(twin, asked, oracle);
  const labelled = countLabelled(twin, asked.slice(0, played.length), played);
  return [
    ...unsettled,
    ...checkSplits(twin, problems),
    ...checkNotes(twin, problems, count),
    ...await checkFiles(twin, problems, folder),
    ...await checkEnvironments(twin, asked, played, folder),
    ...await checkDemonstrations(twin, problems.train.slice(0, count)),
    ...checkTexts(twin, tokenizer, demonstrations, played),
    ...checkPractice(twin, count),
    ...policyFaults(await measurePolicies(twin)),
    ...labelled === 0 ? [] : [`${labelled} runs of the oracle get a label`],
    ...labelFaults(await measureLabels(twin, count), count),
  ];
}

/** The same at every call, whatever was asked for before. */
function checkDeterminism(twin: Twin): string[] {
  const calls = [
    ...SPLITS.flatMap((split) =>
      Array.from(
        { length: Math.min(5, twin.sizes[split]) },
        (_, i) => () => twin.problem(split, i),
      )
    ),
    () => twin.noted("own", 3),
    () => twin.noted("redrawn", 3, 2),
    () => twin.practise(seededRandom("check", 3)),
    () => twin.revise?.(seededRandom("check", 3)),
    ...Object.values(twin.controls).map((control) => () => control("test", 1)),
  ];
  const ask = (call: () => unknown): string => JSON.stringify(call());
  const forwards = calls.map(ask);
  const backwards = calls.toReversed().map(ask).toReversed();
  return forwards.every((text, i) => text === backwards[i])
    ? []
    : ["problems change from call to call"];
}

/**
 * No kind in two splits; no fact in the test that training does not teach,
 * unless the twin is for evaluation only.
 */
function checkSplits(twin: Twin, problems: Problems): string[] {
  const wrong = new Set<string>();
  const isTrained = twin.sizes.train > 0;
  const seen = new Map<string, Split>();
  const taught = new Set(problems.train.flatMap(({ facts }) => facts));
  for (const split of SPLITS) {
    for (const { signature, facts } of problems[split]) {
      const other = seen.get(signature) ?? split;
      if (other !== split) {
        wrong.add(`${signature} is in ${other} and ${split}`);
      }
      seen.set(signature, split);
      const unknown = facts.find((fact) => !taught.has(fact));
      if (split === "test" && isTrained && unknown !== undefined) {
        wrong.add(`the test asks for ${unknown}, which training never shows`);
      }
    }
  }
  const [whole, ...parts] = twin.trainingSizes;
  const isNested = parts.every((size, i) => size < twin.trainingSizes[i]);
  if (
    isTrained &&
    (parts.length !== 2 || whole > twin.sizes.train || !isNested)
  ) {
    wrong.add(`its training sizes are ${twin.trainingSizes.join(", ")}`);
  }
  return [...wrong];
}

/** Problems with notes are of the test's kinds, and differ by their notes. */
function checkNotes(twin: Twin, problems: Problems, count: number): string[] {
  const trained = new Set(
    [...problems.train, ...problems.valid].map(({ signature }) => signature),
  );
  const wrong: string[] = [];
  for (let i = 0; i < count; i++) {
    const [plain, more] = [
      twin.noted("redrawn", i),
      twin.noted("redrawn", i, 2),
    ];
    const { task: { id, messages }, signature } = plain;
    if (trained.has(signature)) wrong.push(`${id} is of a kind of training`);
    if (lengthOf(more.task.messages) <= lengthOf(messages)) {
      wrong.push(`${id} has no more notes for two distractors`);
    }
  }
  return wrong;
}

function lengthOf(messages: readonly Message[]): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}

/** What the real loader reads from the written files is what was drawn. */
async function checkFiles(
  twin: Twin,
  problems: Problems,
  folder: string,
): Promise<string[]> {
  await twin.write(folder);
  const wrong: string[] = [];
  for (const split of SPLITS.filter((split) => twin.sizes[split] > 0)) {
    const tasks = await twin.benchmark.load(folder, split);
    if (tasks.length !== twin.sizes[split]) {
      wrong.push(`${split} has ${tasks.length} tasks`);
    }
    const differing = problems[split].findIndex(({ task }, i) =>
      JSON.stringify(task) !== JSON.stringify(tasks[i])
    );
    if (differing >= 0) {
      wrong.push(`${split} task ${differing} is not what its file says`);
    }
  }
  return wrong;
}

/**
 * What answers the turns of tasks from files says what it says to problems, and
 * rewards the oracle.
 */
async function checkEnvironments(
  { benchmark }: Twin,
  problems: readonly TwinProblem[],
  played: readonly Played[],
  folder: string,
): Promise<string[]> {
  const open = await benchmark.openEnvironments?.(folder);
  if (open === undefined) return [];
  const wrong: string[] = [];
  for (const [i, { chat, turns }] of played.entries()) {
    const { task } = problems[i];
    const environment = open(task);
    const replayed = [...await environment.reset({ seed: 0 })];
    let earned = 0;
    for (const content of turns) {
      const { observation, reward } = await environment.step(content);
      earned += reward;
      replayed.push({ role: "assistant", content });
      replayed.push({ role: "user", content: observation });
    }
    // What is said after the last turn, no one reads.
    if (JSON.stringify(replayed.slice(0, -1)) !== JSON.stringify(chat)) {
      wrong.push(`${task.id} is answered otherwise from its files`);
    }
    if (earned !== 1) wrong.push(`${task.id} earns the oracle ${earned}`);
  }
  return wrong;
}

/** Worked answers begin and end with the model's turn, and are right. */
async function checkDemonstrations(
  { benchmark }: Twin,
  problems: readonly TwinProblem[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { task: { id, demonstration, gold } } of problems) {
    const ends = [demonstration.at(0), demonstration.at(-1)];
    if (!ends.every((message) => message?.role === "assistant")) {
      wrong.push(`${id} is shown in turns that are not the model's`);
    }
    const turns = turnsOf(demonstration);
    const { official } = turns.length === 0
      ? { official: 0 }
      : await benchmark.score(turns, gold);
    if (official !== 1) wrong.push(`${id} is shown a wrong answer`);
  }
  return wrong;
}

/** Prompts, lengths and delimiters of what is taught and of the oracle's runs. */
function checkTexts(
  { maxTokens }: Twin,
  tokenizer: Tokenizer,
  demonstrations: readonly TwinProblem[],
  played: readonly Played[],
): string[] {
  const wrong: string[] = [];
  const chats = [
    ...demonstrations.map(({ task: { id, messages, demonstration } }) => ({
      id,
      messages,
      trace: demonstration,
    })),
    ...played.map(({ chat }, i) => {
      const first = chat.findIndex(({ role }) => role === "assistant");
      const messages = chat.slice(0, first);
      return { id: `run ${i}`, messages, trace: chat.slice(first) };
    }),
  ];
  for (const { id, messages, trace } of chats) {
    const text = renderChatMl([...messages, ...trace]);
    const tokens = tokenizer.encode(text).length;
    if (tokens > maxTokens) wrong.push(`${id} has ${tokens} tokens`);
    if (messages.length === 0 || messages.at(-1)!.role === "assistant") {
      wrong.push(`${id} has no prompt`);
    }
    if (!turnsOf(trace).some((turn) => DELIMITERS.test(turn))) {
      wrong.push(`${id} has no delimiter in its trace`);
    }
    if ([...messages, ...trace].some(hasSpecialToken)) {
      wrong.push(`${id} holds a special token`);
    }
  }
  return wrong;
}

function turnsOf(chat: readonly Message[]): string[] {
  return chat.filter(({ role }) => role === "assistant")
    .map(({ content }) => content);
}

function hasSpecialToken({ content }: Message): boolean {
  return content.includes("<|");
}

/** There is something to read and something to learn in every sample. */
function checkPractice(twin: Twin, count: number): string[] {
  const wrong: string[] = [];
  for (const kind of ["practise", "revise"] as const) {
    for (let i = 0; i < count; i++) {
      const parts = twin[kind]?.(seededRandom("check", kind, i));
      for (const learn of [true, false]) {
        if (parts?.every((part) => part.learn !== learn || part.text === "")) {
          const what = learn ? "learn" : "read";
          wrong.push(`sample ${i} to ${kind} has nothing to ${what}`);
        }
      }
    }
  }
  return wrong;
}
