/**
 * Negative controls: what training gives where it should be of no use. Whoever
 * learned the facts of a twin's world must lose them where words or facts are
 * others, and whoever learned the form alone must not have them.
 */
import { vanillaPrompt } from "@/lib/baselines/mod.ts";
import type { Twin } from "@/lib/benchmarks/twins/mod.ts";
import type { SupervisedStudy } from "@/experiments/supervised_study.ts";
import {
  EVALUATE_WEIGHT,
  TRAINED,
  type TrainedMethods,
} from "@/experiments/table_1.ts";

/** The control that is not asked but learned. */
export const FORM_ONLY = "format only";

/** Rows of Table 1 that are asked, and the one that learns the form. */
const [VANILLA, SFT] = ["Vanilla", "SFT (LoRA)"] as const;

/** Right answers to the controls of a twin. */
export interface ControlRuns {
  /** Tasks of each. */
  readonly n: number;
  /**
   * By the rows of Table 1, by control. SFT's number for `FORM_ONLY` is on the
   * test split itself, after training on the form alone.
   */
  readonly correct: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Command, machine, versions, commit. */
  readonly made: string;
}

/**
 * A twin whose problems are those of one of its controls.
 *
 * @throws {RangeError} If it has no such control.
 */
export function controlTwin(twin: Twin, control: string): Twin {
  const problem = twin.controls[control];
  if (problem === undefined) {
    throw new RangeError(
      `Cannot pose a control of ${twin.benchmark.name} as it must be one of ${
        Object.keys(twin.controls).join(", ")
      }: current value is ${control}`,
    );
  }
  return { ...twin, problem };
}

/** The controls of a twin that are asked. */
export function askedControls({ controls }: Twin): string[] {
  return Object.keys(controls).filter((name) => name !== FORM_ONLY);
}

/** What a reasoner is asked on one twin, and with what. */
export interface ControlRunsOptions {
  /** The study of the twin, or of one of its controls. */
  study(
    control?: string,
  ): Pick<SupervisedStudy, "evaluatePrompting" | "evaluateTrained">;
  /** The controls that are asked. */
  readonly controls: readonly string[];
  /** The study of the form of the twin that it learns; it may be another. */
  readonly form: Pick<SupervisedStudy, "train">;
  /** Expected cost of learning it, in the units of `EVALUATE_WEIGHT`. */
  readonly formWeight: number;
  /** The methods. */
  readonly methods: TrainedMethods;
  /** The folder with what a method learned. */
  folderOf(method: keyof TrainedMethods): string;
  /** SFT's highest learning rate. */
  readonly rate: number;
  /** Seed of training. */
  readonly seed: number;
  /** Announces what comes next; `weight` is its expected share of the time. */
  announce(title: string, weight: number): void;
}

/** The sum of all weights that `measureControlRuns` will announce. */
export function controlsWeight(
  { controls, formWeight }: Pick<ControlRunsOptions, "controls" | "formWeight">,
): number {
  const evaluations = controls.length * (1 + TRAINED.length) + 1;
  return EVALUATE_WEIGHT * evaluations + formWeight;
}

/** Asks the controls, and learns the form. */
export async function measureControlRuns(
  options: ControlRunsOptions,
): Promise<ControlRuns> {
  const { study, controls, methods, folderOf, announce } = options;
  const correct: Record<string, Record<string, number>> = {};
  const made = new Set<string>();
  let n = 0;
  type Answered = Awaited<ReturnType<SupervisedStudy["evaluateTrained"]>>;
  const keep = (row: string, control: string, { result }: Answered) => {
    n = result.n;
    (correct[row] ??= {})[control] = result.correct;
    made.add(result.made);
  };
  for (const control of controls) {
    const of = study(control);
    announce(`${VANILLA}, ${control}`, EVALUATE_WEIGHT);
    const vanilla = { id: VANILLA, prompt: vanillaPrompt };
    keep(VANILLA, control, await of.evaluatePrompting(vanilla));
    for (const { label, method } of TRAINED) {
      announce(`${label}, ${control}`, EVALUATE_WEIGHT);
      const folder = folderOf(method);
      keep(label, control, await of.evaluateTrained(methods[method], folder));
    }
  }
  announce(`${SFT}, ${FORM_ONLY}`, options.formWeight);
  const { form, rate, seed } = options;
  const { folder } = await form.train({ method: methods.sft, rate, seed });
  announce(`${SFT}, ${FORM_ONLY}`, EVALUATE_WEIGHT);
  keep(SFT, FORM_ONLY, await study().evaluateTrained(methods.sft, folder));
  return { n, correct, made: [...made].join("; ") };
}
