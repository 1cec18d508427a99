/** What a mini reasoner can do before any training, and its model card. */
import { chainOfThoughtPrompt } from "@/lib/baselines/mod.ts";
import {
  countOfficial,
  evaluate,
  gsm8k,
  type Task,
} from "@/lib/benchmarks/mod.ts";
import {
  gsm8kTwin,
  type NotedWorld,
  splitProblems,
} from "@/lib/benchmarks/twins/mod.ts";
import { Generator, type Model } from "@/lib/models/mod.ts";
import {
  accuracyCell,
  meanCurve,
  renderMarkdown,
  type Series,
  type Table,
} from "@/lib/report/mod.ts";
import { type Recipe, recipeSteps } from "@/experiments/pretraining/recipe.ts";
import type { Pretrained } from "@/experiments/pretraining/run.ts";

/** Tasks of every probe. */
export const PROBE_TASKS = 1000;

/** Tokens of an answer, at most; the twin's longest has 111. */
const MAX_NEW_TOKENS = 128;

/** Tasks answered at once. */
const BATCH_SIZE = 128;

/** One probe of a reasoner. */
export interface Probed {
  /** What was asked. */
  readonly name: string;
  /** Tasks. */
  readonly n: number;
  /** Right answers under the released code's scorer. */
  readonly correct: number;
}

/**
 * Answers of an untrained reasoner, greedily: the twin's test split as it is
 * and with "step by step", the same kinds of problems with exactly the facts
 * that they need as notes, in the benchmark's world and in worlds re-drawn for
 * each, and with two notes more that only disturb.
 */
export async function probeReasoner(
  model: Model,
  onProgress?: (done: number, total: number) => void,
): Promise<Probed[]> {
  const test = splitProblems(gsm8kTwin, "test", PROBE_TASKS)
    .map(({ task }) => task);
  const noted = (world: NotedWorld, distractors: number): Task[] =>
    Array.from(
      { length: PROBE_TASKS },
      (_, i) => gsm8kTwin.noted(world, i, distractors).task,
    );
  const probes = [
    { name: "Vanilla", tasks: test },
    { name: "CoT", tasks: test, prompt: chainOfThoughtPrompt },
    { name: "Oracle notes, the benchmark's world", tasks: noted("own", 0) },
    { name: "Oracle notes, a new world each", tasks: noted("redrawn", 0) },
    { name: "The same and two notes more", tasks: noted("redrawn", 2) },
  ];
  const generator = new Generator(model, "always");
  const results: Probed[] = [];
  for (const [i, { name, tasks, prompt }] of probes.entries()) {
    const records = await evaluate(gsm8k, tasks, {
      generator,
      model,
      prompt,
      maxNewTokens: MAX_NEW_TOKENS,
      batchSize: BATCH_SIZE,
      onProgress: (done, total) =>
        onProgress?.(i * total + done, probes.length * total),
    });
    results.push({ name, n: tasks.length, correct: countOfficial(records) });
  }
  generator.dispose();
  return results;
}

/** Steps that a point of the loss curve averages over. */
const SMOOTHING = 20;

/** The loss curve: means over 20 steps. */
export function lossSeries(losses: readonly number[]): Series {
  return meanCurve("loss", losses, SMOOTHING);
}

/** What made a reasoner, for its card. */
export interface CardOptions {
  /** What ran: command, machine, versions, commit. */
  readonly made: string;
  /** File name of the loss curve, beside the card. */
  readonly lossCurve: string;
}

/** The model card, in Markdown. */
export function reasonerCard(
  recipe: Recipe,
  pretrained: Omit<Pretrained, "tokenizerFiles">,
  probes: readonly Probed[],
  { made, lossCurve }: CardOptions,
): string {
  const { model, losses, samples, skipped } = pretrained;
  const parameters = Object.values(model.weights)
    .reduce((sum, { size }) => sum + size, 0);
  const positions = recipe.phases.reduce(
    (sum, { steps, length }) => sum + steps * recipe.batchSize * length,
    0,
  );
  const table: Table = {
    title: "What it can do",
    caption:
      "The GSM8K twin (not GSM8K), problems of kinds that its training split never shows; greedy, accuracy in percent with its 95 % interval, one pre-training seed.",
    columns: [{ header: "Asked" }, { header: "Right, %" }],
    rows: probes.map(({ name, n, correct }) => [
      name,
      accuracyCell(correct, n, 1),
    ]),
  };
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const phases = recipe.phases.map(
    ({ steps, peakRate, length, mixture }, i) => {
      const parts = [
        `${steps} steps of rows of at most ${length} tokens, peak rate ${peakRate}`,
        `${percent(mixture.sums)} sums`,
        `${
          percent(mixture.lookUps)
        } look-ups among at most ${mixture.notes} notes`,
      ];
      return `| Phase ${i + 1} | ${parts.join("; ")} |`;
    },
  );
  const { layers, heads, keyValueHeads, hiddenSize, vocabSize } = model.config;
  return `# ${recipe.name}

A language model of ${parameters.toLocaleString("en")} parameters for
experiments at mini scale, in the family \`${recipe.family}\` and in Hugging
Face's format. It reads and writes the controlled English of this project's
twins and nothing else: it is no Qwen2.5 and knows nothing of the world.

| | |
|---|---|
| Shape | ${layers} layers, width ${hiddenSize}, ${heads} heads (${keyValueHeads} for keys and values), ${vocabSize} tokens |
| Corpus | \`experiments/pretraining/corpus.ts\`: problems with facts re-drawn for each, 80 % of them with the facts as notes; besides, samples that are nothing but sums or nothing but notes to look up; loss on answers only |
| Junk tolerance | half of the batches carry meaningless vectors where memory will be placed |
| Training | ${recipeSteps(recipe)} steps of ${recipe.batchSize} rows (${
    (positions / 1e6).toFixed(1)
  }M positions), AdamW, half a cosine in each phase |
${phases.join("\n")}
| Samples | ${samples.toLocaleString("en")} drawn; ${
    skipped.toLocaleString("en")
  } were longer than a row and left out |
| Last loss | ${
    lossSeries(losses).y.at(-1)!.toFixed(4)
  } nats a token, mean of ${SMOOTHING} steps |
| Made by | ${made} |

${renderMarkdown(table)}
![Loss of pre-training](${lossCurve})

Make it again: \`deno task pretrain --reasoner ${recipe.name} --output FOLDER\`
gives the same model on the same kind of machine.
`;
}
