/**
 * tfjs-node's kernels call `util.isNullOrUndefined` and `util.isArray`, which
 * Node removed; this module puts them back and must load before the kernels.
 */
import util from "node:util";

const legacy = util as unknown as Record<string, unknown>;
legacy.isNullOrUndefined ??= (value: unknown) =>
  value === null || value === undefined;
legacy.isArray ??= Array.isArray;
