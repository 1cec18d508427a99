import { assertEquals } from "@std/assert";
import {
  answerCode,
  importsSolution,
  officialCode,
  officialTest,
  withName,
} from "@/lib/benchmarks/python_answer.ts";

/** Name of the case, an answer, and what the released code makes of it. */
const OFFICIAL: readonly (readonly [string, string, string])[] = [
  [
    "drops an import of two names",
    "```python\nfrom typing import List, Dict\ndef f(x: List):\n    return x\n```",
    "def wanted(x: List):\n    return x",
  ],
  [
    "drops constants and classes before the first function",
    "```python\nfrom math import gcd\nimport os, sys\nLIMIT = 3\n\nclass A:\n    pass\n\ndef f(x):\n    return x\n```",
    "from math import gcd\nimport os, sys\ndef wanted(x):\n    return x",
  ],
  [
    "renames the first function, be it a helper",
    "def helper(x):\n    return x\n\ndef f(x):\n    return helper(x)",
    "def wanted(x):\n    return x\n\n\ndef f(x):\n    return helper(x)",
  ],
  [
    "renames the definition and not the calls",
    "def g(x):\n    return g(x - 1)",
    "def wanted(x):\n    return g(x - 1)",
  ],
  [
    "keeps the end of a block that is marked otherwise",
    "```py\ndef f(x):\n    return x\n```",
    "def wanted(x):\n    return x\n```",
  ],
  [
    "drops prose before the first function",
    "Here it is:\ndef f(x):\n    return x",
    "def wanted(x):\n    return x",
  ],
  [
    "keeps prose after it",
    "def f(x):\n    return x\nThis works.",
    "def wanted(x):\n    return x\nThis works.",
  ],
  [
    "leaves a decorator to the function before",
    "@cache\ndef f(x):\n    return x\n\n@cache\ndef g(x):\n    return x",
    "def wanted(x):\n    return x\n\n@cache\n\ndef g(x):\n    return x",
  ],
  [
    "joins all blocks",
    "```python\ndef f(x):\n    return x\n```\nand\n```python\nimport os\ndef g(x):\n    return x\n```",
    "def wanted(x):\n    return x\nimport os\ndef g(x):\n    return x",
  ],
  ["finds nothing in prose", "No code here.", ""],
];

for (const [name, answer, code] of OFFICIAL) {
  Deno.test(`officialCode() ${name}, as the released code`, () => {
    assertEquals(officialCode(answer, "wanted"), code);
  });
}

Deno.test("officialTest() deletes the first name of an import, as the released code", () => {
  for (
    const [test, left] of [
      ["from solution import f\n\ndef test_f(): pass", "def test_f(): pass"],
      ["from solution import a, b\nx", ", b\nx"],
      ["from solution import *\nx", "from solution import *\nx"],
      ["import pytest\n  from solution import f\n\n\nx", "import pytest\nx"],
    ]
  ) {
    assertEquals(officialTest(test), left);
  }
});

Deno.test("answerCode() joins the blocks of Python, or takes the whole text", () => {
  const block = (language: string, code: string) =>
    `\`\`\`${language}\n${code}\n\`\`\``;
  for (const language of ["python", "Python", "py", "python3", ""]) {
    assertEquals(
      answerCode(`Text\n${block(language, "x = 1")}\nText`),
      "x = 1",
    );
  }
  assertEquals(
    answerCode(
      `${block("bash", "pip install x")}\n${block("python", "x = 1")}\n${
        block("", "y = 2")
      }`,
    ),
    "x = 1",
  );
  assertEquals(
    answerCode(`${block("py", "x = 1")}\n${block("Python", "y = 2")}`),
    "x = 1\n\ny = 2",
  );
  assertEquals(
    answerCode(`${block("", "x = 1")}\n${block("", "y = 2")}`),
    "x = 1\n\ny = 2",
  );
  // A mark within a line opens nothing.
  assertEquals(
    answerCode(`\`\`\`add\`\`\` is:\n${block("python", "x = 1")}`),
    "x = 1",
  );
  assertEquals(answerCode("```python\nx = 1\ny = 2"), "x = 1\ny = 2");
  assertEquals(answerCode("x = 1"), "x = 1");
  assertEquals(answerCode(block("bash", "ls")), block("bash", "ls"));
});

Deno.test("withName() names the last function, unless the name is there", () => {
  const code =
    "def helper(x):\n    return x\n\ndef g(x):\n    return helper(x)";
  assertEquals(withName(code, "f"), `${code}\n\nf = g\n`);
  for (
    const named of [
      code.replace("g(x)", "f(x)"),
      `f = abs\n${code}`,
      `class f:\n    pass\n${code}`,
      `async def f(x):\n    return x\n${code}`,
    ]
  ) {
    assertEquals(withName(named, "f"), named);
  }
  assertEquals(
    withName("class A:\n    def g(self): pass", "f").includes("f ="),
    false,
  );
});

Deno.test("importsSolution() finds either form of an import", () => {
  assertEquals(importsSolution("import os\nfrom solution import f"), true);
  assertEquals(importsSolution("  import solution"), true);
  assertEquals(importsSolution("from solutions import f"), false);
  assertEquals(importsSolution("def test_f(): pass"), false);
});
