/** Cuts a program of the Python subset into tokens, with its indentation. */
import { PythonError, SubsetError } from "./errors.ts";

/** One token. */
export interface Token {
  /** `keyword` and `operator` are told apart by their text. */
  readonly kind:
    | "name"
    | "keyword"
    | "number"
    | "string"
    | "operator"
    | "newline"
    | "indent"
    | "dedent"
    | "end";
  /** As written; a string's without its quotes. */
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

const KEYWORDS = new Set(
  "and assert break class continue def elif else False for from if import in is None not or pass return True while"
    .split(" "),
);

/** Keywords of Python that the subset lacks. */
const OTHER_KEYWORDS = new Set(
  "as async await del except finally global lambda nonlocal raise try with yield"
    .split(" "),
);

/** What ends a line or is none in Python, and texts that JavaScript orders otherwise. */
const OTHER_CHARACTERS = /[\r\f\0]|[^\0-\uffff]|\p{Surrogate}/u;

/** Levels of brackets and of indentation, at most; the parser recurses. */
const MOST_LEVELS = 40;

/** Longest first. */
const OPERATOR =
  /\*\*=|\/\/=|>>=|<<=|\*\*|\/\/|==|!=|<=|>=|->|:=|<<|>>|[-+*%/|&^@]=|[-+*%<>=()[\],:.{}/|&^~@;]/y;

/** Operators of Python that the subset lacks. */
const OTHER_OPERATORS = new Set(
  "-> := << >> <<= >>= /= |= &= ^= @= { } / | & ^ ~ @ ;".split(" "),
);

/**
 * The tokens of a program; blank lines and comments are left out.
 *
 * @throws {PythonError} If it is no Python: a `SyntaxError`.
 * @throws {SubsetError} If it uses what the subset lacks.
 */
export function tokenize(source: string): Token[] {
  return new Tokenizer(source).run();
}

class Tokenizer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  readonly #indents = [0];
  readonly #brackets: string[] = [];
  #at = 0;
  #line = 1;

  constructor(source: string) {
    const other = source.match(OTHER_CHARACTERS)?.[0];
    if (other !== undefined) throw new SubsetError(JSON.stringify(other));
    this.#source = source;
  }

  run(): Token[] {
    while (this.#at < this.#source.length) {
      if (this.#isLineStart()) this.#readIndentation();
      else this.#readToken();
    }
    if (this.#brackets.length > 0) this.#fail("a bracket is never closed");
    if (!this.#endsLine()) this.#push("newline", "");
    while (this.#indents.length > 1) {
      this.#indents.pop();
      this.#push("dedent", "");
    }
    this.#push("end", "");
    return this.#tokens;
  }

  #isLineStart(): boolean {
    return this.#brackets.length === 0 && this.#endsLine() &&
      (this.#at === 0 || this.#source[this.#at - 1] === "\n");
  }

  /** Whether no statement is open. */
  #endsLine(): boolean {
    const last = this.#tokens.at(-1)?.kind;
    return last === undefined || ["newline", "indent", "dedent"].includes(last);
  }

  /** Reads the start of a line; a blank one as a whole. */
  #readIndentation(): void {
    const [all, spaces, rest] = this.#match(/([ ]*)(#[^\n]*)?/y)!;
    this.#at += all.length;
    const next = this.#source[this.#at];
    if (next === undefined) return;
    if (next === "\n") return this.#newLine();
    if (rest !== undefined) return;
    if (next === "\t") {
      throw new SubsetError("another space than a blank", this.#line);
    }
    const width = spaces.length;
    if (width > this.#indents.at(-1)!) {
      this.#indents.push(width);
      if (this.#indents.length > MOST_LEVELS) {
        throw new SubsetError(`${MOST_LEVELS} levels`, this.#line);
      }
      this.#push("indent", spaces);
    }
    while (width < this.#indents.at(-1)!) {
      this.#indents.pop();
      this.#push("dedent", "");
    }
    if (width !== this.#indents.at(-1)) {
      throw new PythonError(
        "SyntaxError",
        `unindent of line ${this.#line} matches no outer level`,
      );
    }
    this.#readToken();
  }

  #readToken(): void {
    const next = this.#source[this.#at];
    if (next === " ") this.#at++;
    else if (next === "#") this.#at += this.#match(/#[^\n]*/y)![0].length;
    else if (next === "\n") {
      if (this.#brackets.length === 0) this.#push("newline", "");
      this.#newLine();
    } else if (/[A-Za-z_]/.test(next)) this.#readWord();
    else if (/[0-9]/.test(next)) this.#readNumber();
    else if (next === '"' || next === "'") this.#readString();
    else this.#readOperator();
  }

  #readWord(): void {
    const [word] = this.#match(/[A-Za-z_][A-Za-z0-9_]*/y)!;
    this.#at += word.length;
    const next = this.#source[this.#at] ?? "";
    if (OTHER_KEYWORDS.has(word)) throw new SubsetError(word, this.#line);
    if (next === '"' || next === "'" || next > "\x7f") {
      throw new SubsetError(`${word}${next}`, this.#line);
    }
    this.#push(KEYWORDS.has(word) ? "keyword" : "name", word);
  }

  #readNumber(): void {
    const [digits] = this.#match(/[0-9]+/y)!;
    this.#at += digits.length;
    const next = this.#source[this.#at] ?? "";
    if (/[A-Za-z_.]/.test(next) || next > "\x7f") {
      throw new SubsetError(`${digits}${next}`, this.#line);
    }
    if (/^0+[1-9]/.test(digits)) this.#fail("a number begins with 0");
    if (!Number.isSafeInteger(Number(digits))) {
      throw new SubsetError("a number beyond 2^53", this.#line);
    }
    this.#push("number", digits);
  }

  #readString(): void {
    const match = this.#match(/("""|''')([^\\]*?)\1|(["'])([^\\\n]*?)\3/y);
    if (match === null) throw new SubsetError("such a string", this.#line);
    const [all, , long, , short] = match;
    this.#at += all.length;
    this.#push("string", long ?? short);
    this.#line += all.split("\n").length - 1;
  }

  #readOperator(): void {
    const rest = this.#source.slice(this.#at, this.#at + 3);
    if (/^\.[0-9]|^\.{3}/.test(rest)) throw new SubsetError(rest, this.#line);
    const operator = this.#match(OPERATOR)?.[0];
    if (operator === undefined) {
      if (/[?$!`]/.test(rest[0])) this.#fail(`${rest[0]} means nothing`);
      throw new SubsetError(JSON.stringify(rest[0]), this.#line);
    }
    if (OTHER_OPERATORS.has(operator)) {
      throw new SubsetError(operator, this.#line);
    }
    if (operator === "(" || operator === "[") this.#brackets.push(operator);
    if (this.#brackets.length > MOST_LEVELS) {
      throw new SubsetError(`${MOST_LEVELS} brackets`, this.#line);
    }
    if (operator === ")" || operator === "]") {
      const open = this.#brackets.pop();
      if (open !== (operator === ")" ? "(" : "[")) {
        this.#fail(`${operator} closes nothing`);
      }
    }
    this.#at += operator.length;
    this.#push("operator", operator);
  }

  #newLine(): void {
    this.#at++;
    this.#line++;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#source);
  }

  #push(kind: Token["kind"], text: string): void {
    this.#tokens.push({ kind, text, line: this.#line });
  }

  #fail(reason: string): never {
    throw new PythonError("SyntaxError", `${reason} in line ${this.#line}`);
  }
}
