/** Programs of the Python subset as trees. */

/** What has a value. */
export type Expression =
  | {
    readonly kind: "constant";
    readonly value: number | string | boolean | null;
  }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "tuple"; readonly items: readonly Expression[] }
  | {
    readonly kind: "comprehension";
    /** A list is made at once, a generator gives items when asked. */
    readonly makes: "list" | "generator";
    readonly item: Expression;
    readonly clauses: readonly Clause[];
  }
  | {
    readonly kind: "unary";
    readonly operator: "-" | "+" | "not";
    readonly operand: Expression;
  }
  | {
    readonly kind: "binary";
    readonly operator: BinaryOperator;
    readonly left: Expression;
    readonly right: Expression;
  }
  | {
    readonly kind: "logical";
    readonly operator: "and" | "or";
    readonly left: Expression;
    readonly right: Expression;
  }
  | {
    readonly kind: "comparison";
    readonly first: Expression;
    readonly rest: readonly {
      readonly operator: Comparison;
      readonly operand: Expression;
    }[];
  }
  | {
    readonly kind: "choice";
    readonly test: Expression;
    readonly yes: Expression;
    readonly no: Expression;
  }
  | {
    readonly kind: "call";
    readonly callee: Expression;
    readonly positional: readonly Expression[];
    readonly named: readonly {
      readonly name: string;
      readonly value: Expression;
    }[];
  }
  | {
    readonly kind: "attribute";
    readonly object: Expression;
    readonly name: string;
  }
  | {
    readonly kind: "index";
    readonly object: Expression;
    readonly index: Expression;
  }
  | {
    readonly kind: "slice";
    readonly object: Expression;
    readonly start?: Expression;
    readonly stop?: Expression;
    readonly step?: Expression;
  };

/** Arithmetic. */
export type BinaryOperator = "+" | "-" | "*" | "//" | "%" | "**";

/** What compares two values. */
export type Comparison =
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "not in";

/** `for TARGET in ITERABLE if CONDITION ...` of a comprehension. */
export interface Clause {
  readonly target: Target;
  readonly iterable: Expression;
  readonly conditions: readonly Expression[];
}

/** What is assigned to. */
export type Target =
  | Extract<Expression, { kind: "name" | "index" }>
  | { readonly kind: "targets"; readonly items: readonly Target[] };

/** What is done. */
export type Statement =
  | { readonly kind: "expression"; readonly value: Expression }
  | {
    readonly kind: "assign";
    readonly target: Target;
    readonly value: Expression;
  }
  | {
    readonly kind: "augment";
    readonly target: Extract<Expression, { kind: "name" | "index" }>;
    readonly operator: BinaryOperator;
    readonly value: Expression;
  }
  | {
    readonly kind: "if";
    readonly test: Expression;
    readonly body: readonly Statement[];
    readonly otherwise: readonly Statement[];
  }
  | {
    readonly kind: "while";
    readonly test: Expression;
    readonly body: readonly Statement[];
  }
  | {
    readonly kind: "for";
    readonly target: Target;
    readonly iterable: Expression;
    readonly body: readonly Statement[];
  }
  | { readonly kind: "return"; readonly value?: Expression }
  | { readonly kind: "assert"; readonly test: Expression }
  | { readonly kind: "pass" | "break" | "continue" }
  | { readonly kind: "import"; readonly name: string }
  | FunctionDefinition
  | {
    readonly kind: "class";
    readonly name: string;
    /** The base class must be `unittest.TestCase`. */
    readonly methods: readonly FunctionDefinition[];
  };

/** A function with its local names. */
export interface FunctionDefinition {
  readonly kind: "def";
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
  /** Parameters and names that the body assigns to. */
  readonly locals: ReadonlySet<string>;
}
