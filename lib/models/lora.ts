/**
 * LoRA (Hu et al. 2021): a low-rank change to chosen projections.
 *
 * Trainable factors live in one flat record, named as PyTorch names them
 * after a prefix: `weaver.lora.model.layers.0.self_attn.q_proj.lora_A.weight`.
 */
import * as tf from "@tensorflow/tfjs";
import { type Random, uniforms } from "../random.ts";
import { type DecoderConfig, weightShapes } from "./config.ts";
import { type NamedTensors, withPrecision } from "../tensorflow/mod.ts";
import {
  type LoraAdapter,
  type LoraConfig,
  type LoraWeights,
  readLoraAdapter,
} from "./peft.ts";

/** The two factors of one projection's change. */
export interface LoraFactors {
  /** A, shape `[r, in]`. */
  readonly a: tf.Tensor2D;
  /** B, shape `[out, r]`. */
  readonly b: tf.Tensor2D;
}

/** A view of a base model: its weights plus a low-rank change. */
export interface Lora {
  /** alpha / r. */
  readonly scale: number;
  /** Factors by module, such as `model.layers.0.self_attn.q_proj`. */
  readonly modules: { readonly [path: string]: LoraFactors };
}

/** `x A^T B^T scale`, for x of shape `[N, in]`; shape `[N, out]`. */
export function loraChange(
  x: tf.Tensor2D,
  { a, b }: LoraFactors,
  scale: number,
): tf.Tensor2D {
  const down = tf.matMul(x, a, false, true); // [N, r]
  return tf.matMul(down, b, false, true).mul(scale);
}

/** The factors among `parameters` whose names begin with the prefix. */
export function loraView(
  parameters: NamedTensors,
  prefix: string,
  settings: LoraConfig,
): Lora {
  const modules: Record<string, LoraFactors> = {};
  for (const name of Object.keys(parameters)) {
    if (!name.startsWith(prefix) || !name.endsWith(".lora_A.weight")) continue;
    const module = name.slice(0, -".lora_A.weight".length);
    modules[module.slice(prefix.length)] = {
      a: parameters[name] as tf.Tensor2D,
      b: parameters[`${module}.lora_B.weight`] as tf.Tensor2D,
    };
  }
  return { scale: settings.alpha / settings.rank, modules };
}

/**
 * Refuses to train an adapter with dropout: it is read and saved for others,
 * but no loss applies it.
 *
 * @throws {RangeError} If the dropout is not 0.
 */
export function requireNoDropout({ dropout }: LoraConfig): void {
  if (dropout !== 0) {
    throw new RangeError(
      `Cannot train an adapter as dropout is not applied in training and must be 0: current value is ${dropout}`,
    );
  }
}

/**
 * Shape of every factor of an adapter on a model, by name.
 *
 * @throws {RangeError} If a target module is no projection of the model.
 */
export function loraShapes(
  model: DecoderConfig,
  settings: LoraConfig,
  prefix: string,
): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const target of settings.targetModules) {
    const ending = `.${target}.weight`;
    const found = [...weightShapes(model)].filter(([name, shape]) =>
      // The embedding is a matrix too, but no projection.
      name.startsWith("model.layers.") && name.endsWith(ending) &&
      shape.length === 2
    );
    if (found.length === 0) {
      throw new RangeError(
        `Cannot adapt the model as a target must be one of its projections: current value is ${target}`,
      );
    }
    for (const [name, [out, input]] of found) {
      const module = `${prefix}${name.slice(0, -".weight".length)}`;
      shapes.set(`${module}.lora_A.weight`, [settings.rank, input]);
      shapes.set(`${module}.lora_B.weight`, [out, settings.rank]);
    }
  }
  return shapes;
}

/**
 * An adapter that changes nothing yet, as peft initialises it: A uniform
 * within 1/sqrt(in), B zero. The caller owns the tensors.
 */
export function initializeLora(
  model: DecoderConfig,
  settings: LoraConfig,
  { prefix, random }: { readonly prefix: string; readonly random: Random },
): NamedTensors {
  const parameters: Record<string, tf.Tensor> = {};
  for (const [name, shape] of loraShapes(model, settings, prefix)) {
    parameters[name] = name.endsWith("lora_A.weight")
      ? tf.tensor(
        uniforms(random, shape[0] * shape[1], 1 / Math.sqrt(shape[1])),
        shape,
      )
      : tf.zeros(shape);
  }
  return parameters;
}

/** A PEFT adapter's factors as parameters; the caller owns the tensors. */
export function loraFromAdapter(
  adapter: LoraAdapter,
  prefix: string,
): NamedTensors {
  const parameters: Record<string, tf.Tensor> = {};
  for (const [module, { loraA, loraB }] of adapter.modules) {
    for (const [factor, host] of [["A", loraA], ["B", loraB]] as const) {
      parameters[`${prefix}${module}.lora_${factor}.weight`] = tf.tensor(
        host.data,
        [...host.shape],
      );
    }
  }
  return parameters;
}

/** The factors of `parameters` as a PEFT adapter. */
export function loraToAdapter(
  parameters: NamedTensors,
  prefix: string,
  config: LoraConfig,
): LoraAdapter {
  const host = (tensor: tf.Tensor2D) => ({
    shape: tensor.shape,
    data: tensor.dataSync() as Float32Array<ArrayBuffer>,
  });
  const view = loraView(parameters, prefix, config);
  const modules = new Map(
    Object.entries(view.modules).map(([module, { a, b }]): [
      string,
      LoraWeights,
    ] => [module, { loraA: host(a), loraB: host(b) }]),
  );
  return { config, modules, baseModel: null };
}

/**
 * Refuses an adapter that does not fit a model factor by factor.
 *
 * @param folder Where the adapter comes from, for messages.
 * @throws {RangeError} If a factor is missing, unexpected or of another shape.
 */
export function requireLoraFits(
  adapter: LoraAdapter,
  model: DecoderConfig,
  folder: string,
): void {
  const expected = loraShapes(model, adapter.config, "");
  const found = new Map<string, readonly number[]>();
  for (const [module, { loraA, loraB }] of adapter.modules) {
    found.set(`${module}.lora_A.weight`, loraA.shape);
    found.set(`${module}.lora_B.weight`, loraB.shape);
  }
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    const [shape, current] = [expected, found].map((shapes) =>
      JSON.stringify(shapes.get(name) ?? "none")
    );
    if (shape !== current) {
      throw new RangeError(
        `Cannot load ${folder} as the shape of '${name}' must be that of the model, ${shape}: current value is ${current}`,
      );
    }
  }
}

/**
 * Loads a PEFT folder for a model; the caller owns the tensors.
 *
 * @throws {RangeError} If the adapter does not fit the model.
 * @throws As `readLoraAdapter` does for bad files.
 */
export function loadLora(folder: string, model: DecoderConfig): Lora {
  const adapter = readLoraAdapter(folder);
  requireLoraFits(adapter, model, folder);
  return loraView(loraFromAdapter(adapter, ""), "", adapter.config);
}

/**
 * The weights with an adapter's change written into them: W + scale (B A)^T
 * for every adapted projection, held as `[in, out]`.
 *
 * @returns All weights by name. Those of adapted projections are new and the
 * caller's; all others are the base model's own tensors, shared with it. So
 * free only `` `${module}.weight` `` of the adapter's modules.
 */
export function mergeLora(
  weights: NamedTensors,
  { scale, modules }: Lora,
): NamedTensors {
  const merged = Object.entries(modules).map(([module, { a, b }]) => {
    const name = `${module}.weight`;
    // Weights are float32's whatever they are multiplied in.
    const sum = withPrecision(
      "fp32",
      () =>
        tf.tidy(() =>
          weights[name].add(tf.matMul(a, b, true, true).mul(scale))
        ),
    );
    return [name, sum] as const;
  });
  return { ...weights, ...Object.fromEntries(merged) };
}
