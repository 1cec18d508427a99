import { assertEquals, assertThrows } from "@std/assert";
import {
  Module,
  parse,
  PythonError,
  PythonProgram,
  SubsetError,
  type Value,
} from "@/lib/benchmarks/python_subset/mod.ts";

/** What a function `f` of the given body returns. */
function run(body: string, ...values: Value[]): Value {
  const parameters = values.map((_, i) => "abc"[i]).join(", ");
  const lines = body.split("\n").map((line) => `    ${line}\n`).join("");
  return new PythonProgram(parse(`def f(${parameters}):\n${lines}`))
    .call("f", ...values);
}

Deno.test("PythonProgram computes with integers as Python does", () => {
  const cases: [string, number][] = [
    ["-7 // 2", -4],
    ["-7 % 3", 2],
    ["7 % -3", -2],
    ["-2**2", -4],
    ["2**3**2", 512],
    ["True + True", 2],
    ["3 and 0 or 5", 5],
    ["1 < 2 < 2", 0],
    ["not 1 == 2", 1],
    ["2 if [] else 3", 3],
  ];
  for (const [code, expected] of cases) {
    assertEquals(Number(run(`return ${code}`)), expected, code);
  }
});

Deno.test("PythonProgram slices lists as Python does", () => {
  const xs = [5, 3, 8, 1];
  const cases: [string, Value][] = [
    ["a[1:]", [3, 8, 1]],
    ["a[-2:]", [8, 1]],
    ["a[::-1]", [1, 8, 3, 5]],
    ["a[3:0:-2]", [1, 3]],
    ["a[9:]", []],
    ["a[-1]", 1],
    ["sorted(a, reverse=True)", [8, 5, 3, 1]],
    ["[max(a[:i+1]) for i in range(len(a))]", [5, 5, 8, 8]],
    ["[y-x for x, y in zip(a, a[1:])]", [-2, 5, -7]],
    ["[x*y for x in a[:2] for y in a[:2] if x != y]", [15, 15]],
    ["len(set(a + a))", 4],
    ["[i * x for i, x in enumerate(a[:2], 1)]", [5, 6]],
    ["max([], default=7)", 7],
    ["max([None], default=7)", null],
    ["sum(x > 2 for x in a)", 3],
    ["[2] * 2 == [2, 2]", true],
    ["[1, 2] < [1, 3]", true],
  ];
  for (const [code, expected] of cases) {
    assertEquals(run(`return ${code}`, xs), expected, code);
  }
});

Deno.test("PythonProgram runs loops, and changes lists in place", () => {
  assertEquals(
    run(
      "ys = a\nfor i, x in enumerate(a):\n    if x == 0:\n        continue\n    ys[i] *= 2\nwhile len(a) < 5:\n    a.append(len(a))\n    if len(a) == 4:\n        break\nys += (9,)\nreturn a",
      [3, 0],
    ),
    [6, 0, 2, 3, 9],
  );
  assertEquals(run("a, b = b, a\nreturn [a, b]", 1, 2), [2, 1]);
  // An iterator from the end stops where the list has become too short.
  assertEquals(
    run("for x in reversed(a):\n    a.pop()\n    a.pop()\nreturn a", [
      1,
      2,
      3,
      4,
      5,
    ]),
    [1, 2, 3],
  );
  // It begins where the list ended when it was made.
  assertEquals(
    run("xs = reversed(a)\na.append(4)\nreturn list(xs)", [1, 2]),
    [2, 1],
  );
  assertEquals(run("pass"), null);
});

Deno.test("PythonProgram raises what Python raises", () => {
  const cases: [string, string][] = [
    ["return [][0]", "IndexError"],
    ["return max([])", "ValueError"],
    ["return 1 + []", "TypeError"],
    ["return 1 // 0", "ZeroDivisionError"],
    ["return nothing", "NameError"],
    ["x += 1", "UnboundLocalError"],
    ["return [].push(1)", "AttributeError"],
    ["return (3).append(1)", "AttributeError"],
    ["a, b = [1]", "ValueError"],
    ["return set([[1]])", "TypeError"],
    ["assert 1 > 2", "AssertionError"],
    ["return sorted([1, None])", "TypeError"],
    ["return x", "NameError"],
    ["return f(1)", "TypeError"],
  ];
  for (const [body, name] of cases) {
    const error = assertThrows(() => run(body), PythonError);
    assertEquals(error.name, name, body);
  }
});

Deno.test("parse() finds what is no Python", () => {
  const broken = [
    "def f(:\n    pass",
    "def f():\nreturn 1",
    "return 1",
    "x = (1",
    "x = 1)",
    "  x = 1\ny = 2",
    "if x:\n        y = 1\n    z = 2",
    "f(x) = 1",
    "break",
    "x = 1 +",
    "def f(a, a):\n    pass",
    "x = 01",
    "print(x)?",
  ];
  for (const source of broken) {
    const error = assertThrows(() => parse(source), PythonError);
    assertEquals(error.name, "SyntaxError", source);
  }
});

Deno.test("the subset refuses what it does not know, and says what", () => {
  const unknown: [string, string][] = [
    ["x = lambda: 1", "lambda in line 1"],
    ["\nx = {1: 2}", "{ in line 2"],
    ["x = 1 / 2", "/ in line 1"],
    ["x = 1.5", "1. in line 1"],
    ["import os", "import os"],
    ["print(1)", "print"],
    ["x = [1]\nx.clear()", ".clear of list"],
    ["x = 3**99", "a number beyond 2^53"],
    ["x = list(set([1, 2]))", "the order of a set"],
    ["x = 'a'.upper()", ".upper of str"],
    ["class A:\n    pass", "class A that is no unittest.TestCase"],
    ["def f(a=1):\n    pass", "a parameter with more than a name in line 1"],
    ["def f(a):\n    return f(a)\nf(1)", "100 calls within calls"],
    ["x: int = 1", "an annotation in line 1"],
    ["x = [1]\nx.append(x)\ny = [1]\ny.append(y)\nz = x == y", "100 lists"],
    [`x = ${"(".repeat(50)}1${")".repeat(50)}`, "40 brackets in line 1"],
    [`x = ${"not ".repeat(50_000)}1`, "deep nesting"],
    ["xs = []\nfor x in ...:\n    pass", "... in line 2"],
    ["match x:\n    case _:\n        pass", "match in line 1"],
    ["type X = int", "type in line 1"],
    ["x = 1 # one\rx = 2", '"\\r"'],
    ["x = 1\f", '"\\f"'],
    ["x = '\0'", '"\\u0000"'],
    ["x = '\u{1f600}' < '\uffff'", '"\u{1f600}"'],
    ["x = set() in set([1])", "a set in a set"],
    ["x = __name__", "__name__"],
    ["x = SystemExit", "SystemExit"],
    [
      "def f():\n    return list(g)\ng = (f() for i in [1])\nx = list(g)",
      "an iterator that runs",
    ],
  ];
  for (const [source, found] of unknown) {
    assertThrows(
      () => new PythonProgram(parse(source)),
      SubsetError,
      `Cannot run Python as it must be of the subset: current value is ${found}`,
    );
  }
});

/** Code for `a` and `b` with sixty levels of the same value twice. */
function nested(a: string, b: string): string {
  return `a = 1\nb = 1\nfor i in range(60):\n    a = ${a}\n    b = ${b}\n`;
}

Deno.test("PythonProgram ends what does not end by itself", () => {
  const endless = [
    "while True:\n    pass",
    "xs = [1]\nfor x in xs:\n    xs.append(x)",
    "x = -1 in range(10**12)",
    "x = [0] * 10**9",
    "x = sum(i for i in range(10**12))",
    // Few steps, but for what they do: 2^60 comparisons, a text of 2^60 letters.
    `${nested("[a, a]", "[b, b]")}x = a == b`,
    `${nested("[a, a]", "[b, b]")}x = a < b`,
    `${nested("[a, a]", "[b, b]")}x = [a].count(b)`,
    `${nested("(a, a)", "(b, b)")}x = a in set([1])`,
    "x = sum([(1,) * 90] * 99, ())",
    "x = 'a' * 900\nfor i in range(90):\n    x in x",
    "x = 'a' * 900\nfor i in range(90):\n    len(x)",
    "x = 'a' * 900\nfor i in range(90):\n    x[0]",
    "x = 'a' * 900\ny = set([x] * 90)",
    "x = ('a' * 900) == ('a' * 900)\ny = [('a' * 900)] * 90\nz = y == y",
    "x = [1] * 900\nfor i in range(90):\n    x.reverse()",
    "x = [1] * 900\nfor i in range(90):\n    x.insert(0, 1)",
    "x = [1] * 900\nfor i in range(90):\n    x.pop(0)",
    "x = [1] * 900\nfor i in range(90):\n    x.sort()",
  ];
  for (const source of endless) {
    assertThrows(
      () => new PythonProgram(parse(source), { fuel: 5000 }),
      RangeError,
      "Cannot run Python as it must end within 5000 steps: current value is more",
    );
  }
});

Deno.test("PythonProgram runs test cases of unittest, and modules of the caller", () => {
  const library = new PythonProgram(
    parse(
      "def twice(x):\n    return times(x, 2)\n\ndef times(x, n):\n    return x*n\n",
    ),
  );
  const modules = new Map([["lib", new Module("lib", library.names)]]);
  const program = new PythonProgram(
    parse(
      "import lib\nimport unittest\ndef times(x, n):\n    return 0\nclass TestCases(unittest.TestCase):\n    def test_right(self):\n        self.assertEqual(lib.twice(4), 8)\n    def test_wrong(self):\n        self.assertTrue(lib.twice(4) == 9)\n",
    ),
    { modules: modules.set("unittest", new Module("unittest", new Map())) },
  );
  const [right, wrong] = program.testCases.get("TestCases")!;
  program.callTest(right);
  assertThrows(() => program.callTest(wrong), PythonError, "a test failed");
});
