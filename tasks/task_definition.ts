/** What a task takes, as data: its arguments, types, help and errors come from it. */

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

/** `batchSize` to `--batch-size`. */
export function optionLabel(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The rule for a value, to end a sentence that starts with "must be". */
export function ruleOf(value: ValueDefinition): string {
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
