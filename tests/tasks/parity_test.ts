import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import {
  type HostTensor,
  openSafetensors,
  readJsonObject,
  readJsonValue,
  writeSafetensors,
} from "@/lib/models/mod.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION } from "@/tasks/parity.ts";
import { CASES, GRPO, runParity } from "@/tasks/parity/run.ts";
import { parityPath } from "@/tests/models/tiny.ts";
import { withFolder } from "@/tests/folder.ts";

const NAME = "tiny-qwen3";
const MODELS = parityPath("models");
const GRPO_FILE = "grpo.json";

/** Runs `use` with a copy of the expected results of one model and GRPO. */
function withExpected(
  use: (expected: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const expected = join(folder, "expected");
    const results = parityPath("expected", NAME);
    cpSync(results, join(expected, NAME), { recursive: true });
    cpSync(parityPath("expected", GRPO_FILE), join(expected, GRPO_FILE));
    await use(expected);
  });
}

interface TaskResult {
  readonly code: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** Runs the task as a user does. */
async function runParityTask(...args: readonly string[]): Promise<TaskResult> {
  const task = fileURLToPath(import.meta.resolve("@/tasks/parity.ts"));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", task, "--threads", "2", ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const [output, errors] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  return { code, lines: output.trim().split("\n"), errors };
}

/** Names of an expected JSON file that a part of the report does not hold. */
function missingNames(
  expected: string,
  file: string,
  part: Record<string, unknown>,
): string[] {
  const fields = readJsonObject(join(expected, NAME, file));
  return Object.keys(fields).filter((name) => !(name in part));
}

Deno.test("The task passes and reports our numbers under the expected names", () =>
  withExpected(async (expected) => {
    const output = join(expected, "..", "report.json");
    const { code, lines, errors } = await runParityTask(
      "--models",
      MODELS,
      "--expected",
      expected,
      "--output",
      output,
    );
    assertEquals(code, 0, errors);
    assert(lines[0].startsWith("model"));
    assertEquals(lines.at(-1), "All 64 comparisons are within their bounds");
    assertEquals(lines.length, 1 + 64 + 1);

    const report = readJsonObject(output) as Record<
      string,
      Record<string, Record<string, unknown>>
    >;
    assertEquals(Object.keys(report), [NAME, GRPO]);
    assertEquals(Object.keys(report[NAME]), [...CASES]);
    const { lm, adapter } = report[NAME];
    assertEquals(missingNames(expected, "lm.json", lm), []);
    const language = readJsonObject(join(expected, NAME, "lm.json"));
    assertEquals(lm.texts, language.texts);
    assertEquals(lm.chat, language.chat);
    assertEquals((lm.greedy as number[][]).map((row) => row.length), [75, 75]);
    assertEquals((adapter.logits_last16 as number[][][])[1].length, 16);

    for (const name of ["memgen-always", "memgen-trigger"]) {
      const part = report[NAME][name];
      const file = join(name, "expected.json");
      assertEquals(missingNames(expected, file, part), []);
      const fields = readJsonObject(join(expected, NAME, file));
      // What must be equal, as it is in the file.
      for (
        const key of [
          "prompt_latents_len",
          "trigger_active",
          "trainable_parameters",
          "sft_augmentation_points",
        ]
      ) assertEquals(part[key], fields[key]);
      assertClose(part.sft_loss, fields.sft_loss);
      assertSameForm(part.sft_run, fields.sft_run);
      assertSameForm(part.sft_grad_norms, fields.sft_grad_norms);
    }

    const settings = readJsonValue(join(expected, GRPO_FILE)) as Record<
      string,
      unknown
    >[];
    assertEquals(settings.length, 4);
    settings.forEach(({ advantages, loss, grad }, i) =>
      assertSameForm(report[GRPO][i], { advantages, loss, grad })
    );
  }));

/** Asserts equal names all the way down, and numbers within a thousandth. */
function assertSameForm(found: unknown, expected: unknown): void {
  if (typeof expected === "number") return assertClose(found, expected);
  if (typeof expected !== "object") return assertEquals(found, expected);
  const [a, b] = [found, expected] as Record<string, unknown>[];
  assertEquals(Object.keys(a).sort(), Object.keys(b).sort());
  for (const key of Object.keys(b)) assertSameForm(a[key], b[key]);
}

function assertClose(found: unknown, expected: unknown): void {
  const [a, b] = [found, expected] as [number, number];
  assert(Math.abs(a - b) <= 1e-3 * Math.abs(b), `${a} ${b}`);
}

/** Changes the value at a path of a JSON file. */
function perturbJson(
  file: string,
  path: readonly string[],
  change: (value: number) => number,
): void {
  const fields = readJsonValue(file) as Record<string, unknown>;
  const at = path.slice(0, -1).reduce(
    (value, key) => value[key] as Record<string, unknown>,
    fields,
  );
  const last = path.at(-1)!;
  at[last] = change(at[last] as number);
  Deno.writeTextFileSync(file, JSON.stringify(fields));
}

/** Moves one value of a tensor by a share of the largest. */
function perturbTensor(file: string, name: string, share: number): void {
  const tensors = new Map<string, HostTensor>();
  {
    using reader = openSafetensors(file);
    for (const each of reader.tensors.keys()) {
      tensors.set(each, reader.read(each));
    }
  }
  const { data } = tensors.get(name)!;
  const largest = Math.max(...Array.from(data, Math.abs));
  data[data.length >> 1] += share * largest;
  writeSafetensors(file, tensors);
}

Deno.test("The task fails where expected results were changed, and only there", () =>
  withExpected(async (expected) => {
    const at = (...parts: string[]) => join(expected, NAME, ...parts);
    const always = at("memgen-always", "expected.json");
    perturbTensor(at("lm.safetensors"), "logits_last16", 2e-4);
    // Within the bound of 1e-4.
    perturbTensor(at("lm.safetensors"), "last_hidden", 5e-5);
    perturbTensor(at("adapter_logits.safetensors"), "logits_last16", 2e-4);
    perturbJson(always, ["sft_loss"], (loss) => loss * 1.002);
    perturbJson(
      always,
      ["sft_grad_norms", "weaver.prompt_latent_scale"],
      (norm) => norm * 0.998,
    );
    perturbJson(
      always,
      ["sft_run", "steps", "5", "grad_norm"],
      (norm) => norm * 1.002,
    );
    perturbJson(always, ["generate_single", "1", "ids", "7"], (id) => id + 1);
    perturbJson(
      always,
      ["generate_batch", "augmentation", "2", "0"],
      () => 0,
    );
    perturbTensor(
      at("memgen-trigger", "expected.safetensors"),
      "trigger_logits",
      2e-3,
    );
    const grpo = join(expected, GRPO_FILE);
    perturbJson(grpo, ["0", "advantages", "4"], (value) => value * 1.001);
    perturbJson(grpo, ["1", "loss"], (loss) => loss * 1.001);
    perturbJson(grpo, ["2", "grad", "2", "0"], (slope) => slope * 1.001);
    const name = "grad.weaver_to_reasoner.weight";
    perturbTensor(at("memgen-trigger", "expected.safetensors"), name, 2e-3);

    const output = join(expected, "..", "report.json");
    const { code, lines, errors } = await runParityTask(
      "--models",
      MODELS,
      "--expected",
      expected,
      "--output",
      output,
    );
    assertEquals(code, 1, errors);
    assertEquals(lines.at(-1), "12 of 64 comparisons are out of bounds");
    const failed = lines.filter((line) => line.endsWith("FAIL"))
      .map((line) => line.split(/ {2,}/).slice(1, 3).join(" "));
    assertEquals(failed, [
      "lm logits_last16",
      "adapter logits_last16",
      "memgen-always generate_single: ids",
      "memgen-always generate_batch: augmentation",
      "memgen-always sft_loss",
      "memgen-always sft_grad_norms",
      "memgen-always sft_run: grad_norm",
      "memgen-trigger trigger_logits",
      "memgen-trigger grad.*",
      "0 advantages",
      "1 loss",
      "2 grad",
    ]);
    // The report is there for whoever looks for the reason.
    assert(Deno.statSync(output).size > 0);
  }));

/** Asserts that spoiled expected results are refused before any model runs. */
function refuses(
  what: string,
  spoil: (expected: string) => void,
  error: Parameters<typeof assertRejects>[1],
  message: (expected: string) => string,
  models = MODELS,
): void {
  Deno.test(`runParity() refuses ${what}`, () =>
    withExpected(async (expected) => {
      spoil(expected);
      const before = tf.memory().numTensors;
      const run = runParity({ models, expected });
      await assertRejects(() => run.next(), error, message(expected));
      assertEquals(tf.memory().numTensors, before);
    }));
}

refuses(
  "a folder that does not exist",
  (expected) => Deno.removeSync(expected, { recursive: true }),
  Deno.errors.NotFound,
  (expected) =>
    `Cannot check parity as ${expected} must be a folder: current value is none`,
);
refuses(
  "a folder without models",
  (expected) => Deno.removeSync(join(expected, NAME), { recursive: true }),
  Deno.errors.NotFound,
  (expected) =>
    `Cannot check parity as ${expected} must hold a folder for each model: current value is none`,
);
refuses(
  "a model that does not exist",
  (expected) => Deno.mkdirSync(join(expected, "zephyr")),
  Deno.errors.NotFound,
  (expected) =>
    `Cannot check parity as ${MODELS} must hold every model of ${expected}: current value is none for zephyr`,
);
for (
  const file of [
    "lm.json",
    "lm.safetensors",
    "adapter_logits.safetensors",
    "memgen-always/expected.json",
    "memgen-trigger/expected.safetensors",
  ]
) {
  refuses(
    `results without ${file}`,
    (expected) => Deno.removeSync(join(expected, NAME, file)),
    Deno.errors.NotFound,
    (expected) => join(expected, NAME, file),
  );
  refuses(
    `results with half of ${file}`,
    (expected) => {
      const path = join(expected, NAME, file);
      const bytes = Deno.readFileSync(path);
      Deno.writeFileSync(path, bytes.slice(0, bytes.length / 2));
    },
    SyntaxError,
    (expected) => join(expected, NAME, file),
  );
}
refuses(
  "results of another form",
  (expected) =>
    perturbJson(
      join(expected, NAME, "memgen-trigger", "expected.json"),
      ["sft_run", "steps", "3", "loss"],
      () => "high" as unknown as number,
    ),
  TypeError,
  (expected) =>
    `Cannot read ${expected}/${NAME}/memgen-trigger/expected.json.sft_run.steps[3].loss as it must be a number: current value is "high"`,
);
refuses(
  "GRPO results of another form",
  (expected) =>
    perturbJson(
      join(expected, GRPO_FILE),
      ["2", "loss_type"],
      () => "ppo" as unknown as number,
    ),
  TypeError,
  (expected) =>
    `Cannot read ${expected}/grpo.json[2].loss_type as it must be grpo or bnpo or dr_grpo: current value is "ppo"`,
);

Deno.test("The task ends with 1 and one line where a file is missing", () =>
  withExpected(async (expected) => {
    Deno.removeSync(join(expected, NAME, "lm.json"));
    const output = join(expected, "..", "report.json");
    const { code, errors } = await runParityTask(
      "--models",
      MODELS,
      "--expected",
      expected,
      "--output",
      output,
      "--backend",
      "cpu",
    );
    assertEquals(code, 1);
    assert(/^error: .*lm\.json/m.test(errors), errors);
    assert(!errors.includes("    at "), errors);
  }));

Deno.test("The task refuses an output that it could not write", async () => {
  const { code, errors } = await runParityTask(
    "--models",
    MODELS,
    "--expected",
    parityPath("expected"),
    "--output",
    "/no/such/folder/report.json",
  );
  assertEquals(code, 1);
  assert(
    errors.includes(
      "error: Cannot write /no/such/folder/report.json as its folder must exist: current value is none",
    ),
    errors,
  );
});

Deno.test("The task's definition needs its three folders", () => {
  const argv = ["--models", "m", "--expected", "e", "--output", "o"];
  const args = parseArguments(DEFINITION, argv);
  assertEquals([args.models, args.expected, args.output], ["m", "e", "o"]);
  for (const missing of [0, 2, 4]) {
    const rest = argv.toSpliced(missing, 2);
    let error: unknown;
    try {
      parseArguments(DEFINITION, rest);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof UsageError);
    assertEquals(
      error.message,
      `Cannot run parity as ${
        argv[missing]
      } must be given: current value is none`,
    );
  }
});
