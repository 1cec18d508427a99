/** Runs programs of the Python subset, for a number of steps at most. */
import {
  builtins,
  extend,
  method,
  replaceItems,
  unknownName,
} from "./builtins.ts";
import { PythonError, SubsetError } from "./errors.ts";
import {
  binary,
  compare,
  placeAt,
  placesOf,
  sign,
  slice,
} from "./operators.ts";
import type {
  Clause,
  Expression,
  FunctionDefinition,
  Statement,
  Target,
} from "./syntax.ts";
import {
  assertIterable,
  Builtin,
  Fuel,
  isTrue,
  iterate,
  Module,
  PythonIterator,
  Range,
  Tuple,
  typeName,
  UserFunction,
  type Value,
} from "./values.ts";

/** Settings of a run. */
export interface RunOptions {
  /** Steps that the program may take, all calls together. @default 100,000 */
  readonly fuel?: number;
  /** Modules that `import` finds, by name. */
  readonly modules?: ReadonlyMap<string, Module>;
}

/** Calls within calls, at most; the interpreter itself recurses. */
const MOST_CALLS = 100;

/** Where names are looked up: a function's own, then those around it. */
interface Scope {
  readonly names: Map<string, Value>;
  /** Names that are this scope's, set or not; all where left out. */
  readonly locals?: ReadonlySet<string>;
  readonly outer?: Scope;
}

/** How a block ended early. */
type Signal = { readonly kind: "break" | "continue" } | {
  readonly kind: "return";
  readonly value: Value;
};

/**
 * A program that has been run, with the names that it defined.
 *
 * The subset: functions, assignments, loops, conditions, comprehensions,
 * indices and slices over integers, truth values, texts, lists, tuples and
 * sets; `unittest.TestCase` as the only class. Whatever runs here gives what
 * CPython gives, or the exception that it raises; all else is refused.
 */
export class PythonProgram {
  /** Methods of the program's test cases, by class. */
  readonly testCases = new Map<string, readonly FunctionDefinition[]>();
  readonly #fuel: Fuel;
  readonly #builtins: ReadonlyMap<string, Value>;
  readonly #modules: ReadonlyMap<string, Module>;
  readonly #module: Scope = { names: new Map() };
  #calls = 0;

  /**
   * Runs a program.
   *
   * @param statements What `parse` made of it.
   * @throws {PythonError} If Python would raise an exception; its `name` is
   * the exception's class.
   * @throws {SubsetError} If the program is not of the subset.
   * @throws {RangeError} If it takes more steps than it may.
   */
  constructor(
    statements: readonly Statement[],
    { fuel = 100_000, modules }: RunOptions = {},
  ) {
    this.#fuel = new Fuel(fuel);
    this.#builtins = builtins(this.#fuel);
    this.#modules = modules ?? new Map();
    this.#runBlock(statements, this.#module);
  }

  /** The names that the program defined, in order. */
  get names(): ReadonlyMap<string, Value> {
    return this.#module.names;
  }

  /**
   * Calls what the program gave a name to.
   *
   * @throws As the constructor.
   */
  call(name: string, ...positional: readonly Value[]): Value {
    const callee = this.names.get(name);
    return this.#call(callee ?? unknownName(name), positional, new Map());
  }

  /**
   * Calls a method of a test case; `self` has `assertEqual`, `assertTrue` and
   * `assertFalse`.
   *
   * @throws As the constructor; an `AssertionError` where the test fails.
   */
  callTest(definition: FunctionDefinition): void {
    const check = (isRight: (values: readonly Value[]) => boolean): Builtin =>
      new Builtin((values) => {
        if (isRight(values)) return null;
        throw new PythonError("AssertionError", "a test failed");
      });
    const self = new Module(
      "self",
      new Map([
        ["assertEqual", check(([a, b]) => compare("==", a, b, this.#fuel))],
        ["assertTrue", check(([value]) => isTrue(value))],
        ["assertFalse", check(([value]) => !isTrue(value))],
      ]),
    );
    this.#call(
      new UserFunction(definition, this.#module.names),
      [self],
      new Map(),
    );
  }

  #runBlock(
    statements: readonly Statement[],
    scope: Scope,
  ): Signal | undefined {
    for (const statement of statements) {
      const signal = this.#run(statement, scope);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  #run(statement: Statement, scope: Scope): Signal | undefined {
    this.#fuel.spend(1);
    switch (statement.kind) {
      case "expression":
        this.#evaluate(statement.value, scope);
        return undefined;
      case "assign":
        this.#assign(
          statement.target,
          this.#evaluate(statement.value, scope),
          scope,
        );
        return undefined;
      case "augment":
        this.#augment(statement, scope);
        return undefined;
      case "if":
        return this.#runBlock(
          isTrue(this.#evaluate(statement.test, scope))
            ? statement.body
            : statement.otherwise,
          scope,
        );
      case "while":
        while (isTrue(this.#evaluate(statement.test, scope))) {
          this.#fuel.spend(1);
          const signal = this.#runBlock(statement.body, scope);
          if (signal?.kind === "break") break;
          if (signal?.kind === "return") return signal;
        }
        return undefined;
      case "for":
        return this.#runFor(statement, scope);
      case "return":
        return {
          kind: "return",
          value: statement.value === undefined
            ? null
            : this.#evaluate(statement.value, scope),
        };
      case "assert":
        if (!isTrue(this.#evaluate(statement.test, scope))) {
          throw new PythonError("AssertionError", "a test failed");
        }
        return undefined;
      case "break":
      case "continue":
        return { kind: statement.kind };
      case "pass":
        return undefined;
      case "import": {
        const module = this.#modules.get(statement.name);
        if (module === undefined) {
          throw new SubsetError(`import ${statement.name}`);
        }
        scope.names.set(statement.name, module);
        return undefined;
      }
      case "def":
        scope.names.set(
          statement.name,
          new UserFunction(statement, this.#module.names),
        );
        return undefined;
      case "class":
        this.testCases.set(statement.name, statement.methods);
        return undefined;
    }
  }

  #runFor(
    statement: Extract<Statement, { kind: "for" }>,
    scope: Scope,
  ): Signal | undefined {
    const iterable = this.#evaluate(statement.iterable, scope);
    assertIterable(iterable);
    for (const item of iterate(iterable, this.#fuel)) {
      this.#assign(statement.target, item, scope);
      const signal = this.#runBlock(statement.body, scope);
      if (signal?.kind === "break") break;
      if (signal?.kind === "return") return signal;
    }
    return undefined;
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    switch (target.kind) {
      case "name":
        scope.names.set(target.name, value);
        return;
      case "index": {
        const object = this.#evaluate(target.object, scope);
        const index = this.#evaluate(target.index, scope);
        this.#store(object, index, value);
        return;
      }
      case "targets": {
        assertIterable(value);
        const items = [...iterate(value, this.#fuel)];
        if (items.length !== target.items.length) {
          throw new PythonError("ValueError", `${items.length} values`);
        }
        target.items.forEach((item, i) => this.#assign(item, items[i], scope));
      }
    }
  }

  #store(object: Value, index: Value, value: Value): void {
    if (!Array.isArray(object)) {
      throw new PythonError(
        "TypeError",
        `no item of ${typeName(object)} is set`,
      );
    }
    object[placeAt(object.length, index)] = value;
  }

  #augment(
    { target, operator, value }: Extract<Statement, { kind: "augment" }>,
    scope: Scope,
  ): void {
    const change = (before: Value): Value => {
      const operand = this.#evaluate(value, scope);
      if (operator !== "+" || !Array.isArray(before)) {
        const after = binary(operator, before, operand, this.#fuel);
        if (!Array.isArray(before) || !Array.isArray(after)) return after;
        replaceItems(before, after);
      } else extend(before, operand, this.#fuel);
      return before;
    };
    if (target.kind === "name") {
      scope.names.set(target.name, change(this.#lookUp(target.name, scope)));
      return;
    }
    const object = this.#evaluate(target.object, scope);
    const index = this.#evaluate(target.index, scope);
    this.#store(object, index, change(this.#item(object, index)));
  }

  #evaluate(expression: Expression, scope: Scope): Value {
    this.#fuel.spend(1);
    switch (expression.kind) {
      case "constant":
        return expression.value;
      case "name":
        return this.#lookUp(expression.name, scope);
      case "list":
        return expression.items.map((item) => this.#evaluate(item, scope));
      case "tuple":
        return new Tuple(
          expression.items.map((item) => this.#evaluate(item, scope)),
        );
      case "comprehension": {
        const items = this.#comprehend(expression, scope);
        return expression.makes === "list"
          ? [...items]
          : new PythonIterator(items);
      }
      case "unary": {
        const value = this.#evaluate(expression.operand, scope);
        return expression.operator === "not"
          ? !isTrue(value)
          : sign(expression.operator, value);
      }
      case "binary": {
        const left = this.#evaluate(expression.left, scope);
        const right = this.#evaluate(expression.right, scope);
        return binary(expression.operator, left, right, this.#fuel);
      }
      case "logical": {
        const left = this.#evaluate(expression.left, scope);
        return isTrue(left) === (expression.operator === "or")
          ? left
          : this.#evaluate(expression.right, scope);
      }
      case "comparison": {
        let left = this.#evaluate(expression.first, scope);
        for (const { operator, operand } of expression.rest) {
          const right = this.#evaluate(operand, scope);
          if (!compare(operator, left, right, this.#fuel)) return false;
          left = right;
        }
        return true;
      }
      case "choice":
        return isTrue(this.#evaluate(expression.test, scope))
          ? this.#evaluate(expression.yes, scope)
          : this.#evaluate(expression.no, scope);
      case "attribute": {
        const object = this.#evaluate(expression.object, scope);
        return this.#attribute(object, expression.name);
      }
      case "call": {
        const callee = this.#evaluate(expression.callee, scope);
        const positional = expression.positional
          .map((value) => this.#evaluate(value, scope));
        const named = expression.named
          .map(({ name, value }) =>
            [name, this.#evaluate(value, scope)] as const
          );
        return this.#call(callee, positional, new Map(named));
      }
      case "index":
        return this.#item(
          this.#evaluate(expression.object, scope),
          this.#evaluate(expression.index, scope),
        );
      case "slice": {
        const object = this.#evaluate(expression.object, scope);
        const [start, stop, step] = (["start", "stop", "step"] as const)
          .map((part) => expression[part])
          .map((part) =>
            part === undefined ? null : this.#evaluate(part, scope)
          );
        return slice(object, start, stop, step, this.#fuel);
      }
    }
  }

  #lookUp(name: string, scope: Scope): Value {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
      const value = at.names.get(name);
      if (value !== undefined) return value;
      if (at.locals?.has(name)) {
        throw new PythonError("NameError", `${name} has no value yet`);
      }
    }
    return this.#builtins.get(name) ?? unknownName(name);
  }

  /** The items of a comprehension; its first iterable is evaluated at once. */
  #comprehend(
    { item, clauses }: Extract<Expression, { kind: "comprehension" }>,
    outer: Scope,
  ): Generator<Value, void> {
    const locals = new Set(clauses.flatMap(({ target }) => names(target)));
    const scope = { names: new Map<string, Value>(), locals, outer };
    const first = this.#evaluate(clauses[0].iterable, outer);
    assertIterable(first);
    return this.#generate(item, clauses, first, scope);
  }

  *#generate(
    item: Expression,
    [{ target, conditions }, ...others]: readonly Clause[],
    iterable: Value,
    scope: Scope,
  ): Generator<Value, void> {
    for (const value of iterate(iterable, this.#fuel)) {
      this.#assign(target, value, scope);
      const holds = conditions
        .every((condition) => isTrue(this.#evaluate(condition, scope)));
      if (!holds) continue;
      if (others.length === 0) yield this.#evaluate(item, scope);
      else {
        const next = this.#evaluate(others[0].iterable, scope);
        assertIterable(next);
        yield* this.#generate(item, others, next, scope);
      }
    }
  }

  #item(object: Value, index: Value): Value {
    if (object instanceof Range) {
      return object.at(placeAt(object.length, index));
    }
    const items = placesOf(object);
    if (items === undefined) {
      throw new PythonError("TypeError", `no items: ${typeName(object)}`);
    }
    return items[placeAt(items.length, index)];
  }

  #attribute(object: Value, name: string): Value {
    if (!(object instanceof Module)) return method(object, name, this.#fuel);
    const value = object.members.get(name);
    if (value !== undefined) return value;
    if (object.name === "self") throw new SubsetError(`self.${name}`);
    throw new PythonError("AttributeError", `${object.name}.${name}`);
  }

  #call(
    callee: Value,
    positional: readonly Value[],
    named: ReadonlyMap<string, Value>,
  ): Value {
    if (callee instanceof Builtin) return callee.call(positional, named);
    if (!(callee instanceof UserFunction)) {
      throw new PythonError("TypeError", `no function: ${typeName(callee)}`);
    }
    if (named.size > 0) throw new SubsetError("a call with a named argument");
    const { parameters, body, locals } = callee.definition;
    if (parameters.length !== positional.length) {
      throw new PythonError("TypeError", `${positional.length} arguments`);
    }
    const given = parameters.map((name, i) => [name, positional[i]] as const);
    const outer = { names: callee.names };
    const scope = { names: new Map(given), locals, outer };
    if (++this.#calls > MOST_CALLS) {
      throw new SubsetError(`${MOST_CALLS} calls within calls`);
    }
    try {
      const signal = this.#runBlock(body, scope);
      return signal?.kind === "return" ? signal.value : null;
    } finally {
      this.#calls--;
    }
  }
}

function names(target: Target): string[] {
  if (target.kind === "name") return [target.name];
  return target.kind === "index" ? [] : target.items.flatMap(names);
}
