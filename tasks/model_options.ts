/** The option of every task that loads a model. */
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** Option of every task that runs a model from a folder. */
export const MODEL_OPTIONS = {
  model: {
    type: "string",
    placeholder: "DIR",
    help:
      "Hugging Face folder of a Qwen2.5, Qwen3 or SmolLM3 model: config.json, safetensors, tokenizer",
    required: true,
  },
} as const satisfies TaskDefinition["options"];
