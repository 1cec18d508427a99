/**
 * What the mini reasoners read in pre-training (mini-reasoners' recipe, part
 * 1): what twins give them to practise, and drills of the skills that all of
 * them need. A benchmark's own world stays unknown to them, but for the known
 * facts.
 */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  drillLookUps,
  drillSums,
  findTwin,
  GLOSSARY_NOTES,
  type Segments,
  type Twin,
} from "@/lib/benchmarks/twins/mod.ts";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import type { Tokenizer } from "@/lib/models/mod.ts";
import type { LabelledTokens } from "@/lib/training/mod.ts";
import { type Random, seededRandom } from "@/lib/random.ts";

/** What samples there are; shares count in proportion to their sum. */
export interface Mixture {
  /** Share of those that are nothing but looking up notes. @default {0} */
  readonly lookUps?: number;
  /** Share of those that are nothing but sums. @default {0} */
  readonly sums?: number;
  /** Shares of what twins give to practise, by the benchmark's name. */
  readonly twins?: Readonly<Record<string, number>>;
  /** Shares of what twins give to revise, by the benchmark's name. */
  readonly revise?: Readonly<Record<string, number>>;
}

/** Notes of a look-up, at most. */
const LOOK_UP_NOTES = 2;

/** Samples between two turns of the event loop. */
const SAMPLES_A_TURN = 100;

/** Samples, numbered from 0, as one array: there are millions of tokens. */
export class Corpus {
  /**
   * @param tokens Of all samples, one after another: the id of a token that is
   * learned, `~id` (negative, also for id 0) of one that is only read.
   * @param ends Where each sample ends among the tokens.
   */
  constructor(readonly tokens: Int32Array, readonly ends: Int32Array) {}

  /** Samples. */
  get size(): number {
    return this.ends.length;
  }

  /** Tokens of a sample. */
  lengthOf(index: number): number {
    return this.ends[index] - this.#startOf(index);
  }

  /** Tokens of a sample that are learned. */
  learnedOf(index: number): number {
    const tokens = this.#tokensOf(index);
    return tokens.reduce((sum, token) => token < 0 ? sum : sum + 1, 0);
  }

  /** A sample as training takes it. */
  row(index: number): LabelledTokens {
    const tokens = this.#tokensOf(index);
    return {
      ids: Array.from(tokens, (token) => token < 0 ? ~token : token),
      labels: Array.from(
        tokens,
        (token) => token < 0 ? IGNORED_LABEL : token,
      ),
    };
  }

  /** What tells it from every other corpus: SHA-256 of all that is in it. */
  digest(): string {
    const hash = createHash("sha256");
    for (const { buffer, byteOffset, byteLength } of [this.tokens, this.ends]) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    return hash.digest("hex");
  }

  #tokensOf(index: number): Int32Array {
    return this.tokens.subarray(this.#startOf(index), this.ends[index]);
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1];
  }
}

/**
 * Draws the first `size` samples of a mixture; now and then other work of the
 * process gets its turn.
 *
 * @param onProgress Called at these turns and after the last sample.
 * @throws {RangeError} If the mixture names a twin that there is not, or one
 * that has nothing to revise.
 */
export async function drawCorpus(
  tokenizer: Tokenizer,
  mixture: Mixture,
  size: number,
  onProgress?: (done: number) => void,
): Promise<Corpus> {
  const tokens: number[] = [];
  const ends = new Int32Array(size);
  for (let index = 0; index < size; index++) {
    for (const { text, learn } of drawSample(mixture, index)) {
      for (const id of tokenizer.encode(text)) tokens.push(learn ? id : ~id);
    }
    ends[index] = tokens.length;
    const done = index + 1;
    if (done % SAMPLES_A_TURN === 0 || done === size) {
      onProgress?.(done);
      await nextTurn();
    }
  }
  return new Corpus(Int32Array.from(tokens), ends);
}

/**
 * Sample number `index` of a mixture, always the same.
 *
 * @throws {RangeError} If the mixture names a twin that there is not, or one
 * that has nothing to revise.
 */
export function drawSample(mixture: Mixture, index: number): Segments {
  return draw(seededRandom("pretraining", index), mixture);
}

function draw(
  random: Random,
  { lookUps = 0, sums = 0, twins = {}, revise = {} }: Mixture,
): Segments {
  const kinds: (readonly [share: number, draw: () => Segments])[] = [
    [lookUps, () => drillLookUps(random, LOOK_UP_NOTES, GLOSSARY_NOTES)],
    [sums, () => drillSums(random)],
    ...sharesOf(twins, (name) => findTwin(name).practise(random)),
    ...sharesOf(revise, (name) => revised(findTwin(name), random)),
  ];
  let left = random() * kinds.reduce((sum, [share]) => sum + share, 0);
  const [, drawKind] = kinds.find(([share]) => (left -= share) < 0)!;
  return drawKind();
}

function sharesOf(
  shares: Readonly<Record<string, number>>,
  draw: (name: string) => Segments,
): (readonly [number, () => Segments])[] {
  return Object.entries(shares)
    .map(([name, share]) => [share, () => draw(name)]);
}

function revised({ benchmark, revise }: Twin, random: Random): Segments {
  if (revise !== undefined) return revise(random);
  throw new RangeError(
    `Cannot draw what is revised as the twin must have it: current value is ${benchmark.name}`,
  );
}
