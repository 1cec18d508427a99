/** The GSM8K twin as files: GSM8K's own format, and its data card. */
import { join } from "node:path";
import { seededRandom } from "../../random.ts";
import type { Split } from "../task.ts";
import { FACT_NAMES, KNOWN_SHARE, WORLD_SEED } from "./glossary.ts";
import type { Problem } from "./gsm8k_problem.ts";
import {
  gsm8kPolicies,
  type NamedPolicy,
  policyAccuracy,
} from "./gsm8k_policies.ts";
import {
  CHAIN_LENGTHS,
  HELD_OUT_BIGRAMS,
  SPLIT_SIZES,
  splitProblem,
  TRAINING_SIZES,
} from "./gsm8k_splits.ts";

const SPLITS: readonly Split[] = ["train", "valid", "test"];

/** A policy with its accuracy on the test split. */
export interface MeasuredPolicy extends Omit<NamedPolicy, "answer"> {
  /** Share of right answers, in [0, 1]. */
  readonly accuracy: number;
}

/** Problems of a split, `count` of them or all. */
export function splitProblems(
  split: Split,
  count: number = SPLIT_SIZES[split],
): Problem[] {
  return Array.from({ length: count }, (_, i) => splitProblem(split, i));
}

/**
 * Writes train.jsonl, valid.jsonl and test.jsonl, which the GSM8K loader
 * reads; `facts` and `operations` are extra columns for analysis.
 */
export async function writeGsm8kTwin(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const split of SPLITS) {
    const lines = splitProblems(split).map((problem) =>
      JSON.stringify({
        question: problem.question,
        answer: problem.answer,
        facts: problem.facts,
        operations: problem.signature.operations,
      })
    );
    const path = join(folder, `${split}.jsonl`);
    await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
  }
}

/** What policies without a model reach on the test split. */
export function measurePolicies(): MeasuredPolicy[] {
  const golds = splitProblems("train").map(({ gold }) => gold);
  const test = splitProblems("test");
  return gsm8kPolicies(golds, seededRandom("gsm8k-twin", "policies"))
    .map((policy) => ({
      name: policy.name,
      kind: policy.kind,
      accuracy: policyAccuracy(policy, test),
    }));
}

/** The data card, in Markdown: what a reader must know to judge a number. */
export function gsm8kTwinCard(): string {
  const test = splitProblems("test");
  const [example] = test;
  const facts = test.reduce((sum, problem) => sum + problem.facts.length, 0);
  const factsPerProblem = (facts / test.length).toFixed(2);
  const knownPercent = Math.round(100 * KNOWN_SHARE);
  const files = SPLITS.map((split) =>
    `| ${split}.jsonl | ${SPLIT_SIZES[split]} |`
  );
  const pairs = [...HELD_OUT_BIGRAMS.test].slice(0, 2)
    .map((pair) => pair.replace(">", ", then "));
  const policies = measurePolicies().map(({ name, kind, accuracy }) =>
    `| ${name} | ${kind} | ${(100 * accuracy).toFixed(1)} |`
  );
  return `# Data card: the GSM8K twin

A small stand-in for GSM8K (openai/gsm8k), written by a program. Its problems
have the file format, the prompt and the scorers of GSM8K, but few words and
small numbers, so that a model of about a million parameters can learn them. No
row of GSM8K is used, and an accuracy here says nothing about GSM8K itself.

Every problem needs a fact that its question does not state: how many things a
container holds, what an item costs, or what an invented verb does to a number.
There are ${FACT_NAMES.length} facts, the twin's world: drawn once (seed ${WORLD_SEED}), the same in every
split. They stand only in the worked answers, so a model must learn them from
the training split and remember them. The mini reasoners bring ${knownPercent} % of them
along from pre-training, and the arithmetic.

## Example

Question:

> ${example.question}

Worked answer:

\`\`\`text
${example.answer}
\`\`\`

## Files

This command writes them, the same bytes on every machine:

\`\`\`sh
deno task make-twin --benchmark gsm8k --output DIR
\`\`\`

| File | Problems |
|---|---:|
${files.join("\n")}

| Column | What |
|---|---|
| question | the problem |
| answer | the worked answer; its last line is the number, after \`####\` |
| facts | names of the facts that the answer needs; in the test split ${factsPerProblem} on average |
| operations | what happens, in order: ${
    CHAIN_LENGTHS.join(" or ")
  } operations |

GSM8K's loader reads the first two columns; the others are for analysis.
Experiments train on ${
    TRAINING_SIZES.join(", ")
  } problems, each set a part of the one before.

## What is new in the test split

Not the facts, but how they are combined. ${HELD_OUT_BIGRAMS.test.size} pairs of successive operations
(such as ${pairs.join("; ")}) occur in the test split only, and every
test problem has at least one of them. ${HELD_OUT_BIGRAMS.valid.size} other pairs occur in no training
problem, and every validation problem has at least one of those.

## What scripts reach, without a model

| Script | Kind | Right, % of ${test.length} test problems |
|---|---|---:|
${policies.join("\n")}

- oracle: reads the question and knows the facts. It shows that every problem
  can be solved.
- ignorant: reads and computes like the oracle, but makes the facts up. An
  accuracy above its own takes knowledge of the facts.
- chance and shortcut: read at most the numbers of the question. An accuracy near
  theirs shows no skill at all.
`;
}
