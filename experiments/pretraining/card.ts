/** The model card of a mini reasoner, with its loss curve. */
import type { Twin } from "@/lib/benchmarks/twins/mod.ts";
import {
  meanCurve,
  renderMarkdown,
  type Series,
  type Table,
} from "@/lib/report/mod.ts";
import type { Mixture } from "@/experiments/pretraining/corpus.ts";
import type { Recipe } from "@/experiments/pretraining/recipe.ts";
import type { Pretrained } from "@/experiments/pretraining/run.ts";
import type { ProbedTwin } from "@/experiments/twin_probes.ts";
import {
  benchmarkTitle,
  PROBE_COLUMNS,
  PROBE_FOOTNOTE,
  probeCells,
} from "@/experiments/twin_table.ts";

/** Steps that a point of the loss curve averages over. */
const SMOOTHING = 20;

/** The loss curve: means over 20 steps. */
export function lossSeries(losses: readonly number[]): Series {
  return meanCurve("loss", losses, SMOOTHING);
}

/** A twin with what the reasoner can do on it. */
export interface ProbedReasoner {
  readonly twin: Twin;
  readonly probed: ProbedTwin;
}

/** What made a reasoner, for its card. */
export interface CardOptions {
  /** What ran: command, machine, versions, commit. */
  readonly made: string;
  /** File name of the loss curve, beside the card. */
  readonly lossCurve: string;
}

/**
 * The model card, in Markdown.
 *
 * @param probes At least one.
 */
export function reasonerCard(
  recipe: Recipe,
  pretrained: Omit<Pretrained, "tokenizerFiles">,
  probes: readonly ProbedReasoner[],
  { made, lossCurve }: CardOptions,
): string {
  const { model, losses, positions } = pretrained;
  const { layers, heads, keyValueHeads, hiddenSize, vocabSize } = model.config;
  const parameters = Object.values(model.weights)
    .reduce((sum, { size }) => sum + size, 0);
  return `# ${recipe.name}

A mini reasoner: a language model of ${countText(parameters)} parameters for
experiments at mini scale, with the architecture of the family
\`${recipe.family}\`, in Hugging Face's format. It has read nothing but this
project's twins of the benchmarks: it shares no weights with the models of that
family, has read no row of a benchmark and knows nothing of the world.

| | |
|---|---|
| Shape | ${layers} layers, width ${hiddenSize}, ${heads} heads (${keyValueHeads} for keys and values), ${vocabSize} tokens |
| Corpus | \`experiments/pretraining/corpus.ts\`: what the twins give to practise, with facts re-drawn for each sample and mostly given as notes; besides, drills of sums and of looking up notes; loss on answers only |
| Junk tolerance | half of the batches carry meaningless vectors where memory will be placed |
| Training | ${countText(losses.length)} steps (${
    (positions / 1e6).toFixed(1)
  }M positions, padding included), AdamW, half a cosine in each phase |
${phaseRows(recipe, pretrained)}
| Batches | of samples of about one length: ${
    recipe.buckets.map(({ length, rows }) => `${rows} of at most ${length}`)
      .join(", ")
  } tokens |
| Last loss | ${
    lossSeries(losses).y.at(-1)!.toFixed(4)
  } nats a token, mean of ${SMOOTHING} steps |
| Made by | ${made} |

${renderMarkdown(probeTable(probes))}
![Loss of pre-training](${lossCurve})

Make it again: \`deno task pretrain --reasoner ${recipe.name} --output FOLDER\`
gives the same model on the same kind of machine.
`;
}

/** The probes' table of a card: from its heading to the loss curve. */
const PROBE_SECTION = /^## What it can do\n[^]*?(?=^!\[Loss of)/m;

/**
 * A model card with other probes in the place of its own.
 *
 * @throws {SyntaxError} If it has none.
 */
export function withProbes(
  card: string,
  probes: readonly ProbedReasoner[],
): string {
  if (!PROBE_SECTION.test(card)) {
    throw new SyntaxError(
      `Cannot renew the model card as it must have the section "What it can do": current value is ${
        JSON.stringify(card.slice(0, 40))
      }`,
    );
  }
  const section = `${renderMarkdown(probeTable(probes))}\n`;
  return card.replace(PROBE_SECTION, () => section);
}

function phaseRows(
  { phases }: Recipe,
  { phaseSteps }: Pick<Pretrained, "phaseSteps">,
): string {
  return phases.map(({ samples, passes, peakRate, mixture }, i) =>
    `| Phase ${i + 1} | ${
      countText(phaseSteps[i])
    } steps, peak rate ${peakRate}: ${
      countText(samples)
    } samples, passes over them: ${passes}; ${mixtureText(mixture)} |`
  ).join("\n");
}

function mixtureText(
  { lookUps = 0, sums = 0, twins = {}, revise = {} }: Mixture,
): string {
  const shares = [
    ...Object.entries({ "look-ups": lookUps, sums, ...twins }),
    ...Object.entries(revise)
      .map(([name, share]) => [`${name} again`, share] as const),
  ].filter(([, share]) => share > 0);
  const total = shares.reduce((sum, [, share]) => sum + share, 0);
  return shares
    .map(([name, share]) => `${name} ${Math.round(100 * share / total)} %`)
    .join(", ");
}

function probeTable(probes: readonly ProbedReasoner[]): Table {
  const most = Math.max(...probes.map(({ probed }) => probed.n));
  const fewer = probes.filter(({ probed }) => probed.n < most)
    .map(({ twin, probed }) => `, ${benchmarkTitle(twin)} ${probed.n}`);
  return {
    title: "What it can do",
    caption:
      "The twins (not the benchmarks themselves), problems of kinds that their training splits never show; greedy, accuracy in percent under the official scorer, one seed of pre-training.",
    columns: [{ header: "Twin of" }, ...PROBE_COLUMNS],
    rows: probes.map(({ twin, probed }) => [
      benchmarkTitle(twin),
      ...probeCells(probed),
    ]),
    footnotes: [`n = ${most}${fewer.join("")}`, PROBE_FOOTNOTE],
  };
}

/** A count with its thousands set apart. */
function countText(count: number): string {
  return count.toLocaleString("en");
}
