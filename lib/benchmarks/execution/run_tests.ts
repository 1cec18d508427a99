/** Runs the tests of a program that a model wrote, apart from this process. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { findPython } from "./python.ts";
import { Queue } from "./queue.ts";
import type { Isolation, Verdict } from "./verdict.ts";

/** How tests are run; see execution/program.py. */
export type ExecutionMode = "official" | "pytest" | "unittest";

/** A program with its tests. */
export interface TestedProgram {
  /**
   * `official`: solution and test as one text and one test, as MemGen's
   * released code has it. `pytest`: as solution.py and test_solution.py.
   * `unittest`: one module with the class `TestCases`.
   */
  readonly mode: ExecutionMode;
  /** What the model wrote. */
  readonly solution: string;
  /** The tests. */
  readonly test: string;
  /** Mode `unittest`: what stands before the solution. Default: nothing. */
  readonly prelude?: string;
  /**
   * Mode `unittest`: keep of the solution, which may then be a whole answer,
   * only the code that this name needs, as BigCodeBench does. Default: keep
   * all.
   */
  readonly entryPoint?: string;
}

/** Settings of a run. */
export interface RunTestsOptions {
  /** Milliseconds until the program is ended. Default: 30,000. */
  readonly timeoutMs?: number;
  /** Ends the program when it is aborted. */
  readonly signal?: AbortSignal;
  /** Default: the best that the machine allows. */
  readonly isolation?: Isolation;
}

/**
 * What a program may use besides time; the runner enforces it. Threads count as
 * processes, and libraries start one for each core.
 */
const LIMITS = { memoryMiB: 1024, diskMiB: 64, files: 2000, processes: 256 };

/** Milliseconds that the runner itself has to begin and to end. */
const RUNNER_MS = 20_000;

const RUNNER = new URL("runner.py", import.meta.url);

const queue = new Queue(navigator.hardwareConcurrency);

/**
 * Runs the tests of a program with `python3 -I` in a process of its own: in an
 * empty folder that is removed afterwards, without environment, network and
 * privileges, with limits on time, memory, files and processes. When the
 * verdict is there, nothing that the program has started is left.
 *
 * As many run at a time as the machine has cores; the others wait.
 *
 * What it does not do: a program that searches the interpreter's own memory can
 * claim that its tests passed, as with every scorer that runs tests and
 * solution in one process. It still cannot leave its process.
 *
 * @throws {Deno.errors.NotFound | RangeError} If there is no python3, or an old
 * one.
 * @throws {Error} If the runner itself fails.
 * @throws The signal's reason, if it is aborted.
 */
export function runTests(
  program: TestedProgram,
  options: RunTestsOptions = {},
): Promise<Verdict> {
  return queue.run(async () => {
    options.signal?.throwIfAborted();
    const python = await findPython();
    return await askRunner(python, program, options);
  });
}

async function askRunner(
  python: string,
  { mode, solution, test, prelude = "", entryPoint }: TestedProgram,
  { timeoutMs = 30_000, signal, isolation }: RunTestsOptions,
): Promise<Verdict> {
  const runner = fileURLToPath(RUNNER);
  const child = new Deno.Command(python, {
    args: ["-I", "-B", "-X", "utf8", runner],
    cwd: dirname(runner),
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // The runner ends all and tidies up when its standard input closes.
  const close = () => writer.close().catch(() => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs + RUNNER_MS);
  signal?.addEventListener("abort", close);
  try {
    const request = {
      mode,
      solution,
      test,
      prelude,
      entryPoint: entryPoint ?? null,
      isolation: isolation ?? null,
      limits: { ...LIMITS, timeoutMs },
    };
    const line = new TextEncoder().encode(`${JSON.stringify(request)}\n`);
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      writer.write(line).catch(() => {}), // stderr says why it ended early
    ]);
    const { code } = await child.status;
    signal?.throwIfAborted();
    if (code !== 0 || stdout === "") {
      throw new Error(
        `Cannot run tests as the runner must give a verdict: current value is none, exit code ${code} (${
          stderr.trim().split("\n").at(-1)
        })`,
      );
    }
    return JSON.parse(stdout);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", close);
    await close();
  }
}
