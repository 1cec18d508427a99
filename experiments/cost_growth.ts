/**
 * How cost grows: time and memory of training, of MemGen's supervised step and
 * of generation with memory, against the length of a row, the rows of a batch,
 * the insertions of a row and K. Each is varied alone, from one base.
 */
import {
  fitLine,
  fitPower,
  type FittedLine,
  type Spread,
  spreadOf,
} from "@/lib/report/mod.ts";

/** What is measured. */
export const WORKS = ["train", "weaver", "generate"] as const;

/**
 * `train`: a plain training step of all weights; `weaver`: MemGen's supervised
 * step, memory prepended; `generate`: greedy generation with memory.
 */
export type Work = typeof WORKS[number];

/** What is varied. */
export const AXES = ["length", "batch", "insertions", "latents"] as const;

/** One of `AXES`. */
export type Axis = typeof AXES[number];

/**
 * Sizes of some work: tokens of a row, of which half are its prompt and half
 * its answer; rows; insertions of a row, evenly over its answer, the first at
 * the prompt's end; K of each insertion.
 */
export type Sizes = { readonly [axis in Axis]: number };

/** One point of the curves. */
export interface GrowthPoint extends Sizes {
  /** What is measured there. */
  readonly work: Work;
}

/** What is measured where. */
export interface GrowthPlan {
  /** Sizes of what is not varied. */
  readonly base: Sizes;
  /** Sizes of what is varied, rising. */
  readonly sizes: { readonly [axis in Axis]: readonly number[] };
  /** Longest row of `weaver`: XLA compiles longer ones for many minutes. */
  readonly longestWeaver: number;
}

/** What a point cost. */
export interface PointCost {
  /** Seconds of each run. */
  readonly seconds: readonly number[];
  /** Seconds of the run before them, which traces and compiles. */
  readonly firstSeconds: number;
  /** Peak of the resident set during the runs, above that before the work. */
  readonly peakBytes: number;
}

/** A point with its cost, or with why there is none. */
export type Finding =
  & { readonly point: GrowthPoint }
  & ({ readonly cost: PointCost } | { readonly refused: string });

/** The curves of the paper's appendix: minutes on two cores. */
export const FULL_PLAN: GrowthPlan = {
  base: { length: 256, batch: 4, insertions: 4, latents: 8 },
  sizes: {
    length: [64, 128, 256, 512, 1024, 2048, 4096],
    batch: [1, 2, 4, 8, 16, 32, 64],
    insertions: [0, 1, 2, 4, 8, 16],
    latents: [2, 4, 8, 16, 32],
  },
  longestWeaver: 2048,
};

/** The same at sizes that take a few minutes: to see that it works. */
export const QUICK_PLAN: GrowthPlan = {
  base: { length: 32, batch: 2, insertions: 2, latents: 4 },
  sizes: {
    length: [16, 32, 64, 128, 256],
    batch: [1, 2, 4],
    insertions: [0, 1, 2],
    latents: [2, 4, 8],
  },
  longestWeaver: 128,
};

/** Whether a size of the axis changes the work at all. */
export function isAffected(work: Work, axis: Axis): boolean {
  return work !== "train" || axis === "length" || axis === "batch";
}

/** The point of a work where one axis has the given size. */
export function pointAt(
  { base }: GrowthPlan,
  { work, axis, size }: {
    readonly work: Work;
    readonly axis: Axis;
    readonly size: number;
  },
): GrowthPoint {
  const sizes = { ...base, [axis]: size };
  // Training has no memory: its points are the same on the axes of memory.
  return work === "train"
    ? { ...sizes, insertions: 0, latents: 0, work }
    : { ...sizes, work };
}

/** A text that only equal points share. */
export function pointKey(point: GrowthPoint): string {
  return [point.work, ...AXES.map((axis) => `${axis} ${point[axis]}`)]
    .join(", ");
}

/** Why a point is not measured, if it is not. */
export function refusalOf(
  { work, length, insertions }: GrowthPoint,
  { longestWeaver }: GrowthPlan,
): string | undefined {
  if (work !== "weaver") return undefined;
  if (insertions === 0) return "a weaver that inserts nothing learns nothing";
  return length > longestWeaver
    ? `XLA compiles it for many minutes; rows of at most ${longestWeaver} tokens were chosen`
    : undefined;
}

/**
 * All points of a plan, each once, smaller ones of an axis first.
 *
 * @throws {RangeError} If sizes are not integers that rise, no axis may be 0
 * but insertions, a row is odd or its answer has no token an insertion.
 */
export function planPoints(plan: GrowthPlan): GrowthPoint[] {
  const points = new Map<string, GrowthPoint>();
  for (const axis of AXES) {
    requireSizes(axis, [plan.base[axis]]);
    requireSizes(axis, plan.sizes[axis]);
    for (const size of plan.sizes[axis]) {
      for (const work of WORKS) {
        if (!isAffected(work, axis)) continue;
        const point = pointAt(plan, { work, axis, size });
        requireRow(point);
        points.set(pointKey(point), points.get(pointKey(point)) ?? point);
      }
    }
  }
  return [...points.values()];
}

function requireSizes(axis: Axis, sizes: readonly number[]): void {
  const least = axis === "insertions" ? 0 : 1;
  const isRising = sizes.every((size, i) =>
    Number.isSafeInteger(size) && size >= least &&
    (i === 0 || size > sizes[i - 1])
  );
  if (sizes.length === 0 || !isRising) {
    throw new RangeError(
      `Cannot plan as sizes of ${axis} must be rising integers of at least ${least}: current value is [${sizes}]`,
    );
  }
}

function requireRow({ length, insertions }: GrowthPoint): void {
  if (length % 2 !== 0 || length / 2 < Math.max(insertions, 1)) {
    throw new RangeError(
      `Cannot plan as a row must have an even length and a token of the answer for each of ${insertions} insertions: current value is ${length}`,
    );
  }
}

/** A measured size of a curve. */
export interface CurvePoint {
  /** Size on its axis. */
  readonly size: number;
  /** Seconds of a step; of `generate`, of one token of every row. */
  readonly seconds: Spread;
  /** Peak of memory. */
  readonly bytes: number;
  /** Seconds of tracing and compiling: the first run less a median one. */
  readonly compileSeconds: number;
}

/** The measured sizes of a work along an axis, rising. */
export function curveOf(
  findings: readonly Finding[],
  plan: GrowthPlan,
  { work, axis }: { readonly work: Work; readonly axis: Axis },
): CurvePoint[] {
  const byKey = new Map(
    findings.map((finding) => [pointKey(finding.point), finding]),
  );
  return plan.sizes[axis].flatMap((size) => {
    const point = pointAt(plan, { work, axis, size });
    const finding = byKey.get(pointKey(point));
    if (finding === undefined || "refused" in finding) return [];
    const { seconds, firstSeconds, peakBytes } = finding.cost;
    const tokens = work === "generate" ? point.length / 2 : 1;
    const each = spreadOf(seconds.map((value) => value / tokens));
    return [{
      size,
      seconds: each,
      bytes: peakBytes,
      compileSeconds: Math.max(0, firstSeconds - each.median * tokens),
    }];
  });
}

/** How a cost grows along an axis. */
export interface GrowthFit {
  /** What costs. */
  readonly work: Work;
  /** What grows. */
  readonly axis: Axis;
  /** Which cost. */
  readonly cost: "seconds" | "bytes";
  /** `power`: the slope is the exponent; `line`: the cost of one more. */
  readonly form: "power" | "line";
  /** Smallest size that it was fitted to. */
  readonly from: number;
  /** Largest one. */
  readonly to: number;
  /** The fit. */
  readonly fit: FittedLine;
}

/**
 * Exponents over the upper half of length and batch, lines over all insertions
 * and K; none where less than three of the sizes were measured.
 */
export function fitGrowth(
  findings: readonly Finding[],
  plan: GrowthPlan,
): GrowthFit[] {
  return AXES.flatMap((axis) =>
    WORKS.filter((work) => isAffected(work, axis)).flatMap((work) => {
      const form = axis === "length" || axis === "batch" ? "power" : "line";
      const planned = plan.sizes[axis];
      const least = form === "power" ? planned[planned.length >> 1] : 0;
      const curve = curveOf(findings, plan, { work, axis })
        .filter(({ size }) => size >= least);
      if (curve.length < 3) return [];
      const x = curve.map(({ size }) => size);
      return (["seconds", "bytes"] as const).map((cost): GrowthFit => {
        const y = curve.map(({ seconds, bytes }) =>
          cost === "seconds" ? seconds.median : bytes
        );
        const fit = form === "power" ? fitPower(x, y) : fitLine(x, y);
        return { work, axis, cost, form, from: x[0], to: x.at(-1)!, fit };
      });
    })
  );
}
