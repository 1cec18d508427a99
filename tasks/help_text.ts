/** The help text of a task, from its definition. */
import {
  type FlagDefinition,
  optionLabel,
  ruleOf,
  type TaskDefinition,
  type ValueDefinition,
} from "@/tasks/task_definition.ts";

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
    [
      "Examples:",
      ...examples.map((text) => `  deno task ${name} ${text}`.trimEnd()),
    ]
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
    ...(value.type === "string" && value.choices ? [ruleOf(value)] : []),
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
