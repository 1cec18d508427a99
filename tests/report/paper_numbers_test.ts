import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  PAPER_BACKBONES,
  PAPER_BENCHMARKS,
  PAPER_METHODS,
  type PaperBackbone,
  type PaperBenchmark,
  type PaperMethod,
  paperNumber,
} from "@/lib/report/paper_numbers.ts";

function percent(
  backbone: PaperBackbone,
  method: PaperMethod,
  benchmark: PaperBenchmark,
): number {
  const { paperPercent } = paperNumber(backbone, method, benchmark);
  assert(paperPercent !== null);
  return paperPercent;
}

function meanGain(
  backbone: PaperBackbone,
  method: PaperMethod,
  baseline: PaperMethod,
): number {
  const gains = PAPER_BENCHMARKS.map((benchmark) =>
    percent(backbone, method, benchmark) -
    percent(backbone, baseline, benchmark)
  );
  return gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
}

Deno.test("paperNumber() gives cells of the three tables with their source", () => {
  assertEquals(paperNumber("SmolLM3-3B", "Vanilla", "ALFWorld"), {
    paperPercent: 18.96,
    source: "arXiv 2509.24704, Table 1",
  });
  assertEquals(paperNumber("Qwen3-8B", "MemGen GRPO", "MATH"), {
    paperPercent: 88.24,
    source: "arXiv 2509.24704, Table 1",
  });
  assertEquals(paperNumber("Qwen2.5-1.5B", "MemGen SFT", "GSM8K"), {
    paperPercent: 58.15,
    source: "arXiv 2509.24704, Table 4",
  });
});

Deno.test("paperNumber() reproduces the mean gains over GRPO and SFT", () => {
  const expected = {
    "SmolLM3-3B": [6.20, 8.45],
    "Qwen3-8B": [3.42, 1.77],
    "Qwen2.5-1.5B": [5.20, 4.10],
  };
  for (const backbone of PAPER_BACKBONES) {
    const [grpo, sft] = expected[backbone];
    assertAlmostEquals(meanGain(backbone, "MemGen GRPO", "GRPO"), grpo, 0.006);
    assertAlmostEquals(meanGain(backbone, "MemGen SFT", "SFT"), sft, 0.006);
  }
});

Deno.test("paperNumber() reproduces the paper's claims that name cells", () => {
  const gain = (
    backbone: PaperBackbone,
    benchmark: PaperBenchmark,
    [method, baseline]: readonly [PaperMethod, PaperMethod],
  ) =>
    percent(backbone, method, benchmark) -
    percent(backbone, baseline, benchmark);
  const close = (actual: number, expected: number) =>
    assertAlmostEquals(actual, expected, 1e-9);
  close(gain("Qwen3-8B", "ALFWorld", ["MemGen GRPO", "Vanilla"]), 31.67);
  close(gain("Qwen3-8B", "KodCode", ["MemGen GRPO", "Vanilla"]), 27.06);
  close(gain("Qwen3-8B", "ALFWorld", ["MemGen GRPO", "REINFORCE++"]), 5.8);
  close(gain("Qwen3-8B", "BigCodeBench", ["MemGen GRPO", "GRPO"]), 5.32);
  close(gain("SmolLM3-3B", "PopQA", ["MemGen GRPO", "GRPO"]), 13.44);
  close(gain("SmolLM3-3B", "TriviaQA", ["MemGen SFT", "Vanilla"]), 57.66);
});

Deno.test("paperNumber() has MemGen SFT below SFT in one cell only", () => {
  const below = PAPER_BACKBONES.flatMap((backbone) =>
    PAPER_BENCHMARKS.filter((benchmark) =>
      percent(backbone, "MemGen SFT", benchmark) <
        percent(backbone, "SFT", benchmark)
    ).map((benchmark) => `${backbone} ${benchmark}`)
  );
  assertEquals(below, ["Qwen3-8B BigCodeBench"]);
});

Deno.test("paperNumber() is null exactly where the paper has a dash", () => {
  const dashes = new Set<string>();
  let numbers = 0;
  for (const backbone of PAPER_BACKBONES) {
    for (const method of PAPER_METHODS) {
      for (const benchmark of PAPER_BENCHMARKS) {
        const { paperPercent } = paperNumber(backbone, method, benchmark);
        if (paperPercent === null) dashes.add(`${method} ${benchmark}`);
        else {
          assert(paperPercent > 0 && paperPercent < 100);
          numbers += 1;
        }
      }
    }
  }
  assertEquals([...dashes], [
    "AWM KodCode",
    "AWM BigCodeBench",
    "AWM GPQA",
    "AWM GSM8K",
    "AWM MATH",
  ]);
  assertEquals(numbers, 3 * (14 * 8 - 5));
});

Deno.test("paperNumber() refuses names that the paper does not have", () => {
  assertThrows(
    () => paperNumber("Qwen3-4B" as PaperBackbone, "SFT", "GSM8K"),
    RangeError,
    "Cannot look up a number of the paper as the backbone must be one of Qwen2.5-1.5B, SmolLM3-3B, Qwen3-8B: current value is Qwen3-4B",
  );
  assertThrows(
    () => paperNumber("Qwen3-8B", "MemGen" as PaperMethod, "GSM8K"),
    RangeError,
    "current value is MemGen",
  );
  assertThrows(
    () => paperNumber("Qwen3-8B", "SFT", "AQuA" as PaperBenchmark),
    RangeError,
    "current value is AQuA",
  );
});
