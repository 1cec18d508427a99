/**
 * The interleaving of generation and memory (section 4.1 of the paper).
 *
 * Before a token at a candidate position the trigger decides; if it invokes,
 * the weaver reads what is new since its last reading and writes K latents,
 * which go into the reasoner's context together with the pending tokens.
 * Reasoner, weaver and trigger each keep their cache: an insertion costs the
 * new tokens plus K latents. (The released code drops the cache and runs the
 * whole prefix again; its greedy tokens are the same.)
 */
import {
  CachedDecoder,
  type CacheSize,
  type GenerationRow,
  type Insertion,
  type Item,
  KIND,
  type Memory,
  type MemorySession,
  type Model,
  plainItems,
} from "../models/mod.ts";
import type { XlaMode } from "../tensorflow/mod.ts";
import type { MemgenModules } from "./checkpoint.ts";
import type { MemgenConfig } from "./config.ts";
import {
  type DecisionOptions,
  type Decisions,
  resolveDecisions,
} from "./decisions.ts";
import { compileMemgen, type MemgenFunctions } from "./functions.ts";
import { CandidatePoints } from "./points.ts";
import { TriggerSession } from "./trigger_session.ts";
import { type QueryKind, weaverLora } from "./weaver.ts";

/** How memory is inserted. */
export interface MemgenMemoryOptions extends DecisionOptions {
  /**
   * When XLA compiles the functions, or functions that were made for another
   * set of modules. @default {"auto"}
   */
  readonly functions?: XlaMode | MemgenFunctions;
}

/** MemGen's modules on a model, with the compiled functions that insert. */
export class MemgenMemory implements Memory {
  readonly #parts: Parts;

  /**
   * Holds on to the modules; the caller keeps owning them.
   *
   * @throws {RangeError} As `resolveDecisions` does.
   */
  constructor(
    model: Model,
    modules: MemgenModules,
    options: MemgenMemoryOptions = {},
  ) {
    const { functions = "auto" } = options;
    this.#parts = {
      model,
      modules,
      points: new CandidatePoints(model.tokenizer, modules.config),
      decisions: resolveDecisions(options, modules.config),
      functions: typeof functions === "string"
        ? compileMemgen(model.config, functions)
        : functions,
    };
  }

  /** The settings. */
  get config(): MemgenConfig {
    return this.#parts.modules.config;
  }

  /** K at the prompt's end and K at every allowed delimiter. */
  get maxLatents(): number {
    const { promptLatents, inferenceLatents, maxInferenceAugmentations } =
      this.config;
    return (hasPromptMemory(this.config) ? promptLatents : 0) +
      inferenceLatents * maxInferenceAugmentations;
  }

  /** Starts a call. */
  open(size: CacheSize): MemorySession {
    return new Session(this.#parts, size);
  }

  /** Frees the compiled functions. */
  dispose(): void {
    const { weave, trigger } = this.#parts.functions;
    for (const fn of [weave.prompt, weave.inference, trigger]) fn.dispose();
  }
}

interface Parts {
  readonly model: Model;
  readonly modules: MemgenModules;
  readonly points: CandidatePoints;
  readonly decisions: Decisions;
  readonly functions: MemgenFunctions;
}

/** What the weaver knows of one row. */
interface RowMemory {
  /** Tokens that the weaver has read. */
  woven: number;
  /** Latents that the weaver has not read back yet (append only). */
  unread: Item[];
  /** Insertions after delimiters so far. */
  inferenceCount: number;
}

class Session implements MemorySession {
  readonly #parts: Parts;
  readonly #weaver: CachedDecoder;
  readonly #trigger: TriggerSession | undefined;
  /** By the number of the prompt. */
  readonly #rows = new Map<number, RowMemory>();

  constructor(parts: Parts, size: CacheSize) {
    const { model, modules } = parts;
    const { config, weaver } = modules;
    this.#parts = parts;
    this.#weaver = new CachedDecoder(
      model.config,
      {
        weights: model.weights,
        lora: weaverLora(weaver, config),
      },
      size,
    );
    const { decide, sampleDecisions } = parts.decisions;
    const judge = parts.functions.trigger;
    this.#trigger = decide === "trigger"
      ? new TriggerSession({ model, modules, judge, sampleDecisions }, size)
      : undefined;
  }

  /** The prompt's end, and delimiters until the cap (eq. 7). */
  isCandidate(row: GenerationRow): boolean {
    const { modules: { config }, points, decisions: { decide } } = this.#parts;
    if (kindOf(row) === "prompt") return hasPromptMemory(config);
    const isAnywhere = typeof decide === "object" && decide.positions === "any";
    return this.#memoryOf(row).inferenceCount <
        config.maxInferenceAugmentations &&
      (isAnywhere || points.isCandidate(row.tokens, row.tokens.length));
  }

  write(rows: readonly GenerationRow[]): Insertion[] {
    const invoked = this.#decide(rows);
    const results: Insertion[] = rows.map((row) => ({
      items: plainItems(row),
      decision: 0,
    }));
    // Prompt and inference have different queries: two compiled functions.
    for (const kind of ["prompt", "inference"] as const) {
      const group = rows.map((_, i) => i).filter((i) =>
        invoked[i] && kindOf(rows[i]) === kind
      );
      if (group.length === 0) continue;
      const latents = this.#weaveRows(kind, group.map((i) => rows[i]));
      group.forEach((i, j) => {
        results[i] = { items: this.#insert(rows[i], latents[j]), decision: 1 };
        if (kind === "inference") this.#memoryOf(rows[i]).inferenceCount++;
      });
    }
    return results;
  }

  clear(row: GenerationRow): void {
    this.#rows.delete(row.prompt);
    this.#weaver.clear(row.index);
    this.#trigger?.clear(row);
  }

  dispose(): void {
    this.#weaver.dispose();
    this.#trigger?.dispose();
  }

  #memoryOf({ prompt }: GenerationRow): RowMemory {
    let memory = this.#rows.get(prompt);
    if (memory === undefined) {
      memory = {
        woven: 0,
        unread: [],
        inferenceCount: 0,
      };
      this.#rows.set(prompt, memory);
    }
    return memory;
  }

  /** Whether to insert, for each row. */
  #decide(rows: readonly GenerationRow[]): boolean[] {
    if (this.#trigger !== undefined) return this.#trigger.decide(rows);
    const { decide } = this.#parts.decisions;
    return rows.map(({ memoryRandom }) =>
      typeof decide === "object"
        ? memoryRandom() < decide.probability
        : decide === "always"
    );
  }

  /** Latents of each row, as K vectors of size D. */
  #weaveRows(
    kind: QueryKind,
    rows: readonly GenerationRow[],
  ): Float32Array[][] {
    const { model, modules, functions } = this.#parts;
    const K = kind === "prompt"
      ? modules.config.promptLatents
      : modules.config.inferenceLatents;
    const blocks = rows.map((row) => {
      const memory = this.#memoryOf(row);
      const start = memory.woven;
      memory.woven = row.tokens.length;
      const text = row.tokens.slice(start).map((value, i) => ({
        value,
        position: start + i + row.shift,
        kind: KIND.text,
      }));
      return [...memory.unread, ...text];
    });
    const tails = rows.map((row) =>
      Array.from({ length: K }, (_, k) => ({
        position: row.tokens.length + row.shift + k,
        kind: KIND.text,
      }))
    );
    const { result: latents, places } = this.#weaver.extend(
      functions.weave[kind],
      () => modules.weaver,
      rows.map(({ index }) => index),
      blocks,
      tails,
    );
    const values = latents.dataSync<"float32">();
    latents.dispose();
    const D = model.config.hiddenSize;
    return places.map((place) =>
      Array.from({ length: K }, (_, k) => {
        const start = (place * K + k) * D;
        return values.slice(start, start + D);
      })
    );
  }

  /** The pending tokens of a row with latents in their place. */
  #insert(row: GenerationRow, latents: readonly Float32Array[]): Item[] {
    const pending = plainItems(row);
    if (this.#parts.modules.config.insertion === "prepend") {
      // Only the last token, c - 1, and what follows sees the block.
      const block = latents.map((value, k) => ({
        value,
        position: k - latents.length,
        kind: KIND.memory,
      }));
      this.#trigger?.notice(row, block);
      return [...pending.slice(0, -1), ...block, pending.at(-1)!];
    }
    const start = row.tokens.length + row.shift;
    const block = latents.map((value, k) => ({
      value,
      position: start + k,
      kind: KIND.text,
    }));
    row.shift += latents.length;
    this.#memoryOf(row).unread = block;
    this.#trigger?.notice(row, block);
    return [...pending, ...block];
  }
}

function kindOf(row: GenerationRow): QueryKind {
  return row.tokens.length === row.promptLength ? "prompt" : "inference";
}

function hasPromptMemory({ maxPromptAugmentations }: MemgenConfig): boolean {
  return maxPromptAugmentations > 0;
}
