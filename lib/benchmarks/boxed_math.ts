/**
 * The `official` scorer of boxed answers: what the released code gives, faults
 * included, so that its numbers and ours can be compared.
 */

/**
 * Marks a boxed answer exactly as `compute_score` of the released code does
 * (data/utils/math_utils.py:17): the first box of the completion against the
 * last box of the gold, as texts, after `normalize`.
 *
 * Known faults, kept: "1080" is wrong where the gold is "1,080", so are "18.00"
 * for "18" and "(A)" for "A"; a second box is never read.
 *
 * @param completion What the model wrote.
 * @param gold A text whose last box holds the right answer.
 * @returns 1 if the boxes are equivalent, 0 if not or if one is missing.
 */
export function officialMathScore(completion: string, gold: string): 0 | 1 {
  const answer = firstBox(completion);
  const reference = lastBox(gold);
  if (answer === undefined || reference === undefined) return 0;
  return isEquivalent(answer, reference) ? 1 : 0;
}

/**
 * What the first box of the text holds (math_utils.py:65 and :52).
 *
 * A `\boxed ` with a space comes before any `\boxed{`, wherever it stands, and
 * reaches to the next dollar sign. The released code also looks for `\fbox`,
 * but then fails to open it, which scores 0 as no box does.
 */
export function firstBox(text: string): string | undefined {
  const spaced = text.split("\\boxed ");
  if (spaced.length > 1) return spaced[1].split("$")[0];
  return openBox(text, text.indexOf("\\boxed"));
}

/** What the last box of the text holds, by the same rules (math_utils.py:93). */
export function lastBox(text: string): string | undefined {
  const spaced = text.split("\\boxed ");
  if (spaced.length > 1) return spaced[spaced.length - 1].split("$")[0];
  return openBox(text, text.lastIndexOf("\\boxed"));
}

/**
 * What stands between the braces of the `\boxed{` at `start`.
 *
 * @param start Index of the backslash; -1 for no box.
 * @returns Undefined if there is no such box or its brace never closes.
 */
export function openBox(text: string, start: number): string | undefined {
  if (start < 0 || !text.startsWith("\\boxed{", start)) return undefined;
  const open = start + "\\boxed{".length;
  let depth = 1;
  for (let index = open; index < text.length; index++) {
    if (text[index] === "{") depth++;
    else if (text[index] === "}" && --depth === 0) {
      return text.slice(open, index);
    }
  }
  return undefined;
}

/**
 * Whether two answers are the same text once normalised (math_utils.py:35). If
 * one of them cannot be normalised, they must be the same as they stand.
 */
export function isEquivalent(left: string, right: string): boolean {
  const normalLeft = normalize(left);
  const normalRight = normalize(right);
  if (normalLeft === undefined || normalRight === undefined) {
    return left === right;
  }
  return normalLeft === normalRight;
}

/** An answer as the official scorer compares it with another. */
export function comparedText(answer: string): string {
  return normalize(answer) ?? answer;
}

/**
 * `strip_string` of the released code (math_utils.py:192), step by step; the
 * order matters.
 *
 * @returns Undefined where the released code raises an exception.
 */
function normalize(answer: string): string | undefined {
  let text = answer
    .replaceAll("\n", "")
    .replaceAll("\\!", "")
    .replaceAll("\\\\", "\\")
    .replaceAll("tfrac", "frac")
    .replaceAll("dfrac", "frac")
    .replaceAll("\\left", "")
    .replaceAll("\\right", "")
    .replaceAll("^{\\circ}", "")
    .replaceAll("^\\circ", "")
    .replaceAll("\\$", "");

  const [value, ...units] = text.split("\\text{ ");
  if (units.length > 1) return undefined;

  text = value
    .replaceAll("\\%", "")
    .replaceAll("\\%", "") // once more, as the first pass can join a new one
    .replaceAll(" .", " 0.")
    .replaceAll("{.", "{0.");
  if (text.startsWith(".")) text = `0${text}`;

  const sides = text.split("=");
  if (sides.length === 2 && [...sides[0]].length <= 2) text = sides[1];

  const roots = braceRoots(text);
  if (roots === undefined) return undefined;
  const fractions = braceFractions(roots.replaceAll(" ", ""));
  if (fractions === undefined) return undefined;
  return fractions === "0.5" ? "\\frac{1}{2}" : slashToFraction(fractions);
}

/** `\sqrt3` to `\sqrt{3}`; undefined if a root has nothing under it (:177). */
function braceRoots(text: string): string | undefined {
  if (/\\sqrt(?:\\sqrt|$)/.test(text)) return undefined;
  return text.replace(/\\sqrt([^{])/gu, "\\sqrt{$1}");
}

/**
 * `\frac12` to `\frac{1}{2}`, also `\frac1{72}` but not `\frac{72}1` (:120).
 *
 * @returns Undefined if nothing follows a `\frac`; the text unchanged if only
 * one character does.
 */
function braceFractions(text: string): string | undefined {
  const [head, ...tails] = text.split("\\frac");
  let result = head;
  for (const tail of tails) {
    if (tail === "") return undefined;
    if (tail.startsWith("{")) {
      result += `\\frac${tail}`;
      continue;
    }
    // By code point, as Python indexes a string.
    const [numerator, denominator, ...rest] = tail;
    if (denominator === undefined) return text;
    const braced = denominator === "{" ? "{" : `{${denominator}}`;
    result += `\\frac{${numerator}}${braced}${rest.join("")}`;
  }
  return result;
}

/**
 * `3/4` to `\frac{3}{4}` (:152) if both are integers that Python's `int` reads
 * and `str` writes back the same: no plus sign, leading zero, space or
 * underscore, and at most 4300 digits.
 */
function slashToFraction(text: string): string {
  return text.replace(
    /^(0|-?[1-9]\d{0,4299})\/(0|-?[1-9]\d{0,4299})$/,
    "\\frac{$1}{$2}",
  );
}
