/** `deno task pretrain`: makes a mini reasoner. */
// deno-lint-ignore-file no-console
import { join } from "node:path";
import {
  lossSeries,
  type ProbedReasoner,
  reasonerCard,
} from "@/experiments/pretraining/card.ts";
import { type Recipe, RECIPES } from "@/experiments/pretraining/recipe.ts";
import { pretrain } from "@/experiments/pretraining/run.ts";
import { probeTwins } from "@/experiments/twin_probes.ts";
import { TWINS } from "@/lib/benchmarks/twins/mod.ts";
import { Generator, type Model, saveModel } from "@/lib/models/mod.ts";
import { lineFigure } from "@/lib/report/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { BACKEND_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { runTask } from "@/tasks/cli.ts";
import { requireOutputFolder } from "@/tasks/output_file.ts";
import { Progress } from "@/tasks/progress.ts";
import { provenance, provenanceText } from "@/tasks/provenance.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";
import { writeCurve } from "@/tasks/training_curves.ts";

const NAMES = RECIPES.map(({ name }) => name);

/** What `deno task pretrain` takes. */
export const DEFINITION = {
  name: "pretrain",
  description:
    "Pre-trains a mini reasoner on all twins, measures what it can do on them, and writes it in Hugging Face's format with its model card and loss curve. On two cores 20 to 50 minutes for each. The state of the run is kept every 100 steps: the same command goes on where it was stopped.",
  options: {
    reasoner: {
      type: "string",
      placeholder: "NAME",
      choices: NAMES,
      default: NAMES[0],
      help: "Which mini reasoner",
    },
    output: {
      type: "string",
      placeholder: "DIR",
      help: "Folder to write. Default: results/reasoners/NAME",
    },
    work: {
      type: "string",
      placeholder: "DIR",
      help: "Folder for the state of the run. Default: .runs/pretrain/NAME",
    },
    ...BACKEND_OPTIONS,
  },
  examples: [
    "",
    "--reasoner mini-smollm3",
    "--reasoner mini-qwen3 --output /tmp/mini-qwen3 --threads 1",
  ],
} as const satisfies TaskDefinition;

/** Where a reasoner is made. */
export interface PretrainTaskOptions {
  /** Folder of the finished model. */
  readonly output: string;
  /** Folder of the run's state. */
  readonly work: string;
  /** What makes it, for the card. */
  readonly made: string;
}

/** Makes a reasoner, from nothing or from where the last run stopped. */
export async function makeReasoner(
  recipe: Recipe,
  { output, work, made }: PretrainTaskOptions,
): Promise<void> {
  let drawing: Progress | undefined;
  let progress: Progress | undefined;
  const pretrained = await pretrain(recipe, {
    folder: work,
    onDraw(done, total) {
      drawing ??= new Progress("Draw samples", total);
      drawing.update(done);
      if (done === total) drawing.end();
    },
    onStep(step, { loss }, totalSteps) {
      progress ??= new Progress("Pre-train", totalSteps, { done: step });
      progress.update(step + 1, `loss ${loss.toFixed(3)}`);
    },
  });
  progress?.end();
  const { model, tokenizerFiles, losses } = pretrained;
  saveModel(output, model, { tokenizerFiles });
  const probes = await probe(model);
  const figure = lineFigure([lossSeries(losses)], {
    title: `Pre-training of ${recipe.name}`,
    xTitle: "Step",
    yTitle: "Loss (nats per token)",
  });
  const card = reasonerCard(recipe, pretrained, probes, {
    made,
    lossCurve: "loss.svg",
  });
  await Deno.writeTextFile(join(output, "README.md"), card);
  disposeTree(model.weights);
  console.log(card);
  await writeCurve(join(output, "loss"), figure);
}

/** What it can do on every twin. */
async function probe(model: Model): Promise<ProbedReasoner[]> {
  const generator = new Generator(model, "always");
  let progress: Progress | undefined;
  const probes = await Array.fromAsync(probeTwins(TWINS, {
    generator,
    model,
    onProgress(done, total, { benchmark }) {
      progress ??= new Progress("Probe", total);
      progress.update(done, benchmark.name);
    },
  }));
  progress?.end();
  generator.dispose();
  return probes;
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const recipe = RECIPES.find(({ name }) => name === args.reasoner)!;
    const output = args.output ?? join("results", "reasoners", recipe.name);
    requireOutputFolder(DEFINITION.name, output);
    const info = await startBackend(args);
    const command = `deno task pretrain --reasoner ${recipe.name}`;
    await makeReasoner(recipe, {
      output,
      work: args.work ?? join(".runs", "pretrain", recipe.name),
      made: provenanceText(await provenance(command, info)),
    });
  });
}
