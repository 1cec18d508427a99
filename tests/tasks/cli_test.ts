import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Arguments, parseArguments, UsageError } from "@/tasks/cli.ts";
import { formatHelp } from "@/tasks/help_text.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

const DEFINITION = {
  name: "demo",
  description:
    "Shows what every task can take: a required text, one of two texts, an integer, a number, a flag and a positional argument.",
  options: {
    input: {
      type: "string",
      placeholder: "FILE",
      help: "What to read",
      required: true,
    },
    output: { type: "string", placeholder: "FILE", help: "What to write" },
    trigger: {
      type: "string",
      placeholder: "WHEN",
      help: "When to insert memory",
      choices: ["always", "active"],
      default: "always",
    },
    batchSize: {
      type: "integer",
      placeholder: "N",
      help:
        "Rows that run together, where more of them need more memory but run faster",
      minimum: 1,
      maximum: 64,
      default: 8,
    },
    temperature: {
      type: "number",
      placeholder: "T",
      help: "How random",
      minimum: 0,
    },
    json: { type: "flag", help: "End with one line of JSON" },
  },
  positionals: {
    table: {
      type: "integer",
      placeholder: "TABLE",
      help: "Number of the table",
      maximum: 11,
    },
  },
  examples: ["--input in.jsonl", "3 --input in.jsonl --batch-size 4 --json"],
} as const satisfies TaskDefinition;

const parse = (...argv: string[]) => parseArguments(DEFINITION, argv);

Deno.test("parseArguments() gives each argument its type", () => {
  const args = parse(
    "3",
    "--input",
    "a",
    "--batch-size=4",
    "--temperature",
    "0.5",
    "--json",
    "--trigger",
    "active",
  );
  // These lines fail to compile if a type is wider than the definition says.
  const input: string = args.input;
  const output: string | undefined = args.output;
  const trigger: "always" | "active" = args.trigger;
  const batchSize: number = args.batchSize;
  const temperature: number | undefined = args.temperature;
  const json: boolean = args.json;
  const table: number | undefined = args.table;
  assertEquals(
    { input, output, trigger, batchSize, temperature, json, table },
    {
      input: "a",
      output: undefined,
      trigger: "active",
      batchSize: 4,
      temperature: 0.5,
      json: true,
      table: 3,
    },
  );
});

Deno.test("Arguments do not promise what need not be given", () => {
  const args: Arguments<typeof DEFINITION> = parse("--input", "a");
  // @ts-expect-error: without default or `required` it may be undefined
  const output: string = args.output;
  // @ts-expect-error: not in the definition
  args.limit;
  assertEquals(output, undefined);
});

Deno.test("parseArguments() fills in the defaults", () => {
  assertEquals(parse("--input", "a"), {
    input: "a",
    output: undefined,
    trigger: "always",
    batchSize: 8,
    temperature: undefined,
    json: false,
    table: undefined,
  });
});

Deno.test("parseArguments() takes values at the bounds, and ones that start with a dash", () => {
  assertEquals(parse("--input=-a", "--batch-size", "1").batchSize, 1);
  assertEquals(parse("--input=-a", "--batch-size", "64").input, "-a");
  assertEquals(
    parse("--input", "a", "--temperature", "1e-3").temperature,
    1e-3,
  );
  assertEquals(parse("--input", "a", "--", "-5").table, -5);
});

/** Command line and the end of the message. */
const BAD: readonly (readonly [readonly string[], string])[] = [
  [[], "--input must be given: current value is none"],
  [["--input"], "--input must have a value: current value is none"],
  [["--input", "--json"], "--input must have a value: current value is none"],
  [["--input", ""], "--input must be a text: current value is empty"],
  [
    ["--input", "a", "--input", "b"],
    "--input must be given once: current value is 2 times",
  ],
  [
    ["--input", "a", "--json", "--json"],
    "--json must be given once: current value is 2 times",
  ],
  [
    ["--input", "a", "--json=no"],
    "--json must have no value: current value is one",
  ],
  [
    ["--input", "a", "--inptu", "b"],
    "options must be those of its help: current value is --inptu",
  ],
  [
    ["--input", "a", "--no-json"],
    "options must be those of its help: current value is --no-json",
  ],
  [
    ["--input", "a", "-x"],
    "options must be those of its help: current value is -x",
  ],
  [
    ["--input", "a", "--batchSize", "4"],
    "options must be those of its help: current value is --batchSize",
  ],
  [
    ["--input", "a", "--trigger", "never"],
    "--trigger must be one of always, active: current value is never",
  ],
  [
    ["--input", "a", "--batch-size", "many"],
    "--batch-size must be an integer of at least 1 and at most 64: current value is many",
  ],
  [
    ["--input", "a", "--batch-size", "1.5"],
    "--batch-size must be an integer of at least 1 and at most 64: current value is 1.5",
  ],
  [
    ["--input", "a", "--batch-size", "0"],
    "--batch-size must be an integer of at least 1 and at most 64: current value is 0",
  ],
  [
    ["--input", "a", "--batch-size", "65"],
    "--batch-size must be an integer of at least 1 and at most 64: current value is 65",
  ],
  [
    ["--input", "a", "--batch-size", ""],
    "--batch-size must be an integer of at least 1 and at most 64: current value is empty",
  ],
  [
    ["--input", "a", "--temperature", "0x10"],
    "--temperature must be a number of at least 0: current value is 0x10",
  ],
  [
    ["--input", "a", "--temperature", "1e999"],
    "--temperature must be a number of at least 0: current value is 1e999",
  ],
  [
    ["--input", "a", "--temperature", "NaN"],
    "--temperature must be a number of at least 0: current value is NaN",
  ],
  [
    ["--input", "a", "--temperature=-1"],
    "--temperature must be a number of at least 0: current value is -1",
  ],
  [
    ["--input", "a", "x"],
    "TABLE must be an integer of at most 11: current value is x",
  ],
  [
    ["--input", "a", "12"],
    "TABLE must be an integer of at most 11: current value is 12",
  ],
  [
    ["--input", "a", "3", "4"],
    "arguments without an option must be at most 1: current value is 3 4",
  ],
];

for (const [argv, message] of BAD) {
  Deno.test(`parseArguments() refuses "${argv.join(" ")}"`, () => {
    assertThrows(
      () => parse(...argv),
      UsageError,
      `Cannot run demo as ${message}`,
    );
  });
}

Deno.test("parseArguments() refuses any positional argument where none is defined", () => {
  const definition = { ...DEFINITION, positionals: {} };
  assertThrows(
    () => parseArguments(definition, ["--input", "a", "b"]),
    UsageError,
    "arguments without an option must be at most 0: current value is b",
  );
});

Deno.test("parseArguments() takes the examples of the definition", () => {
  for (const example of DEFINITION.examples) parse(...example.split(" "));
});

Deno.test("formatHelp() shows usage, arguments, defaults and examples in 80 columns", () => {
  assertEquals(
    formatHelp(DEFINITION),
    `\
Usage: deno task demo [TABLE] --input FILE [--output FILE] [--trigger WHEN]
                      [--batch-size N] [--temperature T] [--json]

Shows what every task can take: a required text, one of two texts, an integer, a
number, a flag and a positional argument.

Arguments:
  TABLE  Number of the table

Options:
  --input FILE     What to read (required)
  --output FILE    What to write
  --trigger WHEN   When to insert memory (one of always, active; default:
                   always)
  --batch-size N   Rows that run together, where more of them need more memory
                   but run faster (default: 8)
  --temperature T  How random
  --json           End with one line of JSON
  --help           Print this text

Examples:
  deno task demo --input in.jsonl
  deno task demo 3 --input in.jsonl --batch-size 4 --json`,
  );
});

const CLI = new URL("../../tasks/cli.ts", import.meta.url);

/** Runs a task in a process of its own; its `main` has the given body. */
async function run(
  body: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const code = `import { runTask } from ${JSON.stringify(CLI)};
    await runTask({
      name: "demo",
      description: "Shows a task.",
      options: { limit: { type: "integer", placeholder: "N", help: "Rows" } },
      examples: ["--limit 5"],
    }, async ({ limit }) => { await undefined; ${body} });`;
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code, ...argv],
    env: { NO_COLOR: "1", MEMGEN_DEBUG: "", ...env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    code: output.code,
    stdout: decode(output.stdout),
    stderr: decode(output.stderr),
  };
}

Deno.test("runTask() calls main with the arguments and ends with 0", async () => {
  assertEquals(await run("console.log(limit + 1);", ["--limit", "5"]), {
    code: 0,
    stdout: "6\n",
    stderr: "",
  });
});

Deno.test("runTask() prints the help and does not call main", async () => {
  for (const argv of [["--help"], ["-h"], ["--limit", "x", "--help"]]) {
    const { code, stdout, stderr } = await run("throw Error();", argv);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "Usage: deno task demo [--limit N]\n");
  }
});

Deno.test("runTask() ends with 2 for a wrong command line", async () => {
  assertEquals(await run("console.log(limit);", ["--limit", "x"]), {
    code: 2,
    stdout: "",
    stderr:
      "error: Cannot run demo as --limit must be an integer: current value is x\nsee deno task demo --help\n",
  });
});

Deno.test("runTask() ends with 1 for another error, its stack only on request", async () => {
  const body = 'throw new RangeError("Cannot do it");';
  assertEquals(await run(body, []), {
    code: 1,
    stdout: "",
    stderr: "error: Cannot do it\n",
  });
  const debug = await run(body, [], { MEMGEN_DEBUG: "1" });
  assertEquals(debug.code, 1);
  assertStringIncludes(
    debug.stderr,
    "error: Cannot do it\nRangeError: Cannot do it\n    at ",
  );
});
