/** What came of a program's tests, and what it is worth. */

/** How a run of tests ended. */
export type ExecutionStatus =
  | "passed"
  | "failed"
  | "crashed"
  | "timeout"
  | "memory";

/** What kept a program apart from the machine; see execution/isolation.py. */
export type Isolation = "namespaces" | "audit hook";

/** What came of the tests of one program. */
export interface Verdict {
  /**
   * `passed`: every test did, and there was one. `failed`: a test did not, or
   * the program or its tests could not be read. `crashed`: the process ended
   * before its tests. `timeout`, `memory`: it was ended for that.
   */
  readonly status: ExecutionStatus;
  /** Tests that passed. */
  readonly passed: number;
  /** Tests that did not, those not reached included; 0 only if `passed`. */
  readonly failed: number;
  /** The first thing that went wrong, in one line; absent if `passed`. */
  readonly error?: string;
  /** What kept the program apart. */
  readonly isolation: Isolation;
}

/**
 * What a verdict is worth as a reward, in [0, 1].
 *
 * @param kind `all`: 1 if every test passed. `frac`: the share that did.
 */
export function verdictReward(
  { status, passed, failed }: Verdict,
  kind: "all" | "frac",
): number {
  if (kind === "all") return status === "passed" ? 1 : 0;
  return passed / (passed + failed);
}
