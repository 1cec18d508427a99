/** Reads expressions of the Python subset: Python's own grammar, less what the subset lacks. */
import type {
  BinaryOperator,
  Clause,
  Comparison,
  Expression,
  Target,
} from "./syntax.ts";
import type { TokenStream } from "./token_stream.ts";

type Call = Extract<Expression, { kind: "call" }>;

const COMPARISONS: readonly string[] = ["==", "!=", "<=", ">=", "<", ">"];

/** One or more expressions; a tuple where there are commas. */
export function parseExpressions(tokens: TokenStream): Expression {
  const first = parseExpression(tokens);
  if (!tokens.is(",")) return first;
  const items = [first];
  while (tokens.accept(",")) {
    if (endsExpressions(tokens)) break;
    items.push(parseExpression(tokens));
  }
  return { kind: "tuple", items };
}

function endsExpressions(tokens: TokenStream): boolean {
  return tokens.next.kind === "newline" ||
    [")", "]", "=", ":"].some((text) => tokens.is(text));
}

/** One expression. */
export function parseExpression(tokens: TokenStream): Expression {
  const yes = parseOr(tokens);
  if (!tokens.accept("if")) return yes;
  const test = parseOr(tokens);
  tokens.expect("else");
  return { kind: "choice", test, yes, no: parseExpression(tokens) };
}

function parseOr(tokens: TokenStream): Expression {
  const left = parseAnd(tokens);
  if (!tokens.accept("or")) return left;
  return { kind: "logical", operator: "or", left, right: parseOr(tokens) };
}

function parseAnd(tokens: TokenStream): Expression {
  const left = parseNot(tokens);
  if (!tokens.accept("and")) return left;
  return { kind: "logical", operator: "and", left, right: parseAnd(tokens) };
}

function parseNot(tokens: TokenStream): Expression {
  if (!tokens.accept("not")) return parseComparison(tokens);
  return { kind: "unary", operator: "not", operand: parseNot(tokens) };
}

function parseComparison(tokens: TokenStream): Expression {
  const first = parseSum(tokens);
  const rest: { operator: Comparison; operand: Expression }[] = [];
  for (;;) {
    const operator = acceptComparison(tokens);
    if (operator === undefined) break;
    rest.push({ operator, operand: parseSum(tokens) });
  }
  return rest.length === 0 ? first : { kind: "comparison", first, rest };
}

function acceptComparison(tokens: TokenStream): Comparison | undefined {
  if (tokens.is("is")) tokens.refuse("is");
  if (tokens.accept("not")) {
    tokens.expect("in");
    return "not in";
  }
  return [...COMPARISONS, "in"].find((text) => tokens.accept(text)) as
    | Comparison
    | undefined;
}

function parseSum(tokens: TokenStream): Expression {
  return parseLeftToRight(tokens, ["+", "-"], parseProduct);
}

function parseProduct(tokens: TokenStream): Expression {
  return parseLeftToRight(tokens, ["*", "//", "%"], parseSigned);
}

function parseLeftToRight(
  tokens: TokenStream,
  operators: readonly BinaryOperator[],
  parseOperand: (tokens: TokenStream) => Expression,
): Expression {
  let left = parseOperand(tokens);
  for (;;) {
    const operator = operators.find((text) => tokens.accept(text));
    if (operator === undefined) return left;
    left = { kind: "binary", operator, left, right: parseOperand(tokens) };
  }
}

function parseSigned(tokens: TokenStream): Expression {
  const operator = (["-", "+"] as const).find((text) => tokens.accept(text));
  if (operator === undefined) return parsePower(tokens);
  return { kind: "unary", operator, operand: parseSigned(tokens) };
}

function parsePower(tokens: TokenStream): Expression {
  const left = parsePrimary(tokens);
  if (!tokens.accept("**")) return left;
  return { kind: "binary", operator: "**", left, right: parseSigned(tokens) };
}

/** An atom with calls, attributes, indices and slices after it. */
function parsePrimary(tokens: TokenStream): Expression {
  let object = parseAtom(tokens);
  for (;;) {
    if (tokens.accept("(")) object = parseCall(tokens, object);
    else if (tokens.accept("[")) object = parseSubscript(tokens, object);
    else if (tokens.accept(".")) {
      const name = tokens.expectKind("name").text;
      object = { kind: "attribute", object, name };
    } else return object;
  }
}

function parseCall(tokens: TokenStream, callee: Expression): Call {
  const positional: Expression[] = [];
  const named: { name: string; value: Expression }[] = [];
  while (!tokens.accept(")")) {
    const value = parseExpression(tokens);
    if (tokens.is("for")) {
      if (positional.length + named.length > 0) {
        tokens.fail("a generator needs brackets");
      }
      const clauses = parseClauses(tokens);
      tokens.expect(")");
      const generator = {
        kind: "comprehension",
        makes: "generator",
        item: value,
        clauses,
      } as const;
      return { kind: "call", callee, positional: [generator], named };
    }
    if (tokens.accept("=")) {
      if (value.kind !== "name") return tokens.fail("a name is missing");
      const { name } = value;
      if (named.some((other) => other.name === name)) {
        tokens.fail(`${name} is given twice`);
      }
      named.push({ name, value: parseExpression(tokens) });
    } else {
      if (named.length > 0) tokens.fail("an argument follows a named one");
      positional.push(value);
    }
    if (!tokens.is(")")) tokens.expect(",");
  }
  return { kind: "call", callee, positional, named };
}

function parseSubscript(tokens: TokenStream, object: Expression): Expression {
  const part = (): Expression | undefined => {
    if (tokens.is(",")) tokens.refuse("an index of several values");
    return tokens.is(":") || tokens.is("]")
      ? undefined
      : parseExpression(tokens);
  };
  if (tokens.is("]")) tokens.fail("an index is missing");
  const start = part();
  if (tokens.is(",")) tokens.refuse("an index of several values");
  if (!tokens.accept(":")) {
    tokens.expect("]");
    return { kind: "index", object, index: start! };
  }
  const stop = part();
  const step = tokens.accept(":") ? part() : undefined;
  if (tokens.is(",")) tokens.refuse("an index of several values");
  tokens.expect("]");
  return { kind: "slice", object, start, stop, step };
}

function parseAtom(tokens: TokenStream): Expression {
  const name = tokens.acceptKind("name");
  if (name !== undefined) return { kind: "name", name: name.text };
  const number = tokens.acceptKind("number");
  if (number !== undefined) {
    return { kind: "constant", value: Number(number.text) };
  }
  const string = tokens.acceptKind("string");
  if (string !== undefined) {
    if (tokens.next.kind === "string") tokens.refuse("two strings in a row");
    return { kind: "constant", value: string.text };
  }
  if (tokens.accept("True")) return { kind: "constant", value: true };
  if (tokens.accept("False")) return { kind: "constant", value: false };
  if (tokens.accept("None")) return { kind: "constant", value: null };
  if (tokens.accept("(")) return parseBrackets(tokens);
  if (tokens.accept("[")) return parseList(tokens);
  if (tokens.is("*") || tokens.is("**")) tokens.refuse(tokens.next.text);
  return tokens.fail("an expression is missing");
}

function parseBrackets(tokens: TokenStream): Expression {
  if (tokens.accept(")")) return { kind: "tuple", items: [] };
  const item = parseExpressions(tokens);
  if (tokens.is("for") && item.kind !== "tuple") {
    const clauses = parseClauses(tokens);
    tokens.expect(")");
    return { kind: "comprehension", makes: "generator", item, clauses };
  }
  tokens.expect(")");
  return item;
}

function parseList(tokens: TokenStream): Expression {
  if (tokens.accept("]")) return { kind: "list", items: [] };
  const item = parseExpression(tokens);
  if (tokens.is("for")) {
    const clauses = parseClauses(tokens);
    tokens.expect("]");
    return { kind: "comprehension", makes: "list", item, clauses };
  }
  const items = [item];
  while (tokens.accept(",") && !tokens.is("]")) {
    items.push(parseExpression(tokens));
  }
  tokens.expect("]");
  return { kind: "list", items };
}

function parseClauses(tokens: TokenStream): Clause[] {
  const clauses: Clause[] = [];
  while (tokens.accept("for")) {
    const target = parseTargets(tokens);
    tokens.expect("in");
    const iterable = parseOr(tokens);
    const conditions: Expression[] = [];
    while (tokens.accept("if")) conditions.push(parseOr(tokens));
    clauses.push({ target, iterable, conditions });
  }
  return clauses;
}

/** What stands between `for` and `in`. */
export function parseTargets(tokens: TokenStream): Target {
  const first = parsePrimary(tokens);
  if (!tokens.is(",")) return asTarget(tokens, first);
  const items = [first];
  while (tokens.accept(",") && !tokens.is("in")) {
    items.push(parsePrimary(tokens));
  }
  return asTarget(tokens, { kind: "tuple", items });
}

/**
 * An expression as what is assigned to.
 *
 * @throws {PythonError} A `SyntaxError`, if Python has no such assignment.
 * @throws {SubsetError} If the subset has none.
 */
export function asTarget(tokens: TokenStream, value: Expression): Target {
  switch (value.kind) {
    case "name":
    case "index":
      return value;
    case "tuple":
      return {
        kind: "targets",
        items: value.items.map((item) => asTarget(tokens, item)),
      };
    case "list":
    case "attribute":
    case "slice":
      return tokens.refuse(`a ${value.kind} that is assigned to`);
    default:
      return tokens.fail(`a ${value.kind} cannot be assigned to`);
  }
}
