/**
 * The trigger in one call of generation: it keeps a cache of its own and reads
 * what is new when it is asked.
 *
 * Text only (released), or the reasoner's context: text and latents in the
 * order in which they came. Whoever decides on a block has not seen it, so that
 * the trigger reads a prepended block after token c - 1, where the reasoner
 * reads it before: the trigger's tokens see a block from token c on.
 */
import * as tf from "@tensorflow/tfjs";
import {
  CachedDecoder,
  type CacheSize,
  type GenerationRow,
  type Item,
  KIND,
  type Model,
} from "../models/mod.ts";
import type { MemgenModules } from "./checkpoint.ts";
import type { DecisionOptions } from "./decisions.ts";
import type { TriggerFunction } from "./functions.ts";
import { RowReadings } from "./row_readings.ts";
import { triggerLora } from "./trigger.ts";

/** What the trigger runs on. */
export interface TriggerSessionOptions
  extends Pick<DecisionOptions, "sampleDecisions"> {
  /** The base model. */
  readonly model: Model;
  /** The modules. */
  readonly modules: MemgenModules;
  /** The compiled pass. */
  readonly judge: TriggerFunction;
}

/** The trigger of one call; decides for rows at candidates. */
export class TriggerSession {
  readonly #options: TriggerSessionOptions;
  readonly #readsLatents: boolean;
  readonly #decoder: CachedDecoder;
  readonly #readings = new RowReadings();

  /** An empty cache of the given size. */
  constructor(options: TriggerSessionOptions, size: CacheSize) {
    const { model, modules: { config, trigger } } = options;
    this.#options = options;
    this.#readsLatents = config.triggerReads === "context";
    const lora = triggerLora(trigger, config);
    const view = { weights: model.weights, lora };
    this.#decoder = new CachedDecoder(model.config, view, size);
  }

  /** Whether to insert before the next token, for each row. */
  decide(rows: readonly GenerationRow[]): boolean[] {
    const blocks = rows.map((row) => this.#read(row));
    const { modules, judge, sampleDecisions } = this.#options;
    const { result, places } = this.#decoder.extendInPieces(
      judge,
      ({ last }) => ({
        parameters: modules.trigger,
        last: tf.tensor1d(last, "int32"),
      }),
      { rows: rows.map(({ index }) => index), blocks },
    );
    const margins = result.dataSync();
    result.dispose();
    return rows.map((row, i) => {
      const margin = margins[places[i]];
      if (sampleDecisions === undefined) return margin > 0;
      const { temperature } = sampleDecisions;
      return row.memoryRandom() < 1 / (1 + Math.exp(-margin / temperature));
    });
  }

  /** Takes notice of latents that were inserted before a row's next token. */
  notice(row: GenerationRow, latents: readonly Item[]): void {
    if (this.#readsLatents) this.#readings.of(row).unread = latents;
  }

  /** Forgets what it read after the first tokens of a row, if that had latents. */
  forget(row: GenerationRow, kept: number): void {
    if (!this.#readsLatents) return;
    this.#readings.forget(row, kept);
    this.#decoder.keep(row.index, kept);
  }

  /** Forgets a row that has ended. */
  clear(row: GenerationRow): void {
    this.#readings.clear(row);
    this.#decoder.clear(row.index);
  }

  /** Frees the cache. */
  dispose(): void {
    this.#decoder.dispose();
  }

  /** What is new to the trigger: latents, then the text after them. */
  #read(row: GenerationRow): Item[] {
    const reading = this.#readings.of(row);
    const { tokens: start, unread } = reading;
    reading.tokens = row.tokens.length;
    reading.unread = [];
    // Appended latents move the positions of what follows, if they are read.
    const shift = this.#readsLatents ? row.shift : 0;
    const text = row.tokens.slice(start).map((value, i) => ({
      value,
      position: start + i + shift,
      kind: KIND.text,
    }));
    return [...unread, ...text];
  }
}
