/** The `lenient` scorer of boxed answers: a right answer in another form is right. */
import { isEquivalent, lastBox, openBox } from "./boxed_math.ts";

/**
 * Marks a boxed answer by what it means rather than how it is written.
 *
 * 1. The answer is the last box of the completion that closes, `\boxed` or
 *    `\fbox`; the gold is read as the official scorer reads it. `\boxed {5}`
 *    is read both as `\boxed{5}` and as the official scorer reads it.
 * 2. What is equivalent for the official scorer is right.
 * 3. Marks of style count for nothing: braces around the whole, spacing
 *    commands, `\text{}` and fonts, `\left` and `\right`, dollar, percent and
 *    degree signs, a full stop at the end, and a short left side as in "x=5".
 * 4. Numbers are compared by value and exactly: commas between thousands,
 *    decimals, fractions with a sign anywhere ("1,080" and "1080", "18.00" and
 *    "18", "2/4" and `\frac{1}{2}`, "-3/4" and `\frac{-3}{4}`). A percent sign
 *    does not divide by 100.
 * 5. Unit words after a number ("18 dollars") need not be there, but must be
 *    the same if both sides have them. A word that changes the value ("5
 *    million", "5 squared", "2 thirds", "6 minus one") is no unit; a quarter is
 *    one, since GSM8K counts coins.
 * 6. Letters of options, A to E, are compared without case, brackets or the
 *    option's text ("(A)", "a", `\text{A}`, "A. foo").
 * 7. Otherwise the texts must be the same but for spaces.
 *
 * If the completion has one box, and no \fbox in it, a 1 of the official scorer
 * is a 1 here (rules 1 and 2). Source: ours; reported beside the official score, never instead.
 *
 * @param completion What the model wrote.
 * @param gold A text whose last box holds the right answer.
 * @returns 1 if the answer is right, 0 if not or if a box is missing.
 */
export function lenientMathScore(completion: string, gold: string): 0 | 1 {
  const reference = lastBox(gold);
  if (reference === undefined) return 0;
  const right = removeStyle(reference);
  const isRight = readLastBox(completion).some((answer) => {
    if (isEquivalent(answer, reference)) return true;
    const left = removeStyle(answer);
    return isSameQuantity(left, right) || isSameOption(left, right) ||
      isSameText(left, right);
  });
  return isRight ? 1 : 0;
}

/** What the last box that closes can hold; nothing if there is none. */
function readLastBox(text: string): string[] {
  const boxes = text.replaceAll("\\fbox", "\\boxed");
  const starts = [...boxes.matchAll(/\\boxed/g)].map((match) => match.index);
  for (const start of starts.reverse()) {
    const box = boxes.slice(start);
    const readings = [
      openBox(box.replace(/^\\boxed\s+\{/, "\\boxed{"), 0),
      box.startsWith("\\boxed ")
        ? box.slice("\\boxed ".length).split("$")[0]
        : undefined,
    ].filter((reading) => reading !== undefined);
    if (readings.length > 0) return readings;
  }
  return [];
}

/** The text without braces around the whole of it. */
function withoutBraces(text: string): string {
  const inside = openBox(`\\boxed${text}`, 0);
  return inside !== undefined && inside.length === text.length - 2
    ? inside
    : text;
}

function removeStyle(text: string): string {
  return withoutBraces(text.trim())
    .replaceAll("\\!", "")
    .replace(/(\d)(?:\\,|\{,\})(?=\d{3})/g, "$1,")
    .replace(/\\[,;: ]|~|\n/g, " ")
    .replace(/\\(?:text|mathrm|textbf|mathbf|textit)\{([^{}]*)\}/g, " $1 ")
    .replace(/\\left|\\right|\\?[$%]|\^\\circ|\^\{\\circ\}|°/g, "")
    .replace(/\\[dt]frac/g, "\\frac")
    .replaceAll("−", "-")
    .replace(/^[^=]{1,2}=(?=[^=]*$)/, "")
    .trim()
    .replace(/\.$/, "");
}

/** A number as an exact fraction, and the words after it. */
interface Quantity {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly unit: string;
}

function isSameQuantity(left: string, right: string): boolean {
  const a = parseQuantity(left);
  const b = parseQuantity(right);
  if (a === undefined || b === undefined) return false;
  return a.numerator * b.denominator === b.numerator * a.denominator &&
    (a.unit === "" || b.unit === "" || a.unit === b.unit);
}

const FRACTION =
  /^(-?) *\\frac(?:\{([^{}]*)\}|(\d))(?:\{([^{}]*)\}|(\d))(?![\d.])/;
const DECIMAL = String
  .raw`[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)`;
const QUANTITY = new RegExp(
  String.raw`^(-?) *(${DECIMAL})(?: */ *(${DECIMAL}))?((?: +[a-z/-]{2,})*)$`,
  "i",
);
const SCALES = new RegExp(
  String.raw`\b(?:(?:dozen|hundred|thousand|million|billion|trillion)s?|bn|` +
    String.raw`(?:third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)s?|` +
    String
      .raw`(?:hundredth|thousandth)s?|half|halves|pi|squared|cubed|factorial|` +
    String.raw`(?:one|two|three|four|five|six|seven|eight|nine|ten)(?!-))\b`,
);

function parseQuantity(text: string): Quantity | undefined {
  const match = text.replace(FRACTION, "$1$2$3/$4$5").match(QUANTITY);
  if (match === null) return undefined;
  const [, sign, top, bottom = "1", words] = match;
  const unit = words.trim().replace(/ +/g, " ").toLowerCase();
  const over = parseDecimal(top);
  const under = parseDecimal(bottom);
  if (under.digits === 0n || SCALES.test(unit)) return undefined;
  return {
    numerator: (sign === "-" ? -over.digits : over.digits) * under.scale,
    denominator: under.digits * over.scale,
    unit,
  };
}

/** "-1,080.50" as -108050 over 100. */
function parseDecimal(text: string): { digits: bigint; scale: bigint } {
  const [whole, decimals = ""] = text.replaceAll(",", "").split(".");
  return {
    digits: BigInt(whole + decimals),
    scale: 10n ** BigInt(decimals.length),
  };
}

function isSameOption(left: string, right: string): boolean {
  const letter = optionLetter(left);
  return letter !== undefined && letter === optionLetter(right);
}

function optionLetter(text: string): string | undefined {
  const match = text.match(/^([A-E])$|^(?:\(([A-E])\)|([A-E])[.):])(?:\s|$)/i);
  return match?.slice(1).find((letter) => letter !== undefined)?.toUpperCase();
}

function isSameText(left: string, right: string): boolean {
  const text = left.replaceAll(/\s/g, "");
  return text !== "" && text === right.replaceAll(/\s/g, "");
}
