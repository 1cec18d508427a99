/** Runs programs of the Python subset, for a number of steps at most. */
import { unknownName } from "./builtins.ts";
import { PythonError, SubsetError } from "./errors.ts";
import { Evaluator, type Scope } from "./evaluator.ts";
import { extend, replaceItems } from "./list_methods.ts";
import { binary, compare } from "./operators.ts";
import type { FunctionDefinition, Statement } from "./syntax.ts";
import {
  assertIterable,
  Builtin,
  Fuel,
  isTrue,
  iterate,
  Module,
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
  readonly #evaluator: Evaluator;
  readonly #modules: ReadonlyMap<string, Module>;
  readonly #module: Scope = { names: new Map() };

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
    this.#evaluator = new Evaluator(this.#fuel, ({ body }, scope) => {
      const signal = this.#runBlock(body, scope);
      return signal?.kind === "return" ? signal.value : null;
    });
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
    return this.#evaluator.call(
      callee ?? unknownName(name),
      positional,
      new Map(),
    );
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
      false,
    );
    this.#evaluator.call(
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
        this.#evaluator.evaluate(statement.value, scope);
        return undefined;
      case "assign":
        this.#evaluator.assign(
          statement.target,
          this.#evaluator.evaluate(statement.value, scope),
          scope,
        );
        return undefined;
      case "augment":
        this.#augment(statement, scope);
        return undefined;
      case "if":
        return this.#runBlock(
          isTrue(this.#evaluator.evaluate(statement.test, scope))
            ? statement.body
            : statement.otherwise,
          scope,
        );
      case "while":
        while (isTrue(this.#evaluator.evaluate(statement.test, scope))) {
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
            : this.#evaluator.evaluate(statement.value, scope),
        };
      case "assert":
        if (!isTrue(this.#evaluator.evaluate(statement.test, scope))) {
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
    const iterable = this.#evaluator.evaluate(statement.iterable, scope);
    assertIterable(iterable);
    for (const item of iterate(iterable, this.#fuel)) {
      this.#evaluator.assign(statement.target, item, scope);
      const signal = this.#runBlock(statement.body, scope);
      if (signal?.kind === "break") break;
      if (signal?.kind === "return") return signal;
    }
    return undefined;
  }

  #augment(
    { target, operator, value }: Extract<Statement, { kind: "augment" }>,
    scope: Scope,
  ): void {
    const change = (before: Value): Value => {
      const operand = this.#evaluator.evaluate(value, scope);
      if (operator !== "+" || !Array.isArray(before)) {
        const after = binary(operator, before, operand, this.#fuel);
        if (!Array.isArray(before) || !Array.isArray(after)) return after;
        replaceItems(before, after);
      } else extend(before, operand, this.#fuel);
      return before;
    };
    if (target.kind === "name") {
      scope.names.set(
        target.name,
        change(this.#evaluator.lookUp(target.name, scope)),
      );
      return;
    }
    const object = this.#evaluator.evaluate(target.object, scope);
    const index = this.#evaluator.evaluate(target.index, scope);
    this.#evaluator.store(
      object,
      index,
      change(this.#evaluator.item(object, index)),
    );
  }
}
