import { assertEquals, assertStringIncludes } from "@std/assert";
import type { NewcomersAnswers } from "@/experiments/newcomers/answers.ts";
import type { SeedFindings } from "@/experiments/newcomers/findings.ts";
import {
  buildNewcomersTable,
  buildPenaltyTable,
} from "@/experiments/newcomers/report.ts";
import { renderMarkdown, type Table } from "@/lib/report/mod.ts";

function answers(
  correct: readonly number[],
  insertions: number,
): NewcomersAnswers {
  return { correct, insertions, needed: insertions / 2, candidates: 9 };
}

function seed(seed: number, trained: NewcomersAnswers): SeedFindings {
  const always = answers([1, 1, 1, 1], 8);
  return {
    seed,
    valid: {
      always,
      trials: [
        { penalty: 0, answers: answers([1, 1, 1, 1], 6) },
        { penalty: 0.5, answers: answers([1, 0, 0, 1], 2) },
      ],
    },
    penalty: 0,
    test: {
      Never: answers([0, 0, 0, 0], 0),
      Always: always,
      Trained: trained,
      Random: answers([0, 0, 0, 0], trained.insertions),
    },
  };
}

const FINDINGS = [
  seed(3, answers([1, 1, 1, 1], 2)),
  seed(4, answers([1, 1, 0, 0], 6)),
];

/** Cells of the rows that begin with these two. */
function cellsOf(table: Table, decider: string, seed: string): string[] {
  const line = renderMarkdown(table).split("\n")
    .find((line) => line.startsWith(`| ${decider} | ${seed} |`))!;
  return line.split("|").map((cell) => cell.trim()).slice(3, -1);
}

Deno.test("buildNewcomersTable() has all seeds together and each alone", () => {
  const table = buildNewcomersTable(FINDINGS, "made");
  const [right, ...others] = cellsOf(table, "Trained", "all");
  assertStringIncludes(right, "75.0 [");
  assertEquals(others, ["75.0", "4.00", "50.0", "50.0", "-"]);
  assertEquals(cellsOf(table, "Trained", "4").slice(1), [
    "50.0",
    "6.00",
    "75.0",
    "50.0",
    "-",
  ]);
  assertEquals(cellsOf(table, "Never", "3"), [
    "0.0 [0.0, 49.0]",
    "0.0",
    "0.00",
    "0.0",
    "-",
    "100.0 [100.0, 100.0]",
  ]);
  assertStringIncludes(cellsOf(table, "Always", "4").at(-1)!, "-50.0 [");
  assertStringIncludes(
    table.footnotes!.join("\n"),
    "Chosen: 0 for seed 3, 0 for seed 4.",
  );
});

Deno.test("buildPenaltyTable() says which lambda was chosen", () => {
  const table = buildPenaltyTable(FINDINGS, "made");
  assertEquals(cellsOf(table, "Always", "3").at(-1), "");
  assertEquals(cellsOf(table, "Trained, lambda 0", "3").slice(1), [
    "100.0",
    "6.00",
    "75.0",
    "chosen",
  ]);
  assertEquals(cellsOf(table, "Trained, lambda 0.5", "4").slice(1), [
    "50.0",
    "2.00",
    "25.0",
    "",
  ]);
});
