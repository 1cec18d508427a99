import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type HostTensor,
  loadTokenizer,
  openSafetensors,
  readTokenizerFiles,
  saveModel,
  writeSafetensors,
} from "@/lib/models/mod.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION, forwardFile } from "@/tasks/forward.ts";
import {
  assertClose,
  PARITY_NAMES,
  parityPath,
  randomWeights,
  tensorTest,
  tinyConfig,
} from "../models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const MODEL = parityPath("models", "tiny-qwen2.5");
/** float32 against float32, summed in another order. */
const PARITY = 1e-4;

function start(): Promise<void> {
  return Promise.resolve();
}

function int32(rows: number[][]): HostTensor {
  return {
    shape: [rows.length, rows[0].length],
    data: Int32Array.from(rows.flat()),
  };
}

/** Runs the task on a batch that is written for it. */
async function forwardBatch(
  tensors: Readonly<Record<string, HostTensor>>,
): Promise<Map<string, HostTensor>> {
  let results: Map<string, HostTensor> | undefined;
  await withFolder(async (folder) => {
    const input = join(folder, "in.safetensors");
    writeSafetensors(input, new Map(Object.entries(tensors)));
    const output = join(folder, "out.safetensors");
    results = await forwardFile({ model: MODEL, input, output }, start);
  });
  return results!;
}

/** The values at `[row, column]` of a `[B, T, N]` tensor. */
function at(
  { shape: [_, T, N], data }: HostTensor,
  row: number,
  column: number,
): number[] {
  const begin = (row * T + column) * N;
  return [...data.slice(begin, begin + N)];
}

for (const name of PARITY_NAMES) {
  tensorTest(
    `forwardFile() writes what transformers computes for ${name}`,
    () =>
      withFolder(async (folder) => {
        const expected = parityPath("expected", name);
        const output = join(folder, "out.safetensors");
        using numbers = openSafetensors(`${expected}/lm.safetensors`);
        const mask = numbers.read("attention_mask");
        const [B, T] = mask.shape;
        for (const adapter of [undefined, `${expected}/adapter`]) {
          await forwardFile({
            model: parityPath("models", name),
            adapter,
            input: `${expected}/lm.safetensors`,
            output,
          }, start);
          using written = openSafetensors(output);
          const [logits, hidden] = ["logits", "last_hidden"]
            .map((tensor) => written.read(tensor));
          assertEquals(logits.shape, [B, T, 1024]);
          assertEquals(hidden.shape, [B, T, 64]);
          using adapted = openSafetensors(
            `${expected}/adapter_logits.safetensors`,
          );
          const last = (adapter === undefined ? numbers : adapted)
            .read("logits_last16");
          const wholeHidden = numbers.read("last_hidden");
          for (let row = 0; row < B; row++) {
            for (let t = 0; t < T; t++) {
              if (mask.data[row * T + t] === 0) {
                assert(at(logits, row, t).every((value) => value === 0));
                assert(at(hidden, row, t).every((value) => value === 0));
                continue;
              }
              if (adapter === undefined) {
                const expected = at(wholeHidden, row, t);
                assertClose(at(hidden, row, t), expected, PARITY);
              }
              if (t >= T - 16) {
                const expected = at(last, row, t - T + 16);
                assertClose(at(logits, row, t), expected, PARITY);
              }
            }
          }
        }
      }),
  );
}

tensorTest(
  "forwardFile() gives a row the same wherever it is padded",
  async () => {
    const rows = [[5, 6, 7], [900, 3, 14, 15]];
    const results = await forwardBatch({
      // What stands where the mask is 0 does not matter, nor do other tensors.
      input_ids: int32([[...rows[0], -1, 9999], [0, ...rows[1]]]),
      attention_mask: int32([[1, 1, 1, 0, 0], [0, 1, 1, 1, 1]]),
      notes: int32([[1]]),
    });
    for (const [i, row] of rows.entries()) {
      const alone = await forwardBatch({
        input_ids: int32([row]),
        attention_mask: int32([row.map(() => 1)]),
      });
      for (const name of ["logits", "last_hidden"]) {
        row.forEach((_, t) =>
          assertClose(
            at(results.get(name)!, i, t + i),
            at(alone.get(name)!, 0, t),
            1e-5,
          )
        );
      }
    }
  },
);

tensorTest(
  "forwardFile() works through more rows than fit a pass",
  async () => {
    // 4,096 tokens fit: the last of three passes is smaller.
    const [B, T] = [2100, 4];
    const ids = Array.from(
      { length: B },
      (_, row) => Array.from({ length: T }, (_, t) => (row * 7 + t) % 1024),
    );
    const mask = ids.map((row) => row.map(() => 1));
    const results = await forwardBatch({
      input_ids: int32(ids),
      attention_mask: int32(mask),
    });
    const some = [0, 1023, 1024, 2047, 2048, 2099];
    const alone = await forwardBatch({
      input_ids: int32(some.map((row) => ids[row])),
      attention_mask: int32(some.map((row) => mask[row])),
    });
    for (const name of ["logits", "last_hidden"]) {
      some.forEach((row, i) => {
        for (let t = 0; t < T; t++) {
          assertClose(
            at(results.get(name)!, row, t),
            at(alone.get(name)!, i, t),
            1e-5,
          );
        }
      });
    }
  },
);

tensorTest(
  "forwardFile() multiplies with a large vocabulary in parts",
  () =>
    withFolder(async (folder) => {
      // 16,777,216 logits fit: 419 tokens of 440.
      const config = tinyConfig("qwen2", { vocabSize: 40_000 });
      const weights = randomWeights(config, 1);
      const model = join(folder, "model");
      saveModel(
        model,
        { config, weights, tokenizer: loadTokenizer(MODEL) },
        { tokenizerFiles: readTokenizerFiles(MODEL) },
      );
      disposeTree(weights);
      const input = join(folder, "in.safetensors");
      const output = join(folder, "out.safetensors");
      const run = (rows: number[][]): Promise<Map<string, HostTensor>> => {
        const mask = rows.map((row) => row.map(() => 1));
        const tensors = {
          "input_ids": int32(rows),
          "attention_mask": int32(mask),
        };
        writeSafetensors(input, new Map(Object.entries(tensors)));
        return forwardFile({ model, input, output }, start);
      };
      const rows = Array.from({ length: 220 }, (_, row) => [row, 180 * row]);
      const [whole, some] = [await run(rows), await run(rows.slice(208))]
        .map((results) => results.get("logits")!);
      for (const row of [208, 209, 210, 219]) {
        for (const t of [0, 1]) {
          assertClose(at(whole, row, t), at(some, row - 208, t), 1e-5);
        }
      }
    }),
);

const IDS = int32([[1, 2], [3, 4]]);
const MASK = int32([[1, 1], [0, 1]]);

/** A batch, the error and what its message says of the file. */
const BAD: readonly (readonly [
  Readonly<Record<string, HostTensor>>,
  new (message: string) => Error,
  string,
])[] = [
  [
    { input_ids: IDS, mask: MASK },
    TypeError,
    "as it must hold tensor attention_mask: current value is input_ids, mask",
  ],
  [
    {},
    TypeError,
    "as it must hold tensor input_ids: current value is no tensors",
  ],
  [
    {
      input_ids: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      attention_mask: MASK,
    },
    TypeError,
    "as input_ids must be int32 [B, T] with at least one token: current value is F32 [2,2]",
  ],
  [
    { input_ids: { ...IDS, shape: [4] }, attention_mask: MASK },
    TypeError,
    "as input_ids must be int32 [B, T] with at least one token: current value is I32 [4]",
  ],
  [
    {
      input_ids: { shape: [2, 0], data: new Int32Array() },
      attention_mask: MASK,
    },
    TypeError,
    "as input_ids must be int32 [B, T] with at least one token: current value is I32 [2,0]",
  ],
  [
    { input_ids: { ...IDS, shape: [1, 4] }, attention_mask: MASK },
    TypeError,
    "as input_ids and attention_mask must have the same shape: current value is [1,4] and [2,2]",
  ],
  [
    { input_ids: IDS, attention_mask: int32([[1, 1], [2, 1]]) },
    RangeError,
    "as attention_mask must be 0 or 1: current value is 2 in row 1, column 0",
  ],
  [
    { input_ids: IDS, attention_mask: int32([[1, 1], [0, 0]]) },
    RangeError,
    "as every row must have a token: current value is none in row 1",
  ],
];

Deno.test("forwardFile() refuses a bad batch before the backend starts", () =>
  withFolder(async (folder) => {
    const input = join(folder, "in.safetensors");
    const output = join(folder, "out.safetensors");
    for (const [tensors, errorClass, message] of BAD) {
      writeSafetensors(input, new Map(Object.entries(tensors)));
      await assertRejects(
        () =>
          forwardFile({ model: MODEL, input, output }, () => {
            throw new Error("started");
          }),
        errorClass,
        `Cannot read ${input} ${message}`,
      );
    }
    await assertRejects(
      () => forwardFile({ model: MODEL, input, output: input }, start),
      UsageError,
      "Cannot run forward as --output must be another file than the input",
    );
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));

Deno.test("forwardFile() refuses tokens and lengths that the model does not have", async () => {
  await assertRejects(
    () =>
      forwardBatch({
        input_ids: int32([[1, 2], [3, 1024]]),
        attention_mask: MASK,
      }),
    RangeError,
    "in.safetensors as input_ids must be from 0 to 1023: current value is 1024 in row 1, column 1",
  );
  const long = Array(2050).fill(1);
  await assertRejects(
    () =>
      forwardBatch({
        input_ids: int32([long]),
        attention_mask: int32([long]),
      }),
    RangeError,
    "in.safetensors as rows must have at most the model's 2048 tokens: current value is 2050 in row 0",
  );
});

Deno.test("deno task forward: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" "));
  }
});

Deno.test("deno task forward: reads, writes and prints as a process", () =>
  withFolder(async (folder) => {
    const task = fileURLToPath(
      new URL("../../tasks/forward.ts", import.meta.url),
    );
    const input = join(folder, "in.safetensors");
    const output = join(folder, "out.safetensors");
    writeSafetensors(
      input,
      new Map([["input_ids", IDS], ["attention_mask", MASK]]),
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", task, "--model", MODEL, "--input", input]
        .concat(["--output", output, "--threads", "2"]),
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(
      new TextDecoder().decode(stdout),
      `${output}: logits [2, 2, 1024], last_hidden [2, 2, 64]\n`,
    );
    using written = openSafetensors(output);
    assertEquals([...written.tensors.keys()].sort(), ["last_hidden", "logits"]);
  }));
