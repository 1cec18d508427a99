/** Reads programs of the Python subset. */
import { SubsetError } from "./errors.ts";
import {
  asTarget,
  parseExpression,
  parseExpressions,
  parseTargets,
} from "./expressions.ts";
import type {
  BinaryOperator,
  FunctionDefinition,
  Statement,
  Target,
} from "./syntax.ts";
import { TokenStream } from "./token_stream.ts";

const AUGMENTED: readonly string[] = ["+=", "-=", "*=", "//=", "%=", "**="];

/** Names that may begin a statement of their own, which the subset lacks. */
const SOFT_KEYWORDS = new Set(["match", "type"]);

/** Where a statement stands. */
interface Place {
  readonly inFunction: boolean;
  readonly inLoop: boolean;
}

/**
 * The statements of a program.
 *
 * @throws {PythonError} If it is no Python: a `SyntaxError`.
 * @throws {SubsetError} If it uses what the subset lacks, or nests too much. A
 * program may do both; then either is thrown.
 */
export function parse(source: string): readonly Statement[] {
  try {
    return parseProgram(source);
  } catch (error) {
    // The parser recurses, and a chain such as `not not ...` may have any length.
    if (error instanceof RangeError) throw new SubsetError("deep nesting");
    throw error;
  }
}

function parseProgram(source: string): Statement[] {
  const tokens = new TokenStream(source);
  const statements: Statement[] = [];
  while (tokens.acceptKind("end") === undefined) {
    if (tokens.accept("def")) statements.push(parseFunction(tokens));
    else if (tokens.accept("class")) statements.push(parseClass(tokens));
    else {
      statements.push(
        parseStatement(tokens, { inFunction: false, inLoop: false }),
      );
    }
  }
  return statements;
}

function parseFunction(tokens: TokenStream): FunctionDefinition {
  const name = tokens.expectKind("name").text;
  tokens.expect("(");
  const parameters: string[] = [];
  while (!tokens.accept(")")) {
    if (tokens.is("*") || tokens.is("**")) tokens.refuse(tokens.next.text);
    const parameter = tokens.expectKind("name").text;
    if (parameters.includes(parameter)) {
      tokens.fail(`${parameter} is a parameter twice`);
    }
    parameters.push(parameter);
    if (tokens.is(":") || tokens.is("=")) {
      tokens.refuse("a parameter with more than a name");
    }
    if (!tokens.is(")")) tokens.expect(",");
  }
  const body = parseBlock(tokens, { inFunction: true, inLoop: false });
  const locals = new Set([...parameters, ...body.flatMap(assignedNames)]);
  return { kind: "def", name, parameters, body, locals };
}

/** Test cases of unittest are the only classes. */
function parseClass(tokens: TokenStream): Statement {
  const name = tokens.expectKind("name").text;
  const found = `class ${name} that is no unittest.TestCase`;
  if (!tokens.accept("(")) tokens.refuse(found);
  const base = parseExpression(tokens);
  if (
    base.kind !== "attribute" || base.object.kind !== "name" ||
    base.object.name !== "unittest" || base.name !== "TestCase"
  ) tokens.refuse(found);
  tokens.expect(")");
  tokens.expect(":");
  tokens.expectKind("newline");
  tokens.expectKind("indent");
  const methods: FunctionDefinition[] = [];
  while (tokens.acceptKind("dedent") === undefined) {
    if (!tokens.accept("def")) tokens.refuse("a class with more than methods");
    methods.push(parseFunction(tokens));
  }
  return { kind: "class", name, methods };
}

function parseBlock(tokens: TokenStream, place: Place): Statement[] {
  tokens.expect(":");
  if (tokens.acceptKind("newline") === undefined) {
    return [parseSimpleStatement(tokens, place)];
  }
  tokens.expectKind("indent");
  const statements: Statement[] = [];
  while (tokens.acceptKind("dedent") === undefined) {
    statements.push(parseStatement(tokens, place));
  }
  return statements;
}

function parseStatement(tokens: TokenStream, place: Place): Statement {
  if (tokens.is("def") || tokens.is("class")) {
    tokens.refuse(`${tokens.next.text} within a block`);
  }
  const { kind, text } = tokens.next;
  if (kind === "name" && SOFT_KEYWORDS.has(text)) tokens.refuse(text);
  if (tokens.accept("if")) return parseIf(tokens, place);
  if (tokens.accept("while")) {
    const test = parseExpression(tokens);
    return { kind: "while", test, body: parseLoop(tokens, place) };
  }
  if (tokens.accept("for")) {
    const target = parseTargets(tokens);
    tokens.expect("in");
    const iterable = parseExpressions(tokens);
    return { kind: "for", target, iterable, body: parseLoop(tokens, place) };
  }
  return parseSimpleStatement(tokens, place);
}

function parseIf(tokens: TokenStream, place: Place): Statement {
  const test = parseExpression(tokens);
  const body = parseBlock(tokens, place);
  const otherwise = tokens.accept("elif")
    ? [parseIf(tokens, place)]
    : tokens.accept("else")
    ? parseBlock(tokens, place)
    : [];
  return { kind: "if", test, body, otherwise };
}

function parseLoop(tokens: TokenStream, place: Place): Statement[] {
  const body = parseBlock(tokens, { ...place, inLoop: true });
  if (tokens.is("else")) tokens.refuse("a loop with else");
  return body;
}

function parseSimpleStatement(tokens: TokenStream, place: Place): Statement {
  const statement = parseAction(tokens, place);
  tokens.expectKind("newline");
  return statement;
}

function parseAction(tokens: TokenStream, place: Place): Statement {
  if (tokens.accept("pass")) return { kind: "pass" };
  for (const kind of ["break", "continue"] as const) {
    if (!tokens.is(kind)) continue;
    if (!place.inLoop) tokens.fail(`there is no loop for ${kind}`);
    tokens.accept(kind);
    return { kind };
  }
  if (tokens.accept("return")) {
    if (!place.inFunction) tokens.fail("there is no function to return from");
    if (tokens.next.kind === "newline") return { kind: "return" };
    return { kind: "return", value: parseExpressions(tokens) };
  }
  if (tokens.accept("assert")) {
    const test = parseExpression(tokens);
    if (tokens.is(",")) tokens.refuse("assert with a message");
    return { kind: "assert", test };
  }
  if (tokens.is("from")) tokens.refuse("from");
  if (tokens.accept("import")) {
    const name = tokens.expectKind("name").text;
    if (tokens.is(",") || tokens.is(".")) tokens.refuse("such an import");
    return { kind: "import", name };
  }
  return parseAssignment(tokens);
}

function parseAssignment(tokens: TokenStream): Statement {
  const left = parseExpressions(tokens);
  if (tokens.is(":")) tokens.refuse("an annotation");
  if (tokens.accept("=")) {
    const target = asTarget(tokens, left);
    const value = parseExpressions(tokens);
    if (tokens.is("=")) tokens.refuse("two assignments in a row");
    return { kind: "assign", target, value };
  }
  const augmented = AUGMENTED.find((text) => tokens.accept(text));
  if (augmented === undefined) return { kind: "expression", value: left };
  const target = asTarget(tokens, left);
  if (target.kind === "targets") return tokens.fail("one name is needed");
  const operator = augmented.slice(0, -1) as BinaryOperator;
  return { kind: "augment", target, operator, value: parseExpressions(tokens) };
}

/** Names that a statement of a function makes local. */
function assignedNames(statement: Statement): string[] {
  switch (statement.kind) {
    case "assign":
    case "augment":
      return targetNames(statement.target);
    case "for":
      return [
        ...targetNames(statement.target),
        ...statement.body.flatMap(assignedNames),
      ];
    case "while":
      return statement.body.flatMap(assignedNames);
    case "if":
      return [...statement.body, ...statement.otherwise].flatMap(assignedNames);
    case "import":
      return [statement.name];
    default:
      return [];
  }
}

function targetNames(target: Target): string[] {
  if (target.kind === "name") return [target.name];
  if (target.kind === "index") return [];
  return target.items.flatMap(targetNames);
}
