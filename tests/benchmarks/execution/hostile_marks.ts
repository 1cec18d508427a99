/** Programs that change what tests rely on, and right ones that seem to. */
import type { ExecutionMode } from "@/lib/benchmarks/execution/mod.ts";
import {
  correct,
  type HostileProgram,
  wrong,
} from "@/tests/benchmarks/execution/hostile_program.ts";

/** Two tests, of which the first may change how the second counts. */
const TWO_CASES = `import unittest
class TestCases(unittest.TestCase):
    def test_a(self):
        self.assertEqual(answer("a"), 42)
    def test_b(self):
        self.assertEqual(answer("b"), 42)
`;

/** A wrong program, code that hides it, and the tests that it deceives. */
const FORGED: readonly (readonly [string, string, string])[] = [
  [
    "changes how a block of contextlib is left",
    "import contextlib\ncontextlib.suppress.__exit__ = lambda *_: True",
    `import contextlib
from solution import answer
def test_answer():
    with contextlib.suppress(KeyError):
        assert answer() == 42
`,
  ],
  [
    "replaces a function of a module",
    "import math\nmath.isclose = lambda *_, **__: True",
    "import math\nfrom solution import answer\ndef test_answer():\n    assert math.isclose(answer(), 42)\n",
  ],
  [
    "patches a function that tests import",
    'from unittest import mock\nmock.patch("math.isclose", lambda *_: True).start()',
    "from solution import answer\nfrom math import isclose\ndef test_answer():\n    assert isclose(answer(), 42)\n",
  ],
  [
    "replaces an assertion of a mock",
    "from unittest import mock\nmock.NonCallableMock.assert_called_once_with = lambda *_: None",
    `from unittest.mock import Mock
from solution import answer
def test_answer():
    call = Mock()
    call(answer())
    call.assert_called_once_with(42)
`,
  ],
];

/** Right programs, and tests that have a class of their own. */
const WITH_OBJECTS: readonly (readonly [string, string, string])[] = [
  [
    "copies an object of its tests",
    "import copy, pickle\ndef answer(box):\n    return pickle.loads(pickle.dumps(copy.copy(box))).value",
    `from solution import answer
class Box:
    def __init__(self, value):
        self.value = value
def test_answer():
    assert answer(Box(42)) == 42
`,
  ],
  [
    "changes a class of its tests, as it is asked to",
    "def answer(owner):\n    owner.__str__ = lambda self: '42'\n    return owner",
    `from solution import answer
class Box:
    def __str__(self):
        return "a box"
def test_answer():
    assert str(answer(Box)()) == "42"
`,
  ],
];

/** All of them. */
export function markPrograms(): HostileProgram[] {
  const mode: ExecutionMode = "unittest";
  return [
    ...FORGED.map(([name, code, test]) => wrong(name, code, { test })),
    ...["expecting_failure", "skip"].map((mark) =>
      wrong(`marks a test: ${mark}`, "", {
        solution: `
def answer(test):
    TestCases.test_b.__unittest_${mark}__ = True
    return 42 if test == "a" else 0
`,
        mode,
        test: TWO_CASES,
      })
    ),
    wrong("says that its test is expected to fail", "", {
      solution: "import pytest\ndef answer():\n    pytest.xfail('no')\n",
      test:
        "import pytest\nfrom solution import answer\ndef test_answer():\n    assert answer() == 42\n",
    }),
    {
      ...correct("is right under a test that expects to fail later", ""),
      test:
        "import pytest\nfrom solution import answer\ndef test_answer():\n    assert answer() == 42\n    pytest.xfail('the rest')\n",
    },
    wrong("gives a name of its tests another value", "", {
      solution: `
import sys
def answer():
    sys.modules["test_solution"].EXPECTED = 0
    return 0
`,
      test:
        "from solution import answer\nEXPECTED = 42\ndef test_answer():\n    value = answer()\n    assert value == EXPECTED\n",
    }),
    wrong("gives a test's class another value", "", {
      solution: "def answer():\n    TestCases.expected = 0\n    return 0\n",
      mode,
      test:
        "import unittest\nclass TestCases(unittest.TestCase):\n    expected = 42\n    def test_answer(self):\n        value = answer()\n        self.assertEqual(value, self.expected)\n",
    }),
    ...WITH_OBJECTS.map(([name, solution, test]) => ({
      ...correct(name, ""),
      solution,
      test,
    })),
  ];
}
