/**
 * What the mini reasoners read in pre-training (mini-reasoners' recipe, part
 * 1): what twins give them to practise. The benchmark's own world stays unknown
 * to them, but for the known facts.
 */
import {
  drillLookUps,
  drillSums,
  GLOSSARY_NOTES,
  practiseGsm8k,
  type Segments,
} from "@/lib/benchmarks/twins/mod.ts";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import type { Tokenizer } from "@/lib/models/mod.ts";
import type { LabelledTokens } from "@/lib/training/mod.ts";
import { type Random, seededRandom } from "@/lib/random.ts";

/** Shares of the samples that are nothing but one skill; the rest are problems. */
export interface Mixture {
  /** Samples that are nothing but sums. */
  readonly sums: number;
  /** Samples that are nothing but looking up notes. */
  readonly lookUps: number;
  /** Notes of such a sample, at most; at least two. */
  readonly notes: number;
}

/** Sample number `index` of the corpus. */
export function pretrainingRow(
  tokenizer: Tokenizer,
  index: number,
  mixture: Mixture,
): LabelledTokens {
  return encode(tokenizer, draw(seededRandom("pretraining", index), mixture));
}

function draw(random: Random, { sums, lookUps, notes }: Mixture): Segments {
  const kind = random();
  if (kind < sums) return drillSums(random);
  if (kind < sums + lookUps) return drillLookUps(random, notes, GLOSSARY_NOTES);
  return practiseGsm8k(random);
}

function encode(tokenizer: Tokenizer, segments: Segments): LabelledTokens {
  const ids: number[] = [];
  const labels: number[] = [];
  for (const { text, learn } of segments) {
    const tokens = tokenizer.encode(text);
    ids.push(...tokens);
    labels.push(...tokens.map((id) => learn ? id : IGNORED_LABEL));
  }
  return { ids, labels };
}
