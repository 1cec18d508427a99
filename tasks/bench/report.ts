/** What the bench found, for people and for machines. */
import { renderText, type Spread, spreadOf } from "@/lib/report/mod.ts";
import { pairedRatios, type PairedRounds } from "./paired.ts";

/** Of what is measured: tokens per second, megabytes (10^6), seconds. */
export type Unit = "tokens/s" | "MB" | "s";

/** A case after its rounds. */
export interface MeasuredCase extends PairedRounds {
  /** @default {"tokens/s"} */
  readonly unit?: Unit;
  /** Functions that XLA compiled for ours, or took from its cache on disk. */
  readonly compilations?: number;
}

/** Where one case stands. */
export interface CaseReport {
  /** Of ours and the peer's. */
  readonly unit: Unit;
  /**
   * Functions that XLA compiled for ours, or took from its cache on disk; none
   * where ours is a process of its own.
   */
  readonly compilations?: number;
  /** This project. */
  readonly ours: Spread;
  /** The peer in the same rounds, if there was one. */
  readonly peer?: Spread;
  /** Ours by the peer's, round by round. */
  readonly ratio?: Spread;
  /** Share of the generated tokens that both have, where both say them. */
  readonly sameTokens?: number;
}

/** What was measured on what; `--json` prints it. */
export interface BenchReport {
  /** Median ratio of each case with a peer. */
  readonly ratios: Readonly<Record<string, number>>;
  /** All cases. */
  readonly cases: Readonly<Record<string, CaseReport>>;
  /** Rounds of each. */
  readonly rounds: number;
  /** What computed. */
  readonly machine: Machine;
}

/** What computed. */
export interface Machine {
  /** Model of the processor. */
  readonly processor: string;
  /** Cores that the process may see. */
  readonly cores: number;
  /** Threads that compute. */
  readonly threads: number;
  /** Such as `CPU`. */
  readonly device: string;
  /** Processes that wanted to compute in the minute before the start. */
  readonly load: number;
  /** Of everything that computed, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Rounds by case, in medians and extremes. */
export function summarize(
  results: ReadonlyMap<string, MeasuredCase>,
): Pick<BenchReport, "ratios" | "cases"> {
  const cases: Record<string, CaseReport> = {};
  const ratios: Record<string, number> = {};
  for (const [name, rounds] of results) {
    const { unit = "tokens/s", compilations, ours, peer, sameTokens } = rounds;
    if (peer === undefined) {
      cases[name] = { unit, compilations, ours: spreadOf(ours) };
      continue;
    }
    const ratio = spreadOf(pairedRatios(rounds));
    cases[name] = {
      unit,
      compilations,
      ours: spreadOf(ours),
      peer: spreadOf(peer),
      ratio,
      sameTokens,
    };
    ratios[name] = ratio.median;
  }
  return { ratios, cases };
}

/** The report for people. */
export function formatReport(
  { cases, rounds, machine }: BenchReport,
): string {
  const { processor, cores, threads, device, versions } = machine;
  const inUnit = (unit: Unit) => (value: number): string =>
    unit === "s" ? value.toFixed(1) : Math.round(value).toLocaleString("en");
  const ratio = (value: number): string => value.toFixed(2);
  const cell = (
    spread: Spread | undefined,
    format: (value: number) => string,
  ): string =>
    spread === undefined
      ? ""
      : `${format(spread.median)} (${format(spread.low)}-${
        format(spread.high)
      })`;
  const columns = ["case", "unit", "compiled", "ours"];
  const hasPeers = Object.values(cases).some(({ peer }) => peer !== undefined);
  if (hasPeers) columns.push("peer", "ours / peer", "same tokens");
  return renderText({
    title: `Median of ${rounds} ${
      rounds === 1 ? "round" : "rounds"
    } (lowest-highest)`,
    caption: `${processor}, ${cores} cores, ${threads} threads on ${device}; ${
      formatVersions(versions)
    }`,
    columns: columns.map((header) => ({ header })),
    rows: Object.entries(cases).map(([name, each]) =>
      [
        name,
        each.unit,
        `${each.compilations ?? ""}`,
        cell(each.ours, inUnit(each.unit)),
        cell(each.peer, inUnit(each.unit)),
        cell(each.ratio, ratio),
        each.sameTokens === undefined
          ? ""
          : `${(100 * each.sameTokens).toFixed(1)} %`,
      ].slice(0, columns.length)
    ),
  });
}

/** Names and versions in one line. */
export function formatVersions(
  versions: Readonly<Record<string, string>>,
): string {
  return Object.entries(versions).map((each) => each.join(" ")).join(", ");
}
