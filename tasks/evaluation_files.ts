/** The files of an evaluation: its records, its summary and its baseline. */
import { createHash } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import {
  type EvaluationRecord,
  findBenchmark,
  type Score,
} from "@/lib/benchmarks/mod.ts";
import { writeFileAtomically } from "@/lib/models/atomic_file.ts";
import { readExisting } from "@/lib/models/existing_file.ts";
import type { Precision } from "@/lib/tensorflow/mod.ts";
import type {
  EvaluationSettings,
  EvaluationSummary,
} from "@/tasks/evaluation_summary.ts";

/**
 * Writes the records and, beside them, the summary. Records of a confidential
 * benchmark have no texts: what a model writes may quote the task.
 */
export function writeEvaluation(
  output: string,
  records: readonly EvaluationRecord[],
  summary: EvaluationSummary,
): void {
  const { isConfidential } = findBenchmark(summary.settings.benchmark);
  const withheld = isConfidential
    ? { turns: undefined, observations: undefined }
    : {};
  const lines = records.map((record) =>
    `${JSON.stringify({ ...record, ...withheld })}\n`
  );
  writeText(output, lines.join(""));
  writeText(summaryPath(output), `${JSON.stringify(summary, null, 2)}\n`);
}

/**
 * The scores of an earlier evaluation.
 *
 * @param path JSONL of its records.
 * @param ids Of the tasks that are evaluated now.
 * @throws {Deno.errors.NotFound} If there is no file.
 * @throws {RangeError} If its records are not of these tasks in this order.
 */
export function readBaseline(path: string, ids: readonly string[]): Score[] {
  const text = readExisting(path, () => Deno.readTextFileSync(path));
  const records = text.trimEnd().split("\n").map((line, i) =>
    parseRecord(line, `${path} line ${i + 1}`)
  );
  const first = Array.from(
    { length: Math.max(records.length, ids.length) },
    (_, i) => i,
  ).find((i) => records[i]?.id !== ids[i]);
  if (first !== undefined) {
    throw new RangeError(
      `Cannot compare with ${path} as record ${first + 1} must be of ${
        ids[first] ?? "no task"
      }: current value is ${records[first]?.id ?? "none"}`,
    );
  }
  return records;
}

function parseRecord(line: string, place: string): EvaluationRecord {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read ${place} as it must be a record: current value is ${
        line.slice(0, 40)
      }`,
      { cause },
    );
  }
}

function writeText(path: string, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writeFileAtomically(path, (write) => write(bytes));
}

/** Where the summary of these records is. */
export function summaryPath(output: string): string {
  return output.replace(/\.jsonl$/, ".json");
}

/** Folder of the reasoners that are told apart by their names alone. */
const REASONERS = join("results", "reasoners");
/** Digits of a digest in a name. */
const DIGEST_DIGITS = 8;

/**
 * A file named after the settings that change its records, such as
 * `.runs/evaluate/gsm8k-test-mini-qwen2.5-tokens-8-vanilla.jsonl`. What lies
 * where the user says is told apart by a digest of all such places, as in
 * `.runs/evaluate/gsm8k-test-50-tiny-memory-seed-1-vanilla-5e0c0ba9.jsonl`.
 */
export function defaultOutput(
  { precision, ...options }:
    & Omit<EvaluationSettings, "data" | "output" | "maxNewTokens">
    & Partial<Pick<EvaluationSettings, "data" | "maxNewTokens">>
    & { readonly precision: Precision },
): string {
  const { benchmark, split, limit, model, adapter, memgen } = options;
  const folders = [model, adapter, memgen].map((folder) =>
    folder && basename(resolve(folder))
  );
  const numbers = {
    temperature: options.triggerTemperature || undefined,
    prompt: options.maxPromptAugmentations,
    inference: options.maxInferenceAugmentations,
    texts: options.externalTexts,
    tokens: options.maxNewTokens,
    seed: options.seed || undefined,
  };
  const parts = [
    ...[benchmark, split, limit, ...folders],
    options.trigger?.replace(":", "-"),
    ...Object.entries(numbers).map(([name, number]) =>
      number === undefined ? undefined : `${name}-${number}`
    ),
    options.method,
    precision === "fp32" ? undefined : precision,
    placesDigest(options),
  ];
  const name = parts.filter((part) => part !== undefined).join("-");
  const folder = join(".runs", "evaluate");
  Deno.mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.jsonl`);
}

/** A digest of where everything lies; undefined if nothing is the user's own. */
function placesDigest(
  { model, retriever, ...options }: Partial<EvaluationSettings>,
): string | undefined {
  const { data, adapter, memgen, weaverModel, externalMemory } = options;
  const isReasoner = model !== undefined && dirname(model) === REASONERS;
  const paths = {
    data,
    model: isReasoner ? undefined : model,
    adapter,
    memgen,
    weaverModel,
    externalMemory,
  };
  const places = [
    ...Object.entries(paths).map(([name, path]) => [
      name,
      path === undefined ? undefined : resolve(path),
    ]),
    ["retriever", retriever],
  ].filter(([, place]) => place !== undefined);
  if (places.length === 0) return undefined;
  return createHash("sha256").update(JSON.stringify(places)).digest("hex")
    .slice(0, DIGEST_DIGITS);
}
