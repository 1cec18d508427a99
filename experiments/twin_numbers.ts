/**
 * The numbers of a twin's data card: how long its texts are, what policies
 * without a model reach, whether its failure labels are right, and what
 * reasoners can do before any training.
 */
import {
  countLabelled,
  type MeasuredLabel,
  type MeasuredPolicy,
  measureLabels,
  measurePolicies,
  playProblems,
  splitProblems,
  type Twin,
} from "@/lib/benchmarks/twins/mod.ts";
import { renderChatMl, type Tokenizer } from "@/lib/models/mod.ts";
import type { ControlRuns } from "@/experiments/control_runs.ts";
import type { FurtherAnswers } from "@/experiments/further_tasks.ts";
import type { PopularityPart } from "@/experiments/popularity.ts";
import type { SftRuns } from "@/experiments/sft_runs.ts";
import type { ProbedTwin } from "@/experiments/twin_probes.ts";

/** Failed runs for each label. */
export const LABEL_RUNS = 500;

/** Tokens of texts. */
export interface Lengths {
  /** Their mean. */
  readonly mean: number;
  /** The longest. */
  readonly most: number;
}

/** What a reasoner can do, and what found it out. */
export interface ReasonerNumbers extends ProbedTwin {
  /** Command, machine, versions, commit. */
  readonly made: string;
}

/** What training gives a reasoner: its numbers in Table 1's mini preset. */
export interface TrainingNumbers {
  /** Test tasks. */
  readonly n: number;
  /** Right answers, by the rows of the table. */
  readonly correct: Readonly<Record<string, number>>;
  /** Steps of every training. */
  readonly steps: number;
  /** Right answers to validation tasks, by the rows that were trained. */
  readonly valid: Readonly<Record<string, number>>;
  /** Command, machine, versions, commit. */
  readonly made: string;
}

/** All numbers; plain data, kept as results/twins/NAME.json. */
export interface TwinNumbers {
  /**
   * Of the test split, in ChatML: what stands before the first turn of the
   * model, and what follows in the oracle's run, all turns together.
   */
  readonly tokens: { readonly prompt: Lengths; readonly answer: Lengths };
  /** On all of the test split. */
  readonly policies: readonly MeasuredPolicy[];
  /** Runs of the oracle in which the labels' rules find a fault. */
  readonly oracleLabelled: number;
  /** Of runs with injected failures. */
  readonly labels: readonly MeasuredLabel[];
  /** By the names of reasoners. */
  readonly reasoners: Readonly<Record<string, ReasonerNumbers>>;
  /** By the names of reasoners; absent where nothing was trained. */
  readonly training?: Readonly<Record<string, TrainingNumbers>>;
  /** By the names of reasoners; absent where there are no further tasks. */
  readonly further?: Readonly<Record<string, FurtherAnswers>>;
  /** Through an adapter, by the names of reasoners; absent where there is none. */
  readonly sft?: Readonly<Record<string, SftRuns>>;
  /** Of all weights, by the names of reasoners; absent where there is none. */
  readonly fullSft?: Readonly<Record<string, SftRuns>>;
  /** By the names of reasoners; absent where tasks have no popularity. */
  readonly popularity?: Readonly<Record<string, readonly PopularityPart[]>>;
  /** By the names of reasoners; absent where no one was asked. */
  readonly controls?: Readonly<Record<string, ControlRuns>>;
}

/** What takes no reasoner to measure. */
export type MeasuredTwin = Omit<
  TwinNumbers,
  | "reasoners"
  | "training"
  | "further"
  | "sft"
  | "fullSft"
  | "popularity"
  | "controls"
>;

/** How many times `measureTwin` calls `onMeasured`. */
export function measureSteps(twin: Twin): number {
  return 1 + twin.policies().length + Object.keys(twin.injectors).length;
}

/** Measures all that takes no model. */
export async function measureTwin(
  twin: Twin,
  { tokenizer, onMeasured }: {
    /** Counts tokens. */
    readonly tokenizer: Tokenizer;
    /** Called after each of `measureSteps`. */
    readonly onMeasured?: () => void;
  },
): Promise<MeasuredTwin> {
  const problems = splitProblems(twin, "test");
  const oracle = twin.policies().find(({ kind }) => kind === "oracle")!;
  const played = await playProblems(twin, problems, oracle);
  const prompts = played.map(({ chat }) => {
    const first = chat.findIndex(({ role }) => role === "assistant");
    const text = renderChatMl(chat.slice(0, first), {
      addGenerationPrompt: true,
    });
    return tokenizer.encode(text).length;
  });
  const answers = played.map(({ chat }, i) =>
    tokenizer.encode(renderChatMl(chat)).length - prompts[i]
  );
  onMeasured?.();
  return {
    tokens: { prompt: lengthsOf(prompts), answer: lengthsOf(answers) },
    policies: await measurePolicies(twin, undefined, onMeasured),
    oracleLabelled: countLabelled(twin, problems, played),
    labels: await measureLabels(twin, LABEL_RUNS, onMeasured),
  };
}

function lengthsOf(tokens: readonly number[]): Lengths {
  const sum = tokens.reduce((total, count) => total + count, 0);
  const mean = Math.round(10 * sum / tokens.length) / 10;
  return { mean, most: Math.max(...tokens) };
}
