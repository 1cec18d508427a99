/** Measures twins and mini reasoners on them, and writes their cards. */
import { join } from "node:path";
import { withProbes } from "@/experiments/pretraining/card.ts";
import { tokenizerFiles } from "@/experiments/pretraining/tokenizer.ts";
import { twinVocabulary } from "@/experiments/pretraining/vocabulary.ts";
import type { AnswerOptions } from "@/experiments/twin_answers.ts";
import {
  type MeasuredTwin,
  measureSteps,
  measureTwin,
  type TwinNumbers,
} from "@/experiments/twin_numbers.ts";
import { PROBE_PROBLEMS, probeTwins } from "@/experiments/twin_probes.ts";
import type { DescribedTwin } from "@/experiments/twin_table.ts";
import { type Twin, TWINS } from "@/lib/benchmarks/twins/mod.ts";
import { loadTokenizer, type Tokenizer } from "@/lib/models/mod.ts";
import { Progress } from "@/tasks/progress.ts";
import {
  readTwinNumbers,
  requireTwinNumbers,
  TWIN_RESULTS,
  writeTwinNumbers,
} from "@/tasks/twin_results.ts";

/** The twins with their numbers in a folder. */
export function readTwins(
  twins: readonly Twin[],
  folder: string = TWIN_RESULTS,
): Promise<DescribedTwin[]> {
  return Promise.all(
    twins.map(async (twin) => ({
      twin,
      numbers: await readTwinNumbers(twin, folder),
    })),
  );
}

/** Measures what takes no model; writes numbers and cards into a folder. */
export async function measureTwins(
  twins: readonly Twin[],
  { tokenizer, folder = TWIN_RESULTS }: {
    readonly tokenizer: Tokenizer;
    readonly folder?: string;
  },
): Promise<void> {
  const total = twins.reduce((sum, twin) => sum + measureSteps(twin), 0);
  const progress = new Progress("Measure", total);
  let done = 0;
  for (const twin of twins) {
    const { name } = twin.benchmark;
    const measured = await measureTwin(twin, {
      tokenizer,
      onMeasured: () => progress.update(++done, name),
    });
    const before = await readTwinNumbers(twin, folder);
    // What reasoners did on other problems says nothing of these.
    const kept = isSameTwin(measured, before) ? before : { reasoners: {} };
    await writeTwinNumbers(twin, { ...kept, ...measured }, folder);
  }
  progress.end();
}

/** Whether the problems seem to be those of earlier numbers. */
function isSameTwin(
  { tokens, policies }: MeasuredTwin,
  before: TwinNumbers | undefined,
): before is TwinNumbers {
  return before !== undefined && JSON.stringify([tokens, policies]) ===
      JSON.stringify([before.tokens, before.policies]);
}

/** A tokenizer that knows the words of all twins. */
export async function sharedTokenizer(): Promise<Tokenizer> {
  const folder = await Deno.makeTempDir();
  try {
    const files = tokenizerFiles(twinVocabulary());
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    return loadTokenizer(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A reasoner to measure. */
export interface MeasuredModel
  extends Pick<AnswerOptions, "generator" | "model"> {
  /** Its name in the cards. */
  readonly name: string;
  /** Command, machine, versions, commit. */
  readonly made: string;
}

/**
 * Adds a reasoner's numbers to those in a folder, and to the cards.
 *
 * @param count Problems of each probe, at most.
 * @throws {Deno.errors.NotFound} If a twin was never measured.
 */
export async function measureReasoner(
  { name, made, ...asked }: MeasuredModel,
  twins: readonly Twin[],
  { folder = TWIN_RESULTS, count = PROBE_PROBLEMS }: {
    readonly folder?: string;
    readonly count?: number;
  } = {},
): Promise<void> {
  const numbersOf = new Map<Twin, TwinNumbers>();
  for (const twin of twins) {
    const action = `measure ${name}`;
    numbersOf.set(twin, await requireTwinNumbers(twin, folder, action));
  }
  let progress: Progress | undefined;
  const probes = probeTwins(twins, {
    ...asked,
    count,
    onProgress(done, total, { benchmark }) {
      progress ??= new Progress(`Ask ${name}`, total);
      progress.update(done, benchmark.name);
    },
  });
  for await (const { twin, probed } of probes) {
    const numbers = numbersOf.get(twin)!;
    const reasoners = { ...numbers.reasoners, [name]: { ...probed, made } };
    await writeTwinNumbers(twin, { ...numbers, reasoners }, folder);
  }
  progress?.end();
}

/** Writes what a reasoner can do, by the twins' numbers, into its model card. */
export async function renewModelCard(
  path: string,
  reasoner: string,
  folder: string = TWIN_RESULTS,
): Promise<void> {
  const described = await readTwins(TWINS, folder);
  const probes = described.flatMap(({ twin, numbers }) => {
    const probed = numbers?.reasoners[reasoner];
    return probed === undefined ? [] : [{ twin, probed }];
  });
  const card = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, withProbes(card, probes));
}
