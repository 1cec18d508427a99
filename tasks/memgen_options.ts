/** The options of every task that runs MemGen, and the modules they name. */
import {
  type DecisionOptions,
  loadMemgen,
  type MemgenModules,
} from "@/lib/memgen/mod.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import { type TaskDefinition, UsageError } from "@/tasks/cli.ts";

/** Options of every task that runs a model with or without MemGen. */
export const MEMGEN_OPTIONS = {
  memgen: {
    type: "string",
    placeholder: "DIR",
    help: "MemGen checkpoint for it, in the released format. Default: none",
  },
  trigger: {
    type: "string",
    placeholder: "WHO",
    help:
      "Who decides where memory may be inserted, which is at the prompt's end and after delimiters: always, never, learned (the checkpoint's trigger) or random:P (with probability P); random-anywhere:P may insert before any token. Default: what the checkpoint says",
  },
  triggerTemperature: {
    type: "number",
    placeholder: "T",
    minimum: 0,
    default: 0,
    help:
      "Divides the scores of --trigger learned before it draws its decisions; 0 takes the likelier one",
  },
  maxPromptAugmentations: {
    type: "integer",
    placeholder: "N",
    minimum: 0,
    help: "0: no memory at the prompt's end. Default: what the checkpoint says",
  },
  maxInferenceAugmentations: {
    type: "integer",
    placeholder: "N",
    minimum: 0,
    help:
      "Insertions after the prompt's end in one answer, at most. Default: what the checkpoint says",
  },
} as const satisfies TaskDefinition["options"];

/** What the options above say. */
export interface MemgenArguments {
  /** Folder of MemGen's modules. Default: none. */
  readonly memgen?: string;
  /** Who decides. Default: what the checkpoint says. */
  readonly trigger?: string;
  /** Of the trigger's decisions; 0 is greedy. @default {0} */
  readonly triggerTemperature?: number;
  /** 0: none at the prompt's end. Default: what the checkpoint says. */
  readonly maxPromptAugmentations?: number;
  /** Insertions after that, at most. Default: what the checkpoint says. */
  readonly maxInferenceAugmentations?: number;
}

/**
 * Refuses options that say nothing without another one.
 *
 * @param task Name of the task, for messages.
 * @throws {UsageError} If there is one of MemGen's settings and no checkpoint,
 * or as `parseDecisions` does.
 */
export function requireMemgenArguments(
  task: string,
  args: MemgenArguments,
): void {
  const { memgen, trigger } = args;
  const settings = {
    "--trigger": trigger,
    "--max-prompt-augmentations": args.maxPromptAugmentations,
    "--max-inference-augmentations": args.maxInferenceAugmentations,
  };
  for (const [label, value] of Object.entries(settings)) {
    if (value !== undefined && memgen === undefined) {
      const rule = `${label} must come with --memgen`;
      throw new UsageError(task, rule, `only ${value}`);
    }
  }
  parseDecisions(task, args);
}

/**
 * How decisions are made, as the options say.
 *
 * @param task Name of the task, for messages.
 * @throws {UsageError} If `--trigger` is none of its forms, or decisions are to
 * be drawn that the trigger does not make.
 */
export function parseDecisions(
  task: string,
  { trigger, triggerTemperature: temperature = 0 }: MemgenArguments,
): DecisionOptions {
  if (temperature > 0 && trigger !== "learned") {
    throw new UsageError(
      task,
      "--trigger-temperature must come with --trigger learned",
      trigger ?? "none",
    );
  }
  switch (trigger) {
    case undefined:
    case "always":
    case "never":
      return { decide: trigger };
    case "learned":
      return {
        decide: "trigger",
        sampleDecisions: temperature > 0 ? { temperature } : undefined,
      };
  }
  const [, where, digits] = trigger.match(/^random(-anywhere)?:(\d*\.?\d+)$/) ??
    [];
  if (digits === undefined || Number(digits) > 1) {
    throw new UsageError(
      task,
      "--trigger must be always, never, learned, random:P or random-anywhere:P with P in [0, 1]",
      trigger,
    );
  }
  const positions = where === undefined ? "delimiters" : "any";
  return { decide: { probability: Number(digits), positions } };
}

/**
 * Loads the modules that the options name; the caller frees them.
 *
 * @param model The model that they are for.
 * @throws As `loadMemgen` does for a bad folder.
 */
export async function loadMemgenModules(
  { memgen, ...args }: MemgenArguments,
  model: DecoderConfig,
): Promise<MemgenModules | undefined> {
  if (memgen === undefined) return undefined;
  const modules = await loadMemgen(memgen, model);
  const { config } = modules;
  const {
    maxPromptAugmentations = config.maxPromptAugmentations,
    maxInferenceAugmentations = config.maxInferenceAugmentations,
  } = args;
  return {
    ...modules,
    config: { ...config, maxPromptAugmentations, maxInferenceAugmentations },
  };
}
