/** Settings of MemGen's modules, and the released config.json of them. */
import type { LoraConfig } from "../models/mod.ts";

/**
 * Where latents go. `append`: at the current position, later text moves on
 * (the released code). `prepend`: before the text, at negative positions
 * (the paper's words): text never moves, and only text from the insertion on
 * sees the block.
 */
export const INSERTIONS = ["append", "prepend"] as const;

/** One of `INSERTIONS`. */
export type Insertion = typeof INSERTIONS[number];

/**
 * What the trigger reads. `text`: token ids (the released code). `context`:
 * what the reasoner reads, latents included (the paper's words).
 */
export const TRIGGER_READS = ["text", "context"] as const;

/** One of `TRIGGER_READS`. */
export type TriggerReads = typeof TRIGGER_READS[number];

/**
 * The trigger's head. `softmax`: scores of SKIP and INVOKE (the released
 * code). `sigmoid`: one score, of INVOKE (eq. 4).
 */
export const TRIGGER_HEADS = ["softmax", "sigmoid"] as const;

/** One of `TRIGGER_HEADS`. */
export type TriggerHead = typeof TRIGGER_HEADS[number];

/**
 * Who writes the latents. `lora`: the base model with an adapter; `full`: a
 * copy of its layers, all of which learn (table 7); `pause`: nobody, they are
 * learned themselves and the same everywhere (table 9).
 */
export const WEAVERS = ["lora", "full", "pause"] as const;

/** One of `WEAVERS`. */
export type WeaverKind = typeof WEAVERS[number];

/**
 * What the weaver reads of the context. `embeddings`: the reasoner's inputs
 * (the released code); `hidden`: its last hidden states (eq. 5); `nothing`:
 * only retrieved snippets ("w/o parametric memory" of table 10).
 */
export const WEAVER_READS = ["embeddings", "hidden", "nothing"] as const;

/** One of `WEAVER_READS`. */
export type WeaverReads = typeof WEAVER_READS[number];

/**
 * Whose memory a turn of an episode sees. `turn`: its own alone, as each turn
 * is generated from text anew (the released code). `episode`: that of earlier
 * turns, too, as the context carries on (the paper).
 */
export const MEMORY_SCOPES = ["turn", "episode"] as const;

/** One of `MEMORY_SCOPES`. */
export type MemoryScope = typeof MEMORY_SCOPES[number];

/** Settings of MemGen. */
export interface MemgenConfig {
  /** Where latents go. */
  readonly insertion: Insertion;
  /** K at the prompt's end. */
  readonly promptLatents: number;
  /** K after a delimiter. */
  readonly inferenceLatents: number;
  /** Whose memory a turn sees. */
  readonly memoryScope: MemoryScope;
  /**
   * Turns of an episode that a step of supervised training learns, at most,
   * where each sees its own memory alone (modeling_memgen.py:263-270). 0: no
   * latents at prompt ends, also in generation; more than 0 does not limit
   * generation.
   */
  readonly maxPromptAugmentations: number;
  /** Insertions after delimiters in one turn, at most. */
  readonly maxInferenceAugmentations: number;
  /** Whether the trigger decides; else every candidate gets memory. */
  readonly triggerActive: boolean;
  /** What the trigger reads. */
  readonly triggerReads: TriggerReads;
  /** What the trigger decides with. */
  readonly triggerHead: TriggerHead;
  /**
   * Whether `,` and `.` right after a digit count as delimiters. They do in
   * the released code, which so inserts within 0.5 and 1,000.
   */
  readonly delimitersAfterDigits: boolean;
  /** Who writes the latents. */
  readonly weaver: WeaverKind;
  /** What the weaver reads of the context. */
  readonly weaverReads: WeaverReads;
  /** Tokens of retrieved snippets that it reads after that; 0: none. */
  readonly maxSnippetTokens: number;
  /** Adapter of the weaver, if it has one. */
  readonly weaverLora: LoraConfig;
  /** Adapter of the trigger. */
  readonly triggerLora: LoraConfig;
}

/** Endings after which memory may be inserted (modeling_memgen.py:69). */
export const DELIMITERS: readonly string[] = [",", ".", "\n"];

/**
 * Reads the MemGen part of a checkpoint's config.json.
 *
 * Ours are `insertion`, `memory_scope`, `trigger_reads`, `trigger_head`,
 * `delimiters_after_digits`, `weaver`, `weaver_reads` and
 * `max_snippet_tokens`; without them the file is the released code's: append,
 * a turn's own memory, text, softmax, delimiters everywhere, an adapter,
 * embeddings, no snippets.
 *
 * @param file Path, for messages.
 * @throws {TypeError} If a field is missing or of the wrong type.
 * @throws {RangeError} If a value is out of range.
 */
export function parseMemgenConfig(
  fields: Readonly<Record<string, unknown>>,
  file: string,
): MemgenConfig {
  const refuse = (name: string, rule: string): never => {
    const error = fields[name] === undefined ? TypeError : RangeError;
    throw new error(
      `Cannot read ${file} as '${name}' must be ${rule}: current value is ${
        JSON.stringify(fields[name])
      }`,
    );
  };
  const integer = (name: string, least: number, fallback?: number): number => {
    const value = fields[name] ?? fallback;
    return Number.isInteger(value) && value as number >= least
      ? value as number
      : refuse(name, `an integer of at least ${least}`);
  };
  const boolean = (name: string, fallback?: boolean): boolean => {
    const value = fields[name] ?? fallback;
    return typeof value === "boolean" ? value : refuse(name, "a boolean");
  };
  // The first of the choices is the released code's.
  const choice = <T extends string>(name: string, choices: readonly T[]): T =>
    choices.find((each) => each === (fields[name] ?? choices[0])) ??
      refuse(name, choices.join(" or "));
  if (fields.model_type !== "memgen") refuse("model_type", '"memgen"');
  const weaverReads = choice("weaver_reads", WEAVER_READS);
  return {
    insertion: choice("insertion", INSERTIONS),
    memoryScope: choice("memory_scope", MEMORY_SCOPES),
    promptLatents: integer("prompt_latents_len", 1),
    inferenceLatents: integer("inference_latents_len", 1),
    maxPromptAugmentations: integer("max_prompt_aug_num", 0),
    maxInferenceAugmentations: integer("max_inference_aug_num", 0),
    triggerActive: boolean("trigger_active"),
    triggerReads: choice("trigger_reads", TRIGGER_READS),
    triggerHead: choice("trigger_head", TRIGGER_HEADS),
    delimitersAfterDigits: boolean("delimiters_after_digits", true),
    weaver: choice("weaver", WEAVERS),
    weaverReads,
    // Without the context only snippets are left to read.
    maxSnippetTokens: integer(
      "max_snippet_tokens",
      weaverReads === "nothing" ? 1 : 0,
      0,
    ),
    weaverLora: parseLora(
      fields.weaver_lora_config,
      "weaver_lora_config",
      file,
    ),
    triggerLora: parseLora(
      fields.trigger_lora_config,
      "trigger_lora_config",
      file,
    ),
  };
}

/** The fields that `parseMemgenConfig` reads. */
export function formatMemgenConfig(
  config: MemgenConfig,
): Record<string, unknown> {
  const lora = (settings: LoraConfig): Record<string, unknown> => ({
    bias: settings.bias,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    r: settings.rank,
    target_modules: [...settings.targetModules],
    task_type: "CAUSAL_LM",
  });
  return {
    model_type: "memgen",
    insertion: config.insertion,
    memory_scope: config.memoryScope,
    prompt_latents_len: config.promptLatents,
    inference_latents_len: config.inferenceLatents,
    max_prompt_aug_num: config.maxPromptAugmentations,
    max_inference_aug_num: config.maxInferenceAugmentations,
    trigger_active: config.triggerActive,
    trigger_reads: config.triggerReads,
    trigger_head: config.triggerHead,
    delimiters_after_digits: config.delimitersAfterDigits,
    weaver: config.weaver,
    weaver_reads: config.weaverReads,
    max_snippet_tokens: config.maxSnippetTokens,
    weaver_lora_config: lora(config.weaverLora),
    trigger_lora_config: lora(config.triggerLora),
  };
}

function parseLora(value: unknown, name: string, file: string): LoraConfig {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { r, lora_alpha: alpha, lora_dropout: dropout } = fields;
  const modules = fields.target_modules;
  const valid = Number.isInteger(r) && r as number > 0 &&
    typeof alpha === "number" && alpha > 0 &&
    typeof dropout === "number" && dropout >= 0 && dropout < 1 &&
    Array.isArray(modules) && modules.length > 0 &&
    modules.every((module) => typeof module === "string") &&
    (fields.bias ?? "none") === "none";
  if (!valid) {
    throw new TypeError(
      `Cannot read ${file} as '${name}' must be a LoRA configuration with r, lora_alpha, lora_dropout, target_modules and bias "none": current value is ${
        JSON.stringify(value)
      }`,
    );
  }
  return {
    rank: r as number,
    alpha: alpha as number,
    dropout: dropout as number,
    targetModules: [...modules as string[]].sort(),
    bias: "none",
  };
}
