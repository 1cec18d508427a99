/** Tokens read one after another, as parsers do. */
import { PythonError, SubsetError } from "./errors.ts";
import { type Token, tokenize } from "./tokens.ts";

/** The tokens of a program and the place where reading stands. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;

  /** @throws {PythonError | SubsetError} As `tokenize`. */
  constructor(source: string) {
    this.#tokens = tokenize(source);
  }

  /** The token that comes next. */
  get next(): Token {
    return this.#tokens[this.#at];
  }

  /** Whether the next token is that keyword or operator. */
  is(text: string): boolean {
    const { kind } = this.next;
    return (kind === "keyword" || kind === "operator") &&
      this.next.text === text;
  }

  /** Reads the next token if it is that keyword or operator. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at++;
    return true;
  }

  /** Reads that keyword or operator. */
  expect(text: string): void {
    if (!this.accept(text)) this.fail(`${text} is missing`);
  }

  /** Reads the next token if it is of that kind. */
  acceptKind(kind: Token["kind"]): Token | undefined {
    if (this.next.kind !== kind) return undefined;
    return this.#tokens[this.#at++];
  }

  /** Reads a token of that kind. */
  expectKind(kind: Token["kind"]): Token {
    return this.acceptKind(kind) ?? this.fail(`a ${kind} is missing`);
  }

  /** @throws {PythonError} A `SyntaxError`, always. */
  fail(reason: string): never {
    const { text, line } = this.next;
    throw new PythonError(
      "SyntaxError",
      `${reason} before ${JSON.stringify(text)} in line ${line}`,
    );
  }

  /** @throws {SubsetError} Always. */
  refuse(found: string): never {
    throw new SubsetError(found, this.next.line);
  }
}
