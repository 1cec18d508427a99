/**
 * Two programs measured in turn: on a machine whose speed drifts, only the
 * ratio of neighbours in time means something.
 */

import { spreadOf } from "@/lib/report/mod.ts";

/** What a contender reports. */
export interface Timing {
  /** Duration of each run, in seconds. */
  readonly seconds: readonly number[];
  /** Tokens that the last run generated, a list a row; null if none. */
  readonly tokens: readonly (readonly number[])[] | null;
}

/** What a process took, if it is one of its own. */
export interface ProcessReport {
  /** Most bytes at once until it was ready; null where Linux does not say. */
  readonly empty: number | null;
  /** Most bytes at once until now; null as above. */
  readonly peak: number | null;
  /** Seconds of the preparation of its work. */
  readonly prepared: number;
}

/** Does a number of runs, one after another, and says how long each took. */
export type Measure = (runs: number) => Timing | Promise<Timing>;

/** How a pair is measured. */
export interface PairOptions {
  /** Tokens that a run trains on or generates. */
  readonly tokens: number;
  /** Runs of each contender in a round. */
  readonly runs: number;
  /** Rounds. */
  readonly rounds: number;
  /** Called after the warm-up and after every round. */
  readonly onRound?: () => void;
}

/** Tokens per second of every round. */
export interface PairedRounds {
  /** Ours. */
  readonly ours: readonly number[];
  /** The peer's, in the same rounds; none without a peer. */
  readonly peer?: readonly number[];
  /** Share of the generated tokens that are the same, if both report any. */
  readonly sameTokens?: number;
}

/** Runs before the first round: they compile, allocate and fill caches. */
const WARM_UP_RUNS = 2;

/**
 * Measures ours, then the peer, round after round. A round's figure is that of
 * its median run; the warm-up counts for neither.
 *
 * @param peer None: only ours is measured.
 */
export async function measurePaired(
  ours: Measure,
  peer: Measure | undefined,
  { tokens, runs, rounds, onRound }: PairOptions,
): Promise<PairedRounds> {
  const rate = ({ seconds }: Timing): number =>
    tokens / spreadOf(seconds).median;
  await ours(WARM_UP_RUNS);
  await peer?.(WARM_UP_RUNS);
  onRound?.();
  const ourRates: number[] = [];
  const peerRates: number[] = [];
  let sameTokens: number | undefined;
  for (let round = 0; round < rounds; round++) {
    const our = await ours(runs);
    ourRates.push(rate(our));
    if (peer !== undefined) {
      const other = await peer(runs);
      peerRates.push(rate(other));
      sameTokens = equalShare(our.tokens, other.tokens);
    }
    onRound?.();
  }
  return peer === undefined
    ? { ours: ourRates }
    : { ours: ourRates, peer: peerRates, sameTokens };
}

/** How often ours is as fast as the peer, round by round; none without one. */
export function pairedRatios({ ours, peer = [] }: PairedRounds): number[] {
  return peer.map((rate, round) => ours[round] / rate);
}

function equalShare(
  ours: Timing["tokens"],
  theirs: Timing["tokens"],
): number | undefined {
  if (ours === null || theirs === null) return undefined;
  const pairs = ours.flatMap((row, r) =>
    row.map((token, t) => [token, theirs[r]?.[t]])
  );
  return pairs.filter(([a, b]) => a === b).length / pairs.length;
}
