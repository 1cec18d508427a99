/**
 * What the mini reasoners read in pre-training (mini-reasoners' recipe, part
 * 1): what twins give them to practise, and drills of the skills that all of
 * them need. A benchmark's own world stays unknown to them, but for the known
 * facts.
 */
import {
  drillLookUps,
  findTwin,
  GLOSSARY_NOTES,
  type Segments,
} from "@/lib/benchmarks/twins/mod.ts";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import type { Tokenizer } from "@/lib/models/mod.ts";
import type { LabelledTokens } from "@/lib/training/mod.ts";
import { type Random, seededRandom } from "@/lib/random.ts";

/** What samples there are, in which shares. */
export interface Mixture {
  /** Samples that are nothing but looking up notes. @default {0} */
  readonly lookUps?: number;
  /** Samples of twins, by the name of the benchmark. */
  readonly twins?: Readonly<Record<string, number>>;
}

/** Notes of a look-up, at most. */
const LOOK_UP_NOTES = 2;

/** Sample number `index` of the corpus. */
export function pretrainingRow(
  tokenizer: Tokenizer,
  index: number,
  mixture: Mixture,
): LabelledTokens {
  return encode(tokenizer, draw(seededRandom("pretraining", index), mixture));
}

function draw(random: Random, { lookUps = 0, twins = {} }: Mixture): Segments {
  const shares = Object.entries(twins);
  const total = shares.reduce((sum, [, share]) => sum + share, lookUps);
  let left = random() * total - lookUps;
  if (left < 0) return drillLookUps(random, LOOK_UP_NOTES, GLOSSARY_NOTES);
  const [name] = shares.find(([, share]) => (left -= share) < 0)!;
  return findTwin(name).practise(random);
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
