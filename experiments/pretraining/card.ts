/** What a mini reasoner can do before any training, and its model card. */
import { countOfficial } from "@/lib/benchmarks/mod.ts";
import { TWINS } from "@/lib/benchmarks/twins/mod.ts";
import { Generator, type Model } from "@/lib/models/mod.ts";
import {
  accuracyCell,
  meanCurve,
  renderMarkdown,
  type Series,
  type Table,
} from "@/lib/report/mod.ts";
import {
  type Recipe,
  recipePositions,
  recipeSteps,
  type Stream,
} from "@/experiments/pretraining/recipe.ts";
import type { Pretrained } from "@/experiments/pretraining/run.ts";
import { answerProblems } from "@/experiments/twin_answers.ts";

/** Problems of every probe. */
export const PROBE_PROBLEMS = 500;

/** Problems answered at once. */
const BATCH_SIZE = 128;

/** What is asked of a reasoner before any training. */
export const PROBES = ["vanilla", "own", "redrawn"] as const;

/** Right answers of a reasoner to a twin. */
export interface Probed {
  /** Name of the benchmark. */
  readonly benchmark: string;
  /** Problems of each probe. */
  readonly n: number;
  /**
   * Right under the official scorer, by probe: the test split as it is; the
   * same kinds of problems with exactly the facts that they need as notes, in
   * the benchmark's world and in worlds re-drawn for each.
   */
  readonly correct: Readonly<Record<typeof PROBES[number], number>>;
}

/** Answers of an untrained reasoner to all twins, greedily. */
export async function probeReasoner(
  model: Model,
  onProgress?: (done: number, total: number) => void,
  count: number = PROBE_PROBLEMS,
): Promise<Probed[]> {
  const generator = new Generator(model, "always");
  const total = TWINS.length * PROBES.length * count;
  const results: Probed[] = [];
  let before = 0;
  for (const twin of TWINS) {
    const n = Math.min(count, twin.sizes.test);
    const correct = { vanilla: 0, own: 0, redrawn: 0 };
    for (const probe of PROBES) {
      const problems = Array.from(
        { length: n },
        (_, i) =>
          probe === "vanilla" ? twin.problem("test", i) : twin.noted(probe, i),
      );
      const records = await answerProblems(twin, problems, {
        generator,
        model,
        batchSize: BATCH_SIZE,
        onProgress: (done) => onProgress?.(before + done, total),
      });
      correct[probe] = countOfficial(records);
      before += count;
    }
    results.push({ benchmark: twin.benchmark.name, n, correct });
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
  const table: Table = {
    title: "What it can do",
    caption:
      "The twins (not the benchmarks themselves), problems of kinds that their training splits never show; greedy, accuracy in percent with its 95 % interval, one pre-training seed.",
    columns: [
      "Twin",
      "Vanilla",
      "Oracle notes, its world",
      "Oracle notes, new worlds",
    ]
      .map((header) => ({ header })),
    rows: probes.map(({ benchmark, n, correct }) => [
      benchmark,
      ...PROBES.map((probe) => accuracyCell(correct[probe], n, 1)),
    ]),
    footnotes: [
      `n = ${
        Math.max(...probes.map(({ n }) => n))
      } each, less where a twin has fewer`,
      "Oracle notes: exactly the facts that a problem needs stand before it.",
    ],
  };
  const phases = recipe.phases.map(({ steps, peakRate, streams }, i) =>
    `| Phase ${i + 1} | ${steps} steps, peak rate ${peakRate}: ${
      [...new Set(streams)].map(streamText).join("; ")
    } |`
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
| Corpus | \`experiments/pretraining/corpus.ts\`: samples of every twin, with facts re-drawn for each and mostly given as notes; besides, drills of sums and of looking up notes; loss on answers only |
| Junk tolerance | half of the batches carry meaningless vectors where memory will be placed |
| Training | ${recipeSteps(recipe)} steps (${
    (recipePositions(recipe) / 1e6).toFixed(1)
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

function streamText({ rows, length, mixture }: Stream): string {
  const { lookUps = 0, twins = {} } = mixture;
  const shares = Object.entries({ "look-ups": lookUps, ...twins })
    .filter(([, share]) => share > 0);
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  const kinds = shares.map(([name, share]) =>
    `${name} ${Math.round(100 * share / total)} %`
  );
  return `${rows} rows of at most ${length} tokens (${kinds.join(", ")})`;
}
