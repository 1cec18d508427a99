/** Runs a script in a process of its own. */
import { fileURLToPath } from "node:url";

/** How the process ended. */
export interface ChildResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longest that a child of the tests may take, on a busy machine. */
const DEADLINE_MS = 120_000;

/**
 * Runs a script of this project with Deno.
 *
 * @param script Its URL; `args` and `env` are added to what it gets anyway.
 */
export async function runChild(
  script: URL,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ChildResult> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", fileURLToPath(script), ...args],
    env: { NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return {
    code: output.code,
    stdout: decode(output.stdout),
    stderr: decode(output.stderr),
  };
}
