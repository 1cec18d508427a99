/** The files of the GPQA twin, in GPQA's own format. */
import { join } from "node:path";
import { optionOrder } from "../gpqa.ts";
import type { GpqaProblem } from "./gpqa_faults.ts";
import { explainColour } from "./gpqa_policies.ts";
import { workExperiment } from "./gpqa_problem.ts";

/** What all its questions are about. */
export const DOMAIN = "Chemistry";

const COLUMNS = [
  "Record ID",
  "Question",
  "Correct Answer",
  "Incorrect Answer 1",
  "Incorrect Answer 2",
  "Incorrect Answer 3",
  "Explanation",
  "High-level domain",
  "Subdomain",
];

/** Writes gpqa_main.csv and gpqa_diamond.csv. */
export async function writeGpqa(
  folder: string,
  files: Readonly<Record<"main" | "diamond", readonly GpqaProblem[]>>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, problems] of Object.entries(files)) {
    const rows = [COLUMNS, ...problems.map(csvRow)];
    const text = rows.map((row) => `${row.map(csvField).join(",")}\n`).join("");
    await Deno.writeTextFile(join(folder, `gpqa_${name}.csv`), text);
  }
}

function csvRow(
  { task, question, experiment, world, options }: GpqaProblem,
): string[] {
  const observation = workExperiment(experiment, world);
  const order = optionOrder(`${task.meta.recordId}`);
  const answers = [0, 1, 2, 3]
    .map((number) => options["ABCD"[order.indexOf(number)]]);
  return [
    `${task.meta.recordId}`,
    question,
    ...answers,
    explainColour(observation, options),
    DOMAIN,
    DOMAIN,
  ];
}

function csvField(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
