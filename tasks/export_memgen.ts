/** `deno task export-memgen`: MemGen's modules for the released code. */
// deno-lint-ignore-file no-console
import { join, resolve } from "node:path";
import {
  disposeMemgen,
  exportMemgen,
  loadMemgen,
  type MemgenConfig,
} from "@/lib/memgen/mod.ts";
import {
  type LoraConfig,
  parseDecoderConfig,
  readJsonObject,
} from "@/lib/models/mod.ts";
import { startCpu } from "@/lib/tensorflow/mod.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import { MODEL_OPTIONS } from "@/tasks/model_options.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task export-memgen` takes. */
export const DEFINITION = {
  name: "export-memgen",
  description:
    "Writes a MemGen checkpoint as a folder that the released Python code loads, with all factors of its adapters, and prints the options to give it. Refuses settings that the released code does not have, such as prepended latents.",
  options: {
    ...MODEL_OPTIONS,
    memgen: {
      type: "string",
      placeholder: "DIR",
      required: true,
      help: "MemGen checkpoint to export",
    },
    output: {
      type: "string",
      placeholder: "DIR",
      required: true,
      help: "Folder to write",
    },
  },
  examples: [
    "--model results/reasoners/mini-qwen2.5 --memgen .runs/train/gsm8k-memgen-sft-quick-0 --output .runs/released",
  ],
} as const satisfies TaskDefinition;

/** What to export; see `DEFINITION`. */
export interface ExportOptions {
  /** Folder of the base model. */
  readonly model: string;
  /** MemGen checkpoint. */
  readonly memgen: string;
  /** Folder to write. */
  readonly output: string;
}

/**
 * Exports a checkpoint; see `DEFINITION`. The backend must have been started.
 *
 * @returns What to give the released code after `--options`.
 * @throws {UsageError} If the output is the checkpoint itself.
 * @throws What `loadMemgen` and `exportMemgen` do.
 */
export async function exportCheckpoint(
  { model, memgen, output }: ExportOptions,
): Promise<string[]> {
  if (resolve(output) === resolve(memgen)) {
    const rule = "--output must be another folder than --memgen";
    throw new UsageError(DEFINITION.name, rule, output);
  }
  const file = join(model, "config.json");
  const config = parseDecoderConfig(readJsonObject(file), file);
  const modules = await loadMemgen(memgen, config);
  await exportMemgen(output, config, modules);
  disposeMemgen(modules);
  return releasedOptions(modules.config, { model, output });
}

/** The released code reads settings from its command line, not from a file. */
function releasedOptions(
  config: MemgenConfig,
  { model, output }: Pick<ExportOptions, "model" | "output">,
): string[] {
  const lora = (part: string, { rank, alpha, targetModules }: LoraConfig) => [
    `model.${part}.lora_config.r ${rank}`,
    `model.${part}.lora_config.lora_alpha ${alpha}`,
    `model.${part}.lora_config.target_modules '[${targetModules}]'`,
  ];
  const base = resolve(model);
  return [
    `model.model_name ${base}`,
    `model.load_model_path ${resolve(output)}`,
    `model.max_prompt_aug_num ${config.maxPromptAugmentations}`,
    `model.max_inference_aug_num ${config.maxInferenceAugmentations}`,
    `model.weaver.model_name ${base}`,
    `model.weaver.prompt_latents_len ${config.promptLatents}`,
    `model.weaver.inference_latents_len ${config.inferenceLatents}`,
    ...lora("weaver", config.weaverLora),
    `model.trigger.model_name ${base}`,
    `model.trigger.active ${config.triggerActive ? "True" : "False"}`,
    ...lora("trigger", config.triggerLora),
  ];
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    // Nothing is computed: the slowest backend is the quickest to start.
    await startCpu();
    const options = await exportCheckpoint(args);
    console.log(
      `${args.output} is for the released code:\n\npython main.py --cfg-path configs/latent_memory/gsm8k.yaml --options \\\n  ${
        options.join(" \\\n  ")
      }`,
    );
  });
}
