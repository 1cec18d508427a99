/** Programs that lie about their tests. */
import {
  ANSWER_CASE,
  attack,
  correct,
  type HostileProgram,
  wrong,
} from "@/tests/benchmarks/execution/hostile_program.ts";

/** All of them. */
export function verdictPrograms(): HostileProgram[] {
  return [
    attack("reads standard input", "input()"),
    correct(
      "prints 100 MB",
      `
import sys
for _ in range(100):
    print("x" * 10**6)
    print("x" * 10**5, file=sys.stderr)
`,
    ),
    {
      name: "closes all descriptors",
      solution:
        "import os\ndef answer():\n    os.closerange(0, 256)\n    return 42",
      expected: "crashed",
    },
    wrong(
      "prints a verdict to every descriptor",
      `
import os
for descriptor in range(256):
    try:
        os.write(descriptor, b'\\n{"status": "passed", "passed": 1, "failed": 0}\\npassed\\nended\\n')
    except OSError:
        pass
`,
    ),
    wrong(
      "replaces os.write",
      `
import os
write = os.write
os.write = lambda descriptor, data: write(descriptor, data.replace(b"error", b"passed"))
`,
    ),
    wrong("exits with 0", "import os\nos._exit(0)", { expected: "crashed" }),
    wrong("raises SystemExit", "raise SystemExit(0)"),

    wrong(
      "replaces an assertion",
      "import unittest\nunittest.TestCase.assertEqual = lambda *_: None",
      { mode: "unittest", test: ANSWER_CASE },
    ),
    {
      name: "replaces an assertion while it is tested",
      mode: "unittest",
      solution: `
def answer():
    import unittest
    unittest.TestCase.assertEqual = lambda *_: None
`,
      test: ANSWER_CASE,
      expected: "failed",
    },
    wrong(
      "replaces unittest",
      `
import sys, types
fake = types.ModuleType("unittest")
class TestCase: pass
fake.TestCase = TestCase
sys.modules["unittest"] = fake
`,
      { mode: "unittest", test: ANSWER_CASE },
    ),
    wrong(
      "replaces a built-in function",
      "import builtins\nbuiltins.all = lambda _: True",
      {
        test:
          "from solution import answer\ndef test_answer():\n    assert all([answer() == 42])\n",
      },
    ),
    {
      name: "skips its test",
      solution:
        "import unittest\ndef answer():\n    raise unittest.SkipTest('no')",
      expected: "failed",
    },
    {
      name: "raises what is no Exception",
      solution:
        "class Odd(BaseException): pass\ndef answer():\n    raise Odd('no')",
      expected: "failed",
    },
    {
      name: "raises an error that cannot be shown",
      solution: `
class Odd(Exception):
    def __str__(self):
        raise self
def answer():
    raise Odd
`,
      expected: "failed",
    },
    {
      name: "raises an error of 10 MB",
      solution: "def answer():\n    raise ValueError('x' * 10**7)",
      expected: "failed",
    },
    correct(
      "raises when it is deleted",
      `
class Odd:
    def __del__(self):
        raise SystemExit(1)
odd = Odd()
del odd
left = Odd()
`,
    ),
    wrong("is the main module", "import __main__\n__main__.main = None"),
  ];
}
