import { assertEquals, assertThrows } from "@std/assert";
import {
  askedControls,
  type ControlRunsOptions,
  controlsWeight,
  controlTwin,
  measureControlRuns,
} from "@/experiments/control_runs.ts";
import { controlTable } from "@/experiments/control_table.ts";
import type { Method } from "@/experiments/methods/method.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";
import {
  popqaTwin,
  splitProblems,
  twinKey,
  TWINS,
} from "@/lib/benchmarks/twins/mod.ts";

const METHODS = {
  sft: { id: "sft" } as Method,
  prepend: { id: "memgen-prepend" } as Method,
  append: { id: "memgen-append" } as Method,
};

Deno.test("controlTwin() poses a control's problems as a twin's own", () => {
  for (const twin of TWINS) {
    const keys = new Set([twinKey(twin)]);
    for (const name of Object.keys(twin.controls)) {
      const control = controlTwin(twin, name);
      assertEquals(
        splitProblems(control, "test", 3).map(({ task }) => task),
        splitProblems(twin, "test", 3).map(({ task }, i) => {
          const index = Math.floor(i * twin.sizes.test / 3);
          const { task: other } = twin.controls[name]("test", index);
          assertEquals(other.id === task.id, false, name);
          return other;
        }),
      );
      // So that nobody takes results of one for those of another.
      keys.add(twinKey(control));
    }
    assertEquals(keys.size, 1 + Object.keys(twin.controls).length);
  }
});

Deno.test("controlTwin() knows the controls of the twin", () => {
  assertThrows(
    () => controlTwin(popqaTwin, "other skin"),
    RangeError,
    "Cannot pose a control of popqa as it must be one of permuted skin, shifted facts, format only, stale passages: current value is other skin",
  );
  assertEquals(askedControls(popqaTwin), [
    "permuted skin",
    "shifted facts",
    "stale passages",
  ]);
});

/** A study that counts what it is asked, from `first`. */
function study(name: string, first: number, calls: string[]) {
  let correct = first;
  const result = (text: string) => {
    calls.push(`${name}: ${text}`);
    return Promise.resolve({
      result: { n: 50, correct: correct++, made: "a test" },
      folder: `learned of ${name}`,
    });
  };
  return {
    evaluatePrompting: ({ id }: { id: string }) => result(id),
    evaluateTrained: ({ id }: Method, folder: string) =>
      result(`${id} from ${folder}`),
    train: ({ method, rate, seed }: {
      method: Method;
      rate: number;
      seed: number;
    }) => result(`train ${method.id} at ${rate}, seed ${seed}`),
  };
}

Deno.test("measureControlRuns() asks every control, and the test split of who learned the form", async () => {
  const calls: string[] = [];
  const studies: Record<string, ReturnType<typeof study>> = {
    test: study("test", 40, calls),
    skin: study("skin", 1, calls),
    shifted: study("shifted", 11, calls),
    form: study("form", 0, calls),
  };
  let weight = 0;
  const options = {
    study: (control = "test") => studies[control],
    controls: ["skin", "shifted"],
    form: studies.form,
    formWeight: 30,
    methods: METHODS,
    folderOf: (method: string) => `saved ${method}`,
    rate: 0.5,
    seed: 3,
    announce: (_: string, each: number) => weight += each,
  } as unknown as ControlRunsOptions;
  const runs = await measureControlRuns(options);
  assertEquals(runs, {
    n: 50,
    correct: {
      "Vanilla": { skin: 1, shifted: 11 },
      "SFT (LoRA)": { "skin": 2, "shifted": 12, "format only": 40 },
      "MemGen SFT, prepended": { skin: 3, shifted: 13 },
      "MemGen SFT, appended": { skin: 4, shifted: 14 },
    },
    made: "a test",
  });
  const asked = [
    "Vanilla",
    "sft from saved sft",
    "memgen-prepend from saved prepend",
    "memgen-append from saved append",
  ];
  assertEquals(calls, [
    ...asked.map((each) => `skin: ${each}`),
    ...asked.map((each) => `shifted: ${each}`),
    "form: train sft at 0.5, seed 3",
    "test: sft from learned of form",
  ]);
  assertEquals(weight, controlsWeight(options));
});

Deno.test("controlTable() sets controls beside the test split, by hand", () => {
  const numbers = {
    training: {
      tiny: { n: 200, correct: { "Vanilla": 40, "SFT (LoRA)": 200 } },
    },
    controls: {
      tiny: {
        n: 100,
        correct: {
          "Vanilla": { "permuted skin": 20 },
          "SFT (LoRA)": { "permuted skin": 25, "format only": 10 },
        },
        made: "a test",
      },
    },
  } as unknown as TwinNumbers;
  const table = controlTable(numbers)!;
  assertEquals(table.columns.map(({ header }) => header), [
    "Reasoner",
    "Method",
    "Test split",
    "Permuted skin",
    "Format only",
  ]);
  assertEquals(
    table.rows.map((row) =>
      row.map((cell) =>
        typeof cell === "object" && "value" in cell ? cell.value : cell
      )
    ),
    [
      ["tiny", "Vanilla", 20, 20, "–"],
      ["", "SFT (LoRA)", 100, 25, 10],
    ],
  );
  assertEquals(table.footnotes!.length, 3);
  assertEquals(table.footnotes!.at(-1), "tiny: a test");
  assertEquals(controlTable({} as TwinNumbers), undefined);
});
