/** The options of every task that runs MemGen, and the modules they name. */
import { Bm25 } from "@/lib/benchmarks/mod.ts";
import {
  type DecisionOptions,
  disposeMemgen,
  loadMemgen,
  makeRetrieve,
  MemgenMemory,
  type MemgenModules,
  type Retrieve,
} from "@/lib/memgen/mod.ts";
import { type DecoderConfig, loadModel, type Model } from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { UsageError } from "@/tasks/cli.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** As the released code's retriever for TriviaQA. */
const RETRIEVED_TEXTS = 3;

/** Options of every task that runs a model with or without MemGen. */
export const MEMGEN_OPTIONS = {
  memgen: {
    type: "string",
    placeholder: "DIR",
    help: "MemGen checkpoint for it, in the released format. Default: none",
  },
  weaverModel: {
    type: "string",
    placeholder: "DIR",
    help:
      "Hugging Face folder of the model that the checkpoint's weaver is made of. Default: that of --model",
  },
  externalMemory: {
    type: "string",
    placeholder: "FILE",
    help:
      "Texts, one a line, of which the weaver reads those that BM25 finds, if the checkpoint's weaver reads snippets. Default: none",
  },
  externalTexts: {
    type: "integer",
    placeholder: "N",
    minimum: 1,
    help:
      `Texts found each time, at most. Default: ${RETRIEVED_TEXTS}, as in the released code's TriviaQA`,
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
  /** Folder of the weaver's base model. Default: the reasoner. */
  readonly weaverModel?: string;
  /** File of texts that the weaver may read. Default: none. */
  readonly externalMemory?: string;
  /** Texts found each time, at most. @default {3} */
  readonly externalTexts?: number;
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
    "--weaver-model": args.weaverModel,
    "--external-memory": args.externalMemory,
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

/** Memory as the options ask for it. */
export interface OpenMemory {
  /** The memory. */
  readonly memory: MemgenMemory;
  /** Frees it and all that was loaded for it. */
  dispose(): void;
}

/**
 * The memory that the options name, for a model that stays the caller's.
 *
 * @param task Name of the task, for messages.
 * @throws {UsageError} If the checkpoint's weaver reads snippets and there is
 * no external memory, or the other way round; as `parseDecisions` does.
 * @throws As `loadMemgen` and `loadModel` do for bad folders.
 */
export async function openMemory(
  task: string,
  args: MemgenArguments,
  model: Model,
): Promise<OpenMemory | undefined> {
  const { memgen, weaverModel } = args;
  if (memgen === undefined) return undefined;
  const decisions = parseDecisions(task, args);
  const weaverBase = weaverModel === undefined
    ? undefined
    : await loadModel(weaverModel);
  const weights = weaverBase?.weights ?? {};
  const modules = await loadModules(
    memgen,
    args,
    model.config,
    (weaverBase ?? model).config,
  );
  try {
    const retrieve = openRetrieve(task, args, model, modules);
    const options = { ...decisions, retrieve };
    const base = { ...model, weaverBase };
    const memory = new MemgenMemory(base, modules, options);
    return {
      memory,
      dispose() {
        memory.dispose();
        disposeMemgen(modules);
        disposeTree(weights);
      },
    };
  } catch (error) {
    disposeMemgen(modules);
    disposeTree(weights);
    throw error;
  }
}

function openRetrieve(
  task: string,
  { externalMemory, externalTexts = RETRIEVED_TEXTS }: MemgenArguments,
  { tokenizer }: Model,
  { config }: MemgenModules,
): Retrieve | undefined {
  const { maxSnippetTokens } = config;
  if ((externalMemory === undefined) !== (maxSnippetTokens === 0)) {
    throw new UsageError(
      task,
      "--external-memory must come with a checkpoint whose weaver reads snippets, and the other way round",
      `${
        externalMemory ?? "no file"
      } and ${maxSnippetTokens} tokens of snippets`,
    );
  }
  if (externalMemory === undefined) return undefined;
  const texts = Deno.readTextFileSync(externalMemory).split("\n")
    .filter((line) => line.trim() !== "");
  const bm25 = new Bm25(texts);
  const search = (query: string) =>
    bm25.search(query, externalTexts).map(({ index }) => texts[index]);
  return makeRetrieve(tokenizer, search, config);
}

/** Loads the modules with the settings that the options ask for. */
async function loadModules(
  memgen: string,
  args: MemgenArguments,
  model: DecoderConfig,
  weaver: DecoderConfig,
): Promise<MemgenModules> {
  const modules = await loadMemgen(memgen, model, weaver);
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
