/** Programs that lie about their tests. */
import type { ExecutionMode } from "@/lib/benchmarks/execution/mod.ts";
import {
  ANSWER_CASE,
  ANSWER_TEST,
  attack,
  correct,
  type HostileProgram,
  wrong,
} from "@/tests/benchmarks/execution/hostile_program.ts";

/** Takes the place of the file of tests. */
const FAKE_TESTS = `
import sys, types
fake = types.ModuleType("test_solution")
fake.__file__ = __file__.replace("solution.py", "test_solution.py")
fake.test_answer = lambda: None
sys.modules["test_solution"] = fake
`;

/** Tests that replace a built-in function themselves. */
const PATCHING: readonly (readonly [string, ExecutionMode, string])[] = [
  [
    "patch for a whole class",
    "unittest",
    `import unittest
from unittest.mock import patch
class TestCases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.patcher = patch("builtins.input", return_value="42")
        cls.patcher.start()
    @classmethod
    def tearDownClass(cls):
        cls.patcher.stop()
    def test_answer(self):
        self.assertEqual(answer(), 42)
`,
  ],
  [
    "assign",
    "official",
    `import builtins
def test_answer():
    builtins.input = lambda *_: "42"
    assert answer() == 42
`,
  ],
];

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
    {
      name: "replaces an assertion of its tests' own class",
      mode: "unittest",
      solution: `
def answer():
    TestCases.assertEqual = lambda *_: None
`,
      test: ANSWER_CASE,
      expected: "failed",
    },
    wrong(
      "replaces what makes classes, while they are made",
      `
import builtins
real = builtins.__build_class__
def fake(*arguments, **settings):
    builtins.__build_class__ = real
    made = real(*arguments, **settings)
    made.test_answer = lambda self: None
    return made
builtins.__build_class__ = fake
`,
      { mode: "unittest", test: ANSWER_CASE },
    ),
    wrong("gives other tests for its own", FAKE_TESTS),
    wrong("gives other tests to pytest", FAKE_TESTS, {
      test: `import pytest\n${ANSWER_TEST}`,
    }),
    ...["", "import pytest\n"].map((first) =>
      wrong(`replaces the code of a test${first && " of pytest"}`, "", {
        solution: `
import sys
def answer():
    sys.modules["test_solution"].test_again.__code__ = (lambda: None).__code__
    return 42 if sys._getframe(1).f_code.co_name == "test_answer" else 0
`,
        test:
          `${first}${ANSWER_TEST}def test_again():\n    assert answer() == 42\n`,
      })
    ),
    {
      name: "replaces a function of its tests",
      solution: `
import sys
def answer():
    sys.modules["test_solution"].check = lambda _: None
`,
      test:
        "from solution import answer\ndef check(value):\n    assert value == 42\ndef test_answer():\n    check(answer())\n",
      expected: "failed",
    },
    wrong(
      "jumps over an assertion",
      `
import sys
def trace(frame, event, _):
    if frame.f_code.co_name == "test_answer" and event == "line" and frame.f_lineno == 4:
        frame.f_lineno = 5
    return trace
sys.settrace(trace)
`,
      {
        test:
          "from solution import answer\ndef test_answer():\n    value = answer()\n    assert value == 42\n    value = 1\n",
      },
    ),
    {
      name: "sends one report twice and loses another",
      solution: `
import os
own = os.getpid()
pipe = next(
    number for number in range(3, 64)
    if os.path.exists(f"/proc/self/fd/{number}")
    and os.readlink(f"/proc/self/fd/{number}").startswith("pipe:")
)
def answer(test):
    if test == "a" and os.fork() == 0 or os.getpid() == own and test != "b":
        if os.path.exists("/proc/self/fd/60"):
            os.dup2(60, pipe)
        return 42
    if os.getpid() != own:
        os._exit(0)
    os.dup2(pipe, 60)
    os.dup2(os.open(os.devnull, os.O_WRONLY), pipe)
    return 0
`,
      test: `from solution import answer
def test_a():
    assert answer("a") == 42
def test_b():
    assert answer("b") == 42
def test_c():
    assert answer("c") == 42
`,
      expected: "failed",
    },
    ...PATCHING.map(([name, mode, test]) => ({
      ...correct(`is right under tests that ${name}`, ""),
      solution: "def answer():\n    return int(input())\n",
      mode,
      test,
    })),
  ];
}
