/** `deno task generate`: continuations of prompts, with or without MemGen. */
// deno-lint-ignore-file no-console
import { writeFileAtomically } from "@/lib/models/atomic_file.ts";
import {
  type Generation,
  Generator,
  loadModel,
  type Model,
  requirePrompt,
} from "@/lib/models/mod.ts";
import type { MemgenMemory } from "@/lib/memgen/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask } from "@/tasks/cli.ts";
import {
  MEMGEN_OPTIONS,
  type MemgenArguments,
  openMemory,
  requireMemgenArguments,
} from "@/tasks/memgen_options.ts";
import { MODEL_OPTIONS } from "@/tasks/model_options.ts";
import { requireOutputFile } from "@/tasks/output_file.ts";
import { Progress } from "@/tasks/progress.ts";
import { type Prompt, readPrompts } from "@/tasks/prompt_file.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task generate` takes. */
export const DEFINITION = {
  name: "generate",
  description:
    'Continues prompts, greedily or by sampling, with or without MemGen. Each line of the prompts is {"prompt": text}, taken as it is, {"messages": [{"role", "content"}, ...]}, rendered in ChatML and opened for the assistant, or {"input_ids": [...]}; other fields are not read. Writes for each, in the same order, {"ids", "text", "augmentation"}: the new tokens, their text without the end token, and for each token -100 where memory was not asked for before it, 0 where it was not inserted and 1 where it was. A row never depends on the others.',
  options: {
    ...MODEL_OPTIONS,
    ...MEMGEN_OPTIONS,
    prompts: {
      type: "string",
      placeholder: "FILE",
      help: "JSONL of the prompts",
      required: true,
    },
    output: {
      type: "string",
      placeholder: "FILE",
      help: "JSONL to write; replaced only once all is generated",
      required: true,
    },
    maxNewTokens: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      help: "Most tokens to generate for a prompt",
      required: true,
    },
    temperature: {
      type: "number",
      placeholder: "T",
      minimum: 0,
      default: 0,
      help: "Divides the scores before sampling; 0 is greedy",
    },
    batchSize: {
      type: "integer",
      placeholder: "B",
      minimum: 1,
      default: 32,
      help: "Rows at once; changes the speed, not the result",
    },
    seed: {
      type: "integer",
      placeholder: "S",
      minimum: 0,
      default: 0,
      help: "Seed of the sampling and of random decisions",
    },
    ...BACKEND_OPTIONS,
  },
  examples: [
    "--model tests/parity/models/tiny-qwen2.5 --prompts prompts.jsonl --output out.jsonl --max-new-tokens 64",
    "--model tests/parity/models/tiny-qwen2.5 --memgen tests/parity/expected/tiny-qwen2.5/memgen-always/checkpoint --prompts prompts.jsonl --output out.jsonl --max-new-tokens 64 --temperature 1 --seed 7",
  ],
} as const satisfies TaskDefinition;

/** What to generate. */
export interface GenerateFileOptions extends MemgenArguments {
  /** Folder of the model. */
  readonly model: string;
  /** File of prompts. */
  readonly prompts: string;
  /** File to write. */
  readonly output: string;
  /** Tokens of a continuation, at most. */
  readonly maxNewTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Rows at once. */
  readonly batchSize: number;
  /** Seed of the sampling and of random decisions. */
  readonly seed: number;
}

/** One row of the output. */
export interface GeneratedRow extends Generation {
  /** The new tokens as text, without the end token. */
  readonly text: string;
}

/**
 * Continues every prompt of a file; see `DEFINITION`.
 *
 * @param start Starts the backend; called once the rows are known to be good.
 * @returns What was written, in the order of the prompts.
 * @throws {UsageError} As `requireMemgenArguments` does, or if the output is the
 * input or a folder.
 * @throws {SyntaxError | TypeError | RangeError} If a row is malformed, empty,
 * or does not fit the model; names its line.
 * @throws As `loadModel` and `loadMemgen` do for bad folders.
 */
export async function generateFile(
  options: GenerateFileOptions,
  start: () => Promise<unknown>,
): Promise<GeneratedRow[]> {
  const { prompts: input, output } = options;
  requireMemgenArguments(DEFINITION.name, options);
  requireOutputFile(DEFINITION.name, { input, output });
  const prompts = readPrompts(input);
  await start();
  const model = await loadModel(options.model);
  const opened = await openMemory(DEFINITION.name, options, model);
  const rows = generate(model, opened?.memory, prompts, options);
  disposeTree(model.weights);
  opened?.dispose();
  const encoder = new TextEncoder();
  writeFileAtomically(output, (write) => {
    for (const row of rows) write(encoder.encode(`${JSON.stringify(row)}\n`));
  });
  return rows;
}

function generate(
  model: Model,
  memory: MemgenMemory | undefined,
  prompts: readonly Prompt[],
  options: GenerateFileOptions,
): GeneratedRow[] {
  const { maxNewTokens, temperature, batchSize, seed } = options;
  const { config, tokenizer } = model;
  const inputs = prompts.map(({ place, content }) => {
    const ids = typeof content === "string"
      ? tokenizer.encode(content)
      : content;
    const maxLatents = memory?.maxLatents ?? 0;
    requirePrompt(config, ids, { name: place, maxNewTokens, maxLatents });
    return ids;
  });
  const generator = new Generator(model);
  const progress = new Progress("Generate", inputs.length);
  const turns = generator.generateInTurns(inputs, {
    maxNewTokens,
    temperature,
    batchSize,
    seed,
    memory,
  });
  let turn = turns.next();
  for (; !turn.done; turn = turns.next()) progress.update(turn.value);
  const generations = turn.value;
  progress.end();
  generator.dispose();
  return generations.map(({ ids, augmentation }) => {
    const hasEnded = config.eosTokenIds.includes(ids.at(-1)!);
    const text = tokenizer.decode(hasEnded ? ids.slice(0, -1) : ids);
    return { ids, text, augmentation };
  });
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const rows = await generateFile(args, () => startBackend(args));
    const count = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0);
    const tokens = count(rows.map(({ ids }) => ids.length));
    const inserted = count(
      rows.map((row) => row.augmentation.filter((mark) => mark === 1).length),
    );
    console.log(
      `${args.output}: ${rows.length} rows, ${tokens} new tokens, memory inserted ${inserted} times`,
    );
  });
}
