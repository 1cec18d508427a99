/** A model that reads ChatML, and environments that are fast to play. */
import * as tf from "@tensorflow/tfjs";
import {
  compileMemgen,
  type MemgenConfig,
  type MemgenFunctions,
  MemgenMemory,
  type MemgenModules,
} from "@/lib/memgen/mod.ts";
import { Generator, type Model, type Tokenizer } from "@/lib/models/mod.ts";
import { disposeTree, type NamedTensors } from "@/lib/tensorflow/mod.ts";
import type {
  Environment,
  EnvironmentStep,
  PlayOptions,
} from "@/lib/training/mod.ts";
import {
  listTokenizer,
  memgenConfig,
  randomModules,
} from "@/tests/memgen/tiny_memgen.ts";
import { randomWeights, tinyConfig } from "@/tests/models/tiny.ts";

/** Token 1 ends a turn. */
const TEXTS = [
  ...["<|im_start|>", "<|im_end|>", "user", "system", "assistant", "\n"],
  ...[".", ",", ..."abcdefghijklmnopqrstuvwxyz"],
];
const END = 1;

/** Reads the longest token that fits, from left to right. */
function chatTokenizer(): Tokenizer {
  const longest = TEXTS.toSorted((a, b) => b.length - a.length);
  const encode = (text: string): number[] => {
    if (text === "") return [];
    const first = longest.find((each) => text.startsWith(each));
    if (first === undefined) throw new RangeError(`no token: ${text}`);
    return [TEXTS.indexOf(first), ...encode(text.slice(first.length))];
  };
  return { ...listTokenizer(TEXTS), eosTokenId: END, encode };
}

/** A random model; the caller owns its weights. */
export function chatModel(): Model {
  const config = tinyConfig("qwen2", {
    vocabSize: TEXTS.length,
    eosTokenIds: [END],
  });
  return {
    config,
    weights: randomWeights(config, 4),
    tokenizer: chatTokenizer(),
  };
}

/**
 * Lives for one to three turns, as its seed says, and pays for each letter of
 * the first half of the alphabet.
 */
export function letterGame(log: string[] = []): Environment {
  let left = 0;
  return {
    reset({ seed }) {
      left = 1 + seed % 3;
      return [{ role: "user", content: "ab".repeat(left) }];
    },
    step(text): Promise<EnvironmentStep> {
      log.push(text);
      const letters = text.match(/[a-z]/g) ?? [];
      const good = letters.filter((letter) => letter <= "m");
      return Promise.resolve({
        observation: `go,on${"x".repeat(text.length % 3)}.`,
        reward: good.length / Math.max(1, letters.length),
        terminated: --left === 0,
        truncated: false,
      });
    },
  };
}

/** Makes a trigger that always skips undecided; the tensors stay the caller's. */
function shiftTrigger(trigger: NamedTensors, invoke: number): void {
  const tensors = trigger as Record<string, tf.Tensor>;
  const name = "trigger.output_layer.bias";
  const bias = tensors[name];
  tensors[name] = tf.tidy(() => bias.add(tf.tensor1d([0, invoke])));
  bias.dispose();
}

/** A model with MemGen that plays. */
export interface TinyPlayers {
  readonly model: Model;
  readonly config: MemgenConfig;
  readonly modules: MemgenModules;
  readonly functions: MemgenFunctions;
  readonly memory: MemgenMemory;
  readonly options: PlayOptions;
}

/** Runs `use` with players and frees them. */
export async function withPlayers(
  changes: Partial<MemgenConfig>,
  use: (players: TinyPlayers) => unknown,
): Promise<void> {
  const model = chatModel();
  const config = memgenConfig(changes);
  const modules = randomModules(model, config, 2);
  shiftTrigger(modules.trigger, 1.5);
  const functions = compileMemgen(model.config, "never");
  const memory = new MemgenMemory(model, modules, { functions });
  const generator = new Generator(model, "never");
  try {
    await use({
      model,
      config,
      modules,
      functions,
      memory,
      options: {
        model,
        generator,
        memory,
        groupSize: 2,
        maxTurns: 3,
        maxNewTokens: 6,
        maxLength: 90,
        maxObservationTokens: 12,
        timeoutMs: 10_000,
        temperature: 1,
        seed: 0,
        batchSize: 8,
      },
    });
  } finally {
    generator.dispose();
    memory.dispose();
    disposeTree([model.weights, modules.weaver, modules.trigger]);
  }
}
