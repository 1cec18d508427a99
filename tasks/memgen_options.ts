/** The options of every task that runs MemGen, and the modules they name. */
import {
  loadMemgen,
  type MemgenConfig,
  type MemgenModules,
} from "@/lib/memgen/mod.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import { type TaskDefinition, UsageError } from "@/tasks/cli.ts";

const TRIGGERS = ["always", "active"] as const;

/** Options of every task that runs a model with or without MemGen. */
export const MEMGEN_OPTIONS = {
  memgen: {
    type: "string",
    placeholder: "DIR",
    help: "MemGen checkpoint for it, in the released format. Default: none",
  },
  trigger: {
    type: "string",
    placeholder: "WHEN",
    choices: TRIGGERS,
    help:
      "Whether memory is always inserted where it may be, or where the trigger says so. Default: what the checkpoint says",
  },
} as const satisfies TaskDefinition["options"];

/** What the options above say. */
export interface MemgenArguments {
  /** Folder of MemGen's modules. Default: none. */
  readonly memgen?: string;
  /** Whether the trigger decides. Default: what the checkpoint says. */
  readonly trigger?: typeof TRIGGERS[number];
}

/**
 * Refuses a trigger without MemGen.
 *
 * @param task Name of the task, for messages.
 * @throws {UsageError} If there is a trigger and no checkpoint.
 */
export function requireMemgenArguments(
  task: string,
  { memgen, trigger }: MemgenArguments,
): void {
  if (trigger !== undefined && memgen === undefined) {
    const rule = "--trigger must come with --memgen";
    throw new UsageError(task, rule, `only ${trigger}`);
  }
}

/**
 * Loads the modules that the options name; the caller frees them.
 *
 * @param model The model that they are for.
 * @throws As `loadMemgen` does for a bad folder.
 */
export async function loadMemgenModules(
  { memgen, trigger }: MemgenArguments,
  model: DecoderConfig,
): Promise<MemgenModules | undefined> {
  if (memgen === undefined) return undefined;
  const modules = await loadMemgen(memgen, model);
  const { triggerActive } = modules.config;
  const config: MemgenConfig = {
    ...modules.config,
    triggerActive: trigger === undefined ? triggerActive : trigger === "active",
  };
  return { ...modules, config };
}
