/** The process that measures one point, and the limit on its memory. */
import { fileURLToPath } from "node:url";
import {
  type PointReply,
  type PointRequest,
  residentBytes,
} from "./measure_point.ts";

/** Thrown when a point takes more memory than it may. */
export class MemoryLimitError extends Error {
  /** Name of the class. */
  override readonly name = "MemoryLimitError";
}

/** Memory does not grow by much in this time. */
const WATCH_MS = 50;

/**
 * Measures a point in a process of its own, which ends at the limit.
 *
 * @param limitBytes Resident set that it may have.
 * @throws {MemoryLimitError} If it had more.
 * @throws {Error} If it failed; says what it printed last.
 */
export async function measurePoint(
  request: PointRequest,
  limitBytes: number,
): Promise<PointReply> {
  const path = fileURLToPath(new URL("measure_point.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--v8-flags=--expose-gc", path],
      JSON.stringify(request),
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let highest = 0;
  const watch = setInterval(() => {
    highest = Math.max(highest, residentOf(child.pid));
    if (highest <= limitBytes) return;
    clearInterval(watch);
    child.kill("SIGKILL");
  }, WATCH_MS);
  try {
    const { code, stdout, stderr } = await child.output();
    const text = (bytes: Uint8Array): string =>
      new TextDecoder().decode(bytes).trimEnd();
    if (highest > limitBytes) {
      throw new MemoryLimitError(
        `Cannot measure a point as it must take at most ${limitBytes} bytes: current value is ${highest}`,
      );
    }
    if (code !== 0) {
      throw new Error(
        `Cannot measure a point as its process must not fail: current value is ${
          text(stderr).split("\n").at(-1) || `exit code ${code}`
        }`,
      );
    }
    return JSON.parse(text(stdout).split("\n").at(-1)!);
  } finally {
    clearInterval(watch);
  }
}

/** 0 for a process that has ended. */
function residentOf(pid: number): number {
  try {
    return residentBytes(Deno.readTextFileSync(`/proc/${pid}/status`), "VmRSS");
  } catch {
    return 0;
  }
}
