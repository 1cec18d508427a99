/** The contract that every twin keeps: one test for all of them. */
import { seededRandom } from "../../random.ts";
import { renderChatMl, type Tokenizer } from "../../models/mod.ts";
import { failureLabel } from "../failures.ts";
import type { Message, Split, Task } from "../task.ts";
import { measurePolicies, splitProblems } from "./measure.ts";
import { play } from "./play.ts";
import type { Twin, TwinProblem } from "./twin.ts";

/** What `checkBenchmark` needs. */
export interface CheckOptions {
  /** Empty folder that the twin is written into. */
  readonly folder: string;
  /** Counts tokens. */
  readonly tokenizer: Tokenizer;
  /** Test problems that policies, injectors and samples are tried on. */
  readonly count: number;
}

/** After one of these, memory may be inserted. */
const DELIMITERS = /[,.\n]/;
/** What a shortcut may have above chance, as a share. */
const SHORTCUT_MARGIN = 0.05;
/** What knowledge of the world must be worth, as a share. */
const KNOWLEDGE_GAP = 0.25;
/** Share of injected failures that must get their label. */
const LABELLED_SHARE = 0.98;
/** The smallest share of injections that must make a run fail. */
const FAILED_SHARE = 0.5;

const SPLITS = ["train", "valid", "test"] as const satisfies readonly Split[];

/**
 * Whether a twin is what its contract says (see `Twin`; sections 5.10 and 5.12
 * of the benchmarks' specification).
 *
 * @returns What is wrong, a sentence each; nothing if all is right.
 */
export async function checkBenchmark(
  twin: Twin,
  options: CheckOptions,
): Promise<string[]> {
  const sample = splitProblems(twin, "test", options.count);
  return [
    ...checkDeterminism(twin),
    ...checkSplits(twin),
    ...await checkFiles(twin, options.folder),
    ...checkTexts(twin, options),
    ...await checkPolicies(twin, options.count),
    ...await checkLabels(twin, sample),
  ];
}

/** The same problem at every call, whatever was drawn before. */
function checkDeterminism(twin: Twin): string[] {
  const twice = [0, 1].map(() => {
    const problems = SPLITS.map((split) => splitProblems(twin, split, 5));
    const noted = [twin.noted("own", 3), twin.noted("redrawn", 3, 2)];
    const text = twin.practise(seededRandom("check", 3));
    return JSON.stringify([problems, noted, text]);
  });
  return twice[0] === twice[1] ? [] : ["problems change from call to call"];
}

/**
 * No kind in two splits; no fact in the test that training does not teach,
 * unless the twin is for evaluation only.
 */
function checkSplits(twin: Twin): string[] {
  const wrong: string[] = [];
  const isTrained = twin.sizes.train > 0;
  const seen = new Map<string, Split>();
  const taught = new Set<string>();
  for (const split of SPLITS) {
    for (const { signature, facts } of splitProblems(twin, split)) {
      const other = seen.get(signature) ?? split;
      if (other !== split) {
        wrong.push(`${signature} is in ${other} and ${split}`);
      }
      seen.set(signature, split);
      if (split === "train") facts.forEach((fact) => taught.add(fact));
      const unknown = facts.find((fact) => !taught.has(fact));
      if (split === "test" && isTrained && unknown !== undefined) {
        wrong.push(`the test asks for ${unknown}, which training never shows`);
      }
    }
  }
  const [whole, ...parts] = twin.trainingSizes;
  const isNested = parts.every((size, i) => size < twin.trainingSizes[i]);
  if (
    isTrained &&
    (parts.length !== 2 || whole > twin.sizes.train || !isNested)
  ) {
    wrong.push(`its training sizes are ${twin.trainingSizes.join(", ")}`);
  }
  return [...new Set(wrong)];
}

/** What the real loader reads from the written files is what was drawn. */
async function checkFiles(twin: Twin, folder: string): Promise<string[]> {
  await twin.write(folder);
  const wrong: string[] = [];
  for (const split of SPLITS.filter((split) => twin.sizes[split] > 0)) {
    const tasks = await twin.benchmark.load(folder, split);
    if (tasks.length !== twin.sizes[split]) {
      wrong.push(`${split} has ${tasks.length} tasks`);
    }
    const drawn = splitProblems(twin, split).map(({ task }) => task);
    const differing = drawn.findIndex((task, i) =>
      JSON.stringify(task) !== JSON.stringify(tasks[i])
    );
    if (differing >= 0) {
      wrong.push(`${split} task ${differing} is not what its file says`);
    }
  }
  return wrong;
}

/** Lengths and delimiters of prompts and traces, and of samples. */
function checkTexts(
  twin: Twin,
  { tokenizer, count }: CheckOptions,
): string[] {
  const wrong: string[] = [];
  const problems = [
    ...splitProblems(twin, "train", count),
    ...splitProblems(twin, "test", count),
    ...Array.from({ length: count }, (_, i) => twin.noted("redrawn", i, 2)),
  ];
  for (const { task } of problems) {
    const { id, messages, demonstration } = task;
    const chat = [...messages, ...demonstration];
    const tokens = tokenizer.encode(renderChatMl(chat)).length;
    const limit = twin.maxTokens;
    // Notes lengthen prompts that are at the limit without them.
    if (!isNoted(task) && tokens > limit) {
      wrong.push(`${id} has ${tokens} tokens`);
    }
    if (messages.length === 0 || messages.at(-1)!.role === "assistant") {
      wrong.push(`${id} has no prompt`);
    }
    const turns = demonstration.filter(({ role }) => role === "assistant");
    const isTrace = turns.some(({ content }) => DELIMITERS.test(content));
    if (demonstration.length > 0 && !isTrace) {
      wrong.push(`${id} has no delimiter in its trace`);
    }
    if (chat.some(hasSpecialToken)) wrong.push(`${id} holds a special token`);
  }
  for (let i = 0; i < count; i++) {
    const parts = twin.practise(seededRandom("check", "practise", i));
    if (!parts.some(({ learn }) => learn)) {
      wrong.push(`sample ${i} has nothing to learn`);
    }
  }
  return wrong;
}

function isNoted({ id }: Task): boolean {
  return id.includes("notes");
}

function hasSpecialToken({ content }: Message): boolean {
  return content.includes("<|");
}

/** The oracle solves all, shortcuts nothing, and knowledge is worth something. */
async function checkPolicies(twin: Twin, count: number): Promise<string[]> {
  const measured = await measurePolicies(twin, count);
  const best = (kind: string): number =>
    Math.max(
      ...measured.filter((policy) => policy.kind === kind)
        .map(({ correct, n }) => correct / n),
    );
  const wrong: string[] = [];
  for (const kind of ["oracle", "ignorant", "random", "shortcut"]) {
    if (!Number.isFinite(best(kind))) wrong.push(`it has no ${kind} policy`);
  }
  if (best("oracle") < 1) wrong.push(`the oracle reaches ${best("oracle")}`);
  if (best("shortcut") > best("random") + SHORTCUT_MARGIN) {
    wrong.push(
      `a shortcut reaches ${best("shortcut")}, chance ${best("random")}`,
    );
  }
  if (best("oracle") - best("ignorant") < KNOWLEDGE_GAP) {
    wrong.push(`without knowledge a policy reaches ${best("ignorant")}`);
  }
  return wrong;
}

/** Injected failures get their label; the oracle's runs get none. */
async function checkLabels(
  twin: Twin,
  problems: readonly TwinProblem[],
): Promise<string[]> {
  const wrong: string[] = [];
  const oracle = twin.policies().find(({ kind }) => kind === "oracle");
  for (const problem of oracle === undefined ? [] : problems) {
    const random = seededRandom("oracle", problem.task.id);
    const policy = oracle!.start(problem, random);
    const { chat } = await play(twin, problem, policy);
    const [event] = twin.failureEvents(problem, chat);
    if (event !== undefined) {
      wrong.push(`the oracle's ${problem.task.id} is labelled ${event.label}`);
    }
  }
  for (const [label, inject] of Object.entries(twin.injectors)) {
    const labels: string[] = [];
    for (const problem of problems) {
      const random = seededRandom("inject", label, problem.task.id);
      const { chat, score } = await play(
        twin,
        problem,
        inject(problem, random),
      );
      if (score.official === 1) continue;
      labels.push(failureLabel(twin.failureEvents(problem, chat)));
    }
    const right = labels.filter((given) => given === label).length;
    if (labels.length < FAILED_SHARE * problems.length) {
      wrong.push(`only ${labels.length} runs fail by an injected ${label}`);
    }
    if (right < LABELLED_SHARE * labels.length) {
      wrong.push(
        `${right} of ${labels.length} runs with an injected ${label} get it`,
      );
    }
  }
  return wrong;
}
