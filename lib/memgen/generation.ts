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
import { CandidatePoints, hasPromptMemory } from "./points.ts";
import type { Retrieve } from "./retrieval.ts";
import { TriggerSession } from "./trigger_session.ts";
import { type MemgenBase, type QueryKind, weaverModel } from "./weaver.ts";
import { WeaverSession } from "./weaver_session.ts";

/** How memory is inserted. */
export interface MemgenMemoryOptions extends DecisionOptions {
  /**
   * When XLA compiles the functions, or functions that were made for another
   * set of modules. @default {"auto"}
   */
  readonly functions?: XlaMode | MemgenFunctions;
  /** Finds snippets, where the weaver reads any; see retrieval.ts. */
  readonly retrieve?: Retrieve;
}

/** MemGen's modules on a model, with the compiled functions that insert. */
export class MemgenMemory implements Memory {
  readonly #parts: Parts;

  /**
   * Holds on to the modules; the caller keeps owning them.
   *
   * @throws {RangeError} As `resolveDecisions` does.
   * @throws {TypeError} If the weaver reads snippets and nothing finds them.
   */
  constructor(
    model: Model & MemgenBase,
    modules: MemgenModules,
    options: MemgenMemoryOptions = {},
  ) {
    const { functions = "auto", retrieve } = options;
    if (modules.config.maxSnippetTokens > 0 && retrieve === undefined) {
      throw new TypeError(
        "Cannot make memory as 'retrieve' must find the snippets that the weaver reads: current value is undefined",
      );
    }
    this.#parts = {
      model,
      modules,
      retrieve,
      points: new CandidatePoints(model.tokenizer, modules.config),
      decisions: resolveDecisions(options, modules.config),
      functions: typeof functions === "string"
        ? compileMemgen(model.config, functions, weaverModel(model).config)
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

  /** Whether memory of earlier turns stays in view. */
  get staysInView(): boolean {
    return this.config.memoryScope === "episode";
  }

  /** Starts a call. */
  open(size: CacheSize): MemorySession {
    return new Session(this.#parts, size);
  }

  /** Frees the compiled functions. */
  dispose(): void {
    const { weave, read, trigger } = this.#parts.functions;
    for (const fn of [weave.prompt, weave.inference, read, trigger]) {
      fn.dispose();
    }
  }
}

interface Parts {
  readonly model: Model & MemgenBase;
  readonly modules: MemgenModules;
  readonly points: CandidatePoints;
  readonly decisions: Decisions;
  readonly functions: MemgenFunctions;
  readonly retrieve?: Retrieve;
}

class Session implements MemorySession {
  readonly #parts: Parts;
  readonly #weaver: WeaverSession;
  readonly #trigger: TriggerSession | undefined;
  /** Insertions after delimiters in this turn, by the number of the prompt. */
  readonly #inserted = new Map<number, number>();

  constructor(parts: Parts, size: CacheSize) {
    const { model, modules, functions, retrieve } = parts;
    this.#parts = parts;
    this.#weaver = new WeaverSession(
      { base: model, modules, functions, retrieve },
      size,
    );
    const { decide, sampleDecisions } = parts.decisions;
    const judge = functions.trigger;
    this.#trigger = decide === "trigger"
      ? new TriggerSession({ model, modules, judge, sampleDecisions }, size)
      : undefined;
  }

  /** The prompt's end, and delimiters until the cap (eq. 7). */
  isCandidate(row: GenerationRow): boolean {
    const { modules: { config }, points, decisions: { decide } } = this.#parts;
    if (kindOf(row) === "prompt") return hasPromptMemory(config);
    const isAnywhere = typeof decide === "object" && decide.positions === "any";
    return this.#insertedIn(row) <
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
      const latents = this.#weaver.weave(kind, group.map((i) => rows[i]));
      group.forEach((i, j) => {
        const row = rows[i];
        results[i] = { items: this.#insert(row, latents[j]), decision: 1 };
        if (kind === "inference") {
          this.#inserted.set(row.prompt, this.#insertedIn(row) + 1);
        }
      });
    }
    return results;
  }

  startTurn(row: GenerationRow, kept?: number): void {
    this.#inserted.delete(row.prompt);
    if (kept === undefined) return;
    this.#weaver.forget(row, kept);
    this.#trigger?.forget(row, kept);
  }

  clear(row: GenerationRow): void {
    this.#inserted.delete(row.prompt);
    this.#weaver.clear(row);
    this.#trigger?.clear(row);
  }

  dispose(): void {
    this.#weaver.dispose();
    this.#trigger?.dispose();
  }

  #insertedIn({ prompt }: GenerationRow): number {
    return this.#inserted.get(prompt) ?? 0;
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
      this.#remember(row, block);
      return [...pending.slice(0, -1), ...block, pending.at(-1)!];
    }
    const start = row.tokens.length + row.shift;
    const block = latents.map((value, k) => ({
      value,
      position: start + k,
      kind: KIND.text,
    }));
    row.shift += latents.length;
    this.#remember(row, block);
    return [...pending, ...block];
  }

  #remember(row: GenerationRow, block: readonly Item[]): void {
    this.#weaver.notice(row, block);
    this.#trigger?.notice(row, block);
  }
}

function kindOf(row: GenerationRow): QueryKind {
  return row.tokens.length === row.promptLength ? "prompt" : "inference";
}
