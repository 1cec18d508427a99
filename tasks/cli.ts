/**
 * The command line of every task: a definition is data, from which come the
 * parsed arguments with their types, the help text and the errors.
 */
// deno-lint-ignore-file no-console
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { formatHelp } from "@/tasks/help_text.ts";
import {
  type NumberDefinition,
  optionLabel,
  ruleOf,
  type TaskDefinition,
  type ValueDefinition,
} from "@/tasks/task_definition.ts";

type ValueOf<V> = V extends { type: "flag" } ? boolean
  : V extends { choices: readonly (infer Choice)[] } ? Choice
  : V extends { type: "string" } ? string
  : number;

/** `undefined` only where neither a default is set nor a value required. */
type ArgumentOf<V> = V extends
  { type: "flag" } | { required: true } | { default: string | number }
  ? ValueOf<V>
  : ValueOf<V> | undefined;

type ArgumentsOf<T> = { readonly [K in keyof T]: ArgumentOf<T[K]> };

/** The arguments that a definition describes, options and positionals by name. */
export type Arguments<D extends TaskDefinition> =
  & ArgumentsOf<D["options"]>
  & (D extends { positionals: infer P } ? ArgumentsOf<P> : unknown);

/** The command line is wrong, and the help says how it should be. */
export class UsageError extends Error {
  /** Name of the class. */
  override readonly name = "UsageError";

  /**
   * States the error in the words of all our errors.
   *
   * @param task Name of the task.
   * @param rule What must hold, such as "--limit must be an integer".
   * @param current What was found instead.
   */
  constructor(task: string, rule: string, current: string) {
    super(`Cannot run ${task} as ${rule}: current value is ${current}`);
  }
}

/**
 * Runs a task as a process: prints the help where asked, otherwise parses the
 * command line and calls `main`. Ends with 2 for a wrong command line and 1 for
 * any other error; its stack is printed only if MEMGEN_DEBUG is set.
 *
 * @param definition What the task takes.
 * @param main What the task does.
 */
export async function runTask<const D extends TaskDefinition>(
  definition: D,
  main: (args: Arguments<D>) => void | Promise<void>,
): Promise<void> {
  if (Deno.args.some((argument) => HELP_FLAGS.includes(argument))) {
    console.log(formatHelp(definition));
    return;
  }
  try {
    await main(parseArguments(definition, Deno.args));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    if (isUsage) console.error(`see deno task ${definition.name} --help`);
    if (Deno.env.get("MEMGEN_DEBUG")) console.error(error);
    Deno.exit(isUsage ? 2 : 1);
  }
}

const HELP_FLAGS = ["--help", "-h"];

/**
 * Parses and checks the whole command line.
 *
 * @param definition What the task takes.
 * @param argv The command line after the task's name.
 * @throws {UsageError} If an option is unknown or repeated, a value is missing
 * or wrong, or there is a positional argument too many.
 */
export function parseArguments<const D extends TaskDefinition>(
  definition: D,
  argv: readonly string[],
): Arguments<D> {
  const { name: task, options, positionals = {} } = definition;
  const given = splitArguments(definition, argv);
  const args: Record<string, string | number | boolean | undefined> = {};

  for (const [name, option] of Object.entries(options)) {
    const label = optionLabel(name);
    const texts = [given.values[label.slice(2)] ?? []].flat().map(String);
    if (texts.length > 1) {
      const count = `${texts.length} times`;
      throw new UsageError(task, `${label} must be given once`, count);
    }
    args[name] = option.type === "flag"
      ? texts.length === 1
      : parseValue(texts[0], option, { task, label });
  }

  const places = Object.entries(positionals);
  for (const [index, [name, value]] of places.entries()) {
    const label = value.placeholder;
    args[name] = parseValue(given.positionals[index], value, { task, label });
  }
  if (given.positionals.length > places.length) {
    const rule = `arguments without an option must be at most ${places.length}`;
    throw new UsageError(task, rule, given.positionals.join(" "));
  }
  return args as Arguments<D>;
}

/** What `node:util` makes of the command line; every value is a list. */
function splitArguments(definition: TaskDefinition, argv: readonly string[]) {
  const options: ParseArgsOptionsConfig = {};
  for (const [name, { type }] of Object.entries(definition.options)) {
    options[optionLabel(name).slice(2)] = {
      type: type === "flag" ? "boolean" : "string",
      // Otherwise the last of a repeated option would win, silently.
      multiple: true,
    };
  }
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw toUsageError(error, definition.name);
  }
}

/** The errors of `parseArgs`, in the words of all our errors. */
function toUsageError(error: unknown, task: string): unknown {
  if (!(error instanceof TypeError) || !("code" in error)) return error;
  const [, option] = error.message.match(/'(-[^\s']*)/) ?? [];
  if (error.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    return new UsageError(task, "options must be those of its help", option);
  }
  return error.message.includes("does not take")
    ? new UsageError(task, `${option} must have no value`, "one")
    : new UsageError(task, `${option} must have a value`, "none");
}

function parseValue(
  text: string | undefined,
  value: ValueDefinition,
  { task, label }: { readonly task: string; readonly label: string },
): string | number | undefined {
  if (text === undefined) {
    if (!value.required) return value.default;
    throw new UsageError(task, `${label} must be given`, "none");
  }
  const parsed = value.type === "string" ? text : parseNumber(text, value);
  const isAllowed = value.type === "string" && value.choices
    ? value.choices.includes(text)
    : text !== "" && parsed !== undefined;
  if (isAllowed) return parsed;
  const rule = `${label} must be ${ruleOf(value)}`;
  throw new UsageError(task, rule, text === "" ? "empty" : text);
}

function parseNumber(
  text: string,
  { type, minimum = -Infinity, maximum = Infinity }: NumberDefinition,
): number | undefined {
  // `Number` alone would also read "", " 5 " and "0x10".
  const isDecimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  const number = isDecimal ? Number(text) : NaN;
  const isKind = type === "integer"
    ? Number.isSafeInteger(number)
    : Number.isFinite(number);
  return isKind && number >= minimum && number <= maximum ? number : undefined;
}
