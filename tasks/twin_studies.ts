/** The studies of a mini reasoner, one for each twin, within one ledger. */
import type { Ledger } from "@/experiments/ledger.ts";
import {
  type MiniReasoner,
  presetOn,
  type Table1Preset,
} from "@/experiments/presets.ts";
import { SupervisedStudy } from "@/experiments/supervised_study.ts";
import type { Twin } from "@/lib/benchmarks/twins/mod.ts";
import type { Generator, Model } from "@/lib/models/mod.ts";
import { type Provenance, provenanceText } from "@/tasks/provenance.ts";
import type { TableProgress } from "@/tasks/table_progress.ts";

/** What the studies share. */
export interface TwinStudiesOptions {
  /** Name of the reasoner. */
  readonly reasoner: MiniReasoner;
  /** The reasoner. */
  readonly model: Model;
  /** Checksum of its files. */
  readonly key: string;
  /** Its compiled functions. */
  readonly generator: Generator;
  /** Sizes. */
  readonly preset: Table1Preset;
  /** Where results are kept. */
  readonly ledger: Ledger;
  /** What computes. */
  readonly made: Provenance;
  /** Stops between two steps. */
  readonly signal: AbortSignal;
  /** Shows how far a cell is. */
  readonly bar: TableProgress;
}

/** From a twin to its study. */
export function twinStudies(
  { reasoner, model, key, generator, preset, ledger, made, signal, bar }:
    TwinStudiesOptions,
): (twin: Twin) => SupervisedStudy {
  return (twin) =>
    new SupervisedStudy({
      twin,
      model,
      modelKey: key,
      generator,
      precision: made.backend.precision,
      preset: presetOn(preset, reasoner, twin.benchmark.name),
      ledger,
      made: provenanceText(made),
      signal,
      onFraction: (fraction, note) => bar.update(fraction, note),
    });
}
