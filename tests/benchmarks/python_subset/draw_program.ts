/** Random programs of the Python subset, right and mutated. */
import { type Random, randomChoice, randomInt } from "@/lib/random.ts";

/** A function `solve(xs, k)` of one to five statements. */
export function drawProgram(random: Random): string {
  return new Writer(random).write();
}

/** What mutations put in place of tokens. */
const TOKENS =
  "xs ys a b k i 0 1 2 7 + - * // % ** < <= > >= == != and or not in if else for while ( ) [ ] , : = += -= == len sum max min sorted set abs range return append index None True break continue zs foo"
    .split(" ");

/** A program with one to three tokens changed, left out, doubled or swapped. */
export function mutate(random: Random, source: string): string {
  const tokens = source.match(/[A-Za-z_]\w*|\d+|\*\*|\/\/|[<>=!+*-]=|\s+|./g)!;
  const places = tokens.flatMap((text, i) => text.trim() === "" ? [] : [i]);
  for (let n = 1 + randomInt(random, 3); n > 0; n--) {
    const at = randomChoice(random, places);
    const other = randomChoice(random, places);
    switch (randomInt(random, 6)) {
      case 0:
        tokens[at] = "";
        break;
      case 1:
        [tokens[at], tokens[other]] = [tokens[other], tokens[at]];
        break;
      case 2:
        tokens[at] = tokens[other];
        break;
      case 3: {
        const lines = tokens.join("").split("\n");
        const line = randomInt(random, lines.length);
        lines.splice(
          line,
          1,
          ...randomChoice(random, [[], [lines[line]], [
            `    ${lines[line]}`,
          ], [lines[line].slice(4)]]),
        );
        return lines.join("\n");
      }
      default:
        tokens[at] = randomChoice(random, TOKENS);
    }
  }
  return tokens.join("");
}

class Writer {
  readonly #random: Random;
  readonly #numbers = ["k"];
  readonly #lists = ["xs"];

  constructor(random: Random) {
    this.#random = random;
  }

  write(): string {
    this.#numbers.push("a");
    this.#lists.push("ys");
    const lines = ["a = 1", "ys = xs[:]"];
    const count = 1 + randomInt(this.#random, 4);
    for (let i = 0; i < count; i++) lines.push(...this.#statement(2, false));
    lines.push(`return ${this.#any(3)}`);
    return `def solve(xs, k):\n${
      lines.map((line) => `    ${line}\n`).join("")
    }`;
  }

  /** Lines of a statement, indented from 0. */
  #statement(depth: number, inLoop: boolean): string[] {
    const indent = (lines: string[]): string[] =>
      lines.map((line) => `    ${line}`);
    const block = (isLoop: boolean): string[] =>
      indent([
        ...this.#statement(depth - 1, isLoop),
        ...(this.#random() < 0.4 ? this.#statement(depth - 1, isLoop) : []),
      ]);
    const simple = 10;
    switch (randomInt(this.#random, depth > 0 ? simple + 6 : simple)) {
      case 0:
      case 1:
        return [`${this.#pick(["a", "b", "c"])} = ${this.#number(2)}`]
          .map((line) => this.#define(line, this.#numbers));
      case 2:
        return [`${this.#pick(["ys", "zs"])} = ${this.#list(2)}`]
          .map((line) => this.#define(line, this.#lists));
      case 3:
        return [
          `${this.#variable()} ${this.#pick(["+=", "-=", "*=", "//=", "%="])} ${
            this.#number(1)
          }`,
        ];
      case 4:
        return [`${this.#pick(this.#lists)} += ${this.#list(1)}[:9]`];
      case 5:
        return [`${this.#pick(this.#lists)}.append(${this.#number(1)})`];
      case 6:
        return [
          `${this.#pick(this.#lists)}[${this.#number(1)}] ${
            this.#pick(["=", "+=", "*="])
          } ${this.#number(1)}`,
        ];
      case 7:
        return [`a, b = ${this.#number(1)}, ${this.#number(1)}`]
          .map((line) => (this.#numbers.push("b"), line));
      case 8:
        return inLoop
          ? [
            `if ${this.#truth(1)}:`,
            `    ${this.#pick(["break", "continue"])}`,
          ]
          : [`return ${this.#any(2)}`].map((line) =>
            this.#random() < 0.3 ? line : "pass"
          );
      case 9:
        return [
          `${this.#pick(this.#lists)}.${
            this.#pick([
              "sort()",
              "reverse()",
              "pop()",
              "extend([k, 2])",
              "insert(1, k)",
              "pop(0)",
              "sort(reverse=True)",
            ])
          }`,
        ];
      case 10:
      case 11:
        return [
          `if ${this.#truth(2)}:`,
          ...block(inLoop),
          ...(this.#random() < 0.4
            ? [`elif ${this.#truth(1)}:`, ...block(inLoop)]
            : []),
          ...(this.#random() < 0.5 ? ["else:", ...block(inLoop)] : []),
        ];
      case 12:
        this.#numbers.push("i");
        return [`for i in range(${this.#number(1)} % 9):`, ...block(true)];
      case 13:
        this.#numbers.push("x");
        return [`for x in ${this.#list(1)}[:9]:`, ...block(true)];
      case 14:
        this.#numbers.push("i", "x");
        return [
          this.#pick([
            "for i, x in enumerate(xs):",
            "for i, x in zip(xs, xs[1:]):",
            "for (i, x) in zip(xs, range(k)):",
            "for i in reversed(xs):",
          ]),
          ...block(true),
        ];
      default:
        return [
          `while a < ${this.#number(1)} % 20:`,
          "    a += 1",
          ...block(true),
        ];
    }
  }

  #define(line: string, names: string[]): string {
    names.push(line.split(" ")[0]);
    return line;
  }

  #pick<T>(items: readonly T[]): T {
    return randomChoice(this.#random, items);
  }

  #variable(): string {
    return this.#pick(this.#numbers);
  }

  #any(depth: number): string {
    return this.#pick([
      () => this.#number(depth),
      () => this.#number(depth),
      () => this.#list(depth),
      () => this.#truth(depth),
      () => `${this.#number(depth - 1)}, ${this.#list(depth - 1)}`,
    ])();
  }

  #number(depth: number): string {
    if (this.#random() < 0.03) return this.#list(0);
    if (depth <= 0) {
      return this.#pick([
        this.#variable(),
        this.#variable(),
        String(randomInt(this.#random, 10)),
        `-${randomInt(this.#random, 5)}`,
      ]);
    }
    const number = (): string => this.#number(depth - 1);
    const list = (): string => this.#list(depth - 1);
    return this.#pick([
      number,
      () => `${number()} ${this.#pick(["+", "-", "*"])} ${number()}`,
      () => `(${number()} ${this.#pick(["//", "%"])} ${number()})`,
      () => `abs(${number()})`,
      () => `-${number()}`,
      () => `${number()}**2`,
      () => `sum(${list()})`,
      () => `len(${list()})`,
      () => `len(set(${list()}))`,
      () => `${this.#pick(["max", "min"])}(${list()})`,
      () => `max(${list()}, default=${number()})`,
      () => `${this.#pick(["max", "min"])}(${number()}, ${number()})`,
      () => `${list()}[${number()}]`,
      () => `${this.#pick(this.#lists)}.count(${number()})`,
      () => `${this.#pick(this.#lists)}.index(${number()})`,
      () => `(${number()} if ${this.#truth(depth - 1)} else ${number()})`,
      () => `sum(x*x for x in ${list()} if ${this.#test()})`,
      () => `sum([a > b for a, b in zip(xs, xs[1:])])`,
      () => `(${number()} ${this.#pick(["and", "or"])} ${number()})`,
    ])();
  }

  #test(): string {
    return `x ${this.#pick(["<", ">", "==", "!=", ">="])} ${
      this.#pick([this.#variable(), "3", "x % 2"])
    }`;
  }

  #list(depth: number): string {
    if (this.#random() < 0.03) return this.#number(0);
    if (depth <= 0) return this.#pick(this.#lists);
    const number = (): string => this.#number(depth - 1);
    const list = (): string => this.#list(depth - 1);
    return this.#pick([
      list,
      list,
      () => `${list()}[${number()}:]`,
      () => `${list()}[:${number()}]`,
      () => `${list()}[${number()}:${number()}]`,
      () => `${list()}[::${this.#pick(["-1", "2", "-2", "k"])}]`,
      () => `sorted(${list()})`,
      () => `sorted(${list()}, reverse=True)`,
      () => `sorted(set(${list()}))`,
      () =>
        `[x ${
          this.#pick(["+", "*", "-", "//", "%"])
        } ${number()} for x in ${list()}]`,
      () => `[x for x in ${list()} if ${this.#test()}]`,
      () => `[b-a for a, b in zip(${list()}, ${list()}[1:])]`,
      () => `[max(xs[:i+1]) for i in range(len(xs))]`,
      () => `[x*y for x in ${list()}[:3] for y in ${list()}[:3]]`,
      () => `[${number()}, ${number()}]`,
      () => `${list()} + ${list()}`,
      () => `[${number()}] * ${this.#pick(["2", "k"])}`,
      () => `list(range(${number()} % 12))`,
      () => `list(reversed(${list()}))`,
    ])();
  }

  #truth(depth: number): string {
    const number = (): string => this.#number(depth - 1);
    const list = (): string => this.#list(depth - 1);
    return this.#pick([
      () =>
        `${number()} ${this.#pick(["<", "<=", ">", "==", "!="])} ${number()}`,
      () => `${number()} < ${number()} <= ${number()}`,
      () => `${number()} ${this.#pick(["in", "not in"])} ${list()}`,
      () => `not ${number()}`,
      () => `${list()} ${this.#pick(["<", "==", "!="])} ${list()}`,
      () => `${this.#pick(["any", "all"])}(x > k for x in ${list()})`,
      () => list(),
    ])();
  }
}
