/** The data card of a twin: what a reader must know to judge a number. */
import { seededRandom } from "../../random.ts";
import { KNOWN_SHARE } from "./glossary.ts";
import { measurePolicies } from "./measure.ts";
import { play } from "./play.ts";
import type { Twin } from "./twin.ts";

/** Benchmarks' names as their authors write them. */
const TITLES: Readonly<Record<string, string>> = {
  gsm8k: "GSM8K",
  aqua: "AQuA",
  math: "MATH",
  gpqa: "GPQA",
  kodcode: "KodCode",
  bigcodebench: "BigCodeBench",
  alfworld: "ALFWorld",
  triviaqa: "TriviaQA",
  popqa: "PopQA",
  scienceworld: "ScienceWorld",
  fever: "FEVER",
};

/** The card, in Markdown. */
export async function twinCard(twin: Twin): Promise<string> {
  const { benchmark, sizes, trainingSizes, about, world, maxTokens } = twin;
  const title = TITLES[benchmark.name];
  const splits = Object.entries(sizes)
    .map(([split, size]) => `| ${split} | ${size} |`);
  const measured = await measurePolicies(twin);
  const n = Math.max(...measured.map((policy) => policy.n));
  const policies = measured.map((policy) =>
    `| ${policy.name} | ${policy.kind} | ${
      (100 * policy.correct / policy.n).toFixed(1)
    } |`
  );
  return `# Data card: the ${title} twin

A small stand-in for ${title}, written by a program. ${
    formatText(benchmark.name, title)
  }
No row of ${title} is used, and an accuracy here says nothing about ${title} itself.

${about.trim()}

Its world is "${world}": drawn once, the same in every split. The mini reasoners
bring ${Math.round(100 * KNOWN_SHARE)} % of its facts along from pre-training.

## Example

${await exampleText(twin)}

## Files

This command writes them, the same bytes on every machine:

\`\`\`sh
deno task make-twin --benchmark ${benchmark.name} --output DIR
\`\`\`

| Split | Tasks |
|---|---:|
${splits.join("\n")}

${trainingText(trainingSizes)}
A prompt with its answer has ${maxTokens} tokens at most.

## What scripts reach, without a model

| Script | Kind | Right, % of ${n} test tasks |
|---|---|---:|
${policies.join("\n")}

- oracle: reads the task and knows the facts. It shows that every task can be
  solved.
- ignorant: reads and works like the oracle, but makes the facts up. An accuracy
  above its own takes knowledge of the facts.
- random and shortcut: read at most the surface of the task. An accuracy near
  theirs shows no skill at all.
`;
}

function trainingText(sizes: readonly number[]): string {
  return sizes.length === 0
    ? "The twin is for evaluation only."
    : `Experiments train on ${
      sizes.join(", ")
    } of them, each set a part of the one before.`;
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

/** What is the benchmark's own, and what is not. */
function formatText(name: string, title: string): string {
  return name === "scienceworld"
    ? `Files, words and rules are
our own, with few words, so that a model of about a million parameters can learn
them.`
    : `Its tasks have the file
format, the prompt and the scorers of ${title}, but few words, so that a model of
about a million parameters can learn them.`;
}
