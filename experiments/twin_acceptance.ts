/** Which of the rules for twins (section 5.12 of their specification) one meets. */
import {
  bestOf,
  isAboveChance,
  isKnowledgeNeeded,
  KNOWLEDGE_GAP,
  SHORTCUT_MARGIN,
  type Twin,
} from "@/lib/benchmarks/twins/mod.ts";
import { formatTenths, type Table } from "@/lib/report/mod.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";

/** Right answers in percent that a reasoner may have before any training. */
const VANILLA = { least: 10, most: 40 };
/** Share of the oracle's score that SFT must reach. */
const SFT_SHARE = 0.7;
/** Tokens of a prompt with its answer, at most, in one turn and in several. */
const TOKENS = { single: 192, several: 640 };

/** A rule with what was found. */
interface Ruling {
  readonly rule: string;
  readonly found: string;
  readonly isMet: boolean;
}

/** The rules, one by one; for each reasoner where it is about reasoners. */
export function acceptanceTable(twin: Twin, numbers: TwinNumbers): Table {
  const rulings = [
    ...policyRulings(numbers),
    ...vanillaRulings(numbers),
    ...trainingRulings(numbers),
    lengthRuling(twin),
  ];
  return {
    title: "What it was made to meet",
    caption:
      "The rules that twins are made by, and whether this one keeps them, by the numbers above. That no kind of problem is in two splits, a test checks.",
    columns: [
      { header: "Rule" },
      { header: "Found", align: "left" },
      { header: "Met", align: "left" },
    ],
    rows: rulings.map(({ rule, found, isMet }) => [
      rule,
      found,
      isMet ? "yes" : "no",
    ]),
  };
}

function policyRulings({ policies }: TwinNumbers): Ruling[] {
  const [oracle, ignorant, random, shortcut] =
    (["oracle", "ignorant", "random", "shortcut"] as const)
      .map((kind) => bestOf(policies, kind));
  return [
    {
      rule: "the oracle solves all",
      found: percent(oracle),
      isMet: oracle === 1,
    },
    {
      rule: `no shortcut is ${100 * SHORTCUT_MARGIN} points above chance`,
      found: `${percent(shortcut)}, chance ${percent(random)}`,
      isMet: !isAboveChance(shortcut, random),
    },
    {
      rule: `the facts are worth ${100 * KNOWLEDGE_GAP} points`,
      found: `${formatTenths(100 * (oracle - ignorant))} points`,
      isMet: isKnowledgeNeeded(oracle, ignorant),
    },
  ];
}

/** Chance is said where it is above the range: no reasoner can meet that. */
function vanillaRulings({ reasoners, policies }: TwinNumbers): Ruling[] {
  const { least, most } = VANILLA;
  const chance = bestOf(policies, "random");
  const remark = 100 * chance > most ? `, chance ${percent(chance)}` : "";
  return Object.entries(reasoners).map(([name, { n, correct }]) => {
    const right = 100 * correct.vanilla / n;
    return {
      rule: `${name} begins at ${least} to ${most} %`,
      found: `${percent(correct.vanilla / n)}${remark}`,
      isMet: right >= least && right <= most,
    };
  });
}

/**
 * SFT of all weights is what the rule is about; LoRA, Table 1's, is held against
 * it, too: by the runs of several seeds, where there are none by the table's.
 */
function trainingRulings(
  { training = {}, sft = {}, fullSft = {}, policies }: TwinNumbers,
): Ruling[] {
  const enough = SFT_SHARE * bestOf(policies, "oracle");
  return Object.entries(training).flatMap(([name, { n, correct }]) => {
    const lora = sft[name] ?? { n, correct: [correct["SFT (LoRA)"]] };
    const learned = [
      { by: "SFT (LoRA)", runs: lora },
      { by: "SFT of all weights", runs: fullSft[name] },
    ];
    return learned.flatMap(({ by, runs }) => {
      if (runs === undefined) return [];
      const right = runs.correct.map((each) => each / runs.n);
      return {
        rule: `${name} learns ${100 * SFT_SHARE} % of the oracle's by ${by}`,
        found: right.length === 1
          ? `${percent(right[0])}, in one run, not three`
          : `${right.map(percent).join(", ")}, a run for each seed`,
        isMet: Math.min(...right) >= enough,
      };
    });
  });
}

function lengthRuling({ benchmark, maxTokens }: Twin): Ruling {
  const most = benchmark.maxTurns === 1 ? TOKENS.single : TOKENS.several;
  return {
    rule: `a prompt with its answer has at most ${most} tokens`,
    found: `at most ${maxTokens}`,
    isMet: maxTokens <= most,
  };
}

function percent(share: number): string {
  return `${formatTenths(100 * share)} %`;
}
