/** Tables in a terminal. */
// deno-lint-ignore-file no-console
import { renderText, type Table } from "@/lib/report/mod.ts";

/**
 * Prints a table: in parts that fit the terminal, and whole where the output
 * goes to a file or a program.
 */
export function printTable(table: Table): void {
  console.log(renderText(table, outputWidth()));
}

function outputWidth(): number {
  if (!Deno.stdout.isTerminal()) return Infinity;
  // Some pseudo-terminals have no size.
  return Deno.consoleSize().columns || Infinity;
}
