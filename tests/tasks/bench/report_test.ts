import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  type BenchReport,
  formatReport,
  summarize,
} from "@/tasks/bench/report.ts";

const RESULTS = new Map([
  ["alone", { compilations: 1, ours: [1000, 3000, 2000] }],
  ["pair", {
    compilations: 4,
    ours: [90, 100, 200],
    peer: [60, 40, 50],
    sameTokens: 0.5,
  }],
  ["fresh", { unit: "s" as const, ours: [1.25], peer: [5] }],
]);

const REPORT: BenchReport = {
  ...summarize(RESULTS),
  rounds: 3,
  machine: {
    processor: "Abacus",
    cores: 4,
    threads: 2,
    device: "CPU",
    load: 0,
    versions: { deno: "2.0.0", torch: "2.7.1" },
  },
};

Deno.test("summarize() gives a ratio to every case with a peer", () => {
  assertEquals(summarize(RESULTS), {
    ratios: { pair: 2.5, fresh: 0.25 },
    cases: {
      alone: {
        unit: "tokens/s",
        compilations: 1,
        ours: { median: 2000, low: 1000, high: 3000 },
      },
      fresh: {
        unit: "s",
        compilations: undefined,
        ours: { median: 1.25, low: 1.25, high: 1.25 },
        peer: { median: 5, low: 5, high: 5 },
        ratio: { median: 0.25, low: 0.25, high: 0.25 },
        sameTokens: undefined,
      },
      pair: {
        unit: "tokens/s",
        compilations: 4,
        ours: { median: 100, low: 90, high: 200 },
        peer: { median: 50, low: 40, high: 60 },
        ratio: { median: 2.5, low: 1.5, high: 4 },
        sameTokens: 0.5,
      },
    },
  });
});

Deno.test("formatReport() shows medians, extremes and what computed", () => {
  const lines = formatReport(REPORT).split("\n").map((line) =>
    line.trim().replaceAll(/ {2,}/g, " | ")
  );
  assertEquals(lines.filter((line) => !line.startsWith("─")), [
    "Median of 3 rounds (lowest-highest)",
    "Abacus, 4 cores, 2 threads on CPU; deno 2.0.0, torch 2.7.1",
    "case | unit | compiled | ours | peer | ours / peer | same tokens",
    "alone | tokens/s | 1 | 2,000 (1,000-3,000)",
    "pair | tokens/s | 4 | 100 (90-200) | 50 (40-60) | 2.50 (1.50-4.00) | 50.0 %",
    "fresh | s | 1.3 (1.3-1.3) | 5.0 (5.0-5.0) | 0.25 (0.25-0.25)",
    "",
  ]);
});

Deno.test("formatReport() has no columns for peers that were not there", () => {
  const { alone } = REPORT.cases;
  const text = formatReport({ ...REPORT, ratios: {}, cases: { alone } });
  assertEquals(text.includes("peer"), false);
  assertStringIncludes(text, "2,000 (1,000-3,000)");
});
