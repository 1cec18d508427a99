/** What made a result: written with every number that a task keeps. */
import { cpus } from "node:os";
import type { BackendInfo } from "@/lib/tensorflow/mod.ts";

/** Versions, device and commit behind a result. */
export interface Provenance {
  /** The command, as a person would type it. */
  readonly command: string;
  /** Commit of this project; "unknown" outside a checkout. */
  readonly commit: string;
  /** Day, ISO 8601. */
  readonly date: string;
  /** Version of Deno. */
  readonly deno: string;
  /** What computed. */
  readonly backend: BackendInfo;
  /** Model of the processor. */
  readonly processor: string;
  /** Its cores. */
  readonly cores: number;
}

/** Describes this process. */
export async function provenance(
  command: string,
  backend: BackendInfo,
): Promise<Provenance> {
  return {
    command,
    commit: await commit(),
    date: new Date().toISOString().slice(0, 10),
    deno: Deno.version.deno,
    backend,
    processor: processorModel(),
    cores: cpus().length,
  };
}

/** Model of the processor. */
export function processorModel(): string {
  return cpus()[0]?.model.trim() || "unknown";
}

/** One line for captions and cards. */
export function provenanceText(
  { command, commit, date, deno, backend, processor, cores }: Provenance,
): string {
  return `${command} at commit ${commit} on ${date}; ${backend.name} ${backend.version} on ${backend.device}, ${backend.threads} threads, ${backend.precision}, ${cores} cores of ${processor}, Deno ${deno}`;
}

/** Short hash of the commit, with a plus where files differ from it. */
export async function commit(): Promise<string> {
  try {
    const run = async (...args: string[]): Promise<string> => {
      const { success, stdout } = await new Deno.Command("git", {
        args,
        cwd: import.meta.dirname,
        stderr: "null",
      }).output();
      if (!success) throw new Error(`git ${args[0]} failed`);
      return new TextDecoder().decode(stdout).trim();
    };
    const hash = await run("rev-parse", "--short=10", "HEAD");
    const changes = await run(
      "status",
      "--porcelain",
      "--untracked-files=no",
      "--",
      ":(top,exclude)results",
    );
    return changes === "" ? hash : `${hash}+`;
  } catch {
    return "unknown";
  }
}
