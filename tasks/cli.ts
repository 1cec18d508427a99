/**
 * The command line of every task: a definition is data, from which come the
 * parsed arguments with their types, the help text and the errors.
 */
// deno-lint-ignore-file no-console
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

/** What texts and numbers have in common. */
export interface BaseDefinition {
  /** What it means; a sentence without its full stop. */
  readonly help: string;
  /** Name of the value in the help, such as FILE or N. */
  readonly placeholder: string;
  /** Whether it must be given. */
  readonly required?: boolean;
}

/** A value that is a text. */
export interface TextDefinition extends BaseDefinition {
  /** Any text but the empty one. */
  readonly type: "string";
  /** The only texts that are allowed. */
  readonly choices?: readonly string[];
  /** Value if none is given. */
  readonly default?: string;
}

/** A value that is a number. */
export interface NumberDefinition extends BaseDefinition {
  /** A number in decimal notation, with or without a fraction. */
  readonly type: "number" | "integer";
  /** Smallest number that is allowed. */
  readonly minimum?: number;
  /** Largest number that is allowed. */
  readonly maximum?: number;
  /** Value if none is given. */
  readonly default?: number;
}

/** What follows an option, or stands alone. */
export type ValueDefinition = TextDefinition | NumberDefinition;

/** An option without a value: true if given, otherwise false. */
export interface FlagDefinition {
  /** Marks an option without a value. */
  readonly type: "flag";
  /** What it does; a sentence without its full stop. */
  readonly help: string;
}

/** What a task is called, does and takes. */
export interface TaskDefinition {
  /** Name in deno.json. */
  readonly name: string;
  /** One paragraph. */
  readonly description: string;
  /** By name in camel case; `batchSize` is `--batch-size` on the command line. */
  readonly options: {
    readonly [name: string]: ValueDefinition | FlagDefinition;
  };
  /** By name, in their order on the command line. */
  readonly positionals?: { readonly [name: string]: ValueDefinition };
  /** Arguments of example calls. */
  readonly examples: readonly [string, ...string[]];
}

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
  const rule = `${label} must be ${describe(value)}`;
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

/** The rule for a value, to end a sentence that starts with "must be". */
function describe(value: ValueDefinition): string {
  if (value.type === "string") {
    return value.choices ? `one of ${value.choices.join(", ")}` : "a text";
  }
  const bounds = [
    ...(value.minimum === undefined ? [] : [`at least ${value.minimum}`]),
    ...(value.maximum === undefined ? [] : [`at most ${value.maximum}`]),
  ];
  const kind = value.type === "integer" ? "an integer" : "a number";
  return bounds.length === 0 ? kind : `${kind} of ${bounds.join(" and ")}`;
}

/** `batchSize` to `--batch-size`. */
function optionLabel(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The help text: usage, description, what each argument means, examples.
 *
 * @param definition What the task takes.
 * @returns Lines of at most 80 columns where the words allow it.
 */
export function formatHelp(definition: TaskDefinition): string {
  const { name, description, options, positionals = {}, examples } = definition;
  const places = Object.values(positionals).map((value): HelpEntry => ({
    form: value.placeholder,
    value,
  }));
  const choices = Object.entries(options).map(([option, value]): HelpEntry => ({
    form: value.type === "flag"
      ? optionLabel(option)
      : `${optionLabel(option)} ${value.placeholder}`,
    value,
  }));
  const usage = [...places, ...choices].map(({ form, value }) =>
    value.type !== "flag" && value.required ? form : `[${form}]`
  );
  return [
    wrap(usage, `Usage: deno task ${name} `),
    wrap(description.split(/\s+/), ""),
    ...(places.length > 0 ? [formatEntries("Arguments", places)] : []),
    formatEntries("Options", [...choices, HELP_ENTRY]),
    ["Examples:", ...examples.map((text) => `  deno task ${name} ${text}`)]
      .join("\n"),
  ].join("\n\n");
}

interface HelpEntry {
  readonly form: string;
  readonly value: ValueDefinition | FlagDefinition;
}

const HELP_ENTRY: HelpEntry = {
  form: "--help",
  value: { type: "flag", help: "Print this text" },
};

/** Two columns: how an argument is written, and what it means. */
function formatEntries(title: string, entries: readonly HelpEntry[]): string {
  const width = Math.max(...entries.map(({ form }) => form.length));
  const rows = entries.map(({ form, value }) =>
    wrap(explain(value).split(/\s+/), `  ${form.padEnd(width)}  `)
  );
  return [`${title}:`, ...rows].join("\n");
}

function explain(value: HelpEntry["value"]): string {
  if (value.type === "flag") return value.help;
  const notes = [
    ...(value.type === "string" && value.choices ? [describe(value)] : []),
    ...(value.required ? ["required"] : []),
    ...(value.default === undefined ? [] : [`default: ${value.default}`]),
  ];
  return notes.length === 0
    ? value.help
    : `${value.help} (${notes.join("; ")})`;
}

/** Words in lines of 80 columns, the first after `start`, the others below it. */
function wrap(words: readonly string[], start: string): string {
  const lines: string[] = [];
  for (const word of words) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length === 0 || start.length + longer.length > 80) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = longer;
    }
  }
  return start + lines.join(`\n${" ".repeat(start.length)}`);
}
