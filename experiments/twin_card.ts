/** The data card of a twin: what a reader must know to judge a number. */
import { FAILURE_LABELS } from "@/lib/benchmarks/mod.ts";
import { play, type Twin } from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { formatTenths, renderMarkdown, type Table } from "@/lib/report/mod.ts";
import { heartTable } from "@/experiments/by_heart.ts";
import { controlTable } from "@/experiments/control_table.ts";
import { furtherTable } from "@/experiments/further_tasks.ts";
import { popularityTable } from "@/experiments/popularity.ts";
import { acceptanceTable } from "@/experiments/twin_acceptance.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";
import { trainingTable } from "@/experiments/twin_training.ts";
import {
  benchmarkTitle,
  lengthsText,
  reasonerTable,
} from "@/experiments/twin_table.ts";

/** The card, in Markdown. */
export async function twinCard(
  twin: Twin,
  numbers: TwinNumbers,
): Promise<string> {
  const { benchmark, sizes, about, world, known } = twin;
  const { tokens } = numbers;
  const title = benchmarkTitle(twin);
  const tables = [
    policyTable(numbers),
    reasonerTable([{ twin, numbers }]),
    trainingTable(numbers),
    furtherTable(numbers),
    heartTable(numbers.reasoners),
    popularityTable(numbers.popularity),
    controlTable(numbers),
    labelTable(numbers),
    acceptanceTable(twin, numbers),
  ].filter((table) => table !== undefined);
  return `# Data card: the ${title} twin

A small stand-in for ${title}, written by a program. Its tasks have the file
format, the prompt and the scorers of ${title}, but few words, so that a model of
about a million parameters can learn them. No row of ${title} is used, and an
accuracy here says nothing about ${title} itself.

${about.trim()}

Its world is "${world}": drawn once, the same in every split. Pre-training states
${known.facts} of its ${known.of} facts truly; what the mini reasoners keep of these, their accuracy
before any training shows.

## Example

${await exampleText(twin)}

## Files

This command writes them, the same bytes on every machine:

\`\`\`sh
deno task make-twin --benchmark ${benchmark.name} --output DIR
\`\`\`

| Split | Tasks |
|---|---:|
${
    Object.entries(sizes).map(([split, size]) => `| ${split} | ${size} |`)
      .join("\n")
  }

${trainingText(twin)}

${lengthText(twin, tokens)}

${tables.map(renderMarkdown).join("\n")}`;
}

function trainingText({ trainingSizes }: Twin): string {
  return trainingSizes.length === 0
    ? "The twin is for evaluation only."
    : `Training sizes for studies of scarce experience (\`deno task train --tasks N\`):
${trainingSizes.join(", ")}, each a part of the one before.`;
}

function lengthText(
  { benchmark, maxTokens }: Twin,
  { prompt, answer }: TwinNumbers["tokens"],
): string {
  const turns = benchmark.maxTurns === 1
    ? ""
    : ", with all turns and what is read between them";
  return `Tokens, mean and, in parentheses, most: ${
    lengthsText(prompt)
  } of a prompt,
${lengthsText(answer)} of its answer${turns}. Both together are
at most ${maxTokens}.`;
}

/** The first task of the test split, as the oracle works it, and its facts. */
async function exampleText(twin: Twin): Promise<string> {
  const problem = twin.problem("test", 0);
  const oracle = twin.policies().find(({ kind }) => kind === "oracle")!;
  const policy = oracle.start(problem, seededRandom("card"));
  const { chat } = await play(twin, problem, policy);
  const turns = chat.map(({ role, content }) => {
    const fence = content.includes("```") ? "````" : "```";
    return `${role}:\n\n${fence}text\n${content.trimEnd()}\n${fence}`;
  });
  return `${turns.join("\n\n")}\n\nIt needs the facts of: ${
    problem.facts.join(", ")
  }.`;
}

function policyTable({ policies }: TwinNumbers): Table {
  return {
    title: "What scripts reach, without a model",
    caption: `Right in percent of the test split's ${
      policies[0].n
    } tasks, under the official scorer.`,
    columns: [
      { header: "Script" },
      { header: "Kind", align: "left" },
      { header: "Right" },
    ],
    rows: policies.map(({ name, kind, correct, n }) => [
      name,
      kind,
      formatTenths(100 * correct / n),
    ]),
    footnotes: [
      "oracle: reads the task and knows the facts. It shows that every task can be solved.",
      "ignorant: reads and works like the oracle, but makes the facts up. An accuracy above its own takes knowledge of the facts.",
      "random and shortcut: read at most the surface of the task. An accuracy near theirs shows no skill at all.",
      ...policies.some(({ kind }) => kind === "rote")
        ? [
          "rote: puts training episodes together as they stand, and so has their facts. What it reaches takes experience, but no skill.",
        ]
        : [],
    ],
  };
}

function labelTable({ labels, policies, oracleLabelled }: TwinNumbers): Table {
  const injected = new Set(labels.map(({ label }) => label));
  const others = FAILURE_LABELS.filter((label) => !injected.has(label));
  return {
    title: "Failure labels",
    caption:
      "Why an answer is wrong, says a program that reads it, in the paper's eight labels (appendix H.2). It is tried on failures that were put into right answers.",
    columns: [
      { header: "Injected failure" },
      { header: "Failed runs" },
      { header: "Labelled so, %" },
    ],
    rows: labels.map(({ label, failed, labelled }) => [
      label,
      failed,
      formatTenths(100 * labelled / failed),
    ]),
    footnotes: [
      `Of the oracle's ${
        policies[0].n
      } runs, which are right, ${oracleLabelled} got a label.`,
      ...others.length === 0
        ? []
        : [`No answer fails by ${others.join(", ")}.`],
    ],
  };
}
