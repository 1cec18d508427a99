/** The GSM8K twin as files: GSM8K's own format, and its data card. */
import { join } from "node:path";
import { seededRandom } from "../../random.ts";
import type { Split } from "../task.ts";
import { FACT_NAMES, KNOWN_SHARE, WORLD_SEED } from "./glossary.ts";
import { bigrams, type Problem } from "./gsm8k_problem.ts";
import {
  gsm8kPolicies,
  type NamedPolicy,
  policyAccuracy,
} from "./gsm8k_policies.ts";
import {
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

/** The data card, in Markdown. */
export function gsm8kTwinCard(): string {
  const test = splitProblems("test");
  const [example] = test;
  const facts = test.reduce((sum, problem) => sum + problem.facts.length, 0);
  const heldOut = test.flatMap(({ signature }) => bigrams(signature))
    .filter((pair) => HELD_OUT_BIGRAMS.test.has(pair));
  const rows = measurePolicies().map(({ name, kind, accuracy }) =>
    `| ${name} | ${kind} | ${(100 * accuracy).toFixed(1)} |`
  );
  return `# Data card: the GSM8K twin

A small, seeded, exactly scored stand-in for GSM8K (not GSM8K: no row of it is
used). Problems are in GSM8K's own format and language style; what containers
hold, what invented verbs do and what items cost must be learned from worked
answers.

| | |
|---|---|
| Rows | ${SPLITS.map((split) => `${split} ${SPLIT_SIZES[split]}`).join(", ")} |
| Training sizes | ${TRAINING_SIZES.join(", ")}, nested |
| Facts of the world | ${FACT_NAMES.length}, seed ${WORLD_SEED}; the mini reasoners know ${
    Math.round(100 * KNOWN_SHARE)
  } % of them from pre-training |
| Facts a test problem needs | ${(facts / test.length).toFixed(2)} on average |
| Split | by kind: ${HELD_OUT_BIGRAMS.test.size} pairs of successive operations occur in test only, ${HELD_OUT_BIGRAMS.valid.size} in validation only; every test problem holds one (${heldOut.length} in all) |
| Scorer | GSM8K's, \`official\` and \`lenient\` |

## Policies without a model, on the test split

| Policy | Kind | Right, % of ${test.length} |
|---|---|---:|
${rows.join("\n")}

## An example

> ${example.question}

\`\`\`text
${example.answer}
\`\`\`
`;
}
