/** How cost grows, as two tables and a figure. */
import {
  type Cell,
  type Figure,
  panelFigure,
  type Series,
  type Table,
} from "@/lib/report/mod.ts";
import {
  AXES,
  type Axis,
  curveOf,
  type CurvePoint,
  type Finding,
  fitGrowth,
  type GrowthFit,
  type GrowthPlan,
  isAffected,
  pointAt,
  pointKey,
  type Sizes,
  type Work,
  WORKS,
} from "./cost_growth.ts";

/** What was measured, for tables and figure. */
export interface GrowthReport {
  /** Every point. */
  readonly findings: readonly Finding[];
  /** What was to be measured. */
  readonly plan: GrowthPlan;
  /** Of the model, such as `0.92M`. */
  readonly model: string;
  /** What made it: command, commit, day, machine. */
  readonly made: string;
}

const WORK_NAMES: Readonly<Record<Work, string>> = {
  train: "training step",
  weaver: "MemGen supervised step",
  generate: "generation with memory, per token",
};

const AXIS_NAMES: Readonly<Record<Axis, string>> = {
  length: "tokens of a row",
  batch: "rows of a batch",
  insertions: "insertions of a row",
  latents: "latents K of an insertion",
};

const MB = 1e6;

/** Exponents and slopes. */
export function buildFitTable(report: GrowthReport): Table {
  const { findings, plan } = report;
  const fits = fitGrowth(findings, plan);
  const rows = AXES.flatMap((axis) =>
    WORKS.filter((work) => isAffected(work, axis)).map((work): Cell[] => {
      const [seconds, bytes] = (["seconds", "bytes"] as const).map((cost) =>
        fits.find((fit) =>
          fit.axis === axis && fit.work === work && fit.cost === cost
        )
      );
      const name = `${WORK_NAMES[work]}, by ${AXIS_NAMES[axis]}`;
      if (seconds === undefined || bytes === undefined) {
        return [name, "", ...Array<Cell>(4).fill(TOO_FEW)];
      }
      const { from, to, fit: { n } } = seconds;
      return [
        name,
        `${text(from)} to ${text(to)} (n = ${n})`,
        growthText(seconds),
        seconds.fit.r2.toFixed(3),
        growthText(bytes),
        bytes.fit.r2.toFixed(3),
      ];
    })
  );
  return {
    title: "How cost grows: exponents and slopes",
    caption: `${modelText(report)}. ${report.made}`,
    columns: ["Cost", "Range", "Time", "R²", "Memory", "R²"]
      .map((header) => ({ header })),
    rows,
    footnotes: [
      "length and batch: the exponent p of cost = c x^p, least squares of logarithms over the upper half of the sizes, with its standard error",
      "not measured: a fit needs three sizes that were",
      "insertions and K: what one more adds, in percent of the fitted line's value at 0, least squares over all sizes, with its standard error",
    ],
  };
}

/** A footnote says why, once. */
const TOO_FEW: Cell = { missing: "not measured" };

function growthText({ form, fit }: GrowthFit): string {
  const { slope, slopeError, intercept } = fit;
  if (form === "power") {
    return `x^${slope.toFixed(2)} ± ${slopeError.toFixed(2)}`;
  }
  const percent = (value: number): string =>
    (100 * value / intercept).toFixed(1);
  return `${percent(slope)} % ± ${percent(slopeError)} %`;
}

/** Every measured point. */
export function buildPointTable(report: GrowthReport): Table {
  const { findings, plan } = report;
  const refused = new Map(
    findings.flatMap((finding) =>
      "refused" in finding ? [[pointKey(finding.point), finding.refused]] : []
    ),
  );
  const columns: readonly {
    readonly header: string;
    readonly show: (point: CurvePoint) => string;
  }[] = [
    {
      header: "ms",
      show: ({ seconds: { median, low, high } }) =>
        `${digits(1e3 * median)} (${digits(1e3 * low)}-${digits(1e3 * high)})`,
    },
    { header: "MB", show: ({ bytes }) => digits(bytes / MB) },
    {
      header: "compiling s",
      show: ({ compileSeconds }) => digits(compileSeconds),
    },
  ];
  const rows = AXES.flatMap((axis) =>
    plan.sizes[axis].map((size): Cell[] => [
      `${text(size)} ${AXIS_NAMES[axis]}`,
      ...WORKS.flatMap((work) => {
        if (!isAffected(work, axis)) return columns.map(() => "");
        const point = curveOf(findings, plan, { work, axis })
          .find((each) => each.size === size);
        const reason = refused.get(
          pointKey(pointAt(plan, { work, axis, size })),
        );
        return columns.map(({ show }, i): Cell => {
          if (point !== undefined) return show(point);
          // The reason once, not in every column.
          return i === 0 ? { missing: "not measured", reason } : "";
        });
      }),
    ])
  );
  return {
    title: "How cost grows: measured points",
    caption: `${modelText(report)}; all else as in the base, ${
      baseText(plan.base)
    }. ${report.made}`,
    columns: [
      { header: "Size" },
      ...WORKS.flatMap((work) =>
        columns.map(({ header }) => ({
          header: `${WORK_NAMES[work]}, ${header}`,
        }))
      ),
    ],
    rows,
    footnotes: [
      "ms: median (lowest-highest) of the runs after the first; of generation, a run's time by the tokens that it wrote in each row, prompt and insertions included",
      "MB: peak of the process' resident set during these runs, above that before the model was made: weights, AdamW's moments, compiled code and the values of a step; every point in a process of its own",
      "compiling: what the first run took more, tracing included, without the cache on disk",
      "half of a row is its prompt, half its answer; insertions are at the prompt's end and then evenly in the answer, memory is prepended; training has no memory",
    ],
  };
}

/**
 * Time and memory over every axis; what was not measured is named below.
 *
 * @param machine What computed, and when.
 */
export function growthFigure(
  report: GrowthReport,
  machine: string,
): Figure {
  const { findings, plan } = report;
  const panels = (value: (point: CurvePoint) => number): Series[][] =>
    AXES.map((axis) =>
      WORKS.filter((work) => isAffected(work, axis)).flatMap((work) => {
        const curve = curveOf(findings, plan, { work, axis });
        return curve.length === 0 ? [] : [{
          name: WORK_NAMES[work],
          x: curve.map(({ size }) => size),
          y: curve.map(value),
        }];
      })
    );
  const missing = missingSizes(report);
  return panelFigure(
    [
      {
        yTitle: "Time (ms)",
        panels: panels(({ seconds }) => 1e3 * seconds.median),
      },
      { yTitle: "Memory (MB)", panels: panels(({ bytes }) => bytes / MB) },
    ],
    {
      title: `Cost of the ${report.model} decoder: ${
        baseText(plan.base)
      }, one of them varied`,
      note: missing === "" ? machine : `${machine}\nNot measured: ${missing}`,
      columns: AXES.map((axis) => ({
        xTitle: capital(AXIS_NAMES[axis]),
        isLogarithmic: axis !== "insertions",
      })),
    },
  );
}

/** Such as `generation at 4,096 tokens of a row`. */
function missingSizes({ findings, plan }: GrowthReport): string {
  const refused = new Set(
    findings.filter((finding) => "refused" in finding)
      .map(({ point }) => pointKey(point)),
  );
  return WORKS.flatMap((work) => {
    const sizes = AXES.flatMap((axis) => {
      const missing = plan.sizes[axis].filter((size) =>
        refused.has(pointKey(pointAt(plan, { work, axis, size })))
      );
      return missing.length === 0 || !isAffected(work, axis)
        ? []
        : [`${missing.map(text).join(" and ")} ${AXIS_NAMES[axis]}`];
    });
    return sizes.length === 0
      ? []
      : [`${WORK_NAMES[work]} at ${sizes.join(", ")}`];
  }).join("; ");
}

function modelText({ model }: GrowthReport): string {
  return `A decoder of ${model} parameters with random weights, random tokens`;
}

function baseText({ length, batch, insertions, latents }: Sizes): string {
  return `${length} tokens, ${batch} rows, ${insertions} insertions, K = ${latents}`;
}

function capital(words: string): string {
  return words[0].toUpperCase() + words.slice(1);
}

function text(size: number): string {
  return size.toLocaleString("en");
}

/** Three digits, or all of those before the point. */
function digits(value: number): string {
  return value >= 100 || value === 0
    ? text(Math.round(value))
    : value.toPrecision(3);
}
