/**
 * Downloads a pinned wheel through pip, because pip knows the user's package
 * index, proxy and certificates. The wheel is only saved: no Python code of it
 * runs.
 */

import { join } from "node:path";
import { digestFile } from "./digest.ts";
import { type Wheel, wheelPlatform, wheelRequirement } from "./wheel.ts";

/** How pip ended. */
export interface PipResult {
  /** Exit code. */
  readonly code: number;
  /** What it wrote to standard error. */
  readonly errorText: string;
}

/**
 * Runs pip with these arguments; its temporary files go to the given folder.
 *
 * @throws {Error} If there is no pip.
 */
export type RunPip = (
  args: readonly string[],
  temporaryFolder: string,
) => Promise<PipResult>;

/** Where and how {@linkcode downloadWheel} works. */
export interface DownloadOptions {
  /** A folder of its own, for the wheel and pip's temporary files. */
  readonly folder: string;
  /** Called now and then with the number of bytes that have arrived. */
  readonly onBytes?: (arrived: number) => void;
  /** Runs pip. @default {the pip of this machine} */
  readonly runPip?: RunPip;
}

const PIP_COMMANDS = [["python3", "-m", "pip"], ["pip3"], ["pip"]] as const;

const POLL_INTERVAL_MS = 200;

/**
 * Downloads a wheel and checks its SHA-256.
 *
 * @returns Path of the wheel.
 * @throws {Error} If there is no pip, if pip fails, or if the file is not the
 * pinned one.
 */
export async function downloadWheel(
  wheel: Wheel,
  options: DownloadOptions,
): Promise<string> {
  const { folder, onBytes } = options;
  const pip = options.runPip ?? runPip;
  // pip tells nobody how far it is, so look at the file that it writes.
  const poll = setInterval(
    () => onBytes?.(Math.min(largestFile(folder), wheel.size)),
    POLL_INTERVAL_MS,
  );
  const result = await pip(pipArguments(wheel, folder), folder)
    .finally(() => clearInterval(poll));
  if (result.code !== 0) {
    throw new Error(
      `Cannot download ${wheel.file} as pip must end with code 0: ` +
        `it ended with ${result.code} and said "${complaint(result)}"`,
    );
  }
  const path = join(folder, wheel.file);
  await checkWheel(wheel, path);
  onBytes?.(wheel.size);
  return path;
}

/**
 * Runs the pip of this machine, with the user's own settings.
 *
 * @throws {Error} If there is none.
 */
export async function runPip(
  args: readonly string[],
  temporaryFolder: string,
): Promise<PipResult> {
  for (const [program, ...prefix] of PIP_COMMANDS) {
    const probe = await run(program, [...prefix, "--version"], temporaryFolder);
    if (probe?.code !== 0) continue;
    const result = await run(program, [...prefix, ...args], temporaryFolder);
    if (result !== undefined) return result;
  }
  throw new Error(
    "Cannot download TensorFlow as pip, Python's package installer, must be on this machine " +
      "(on Debian and Ubuntu: apt install python3-pip): " +
      "none of python3 -m pip, pip3 and pip runs",
  );
}

/** @returns `undefined` if there is no such program. */
async function run(
  program: string,
  args: readonly string[],
  temporaryFolder: string,
): Promise<PipResult | undefined> {
  try {
    const { code, stderr } = await new Deno.Command(program, {
      args: [...args],
      env: { TMPDIR: temporaryFolder },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    return { code, errorText: new TextDecoder().decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function pipArguments(wheel: Wheel, folder: string): readonly string[] {
  return [
    "download",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    // We keep the libraries ourselves; pip's own copy of the wheel is waste.
    "--no-cache-dir",
    "--no-deps",
    "--only-binary=:all:",
    ...["--platform", wheelPlatform(wheel)],
    ...["--python-version", "3.11"],
    ...["--implementation", "cp"],
    ...["--abi", "cp311"],
    ...["--dest", folder],
    wheelRequirement(wheel),
  ];
}

/** The errors that pip wrote, and its last line, which ends a traceback. */
function complaint(result: PipResult): string {
  const lines = result.errorText.split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  const errors = lines.filter((line) => line.startsWith("ERROR: "));
  return [...new Set([...errors, ...lines.slice(-1)])].join(" ");
}

async function checkWheel(wheel: Wheel, path: string): Promise<void> {
  const { size, sha256 } = await digestFile(path);
  if (sha256 !== wheel.sha256) {
    throw new Error(
      `Cannot use ${wheel.file} as its SHA-256 must be ${wheel.sha256}: ` +
        `current value is ${sha256} (${size} of ${wheel.size} bytes)`,
    );
  }
}

/** Size of the largest file in a folder tree, in bytes. */
function largestFile(folder: string): number {
  let largest = 0;
  try {
    for (const entry of Deno.readDirSync(folder)) {
      const path = join(folder, entry.name);
      const size = entry.isDirectory
        ? largestFile(path)
        : Deno.statSync(path).size;
      largest = Math.max(largest, size);
    }
  } catch (error) {
    // pip removes its temporary files while we look.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return largest;
}
