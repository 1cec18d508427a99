/** `deno task measure-growth`: time and memory against the sizes of the work. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import {
  AXES,
  type Finding,
  fitGrowth,
  FULL_PLAN,
  type GrowthPlan,
  type GrowthPoint,
  planPoints,
  pointKey,
  QUICK_PLAN,
  refusalOf,
} from "@/experiments/cost_growth.ts";
import {
  buildFitTable,
  buildPointTable,
  growthFigure,
  type GrowthReport,
} from "@/experiments/cost_growth_report.ts";
import { Ledger } from "@/experiments/ledger.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import {
  type Figure,
  renderMarkdown,
  renderText,
  TWO_COLUMN_MM,
} from "@/lib/report/mod.ts";
import type { BackendInfo } from "@/lib/tensorflow/mod.ts";
import { SMALL_QWEN } from "@/tasks/bench/case_list.ts";
import { runTask } from "@/tasks/cli.ts";
import { writeFigure } from "@/tasks/export_figures.ts";
import type { PointReply } from "@/tasks/growth/measure_point.ts";
import {
  measurePoint,
  MemoryLimitError,
} from "@/tasks/growth/point_process.ts";
import { warnOfLoad } from "@/tasks/machine_load.ts";
import { requireOutputFolder } from "@/tasks/output_file.ts";
import { formatDuration, Progress } from "@/tasks/progress.ts";
import {
  commit,
  processorModel,
  type Provenance,
  provenance,
  provenanceText,
} from "@/tasks/provenance.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What is measured: longer rows of a larger model would take hours. */
const MODEL = { size: "0.92M", config: SMALL_QWEN } as const;

const PLANS = { full: FULL_PLAN, quick: QUICK_PLAN } as const;

/** What `deno task measure-growth` takes. */
export const DEFINITION = {
  name: "measure-growth",
  description:
    "Measures time and memory of training, of MemGen's supervised step and of generation with memory against the length of a row, the rows, the insertions and K, each point in a process of its own; fits exponents; writes growth.json, growth.md, and a figure as growth-figure.json and growth-figure.svg. Half an hour on two cores that do nothing else. What is measured is kept: the same command goes on where it was stopped.",
  options: {
    plan: {
      type: "string",
      choices: ["full", "quick"],
      default: "full",
      placeholder: "NAME",
      help: "Sizes; those of quick take minutes and show that it works",
    },
    output: {
      type: "string",
      placeholder: "DIR",
      help: "Folder to write. Default: results/growth, for quick .runs/growth",
    },
    work: {
      type: "string",
      placeholder: "DIR",
      help: "Folder of the ledger, with every point. Default: .runs/growth",
    },
    runs: {
      type: "integer",
      placeholder: "N",
      minimum: 3,
      default: 3,
      help: "Timed runs of each point, at least",
    },
    memoryLimitGb: {
      type: "number",
      placeholder: "GB",
      minimum: 1,
      default: 12,
      help: "A point that takes more is ended and shown as not measured",
    },
    threads: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      maximum: 127,
      help: "Threads of tensorflow. Default: all cores",
    },
  },
  examples: ["", "--plan quick --output /tmp/growth"],
} as const satisfies TaskDefinition;

/** How points are measured. */
export interface MeasureOptions {
  /** Shape of the model. */
  readonly model: DecoderConfig;
  /** Folder of the ledger. */
  readonly work: string;
  /** Timed runs of each point, at least. */
  readonly runs: number;
  /** Resident set that a point may have. */
  readonly limitBytes: number;
  /** Threads of TensorFlow. Default: all cores. */
  readonly threads?: number;
}

/** Measured points. */
export interface Measured {
  /** Every point of the plan. */
  readonly findings: readonly Finding[];
  /** What computed. */
  readonly backend: BackendInfo;
}

/** Changes when points are measured in another way. */
const VERSION = 1;

/**
 * Measures the points of a plan, or takes them from the ledger. A size is
 * refused where a smaller one of the same work took too much memory.
 *
 * @throws {Error} If a point fails for another reason, or none was measured.
 */
export async function measureGrowth(
  plan: GrowthPlan,
  { model, work, runs, limitBytes, threads }: MeasureOptions,
): Promise<Measured> {
  const points = planPoints(plan);
  using ledger = new Ledger(work);
  const settings = {
    model: { ...model },
    runs,
    threads: threads ?? null,
    processor: processorModel(),
    commit: await commit(),
  };
  const total = points.reduce((sum, point) => sum + expectedCost(point), 0);
  let progress: Progress | undefined;
  let backend: BackendInfo | undefined;
  let done = 0;
  const findings: Finding[] = [];
  const tooLarge: GrowthPoint[] = [];
  const limit = `takes more than ${limitBytes / 1e9} GB`;
  for (const point of points) {
    let refused = refusalOf(point, plan) ??
      (tooLarge.some((smaller) => isWithin(smaller, point))
        ? limit
        : undefined);
    if (refused === undefined) {
      try {
        const { result } = await ledger.run<PointReply>(
          {
            kind: "growth",
            version: VERSION,
            settings: { ...settings, ...point },
          },
          () => {
            // Made here, so that points of an earlier run are no speed.
            progress ??= new Progress("Growth", total, {
              done,
              isCounted: false,
            });
            progress.update(done, pointKey(point));
            return measurePoint({ point, model, runs, threads }, limitBytes);
          },
        );
        backend = result.backend;
        findings.push({ point, cost: result.cost });
      } catch (error) {
        if (!(error instanceof MemoryLimitError)) throw error;
        tooLarge.push(point);
        refused = limit;
      }
    }
    if (refused !== undefined) findings.push({ point, refused });
    done += expectedCost(point);
  }
  progress?.update(done);
  progress?.end();
  if (backend === undefined) {
    throw new Error(
      "Cannot report growth as a point must have been measured: current value is none",
    );
  }
  return { findings, backend };
}

/** Rough seconds, for the time left: compiling grows with length. */
function expectedCost({ work, length, batch }: GrowthPoint): number {
  const compiling = { train: 30, weaver: 75, generate: 5 }[work];
  return Math.ceil(4 + compiling * length / 1024 + length * batch / 500);
}

/** Whether `other` is the same work at no smaller a size. */
function isWithin(point: GrowthPoint, other: GrowthPoint): boolean {
  return point.work === other.work &&
    AXES.every((axis) => point[axis] <= other[axis]);
}

/** Writes data, tables and figure, each file whole or not at all. */
export async function writeGrowth(
  folder: string,
  { findings, backend }: Measured,
  { plan, made, load }: {
    readonly plan: GrowthPlan;
    readonly made: Provenance;
    readonly load: number;
  },
): Promise<string> {
  const report: GrowthReport = {
    findings,
    plan,
    model: MODEL.size,
    made: provenanceText(made),
  };
  const tables = [buildFitTable(report), buildPointTable(report)];
  const figure = growthFigure(
    report,
    `${made.processor}, ${made.cores} cores, ${backend.threads} threads, ${backend.name} ${backend.version}, Deno ${made.deno}, ${made.date}`,
  );
  const fits = fitGrowth(findings, plan);
  const data = { made, load, model: MODEL, plan, fits, findings };
  await Deno.mkdir(folder, { recursive: true });
  await writeWhole(
    join(folder, "growth.json"),
    `${JSON.stringify(data, null, 1)}\n`,
  );
  await writeWhole(
    join(folder, "growth.md"),
    [
      "# How cost grows\n\n![Time and memory](growth-figure.svg)\n",
      ...tables.map(renderMarkdown),
    ].join("\n"),
  );
  await writeGrowthFigure(join(folder, "growth-figure"), figure);
  return renderText(tables[0]);
}

async function writeGrowthFigure(name: string, figure: Figure): Promise<void> {
  await writeWhole(`${name}.json`, `${JSON.stringify(figure)}\n`);
  try {
    await writeFigure(figure, name, {
      formats: ["svg"],
      widthMm: TWO_COLUMN_MM,
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error(`${error.message}; the figure is in ${name}.json only`);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.part`, text);
  await Deno.rename(`${path}.part`, path);
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    if (Deno.build.os !== "linux") {
      throw new Deno.errors.NotSupported(
        `Cannot measure memory as this must be Linux: current value is ${Deno.build.os}`,
      );
    }
    const start = performance.now();
    const plan = PLANS[args.plan];
    const work = args.work ?? join(".runs", "growth");
    const isFull = args.plan === "full";
    const output = args.output ??
      (isFull ? join("results", "growth") : work);
    requireOutputFolder(DEFINITION.name, output);
    const load = warnOfLoad();
    const measured = await measureGrowth(plan, {
      model: MODEL.config,
      work,
      runs: args.runs,
      limitBytes: args.memoryLimitGb * 1e9,
      threads: args.threads,
    });
    const command = `deno task measure-growth${isFull ? "" : " --plan quick"}`;
    const made = await provenance(command, measured.backend);
    console.log(
      await writeGrowth(output, measured, { plan, made, load }),
    );
    console.log(
      `Written to ${output} in ${formatDuration(performance.now() - start)}`,
    );
  });
}
