import "@/tests/backend.ts";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { cosineRate, type Schedule } from "@/lib/training/mod.ts";

const RUN: Schedule = { peakRate: 2, warmupSteps: 2, totalSteps: 6 };

Deno.test("cosineRate() rises in a line, then falls by half a cosine", () => {
  const rates = Array.from({ length: 6 }, (_, step) => cosineRate(RUN, step));
  const halfway = Math.SQRT1_2;
  const expected = [0, 1, 2, 1 + halfway, 1, 1 - halfway];
  rates.forEach((rate, step) =>
    assertAlmostEquals(rate, expected[step], 1e-12, `${step}: ${rate}`)
  );
});

/**
 * transformers 4.55.4: `get_last_lr()` before each step of
 * `get_cosine_schedule_with_warmup(SGD([p], lr=peak), warmup, total)`.
 */
const TRANSFORMERS: readonly {
  readonly schedule: Schedule;
  readonly rates: Readonly<Record<number, number>>;
}[] = [
  {
    schedule: { peakRate: 0.001, warmupSteps: 1, totalSteps: 8 },
    rates: {
      0: 0,
      1: 0.001,
      2: 0.0009504844339512095,
      3: 0.0008117449009293668,
      4: 0.0006112604669781572,
      5: 0.00038873953302184284,
      6: 0.00018825509907063325,
      7: 4.9515566048790485e-05,
    },
  },
  {
    schedule: { peakRate: 1e-5, warmupSteps: 10, totalSteps: 100 },
    rates: {
      0: 0,
      1: 1e-6,
      5: 5e-6,
      9: 9e-6,
      10: 1e-5,
      11: 9.99695413509548e-06,
      55: 5e-06,
      99: 3.0458649045211897e-09,
    },
  },
  {
    schedule: { peakRate: 2, warmupSteps: 0, totalSteps: 4 },
    rates: { 0: 2, 1: 1.7071067811865475, 2: 1, 3: 0.29289321881345254 },
  },
];

for (const { schedule, rates } of TRANSFORMERS) {
  Deno.test(`cosineRate() gives the rates of transformers for ${JSON.stringify(schedule)}`, () => {
    for (const [step, rate] of Object.entries(rates)) {
      const found = cosineRate(schedule, Number(step));
      assertAlmostEquals(found, rate, 1e-12 * schedule.peakRate, `${found}`);
    }
  });
}

Deno.test("cosineRate() of a run that is all warm-up never reaches the peak", () => {
  const schedule = { peakRate: 4, warmupSteps: 4, totalSteps: 2 };
  assertEquals([0, 1].map((step) => cosineRate(schedule, step)), [0, 1]);
});

Deno.test("cosineRate() refuses steps outside the run", () => {
  for (const step of [-1, 6, 1.5, NaN]) {
    assertThrows(
      () => cosineRate(RUN, step),
      RangeError,
      `Cannot take a learning rate as 'step' must be within 0 to 5: current value is ${step}`,
    );
  }
});

Deno.test("cosineRate() refuses schedules that are none", () => {
  for (
    const [name, value, rule] of [
      ["peakRate", -1, "a number of at least 0"],
      ["peakRate", NaN, "a number of at least 0"],
      ["warmupSteps", 0.5, "an integer of at least 0"],
      ["warmupSteps", -1, "an integer of at least 0"],
      ["totalSteps", Infinity, "an integer of at least 0"],
    ] as const
  ) {
    assertThrows(
      () => cosineRate({ ...RUN, [name]: value }, 0),
      RangeError,
      `Cannot take a learning rate as '${name}' must be ${rule}: current value is ${value}`,
    );
  }
});
