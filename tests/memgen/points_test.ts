import "@/tests/backend.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  CandidatePoints,
  DELIMITERS,
  generatedPoints,
  IGNORED_LABEL,
  type InsertionLimits,
  PROMPT_SKIPPED,
} from "@/lib/memgen/mod.ts";
import { loadTokenizer, NOT_ASKED, type Tokenizer } from "@/lib/models/mod.ts";
import { randomInt, seededRandom } from "@/lib/random.ts";
import { listTokenizer, memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import { PARITY_NAMES, parityPath } from "@/tests/models/tiny.ts";

const RELEASED = memgenConfig({ delimitersAfterDigits: true });
const NUMBERS_WHOLE = memgenConfig({ delimitersAfterDigits: false });

/** The tokens of a vocabulary, and the places where memory may go in. */
function candidates(
  tokens: readonly string[],
  config = RELEASED,
): number[] {
  const points = new CandidatePoints(listTokenizer(tokens), config);
  const ids = tokens.map((_, id) => id);
  return Array.from({ length: ids.length + 1 }, (_, at) => at)
    .filter((at) => points.isCandidate(ids, at));
}

Deno.test("CandidatePoints finds the ends of clauses, sentences and lines", () => {
  assertEquals(candidates(["Yes", ",", " he", " did", ".", "\n"]), [2, 5, 6]);
  assertEquals(candidates(["so", ".\n", "e,", "x.y", "!", "\n\n"]), [2, 3, 6]);
  assertEquals(candidates(["a", "b"]), []);
  assertEquals(candidates([]), []);
});

Deno.test("CandidatePoints breaks numbers apart as the released code does", () => {
  assertEquals(candidates(["3", ".", "5"]), [2]);
  assertEquals(candidates(["1", ",", "000"]), [2]);
  assertEquals(candidates(["has", " 5", ".", "\n"]), [3, 4]);
  assertEquals(candidates(["5.", "5"]), [1]);
});

Deno.test("CandidatePoints keeps numbers whole without delimitersAfterDigits", () => {
  const whole = (...tokens: string[]) => candidates(tokens, NUMBERS_WHOLE);
  assertEquals(whole("3", ".", "5"), []);
  assertEquals(whole("1", ",", "000"), []);
  // The line's end is one, whatever stands before it.
  assertEquals(whole("has", " 5", ".", "\n"), [4]);
  assertEquals(whole("has", " 5", ".\n", "x"), [3]);
  assertEquals(whole("5\n", "x"), [1]);
  // Within one token, too.
  assertEquals(whole("5.", "x", "e.", "1,"), [3]);
  // Only a digit right before it counts.
  assertEquals(whole("5", " .", "5", "x", ","), [2, 5]);
  assertEquals(whole("5", ".", "q", "..", "x"), [4]);
  // Nothing stands before the first token.
  assertEquals(whole(".", "5"), [1]);
});

/** The released test: the decoded prefix ends in a delimiter. */
function endsWithDelimiter(
  tokenizer: Tokenizer,
  ids: readonly number[],
): boolean {
  const text = tokenizer.decode(ids);
  return DELIMITERS.some((delimiter) => text.endsWith(delimiter));
}

for (const name of PARITY_NAMES) {
  Deno.test(`CandidatePoints decides as the decoded prefix does for ${name}`, () => {
    const tokenizer = loadTokenizer(parityPath("models", name));
    const points = new CandidatePoints(tokenizer, RELEASED);
    const random = seededRandom("points", name);
    const letters = [
      ..."ab 019,.\n\r\t!é字🦆\u00a0",
      ", ",
      ".\n",
      "1,0",
      "x. ",
    ];
    const counts = [0, 0];
    for (let round = 0; round < 40; round++) {
      const text = Array.from(
        { length: 30 },
        () => letters[randomInt(random, letters.length)],
      ).join("");
      // Tokens of a text, and tokens that no text gives, bytes of cut off
      // characters among them.
      const ids = round % 2 === 0 ? tokenizer.encode(text) : Array.from(
        { length: 30 },
        () => randomInt(random, tokenizer.vocabSize),
      );
      for (let at = 1; at <= ids.length; at++) {
        const expected = endsWithDelimiter(tokenizer, ids.slice(0, at));
        assertEquals(points.isCandidate(ids, at), expected, `${ids} ${at}`);
        counts[Number(expected)]++;
      }
    }
    assert(Math.min(...counts) > 100, `${counts}`);
  });

  Deno.test(`CandidatePoints without delimitersAfterDigits reads text for ${name}`, () => {
    const tokenizer = loadTokenizer(parityPath("models", name));
    const points = new CandidatePoints(tokenizer, NUMBERS_WHOLE);
    const texts = "It costs 3.5, or 1,000.\nHe has 5.\nYes, 7. x. 0.25\n";
    const ids = tokenizer.encode(texts);
    for (let at = 1; at <= ids.length; at++) {
      const text = tokenizer.decode(ids.slice(0, at));
      assertEquals(
        points.isCandidate(ids, at),
        /(?<![0-9])[,.]$|\n$/.test(text),
        JSON.stringify(text),
      );
    }
  });
}

Deno.test("CandidatePoints takes ids without a token for no delimiter", () => {
  const points = new CandidatePoints(listTokenizer([",", "a"]), NUMBERS_WHOLE);
  assertEquals(points.isCandidate([5], 1), false);
  assertEquals(points.isCandidate([5, 0], 2), true);
});

const TOKENS = ["<user>", "a", ".", "\n", "x"];
const POINTS = new CandidatePoints(listTokenizer(TOKENS), RELEASED);
/** Tokens, and labels that ignore the first `prompt` of them. */
function row(prompt: number, ...tokens: number[]): [number[], number[]] {
  const labels = tokens.map((id, t) => t < prompt ? IGNORED_LABEL : id);
  return [tokens, labels];
}

/** The prompt's end, and so many points after delimiters at most. */
function upTo(maxInferenceAugmentations: number): InsertionLimits {
  return { maxPromptAugmentations: 1, maxInferenceAugmentations };
}

Deno.test("supervisedPoints() begins with the prompt's end", () => {
  // Delimiters of the prompt do not count, not even its last token.
  const [ids, labels] = row(4, 0, 1, 2, 2, 4, 2, 4, 4, 3, 2);
  assertEquals(POINTS.supervisedPoints(ids, labels, upTo(9)), [4, 6, 9]);
});

Deno.test("supervisedPoints() takes the first candidates up to the cap", () => {
  const [ids, labels] = row(1, 0, 2, 4, 2, 4, 2, 4);
  for (const [cap, count] of [[0, 1], [1, 2], [2, 3], [3, 4], [9, 4]]) {
    assertEquals(
      POINTS.supervisedPoints(ids, labels, upTo(cap)),
      [1, 2, 4, 6].slice(0, count),
    );
  }
});

Deno.test("supervisedPoints() without memory at the prompt's end begins with PROMPT_SKIPPED", () => {
  const [ids, labels] = row(1, 0, 2, 4, 2, 4, 2, 4);
  const limits = { maxPromptAugmentations: 0, maxInferenceAugmentations: 2 };
  assertEquals(
    POINTS.supervisedPoints(ids, labels, limits),
    [PROMPT_SKIPPED, 2, 4],
  );
});

Deno.test("supervisedPoints() ignores what follows the answer", () => {
  const [ids, labels] = row(2, 0, 1, 4, 2, 4, 2, 4);
  labels.fill(IGNORED_LABEL, 5);
  assertEquals(POINTS.supervisedPoints(ids, labels, upTo(9)), [2, 4]);
});

Deno.test("supervisedPoints() refuses rows that are not one prompt and one answer", () => {
  const refuse = (labels: number[], starts: number) =>
    assertThrows(
      () => POINTS.supervisedPoints([0, 1, 2, 4], labels, upTo(3)),
      RangeError,
      `Cannot place memory as a row must hold one prompt and one answer: current value is ${starts} starts of an answer`,
    );
  refuse([-100, -100, -100, -100], 0);
  refuse([0, 1, 2, 4], 0);
  refuse([-100, 1, -100, 4], 2);
});

Deno.test("generatedPoints() are the places before the tokens with a mark of 1", () => {
  const none = NOT_ASKED;
  assertEquals(generatedPoints(4, [1, none, 0, 1, none, 1]), [4, 7, 9]);
  assertEquals(generatedPoints(4, [1, none]), [4]);
  assertEquals(generatedPoints(4, [0, none, 1]), [PROMPT_SKIPPED, 6]);
  assertEquals(generatedPoints(4, [0, none]), [PROMPT_SKIPPED]);
});

Deno.test("supervisedPoints() takes boundaries by chance", () => {
  const [ids, labels] = row(1, 0, 2, 4, 2, 4, 2, 4, 2, 4);
  const all = [1, 2, 4, 6, 8];
  const draw = (probability: number, cap: number, seed: number): number[] =>
    POINTS.supervisedPoints(ids, labels, upTo(cap), {
      probability,
      random: seededRandom("boundaries", seed),
    });
  assertEquals(draw(1, 9, 0), all);
  assertEquals(draw(0, 9, 0), [1]);
  assertEquals(draw(0.5, 9, 3), draw(0.5, 9, 3));
  const taken = new Map(all.map((point) => [point, 0]));
  for (let seed = 0; seed < 400; seed++) {
    const points = draw(0.5, 2, seed);
    assertEquals(points, [...points].sort((a, b) => a - b));
    assert(points.length <= 3);
    for (const point of points) taken.set(point, taken.get(point)! + 1);
  }
  // Of 4 candidates k are taken with probability C(4, k) / 16, at most 2 stay:
  // (4 * 1 + 11 * 2) / 16 of 4 on average, none of them more than others.
  assertEquals(taken.get(1), 400);
  const expected = 400 * 26 / 16 / 4;
  for (const point of all.slice(1)) {
    assertAlmostEquals(taken.get(point)!, expected, 30);
  }
  assertThrows(
    () => draw(1.5, 9, 0),
    RangeError,
    "'probability' must be in [0, 1]: current value is 1.5",
  );
});
