/** The numbers and data cards of twins: results/twins/NAME.json and NAME.md. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { byPopularity, type PopularityPart } from "@/experiments/popularity.ts";
import { readRecords } from "@/experiments/supervised_study.ts";
import { chosenRate, type Finding } from "@/experiments/table_1.ts";
import { twinCard } from "@/experiments/twin_card.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";
import { splitProblems, type Twin } from "@/lib/benchmarks/twins/mod.ts";

/** Where they are kept. */
export const TWIN_RESULTS: string = fileURLToPath(
  new URL("../results/twins", import.meta.url),
);

/** The numbers of a twin; undefined if it was never measured. */
export async function readTwinNumbers(
  { benchmark: { name } }: Twin,
  folder: string = TWIN_RESULTS,
): Promise<TwinNumbers | undefined> {
  try {
    const text = await Deno.readTextFile(join(folder, `${name}.json`));
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * The numbers of a twin that something is added to.
 *
 * @param action What cannot be done without them, for the message.
 * @throws {Deno.errors.NotFound} If the twin was never measured.
 */
export async function requireTwinNumbers(
  twin: Twin,
  folder: string,
  action: string,
): Promise<TwinNumbers> {
  const numbers = await readTwinNumbers(twin, folder);
  if (numbers !== undefined) return numbers;
  throw new Deno.errors.NotFound(
    `Cannot ${action} as deno task describe-benchmarks --measure must have measured the twin of ${twin.benchmark.name}: current value is no numbers`,
  );
}

/** Keeps the numbers of a twin, and the card that is made of them. */
export async function writeTwinNumbers(
  twin: Twin,
  numbers: TwinNumbers,
  folder: string = TWIN_RESULTS,
): Promise<void> {
  const path = join(folder, twin.benchmark.name);
  const card = await twinCard(twin, numbers);
  await Deno.writeTextFile(
    `${path}.json`,
    `${JSON.stringify(numbers, null, 2)}\n`,
  );
  await Deno.writeTextFile(`${path}.md`, card);
}

/**
 * Adds what training gave a reasoner to the numbers of a twin, and to its card.
 *
 * @param findings A column of Table 1.
 * @throws {Deno.errors.NotFound} If the twin was never measured.
 */
export async function writeTwinTraining(
  twin: Twin,
  findings: readonly Finding[],
  folder: string = TWIN_RESULTS,
): Promise<void> {
  const numbers = await requireTwinNumbers(
    twin,
    folder,
    "add to a data card",
  );
  const [{ reasoner, n }] = findings;
  const made = [...new Set(findings.map((finding) => finding.made))].join("; ");
  const correct = Object.fromEntries(
    findings.map(({ row, correct }) => [row, correct]),
  );
  const valid = Object.fromEntries(
    findings.flatMap(({ row, learned }) =>
      learned === undefined ? [] : [[row, chosenRate(learned).validCorrect]]
    ),
  );
  const { steps } = findings.find(({ learned }) => learned)!.learned!;
  const training = {
    ...numbers.training,
    [reasoner]: { n, correct, steps, valid, made },
  };
  const parts = await popularityParts(twin, findings);
  await writeTwinNumbers(twin, {
    ...numbers,
    training,
    ...parts && { popularity: { ...numbers.popularity, [reasoner]: parts } },
  }, folder);
}

/** Counts by popularity; undefined where tasks have none. */
async function popularityParts(
  twin: Twin,
  findings: readonly Finding[],
): Promise<PopularityPart[] | undefined> {
  const [{ task: { meta } }] = splitProblems(twin, "test", 1);
  if (meta.popularity === undefined) return undefined;
  const rows = await Promise.all(
    findings.map(async ({ row, folder }) =>
      [row, await readRecords(folder)] as const
    ),
  );
  const asked = new Set(rows[0][1].map(({ id }) => id));
  return byPopularity(
    splitProblems(twin, "test").map(({ task }) => task)
      .filter(({ id }) => asked.has(id)),
    Object.fromEntries(rows),
  );
}

/**
 * The data card of a twin.
 *
 * @throws {Deno.errors.NotFound} If the twin was never measured.
 */
export async function readTwinCard(
  { benchmark: { name } }: Twin,
): Promise<string> {
  const path = join(TWIN_RESULTS, `${name}.md`);
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(
      `Cannot read the data card of ${name} as deno task describe-benchmarks --measure --benchmark ${name} must have made it: current value is no file ${path}`,
      { cause },
    );
  }
}
