import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import { Ledger } from "@/experiments/ledger.ts";
import { computeNewcomers } from "@/experiments/newcomers/findings.ts";
import { NEWCOMERS_PLANS } from "@/experiments/newcomers/settings.ts";
import { NewcomersStudy } from "@/experiments/newcomers/study.ts";
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
      const [{ seed, valid, penalty, test }, ...others] = first.findings;
      assertEquals(others, []);
      assertEquals({ seed, penalty }, { seed: 0, penalty: 0.05 });
      assertEquals(valid.trials.map(({ penalty }) => penalty), [0.05]);
      assertEquals(test.Never.insertions, 0);
      assertEquals(test.Always.insertions, test.Always.candidates);
      assertEquals(await compute(), { findings: first.findings, computed: 0 });
    }),
);
