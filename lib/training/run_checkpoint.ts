/**
 * The checkpoint of a run: one safetensors file with the parameters, the
 * optimiser's means, the metrics of every step and the settings, replaced in
 * one step. There is no state of a schedule or of random numbers to save: both
 * follow from the settings and the index of the step.
 */
import { createHash } from "node:crypto";
import {
  type HostTensor,
  openSafetensors,
  toHost,
  toTensor,
  writeSafetensors,
} from "../models/mod.ts";
import { type NamedTensors, tidy } from "../tensorflow/mod.ts";
import type { TrainingState } from "./adamw.ts";

/** What is logged of a step; JSON knows no NaN and no infinity: both are NaN. */
export interface StepMetrics {
  /** Loss before the update. */
  readonly loss: number;
  readonly [name: string]: number;
}

/** Where a run stands. */
export interface Progress {
  /** State after the last step. */
  readonly state: TrainingState;
  /** Of every step so far. */
  readonly metrics: readonly StepMetrics[];
}

const STATE_PARTS = ["parameters", "means", "squares"] as const;

/**
 * Writes a checkpoint; an existing one is replaced in one step.
 *
 * @param settings Plain data that the run depends on.
 * @throws {RangeError} If a number of the state is NaN or infinite.
 * @throws {Error} If the file cannot be written, as on a full disk: the
 * existing one stays.
 */
export function writeCheckpoint(
  path: string,
  settings: object,
  { state, metrics }: Progress,
): void {
  const tensors = new Map(
    STATE_PARTS.flatMap((part) =>
      Object.entries(state[part]).map(([name, tensor]) =>
        [`${part}/${name}`, toHost(tensor)] as const
      )
    ),
  );
  const texts = {
    settings: JSON.stringify(settings),
    metrics: JSON.stringify(metrics),
  };
  const metadata = { ...texts, sha256: checksum(tensors, texts) };
  try {
    writeSafetensors(path, tensors, { metadata });
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof RangeError) throw cause;
    throw new Error(
      `Cannot save step ${metrics.length} of the run as ${path} must be written: current value is ${cause.message}`,
      { cause },
    );
  }
}

/**
 * Reads a checkpoint back; the caller owns the state.
 *
 * @param settings Those of the run that wants to go on.
 * @param like A state with the same names and shapes.
 * @throws {Deno.errors.NotFound} If there is no file.
 * @throws {SyntaxError} If it is no safetensors file, or cut off.
 * @throws {Error} If it is of a run with other settings, or its content is not
 * what was written.
 */
export function readCheckpoint(
  path: string,
  settings: object,
  like: TrainingState,
): Progress {
  using file = openSafetensors(path);
  const { metadata } = file;
  const tensors = new Map(
    Array.from(file.tensors.keys(), (name) => [name, file.read(name)] as const),
  );
  const sha256 = checksum(tensors, metadata);
  if (metadata.sha256 !== sha256) {
    throw new Error(
      `Cannot go on from ${path} as its SHA-256 must be ${metadata.sha256}: current value is ${sha256}`,
    );
  }
  requireSettings(path, JSON.parse(metadata.settings), settings);
  const read = (part: keyof TrainingState): NamedTensors =>
    Object.fromEntries(
      Object.entries(like[part]).map(([name, { shape }]) => {
        const tensor = tensors.get(`${part}/${name}`);
        if (`${tensor?.shape}` !== `${shape}`) {
          throw new Error(
            `Cannot go on from ${path} as '${name}' must be of shape [${shape}]: current value is ${
              tensor === undefined ? "none" : `[${tensor.shape}]`
            }`,
          );
        }
        return [name, toTensor(tensor!)];
      }),
    );
  return {
    state: tidy(() => ({
      parameters: read("parameters"),
      means: read("means"),
      squares: read("squares"),
    })),
    metrics: JSON.parse(metadata.metrics).map(withNaN),
  };
}

/** SHA-256 of all that a checkpoint holds, hexadecimal. */
function checksum(
  tensors: ReadonlyMap<string, HostTensor>,
  { settings, metrics }: Readonly<Record<string, string>>,
): string {
  const hash = createHash("sha256").update(JSON.stringify([settings, metrics]));
  for (const name of [...tensors.keys()].sort()) {
    const { shape, data } = tensors.get(name)!;
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

/** @throws {Error} Names the first setting that differs. */
function requireSettings(path: string, saved: object, asked: object): void {
  const before = new Map(Object.entries(saved));
  const now = new Map<string, unknown>(
    Object.entries(JSON.parse(JSON.stringify(asked))),
  );
  for (const name of new Set([...now.keys(), ...before.keys()])) {
    const [then, wanted] = [before, now].map((settings) =>
      settings.has(name) ? JSON.stringify(settings.get(name)) : "none"
    );
    if (then !== wanted) {
      throw new Error(
        `Cannot go on from ${path} as it must be of a run with '${name}' ${wanted}: current value is ${then}`,
      );
    }
  }
}

function withNaN(metrics: Record<string, number | null>): StepMetrics {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, value ?? NaN]),
  ) as Record<string, number> & StepMetrics;
}
