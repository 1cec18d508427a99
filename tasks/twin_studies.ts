/** The studies of a mini reasoner, one for each twin, within one ledger. */
import { controlTwin } from "@/experiments/control_runs.ts";
import type { Ledger } from "@/experiments/ledger.ts";
import {
  type MiniReasoner,
  presetOn,
  type Table1Preset,
} from "@/experiments/presets.ts";
import { SupervisedStudy } from "@/experiments/supervised_study.ts";
import { findTwin } from "@/lib/benchmarks/twins/mod.ts";
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

/**
 * From the name of a benchmark to the study of its twin, or of one of the twin's
 * negative controls.
 */
export function twinStudies(
  { reasoner, model, key, generator, preset, ledger, made, signal, bar }:
    TwinStudiesOptions,
): (benchmark: string, control?: string) => SupervisedStudy {
  return (benchmark, control) =>
    new SupervisedStudy({
      twin: control === undefined
        ? findTwin(benchmark)
        : controlTwin(findTwin(benchmark), control),
      model,
      modelKey: key,
      generator,
      precision: made.backend.precision,
      preset: presetOn(preset, reasoner, benchmark),
      ledger,
      made: provenanceText(made),
      signal,
      onFraction: (fraction, note) => bar.update(fraction, note),
    });
}
