/** What expressions of the Python subset give. */
import { builtins, unknownName } from "./builtins.ts";
import { PythonError, SubsetError } from "./errors.ts";
import { method } from "./list_methods.ts";
import { binary, compare, sign } from "./operators.ts";
import { placeAt, placesOf, slice } from "./places.ts";
import type { Clause, Expression, Target } from "./syntax.ts";
import {
  assertIterable,
  Builtin,
  type Fuel,
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

/** Where names are looked up: a function's own, then those around it. */
export interface Scope {
  /** Names that have a value. */
  readonly names: Map<string, Value>;
  /** Names that are this scope's, set or not; all where left out. */
  readonly locals?: ReadonlySet<string>;
  /** The scope around it. */
  readonly outer?: Scope;
}

/** Calls within calls, at most; the interpreter itself recurses. */
const MOST_CALLS = 100;

/** Runs the body of a function, and gives what it returns. */
export type RunFunction = (
  definition: UserFunction["definition"],
  scope: Scope,
) => Value;

/** Evaluates expressions, and assigns their values. */
export class Evaluator {
  readonly #fuel: Fuel;
  readonly #builtins: ReadonlyMap<string, Value>;
  readonly #runFunction: RunFunction;
  #calls = 0;

  constructor(fuel: Fuel, runFunction: RunFunction) {
    this.#fuel = fuel;
    this.#builtins = builtins(fuel);
    this.#runFunction = runFunction;
  }

  /** The value of an expression. */
  evaluate(expression: Expression, scope: Scope): Value {
    this.#fuel.spend(1);
    switch (expression.kind) {
      case "constant":
        return expression.value;
      case "name":
        return this.lookUp(expression.name, scope);
      case "list":
        return expression.items.map((item) => this.evaluate(item, scope));
      case "tuple":
        return new Tuple(
          expression.items.map((item) => this.evaluate(item, scope)),
        );
      case "comprehension": {
        const items = this.#comprehend(expression, scope);
        return expression.makes === "list"
          ? [...items]
          : new PythonIterator(items);
      }
      case "unary": {
        const value = this.evaluate(expression.operand, scope);
        return expression.operator === "not"
          ? !isTrue(value)
          : sign(expression.operator, value);
      }
      case "binary": {
        const left = this.evaluate(expression.left, scope);
        const right = this.evaluate(expression.right, scope);
        return binary(expression.operator, left, right, this.#fuel);
      }
      case "logical": {
        const left = this.evaluate(expression.left, scope);
        return isTrue(left) === (expression.operator === "or")
          ? left
          : this.evaluate(expression.right, scope);
      }
      case "comparison": {
        let left = this.evaluate(expression.first, scope);
        for (const { operator, operand } of expression.rest) {
          const right = this.evaluate(operand, scope);
          if (!compare(operator, left, right, this.#fuel)) return false;
          left = right;
        }
        return true;
      }
      case "choice":
        return isTrue(this.evaluate(expression.test, scope))
          ? this.evaluate(expression.yes, scope)
          : this.evaluate(expression.no, scope);
      case "attribute": {
        const object = this.evaluate(expression.object, scope);
        return this.#attribute(object, expression.name);
      }
      case "call": {
        const callee = this.evaluate(expression.callee, scope);
        const positional = expression.positional
          .map((value) => this.evaluate(value, scope));
        const named = expression.named
          .map(({ name, value }) =>
            [name, this.evaluate(value, scope)] as const
          );
        return this.call(callee, positional, new Map(named));
      }
      case "index":
        return this.item(
          this.evaluate(expression.object, scope),
          this.evaluate(expression.index, scope),
        );
      case "slice": {
        const object = this.evaluate(expression.object, scope);
        const [start, stop, step] = (["start", "stop", "step"] as const)
          .map((part) => expression[part])
          .map((part) =>
            part === undefined ? null : this.evaluate(part, scope)
          );
        return slice(object, start, stop, step, this.#fuel);
      }
    }
  }

  /** Gives a target a value. */
  assign(target: Target, value: Value, scope: Scope): void {
    switch (target.kind) {
      case "name":
        scope.names.set(target.name, value);
        return;
      case "index": {
        const object = this.evaluate(target.object, scope);
        const index = this.evaluate(target.index, scope);
        this.store(object, index, value);
        return;
      }
      case "targets": {
        assertIterable(value);
        const items = [...iterate(value, this.#fuel)];
        if (items.length !== target.items.length) {
          throw new PythonError("ValueError", `${items.length} values`);
        }
        target.items.forEach((item, i) => this.assign(item, items[i], scope));
      }
    }
  }

  /** `object[index] = value`. */
  store(object: Value, index: Value, value: Value): void {
    if (!Array.isArray(object)) {
      throw new PythonError(
        "TypeError",
        `no item of ${typeName(object)} is set`,
      );
    }
    object[placeAt(object.length, index)] = value;
  }

  /** The value of a name. */
  lookUp(name: string, scope: Scope): Value {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
      const value = at.names.get(name);
      if (value !== undefined) return value;
      if (at.locals?.has(name)) {
        const isOwn = at === scope;
        throw new PythonError(
          isOwn ? "UnboundLocalError" : "NameError",
          `${name} has no value yet`,
        );
      }
    }
    return this.#builtins.get(name) ?? unknownName(name);
  }

  /** `object[index]`. */
  item(object: Value, index: Value): Value {
    if (object instanceof Range) {
      return object.at(placeAt(object.length, index));
    }
    const items = placesOf(object, this.#fuel);
    if (items === undefined) {
      throw new PythonError("TypeError", `no items: ${typeName(object)}`);
    }
    return items[placeAt(items.length, index)];
  }

  /** Calls a function. */
  call(
    callee: Value,
    positional: readonly Value[],
    named: ReadonlyMap<string, Value>,
  ): Value {
    if (callee instanceof Builtin) return callee.call(positional, named);
    if (!(callee instanceof UserFunction)) {
      throw new PythonError("TypeError", `no function: ${typeName(callee)}`);
    }
    if (named.size > 0) throw new SubsetError("a call with a named argument");
    const { parameters, locals } = callee.definition;
    if (parameters.length !== positional.length) {
      throw new PythonError("TypeError", `${positional.length} arguments`);
    }
    const given = parameters.map((name, i) => [name, positional[i]] as const);
    const scope = {
      names: new Map(given),
      locals,
      outer: { names: callee.names },
    };
    if (++this.#calls > MOST_CALLS) {
      throw new SubsetError(`${MOST_CALLS} calls within calls`);
    }
    try {
      return this.#runFunction(callee.definition, scope);
    } finally {
      this.#calls--;
    }
  }

  /** The items of a comprehension; its first iterable is evaluated at once. */
  #comprehend(
    { item, clauses }: Extract<Expression, { kind: "comprehension" }>,
    outer: Scope,
  ): Generator<Value, void> {
    const locals = new Set(clauses.flatMap(({ target }) => names(target)));
    const scope = { names: new Map<string, Value>(), locals, outer };
    const first = this.evaluate(clauses[0].iterable, outer);
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
      this.assign(target, value, scope);
      const holds = conditions
        .every((condition) => isTrue(this.evaluate(condition, scope)));
      if (!holds) continue;
      if (others.length === 0) yield this.evaluate(item, scope);
      else {
        const next = this.evaluate(others[0].iterable, scope);
        assertIterable(next);
        yield* this.#generate(item, others, next, scope);
      }
    }
  }

  #attribute(object: Value, name: string): Value {
    if (!(object instanceof Module)) return method(object, name, this.#fuel);
    const value = object.members.get(name);
    if (value !== undefined) return value;
    if (!object.isWhole || name.startsWith("__")) {
      throw new SubsetError(`${object.name}.${name}`);
    }
    throw new PythonError("AttributeError", `${object.name}.${name}`);
  }
}

function names(target: Target): string[] {
  if (target.kind === "name") return [target.name];
  return target.kind === "index" ? [] : target.items.flatMap(names);
}
