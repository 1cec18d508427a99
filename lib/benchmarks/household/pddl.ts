/**
 * Reads problems in PDDL, as ALFWorld's games hold them: typed objects, first
 * facts, and a goal. Case does not matter in PDDL, so all is lower case here.
 */

/** A word, or a list in parentheses. */
export type Expression = string | readonly Expression[];

/** A fact: a predicate with its arguments. */
export type Fact = readonly string[];

/** A problem. */
export interface PddlProblem {
  /** Type of every object, by name. */
  readonly types: ReadonlyMap<string, string>;
  /** What holds at first; numeric facts, such as distances, are left out. */
  readonly facts: readonly Fact[];
  /** What must hold in the end. */
  readonly goal: Expression;
}

/**
 * Reads a problem.
 *
 * @param place What it is, for messages.
 * @throws {SyntaxError} If the text is not `(define (problem …) …)` with
 * `:objects`, `:init` and `:goal`, or a parenthesis is missing.
 */
export function readPddlProblem(text: string, place: string): PddlProblem {
  const root = parseExpression(text, place);
  const sections = new Map<string, readonly Expression[]>();
  for (const part of typeof root === "string" ? [] : root) {
    if (typeof part !== "string" && typeof part[0] === "string") {
      sections.set(part[0], part.slice(1));
    }
  }
  const section = (name: string): readonly Expression[] => {
    const found = sections.get(name);
    if (found !== undefined) return found;
    throw new SyntaxError(
      `Cannot read ${place} as its problem must have ${name}: current value is ${
        [...sections.keys()].join(", ") || "no sections"
      }`,
    );
  };
  return {
    types: readTypes(section(":objects"), place),
    facts: section(":init").filter(isFact),
    goal: section(":goal")[0] ?? [],
  };
}

/** The atoms of an expression, whatever they are joined by. */
export function atomsOf(expression: Expression): Fact[] {
  if (typeof expression === "string") return [];
  const [head, ...rest] = expression;
  switch (head) {
    case "and":
    case "not":
      return rest.flatMap(atomsOf);
    case "exists":
      return rest.slice(1).flatMap(atomsOf);
    default:
      return isFact(expression) ? [expression] : [];
  }
}

function isFact(expression: Expression): expression is Fact {
  return typeof expression !== "string" &&
    expression.every((part) => typeof part === "string");
}

/** `a b - t c - u` as a map. */
function readTypes(
  words: readonly Expression[],
  place: string,
): Map<string, string> {
  const types = new Map<string, string>();
  let names: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (typeof word !== "string") {
      throw new SyntaxError(
        `Cannot read ${place} as :objects must hold names and types: current value has a list`,
      );
    }
    if (word !== "-") {
      names.push(word);
      continue;
    }
    const type = words[++i];
    for (const name of names) types.set(name, String(type));
    names = [];
  }
  return types;
}

function parseExpression(text: string, place: string): Expression {
  const words = text.toLowerCase().replaceAll(/;.*/g, "")
    .match(/[()]|[^\s()]+/g) ?? [];
  const open: Expression[][] = [[]];
  for (const word of words) {
    if (word === "(") {
      open.push([]);
    } else if (word === ")") {
      const closed = open.pop()!;
      if (open.length === 0) throw unbalanced(place);
      open.at(-1)!.push(closed);
    } else {
      open.at(-1)!.push(word);
    }
  }
  if (open.length !== 1) throw unbalanced(place);
  return open[0][0] ?? [];
}

function unbalanced(place: string): SyntaxError {
  return new SyntaxError(
    `Cannot read ${place} as every parenthesis of its problem must be closed: current value is not balanced`,
  );
}
