/** UMAP (McInnes, Healy, Melville 2018): neighbours stay neighbours in 2-D. */
import { UMAP } from "umap-js";
import type { Random } from "../random.ts";

/** Settings of {@linkcode umap}. */
export interface UmapOptions {
  /** Equal streams give equal pictures. */
  readonly random: Random;
  /**
   * Neighbours that count as near: few show detail, many the whole.
   *
   * @default {15}
   */
  readonly neighbors?: number;
  /**
   * Least distance of neighbours in the picture.
   *
   * @default {0.1}
   */
  readonly minDistance?: number;
}

/**
 * Places points of many dimensions in two, by their Euclidean neighbours.
 *
 * Only who is near whom means something in the result: not its axes, not the
 * size of a group, not the distance of two groups.
 *
 * @param points N vectors of size D.
 * @returns N places, in the order of the points.
 * @throws {RangeError} If there are not more points than neighbours, they
 * differ in size, a value is not finite, or an option is out of range.
 */
export function umap(
  points: readonly ArrayLike<number>[],
  { random, neighbors = 15, minDistance = 0.1 }: UmapOptions,
): [x: number, y: number][] {
  if (!Number.isInteger(neighbors) || neighbors < 2) {
    fail("'neighbors' must be an integer of at least 2", neighbors);
  }
  // 1 is umap-js' spread, the scale of the picture.
  if (!(minDistance >= 0 && minDistance <= 1)) {
    fail("'minDistance' must be a number from 0 to 1", minDistance);
  }
  if (points.length <= neighbors) {
    fail(
      `there must be more points than its ${neighbors} neighbours`,
      points.length,
    );
  }
  const D = points[0].length;
  if (D === 0) fail("points must have a size of at least 1", D);
  const rows = points.map((point, n) => {
    const row = Array.from(point);
    if (row.length !== D) {
      fail(`point ${n} must have the size of point 0, ${D}`, row.length);
    }
    const bad = row.find((value) => !Number.isFinite(value));
    if (bad !== undefined) fail(`point ${n} must be finite`, bad);
    return row;
  });
  const projection = new UMAP({
    nComponents: 2,
    nNeighbors: neighbors,
    minDist: minDistance,
    random,
  });
  return projection.fit(rows).map(([x, y]) => [x, y]);
}

function fail(rule: string, value: number): never {
  throw new RangeError(
    `Cannot compute a UMAP as ${rule}: current value is ${value}`,
  );
}
