/** `deno task describe-benchmarks`: the numbers of the twins' data cards. */
import { join } from "node:path";
import { furtherCount } from "@/experiments/further_tasks.ts";
import { MINI_REASONERS } from "@/experiments/presets.ts";
import { RECIPES } from "@/experiments/pretraining/recipe.ts";
import { SFT_SEEDS } from "@/experiments/sft_runs.ts";
import type { Column } from "@/experiments/table_1.ts";
import { PROBE_PROBLEMS } from "@/experiments/twin_probes.ts";
import { reasonerTable, twinTable } from "@/experiments/twin_table.ts";
import {
  findTwin,
  type Twin,
  TWIN_NAMES,
  TWINS,
} from "@/lib/benchmarks/twins/mod.ts";
import { Generator, loadModel } from "@/lib/models/mod.ts";
import { type BackendInfo, disposeTree } from "@/lib/tensorflow/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import {
  COLUMN_RUNS,
  type ColumnRun,
  columnsFor,
  runColumns,
} from "@/tasks/column_runs.ts";
import { printTable } from "@/tasks/print_table.ts";
import { provenance, provenanceText } from "@/tasks/provenance.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";
import {
  measureReasoner,
  measureTwins,
  readTwins,
  renewModelCard,
  sharedTokenizer,
} from "@/tasks/twin_measures.ts";

const FURTHER = columnsFor("further-tasks").map(({ benchmark }) =>
  `${benchmark}, ${furtherCount(findTwin(benchmark))}`
).join("; ");

/** What `deno task describe-benchmarks` takes. */
export const DEFINITION = {
  name: "describe-benchmarks",
  description:
    "Prints what the twins are: their sizes and lengths, what scripts reach on them without a model, and what mini reasoners do before any training. The numbers are those of results/twins, NAME.json; the data cards beside them, NAME.md, and the reasoners' model cards are made of the same numbers. --measure, --reasoner, --sft, --full-sft, --controls and --further-tasks measure again and write them.",
  options: {
    benchmark: {
      type: "string",
      placeholder: "NAME",
      choices: TWIN_NAMES,
      help: "Only its twin. Default: all",
    },
    measure: {
      type: "flag",
      help:
        "Measure all that takes no model: lengths, scripts, failure labels. Minutes for all twins. Numbers of reasoners stay unless the twin has changed",
    },
    reasoner: {
      type: "string",
      placeholder: "NAME",
      choices: RECIPES.map(({ name }) => name),
      help:
        `Measure this mini reasoner of results/reasoners, too: ${PROBE_PROBLEMS} problems as they are, with notes, and with notes of other worlds; of PopQA's also all facts by heart`,
    },
    sft: {
      type: "string",
      placeholder: "NAME",
      choices: MINI_REASONERS,
      help:
        `Train this mini reasoner by SFT with ${SFT_SEEDS.length} seeds, as Table 1's mini preset does, on every twin of its columns: an hour or more. What results/mini has is not trained again, what is finished is kept in .runs/sft`,
    },
    "full-sft": {
      type: "string",
      placeholder: "NAME",
      choices: MINI_REASONERS,
      help:
        "The same with all weights learning, not an adapter. Nothing of it is in results/mini, what is finished is kept in .runs/full-sft",
    },
    controls: {
      type: "string",
      placeholder: "NAME",
      choices: MINI_REASONERS,
      help:
        "Ask this mini reasoner the negative controls of Table 1's twins, with what its mini preset left in results/mini, and train it by SFT on their form alone: half an hour or more. What is finished is kept in .runs/controls",
    },
    "further-tasks": {
      type: "string",
      placeholder: "NAME",
      choices: MINI_REASONERS,
      help:
        `Ask this mini reasoner the further tasks of twins with few test tasks (${FURTHER}), with what Table 1's mini preset left in results/mini: a quarter of an hour. What is finished is kept in .runs/further-tasks`,
    },
    ...BACKEND_OPTIONS,
  },
  examples: [
    "",
    "--benchmark gsm8k --measure",
    "--benchmark gsm8k --reasoner mini-qwen2.5",
    "--benchmark gsm8k --sft mini-qwen2.5",
    "--benchmark gsm8k --full-sft mini-qwen2.5",
    "--benchmark gsm8k --controls mini-qwen2.5",
    "--benchmark alfworld --further-tasks mini-qwen2.5",
  ],
} as const satisfies TaskDefinition;

async function askReasoner(
  name: string,
  twins: readonly Twin[],
  backend: BackendInfo,
): Promise<void> {
  const folder = join("results", "reasoners", name);
  const model = await loadModel(folder);
  const command = `deno task describe-benchmarks --reasoner ${name}`;
  const made = provenanceText(await provenance(command, backend));
  const generator = new Generator(model, "always");
  await measureReasoner({ name, made, model, generator }, twins);
  generator.dispose();
  disposeTree(model.weights);
  await renewModelCard(join(folder, "README.md"), name);
}

/** @throws {UsageError} If an option is not for the benchmark. */
function chosenColumns(option: ColumnRun, benchmark?: string): Column[] {
  const columns = columnsFor(option);
  const chosen = columns.filter((column) =>
    benchmark === undefined || column.benchmark === benchmark
  );
  if (chosen.length > 0) return chosen;
  const names = columns.map((column) => column.benchmark);
  const choice = names.length === 1 ? names[0] : `one of ${names.join(", ")}`;
  throw new UsageError(
    DEFINITION.name,
    `--benchmark must be ${choice} for --${option}`,
    benchmark!,
  );
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const { benchmark, measure, reasoner } = args;
    const runs = COLUMN_RUNS.flatMap((option) => {
      const name = args[option];
      return name === undefined
        ? []
        : [{ option, name, columns: chosenColumns(option, benchmark) }];
    });
    const twins = benchmark === undefined ? TWINS : [findTwin(benchmark)];
    if (measure) {
      await measureTwins(twins, { tokenizer: await sharedTokenizer() });
    }
    if (reasoner !== undefined || runs.length > 0) {
      const backend = await startBackend(args);
      if (reasoner !== undefined) await askReasoner(reasoner, twins, backend);
      for (const { option, name, columns } of runs) {
        await runColumns(option, name, columns, backend);
      }
    }
    const described = await readTwins(twins);
    printTable(twinTable(described));
    const reasoners = reasonerTable(described);
    if (reasoners !== undefined) printTable(reasoners);
  });
}
