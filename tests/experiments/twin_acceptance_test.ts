import { assertEquals } from "@std/assert";
import { acceptanceTable } from "@/experiments/twin_acceptance.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";
import { TOY_TWIN } from "@/tests/benchmarks/twins/toy_twin.ts";

/** Of 100 test tasks. */
function policy(kind: string, correct: number) {
  return { name: kind, kind, correct, n: 100 };
}

/** The rows of the table whose rule contains a text, without the rule. */
function rulings(text: string, numbers: Partial<TwinNumbers>) {
  const all = {
    policies: [
      policy("oracle", 100),
      policy("ignorant", 75),
      policy("random", 10),
      policy("shortcut", 15),
    ],
    reasoners: {},
    ...numbers,
  } as unknown as TwinNumbers;
  return acceptanceTable(TOY_TWIN, all).rows
    .filter(([rule]) => String(rule).includes(text))
    .map(([, found, isMet]) => [found, isMet]);
}

Deno.test("acceptanceTable() holds scripts against the rules, at their bounds", () => {
  assertEquals(rulings("oracle solves", {}), [["100.0 %", "yes"]]);
  assertEquals(rulings("shortcut", {}), [["15.0 %, chance 10.0 %", "yes"]]);
  assertEquals(rulings("facts are worth", {}), [["25.0 points", "yes"]]);
  const policies = [
    policy("oracle", 99),
    policy("ignorant", 75),
    policy("random", 10),
    policy("shortcut", 16),
  ] as unknown as TwinNumbers["policies"];
  assertEquals(rulings("oracle solves", { policies }), [["99.0 %", "no"]]);
  assertEquals(rulings("shortcut", { policies }), [
    ["16.0 %, chance 10.0 %", "no"],
  ]);
  assertEquals(rulings("facts are worth", { policies }), [
    ["24.0 points", "no"],
  ]);
});

Deno.test("acceptanceTable() takes percents as they are written, not as they round", () => {
  for (let chance = 0; chance <= 70; chance++) {
    const policies = [
      policy("oracle", chance + 30),
      policy("ignorant", chance + 5),
      policy("random", chance),
      policy("shortcut", chance + 5),
    ] as unknown as TwinNumbers["policies"];
    for (const rule of ["shortcut", "facts are worth"]) {
      const [[, isMet]] = rulings(rule, { policies });
      assertEquals(isMet, "yes", `${rule} at ${chance} %`);
    }
  }
});

Deno.test("acceptanceTable() wants 10 to 40 % before training, and says where chance is above", () => {
  const found = (vanilla: number, chance: number) =>
    rulings("mini begins", {
      policies: [policy("oracle", 100), policy("random", chance)] as never,
      reasoners: { mini: { n: 1000, correct: { vanilla }, made: "" } } as never,
    });
  assertEquals(found(99, 25), [["9.9 %", "no"]]);
  assertEquals(found(100, 25), [["10.0 %", "yes"]]);
  assertEquals(found(400, 40), [["40.0 %", "yes"]]);
  assertEquals(found(401, 40), [["40.1 %", "no"]]);
  assertEquals(found(500, 52), [["50.0 %, chance 52.0 %", "no"]]);
});

Deno.test("acceptanceTable() wants every seed's SFT to reach 70 % of the oracle", () => {
  const training = {
    mini: {
      n: 200,
      correct: { "SFT (LoRA)": 140 },
      steps: 1,
      valid: {},
      made: "",
    },
  };
  const found = (correct?: number[]) =>
    rulings("by SFT (LoRA)", {
      training,
      ...correct && { sft: { mini: { n: 200, correct, made: "" } } },
    });
  assertEquals(found(), [["70.0 %, in one run, not three", "yes"]]);
  const seeds = ", a run for each seed";
  assertEquals(found([140, 150, 200]), [
    [`70.0 %, 75.0 %, 100.0 %${seeds}`, "yes"],
  ]);
  assertEquals(found([200, 139, 200]), [
    [`100.0 %, 69.5 %, 100.0 %${seeds}`, "no"],
  ]);
  // Another reasoner's runs say nothing.
  const sft = { other: { n: 200, correct: [1, 1, 1], made: "" } };
  assertEquals(rulings("by SFT", { training, sft }), found());
  // SFT of all weights is held against the rule by itself.
  const fullSft = { mini: { n: 200, correct: [139, 200, 160], made: "" } };
  assertEquals(rulings("by SFT", { training, fullSft }), [
    ...found(),
    [`69.5 %, 100.0 %, 80.0 %${seeds}`, "no"],
  ]);
});
