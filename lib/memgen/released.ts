/**
 * Checkpoints for the released code: only settings that it knows, and adapters
 * that its loader finds.
 *
 * Its `from_pretrained` gives the base model an adapter twice
 * (modeling_memgen.py:739-781), looks for factors one `model.` deeper than its
 * own `save_pretrained` writes them, and goes on without a word where it finds
 * none. So each factor stands in the file under both names: PEFT reads the one
 * that it knows and passes over the other.
 */
import { join } from "node:path";
import {
  type DecoderConfig,
  type HostTensor,
  openSafetensors,
  writeSafetensors,
} from "../models/mod.ts";
import { type MemgenModules, saveMemgen } from "./checkpoint.ts";
import {
  formatMemgenConfig,
  type MemgenConfig,
  parseMemgenConfig,
} from "./config.ts";

/** Settings of the released code (configuration_memgen.py:8-20). */
const RELEASED_FIELDS = [
  "model_type",
  "prompt_latents_len",
  "inference_latents_len",
  "max_prompt_aug_num",
  "max_inference_aug_num",
  "trigger_active",
  "weaver_lora_config",
  "trigger_lora_config",
];

/** What PEFT puts before the name of a module. */
const PEFT_PREFIX = "base_model.model.";

/**
 * Saves MemGen's modules so that the released code computes the same with them.
 *
 * @throws {RangeError} If a setting is one that the released code does not
 * have; names it. Nothing is written then.
 * @throws What `saveMemgen` does.
 */
export async function exportMemgen(
  folder: string,
  model: DecoderConfig,
  modules: MemgenModules,
): Promise<void> {
  requireReleased(modules.config);
  await saveMemgen(folder, model, modules);
  for (const part of ["weaver", "trigger"]) {
    nameTwice(join(folder, part, part, "adapter_model.safetensors"));
  }
}

/** @throws {RangeError} Names the first setting that is not the released code's. */
function requireReleased(config: MemgenConfig): void {
  const ours = formatMemgenConfig(config);
  const known = Object.fromEntries(
    RELEASED_FIELDS.map((name) => [name, ours[name]]),
  );
  const released = formatMemgenConfig(parseMemgenConfig(known, "settings"));
  const refuse = (name: string, rule: string): never => {
    throw new RangeError(
      `Cannot export MemGen as '${name}' must be ${rule}, what the released code does: current value is ${
        JSON.stringify(ours[name])
      }`,
    );
  };
  // The released generation always asks for memory at the prompt's end.
  if (config.maxPromptAugmentations === 0) {
    refuse("max_prompt_aug_num", "at least 1");
  }
  for (const [name, value] of Object.entries(ours)) {
    // Without delimiters it does not matter which of them count.
    const isUnused = name === "delimiters_after_digits" &&
      config.maxInferenceAugmentations === 0;
    if (JSON.stringify(value) !== JSON.stringify(released[name]) && !isUnused) {
      refuse(name, JSON.stringify(released[name]));
    }
  }
}

/** Gives every factor of an adapter its second name. */
function nameTwice(path: string): void {
  const tensors = new Map<string, HostTensor>();
  {
    using file = openSafetensors(path);
    for (const name of file.tensors.keys()) {
      const tensor = file.read(name);
      tensors.set(name, tensor);
      tensors.set(
        `${PEFT_PREFIX}model.${name.slice(PEFT_PREFIX.length)}`,
        tensor,
      );
    }
  }
  writeSafetensors(path, tensors);
}
