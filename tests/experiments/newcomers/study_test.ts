import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import { Ledger } from "@/experiments/ledger.ts";
import {
  buildNewcomersTable,
  computeNewcomers,
  type NewcomersFinding,
} from "@/experiments/newcomers/report.ts";
import { NEWCOMERS_PLANS } from "@/experiments/newcomers/settings.ts";
import { NewcomersStudy } from "@/experiments/newcomers/study.ts";
import { renderMarkdown } from "@/lib/report/mod.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

tensorTest(
  "NewcomersStudy computes its cells once",
  () =>
    withFolder(async (folder) => {
      const sizes = NEWCOMERS_PLANS.tiny;
      const compute = async () => {
        using ledger = new Ledger(folder);
        let computed = 0;
        using study = await NewcomersStudy.open(
          ledger,
          sizes,
          () => computed++,
        );
        return { findings: await computeNewcomers(study, sizes), computed };
      };
      const first = await compute();
      assert(first.computed > 0);
      assertEquals(
        first.findings.map(({ row }) => row),
        [
          "Never",
          "Always",
          "Trained, lambda 0.05",
          "Random, as often as lambda 0.05",
        ],
      );
      const [never, always] = first.findings.map(({ answers }) => answers[0]);
      assertEquals(never.insertions, 0);
      assertEquals(always.insertions, always.candidates);
      assertEquals(await compute(), { findings: first.findings, computed: 0 });
    }),
);

Deno.test("buildNewcomersTable() compares with always, and with random", () => {
  const finding = (
    row: string,
    correct: readonly number[],
    insertions: number,
  ): NewcomersFinding => ({
    row,
    answers: [{ correct, insertions, needed: 1, candidates: 9 }],
  });
  const table = buildNewcomersTable(
    [
      finding("Always", [1, 1, 1, 1], 8),
      finding("Trained, lambda 1", [1, 1, 1, 0], 2),
      finding("Random, as often as lambda 1", [0, 0, 0, 0], 2),
    ],
    { ...NEWCOMERS_PLANS.tiny, testQuestions: 4 },
    "made",
  );
  const text = renderMarkdown(table);
  const trained = text.split("\n").find((line) =>
    line.startsWith("| Trained")
  )!;
  const cells = trained.split("|").map((cell) => cell.trim());
  assertEquals(cells.slice(3, 8), ["75.0", "75.0", "2.00", "25.0", "50.0"]);
  assert(
    /Trained, lambda 1 less Random.*: [0-9.]+ to 100\.0 points/.test(text),
  );
});
