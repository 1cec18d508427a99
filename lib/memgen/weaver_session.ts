/**
 * The weaver in one call of generation: it keeps a cache of its own and reads
 * what is new when it is asked.
 *
 * Where it reads the reasoner's hidden states, a second cache runs the
 * reasoner over what is new: the run that generates keeps no hidden states. A
 * prepended block changes the state of token c - 1, which is then read again.
 */
import {
  CachedDecoder,
  type CacheSize,
  type GenerationRow,
  type Item,
  KIND,
} from "../models/mod.ts";
import type { MemgenModules } from "./checkpoint.ts";
import type { MemgenConfig } from "./config.ts";
import type { MemgenFunctions } from "./functions.ts";
import type { Retrieve } from "./retrieval.ts";
import { RowReadings } from "./row_readings.ts";
import {
  type MemgenBase,
  pauseName,
  type QueryKind,
  weaverModel,
  weaverView,
} from "./weaver.ts";

/** What the weaver runs on. */
export interface WeaverSessionOptions {
  /** The reasoner, and the weaver's base if it has another. */
  readonly base: MemgenBase;
  /** The modules. */
  readonly modules: MemgenModules;
  /** The compiled passes. */
  readonly functions: Pick<MemgenFunctions, "weave" | "read">;
  /** Finds snippets, where the weaver reads any. */
  readonly retrieve?: Retrieve;
}

/** The weaver of one call. */
export class WeaverSession {
  readonly #options: WeaverSessionOptions;
  readonly #config: MemgenConfig;
  readonly #weaver: CachedDecoder;
  readonly #reasoner: CachedDecoder;
  readonly #readings = new RowReadings();

  /**
   * Empty caches of the given size.
   *
   * @throws {RangeError} If the weaver has fewer positions than a row and its
   * snippets may need.
   */
  constructor(options: WeaverSessionOptions, size: CacheSize) {
    const { base, modules: { config, weaver } } = options;
    const { config: decoder } = weaverModel(base);
    const capacity = size.capacity + config.maxSnippetTokens;
    if (capacity > decoder.maxPositions) {
      throw new RangeError(
        `Cannot generate as a row with its memory and snippets must fit into the weaver's ${decoder.maxPositions} positions: current value is ${capacity}`,
      );
    }
    this.#options = options;
    this.#config = config;
    this.#weaver = new CachedDecoder(
      decoder,
      weaverView(base, config, weaver),
      { ...size, capacity },
    );
    this.#reasoner = new CachedDecoder(
      base.config,
      { weights: base.weights },
      size,
    );
  }

  /** Latents of each row, as K vectors of size D. */
  weave(kind: QueryKind, rows: readonly GenerationRow[]): Float32Array[][] {
    const { base, modules: { weaver: parameters }, functions } = this.#options;
    const D = base.config.hiddenSize;
    if (this.#config.weaver === "pause") {
      const values = parameters[pauseName(kind)].dataSync<"float32">();
      return rows.map(() => vectors(values, D));
    }
    const K = kind === "prompt"
      ? this.#config.promptLatents
      : this.#config.inferenceLatents;
    const snippets = rows.map((row) => this.#retrieve(row));
    const contexts = this.#newContexts(rows);
    const blocks = contexts.map((context, i) => [...context, ...snippets[i]]);
    const tails = rows.map((row, i) =>
      Array.from({ length: K }, (_, k) => ({
        position: this.#endOf(row) + snippets[i].length + k,
        kind: KIND.text,
      }))
    );
    const { result, places } = this.#weaver.extendInPieces(
      functions.weave[kind],
      () => parameters,
      { rows: rows.map(({ index }) => index), blocks, tails },
    );
    const values = result.dataSync<"float32">();
    result.dispose();
    rows.forEach(({ index }, i) => {
      this.#weaver.forget(index, snippets[i].length + this.#readAgain);
    });
    return places.map((place) =>
      vectors(values.slice(place * K * D, (place + 1) * K * D), D)
    );
  }

  /** Takes notice of latents that were inserted before a row's next token. */
  notice(row: GenerationRow, latents: readonly Item[]): void {
    if (this.#readsLatents) this.#readings.of(row).unread = latents;
  }

  /** Forgets what it read after the first tokens of a row, if that had latents. */
  forget(row: GenerationRow, kept: number): void {
    if (!this.#readsLatents) return;
    this.#readings.forget(row, kept);
    this.#weaver.keep(row.index, kept);
    this.#reasoner.keep(row.index, kept);
  }

  /** Forgets a row that has ended. */
  clear(row: GenerationRow): void {
    this.#readings.clear(row);
    this.#weaver.clear(row.index);
    this.#reasoner.clear(row.index);
  }

  /** Frees the caches. */
  dispose(): void {
    this.#weaver.dispose();
    this.#reasoner.dispose();
  }

  /** Whether latents change what it reads. */
  get #readsLatents(): boolean {
    const { insertion, weaverReads } = this.#config;
    return insertion === "append" || weaverReads === "hidden";
  }

  /** Tokens whose hidden states change once a block is prepended. */
  get #readAgain(): number {
    const { insertion, weaverReads } = this.#config;
    return insertion === "prepend" && weaverReads === "hidden" ? 1 : 0;
  }

  /** Position after a row's context. */
  #endOf(row: GenerationRow): number {
    return this.#config.weaverReads === "nothing"
      ? 0
      : row.tokens.length + row.shift;
  }

  #retrieve(row: GenerationRow): Item[] {
    if (this.#config.maxSnippetTokens === 0) return [];
    const start = this.#endOf(row);
    return this.#options.retrieve!(row.tokens).map((value, i) => ({
      value,
      position: start + i,
      kind: KIND.text,
    }));
  }

  /** What is new to the weaver in the context of each row. */
  #newContexts(rows: readonly GenerationRow[]): Item[][] {
    const { weaverReads } = this.#config;
    if (weaverReads === "nothing") return rows.map(() => []);
    const blocks = rows.map((row) => {
      const reading = this.#readings.of(row);
      const { tokens: start, unread } = reading;
      reading.tokens = row.tokens.length - this.#readAgain;
      reading.unread = [];
      const text = row.tokens.slice(start).map((value, i) => ({
        value,
        position: start + i + row.shift,
        kind: KIND.text,
      }));
      return [...unread, ...text];
    });
    return weaverReads === "hidden" ? this.#hidden(rows, blocks) : blocks;
  }

  /** The reasoner's hidden states in place of its inputs. */
  #hidden(
    rows: readonly GenerationRow[],
    blocks: readonly (readonly Item[])[],
  ): Item[][] {
    const { base, functions } = this.#options;
    const D = base.config.hiddenSize;
    const { result, places } = this.#reasoner.extend(
      functions.read,
      () => null,
      { rows: rows.map(({ index }) => index), blocks },
    );
    const T = result.shape[1];
    const states = vectors(result.dataSync<"float32">(), D);
    result.dispose();
    return rows.map(({ index }, i) => {
      this.#reasoner.forget(index, this.#readAgain);
      return blocks[i]
        .map((item, t) => ({ ...item, value: states[places[i] * T + t] }))
        // What was prepended is seen through the text.
        .filter(({ kind }) => kind === KIND.text);
    });
  }
}

/** Values as vectors of size D. */
function vectors(values: Float32Array, D: number): Float32Array[] {
  return Array.from(
    { length: values.length / D },
    (_, i) => values.slice(i * D, (i + 1) * D),
  );
}
