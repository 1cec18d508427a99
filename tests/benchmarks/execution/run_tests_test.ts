import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  runTests,
  type TestedProgram,
  type Verdict,
} from "@/lib/benchmarks/execution/mod.ts";

const ADD = "def add(a, b):\n    return a + b\n";

/** A solution's own classes that look like tests: pytest runs the second. */
const CLASSES = `
class TestOfSomething:
    def __init__(self, value):
        self.value = value
    def test_it(self):
        raise ValueError
class TestBase:
    seen = []
    def test_first(self):
        self.seen.append(1)
class TestSuite(TestBase):
    def test_then(self):
        assert self.seen
`;

/** The verdict without what the machine decides. */
async function verdictOf(
  program: TestedProgram,
): Promise<Omit<Verdict, "isolation">> {
  const { isolation: _, ...verdict } = await runTests(program);
  return verdict;
}

const hasPytest = (await runTests({
  mode: "official",
  solution: "import pytest",
  test: "",
})).status === "passed";

Deno.test("runTests() counts passed and failed functions", async () => {
  const test = `from solution import add
def test_right():
    assert add(1, 2) == 3
def test_wrong():
    assert add(1, 2) == 4, "sum"
class TestAdd:
    def test_right(self):
        assert add(0, 0) == 0
`;
  assertEquals(await verdictOf({ mode: "pytest", solution: ADD, test }), {
    status: "failed",
    passed: 2,
    failed: 1,
    error: "AssertionError: sum",
  });
});

Deno.test("runTests() passes a file of which every test does", async () => {
  const test = `import unittest
from solution import add
def test_add():
    assert add(1, 2) == 3
class Cases(unittest.TestCase):
    def setUp(self):
        self.three = 3
    def test_add(self):
        self.assertEqual(add(1, 2), self.three)
    @unittest.skip("later")
    def test_later(self):
        self.fail()
    @unittest.expectedFailure
    def test_open(self):
        self.assertEqual(add(1, 2), 4)
`;
  assertEquals(await verdictOf({ mode: "pytest", solution: ADD, test }), {
    status: "passed",
    passed: 3,
    failed: 0,
  });
});

/** A file of tests and what comes of it, each outcome that pytest has. */
const NEED_PYTEST: readonly (readonly [string, string, Partial<Verdict>])[] = [
  [
    "parametrize",
    "import pytest\nfrom solution import add\n@pytest.mark.parametrize('a', [1, 2, 3])\ndef test_add(a):\n    assert add(a, 1) != 3\n",
    { status: "failed", passed: 2, failed: 1 },
  ],
  [
    "fixtures",
    "from solution import add\ndef test_add(tmp_path):\n    (tmp_path / 'x').write_text('1')\n    assert add(1, 2) == 3\n",
    { status: "passed", passed: 1, failed: 0 },
  ],
  [
    "marks",
    "import pytest\nfrom solution import add\n@pytest.mark.skip\ndef test_later(): assert False\n@pytest.mark.xfail\ndef test_open(): assert add(1, 2) == 4\n",
    { status: "passed", passed: 1, failed: 0 },
  ],
  [
    "a skip while it runs",
    "import pytest\nfrom solution import add\ndef test_add():\n    pytest.skip()\n",
    { status: "failed", passed: 0, failed: 1 },
  ],
  [
    "a fixture that fails",
    "import pytest\n@pytest.fixture\ndef one(): raise ValueError('no')\ndef test_one(one): pass\n",
    { status: "failed", passed: 0, failed: 1, error: "ValueError: no" },
  ],
  [
    "a patch of a built-in function",
    `import pytest
from solution import add
@pytest.fixture(autouse=True, scope="module")
def fake_input():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.input", lambda *_: "3")
        yield
def test_add():
    assert add(1, 2) == int(input())
`,
    { status: "passed", passed: 1, failed: 0 },
  ],
  [
    "no test",
    "import pytest\n",
    { status: "failed", passed: 0, failed: 1, error: "no test was found" },
  ],
];

for (const [name, test, expected] of NEED_PYTEST) {
  Deno.test({
    name: `runTests() runs ${name} with the package pytest`,
    ignore: !hasPytest,
    fn: async () => {
      const verdict = await runTests({ mode: "pytest", solution: ADD, test });
      assertEquals({ ...verdict, ...expected }, verdict);
    },
  });
}

Deno.test({
  name: "runTests() names the package pytest where tests need it",
  ignore: hasPytest,
  fn: async () => {
    const [, test] = NEED_PYTEST[0];
    const { error } = await runTests({ mode: "pytest", solution: ADD, test });
    assertEquals(error, "ModuleNotFoundError: No module named 'pytest'");
  },
});

Deno.test({
  name: "runTests() gives the same with and without the package pytest",
  ignore: !hasPytest,
  fn: async () => {
    const tests = [
      "from solution import add\ndef test_a():\n    assert add(1, 2) == 3\ndef test_b():\n    assert add(1, 2) == 4\n",
      "from solution import add\nclass TestA:\n    def test_a(self):\n        assert add(1, 2) == 3\n    def helper(self): return 1\n",
      "import unittest\nfrom solution import add\nclass A(unittest.TestCase):\n    def test_a(self):\n        with self.subTest():\n            self.assertEqual(add(1, 2), 4)\n",
      "from solution import absent\ndef test_a(): pass\n",
      "def helper(): pass\n",
      "class TestA:\n    seen = []\n    def test_b(self):\n        self.seen.append(1)\n    def test_a(self):\n        assert self.seen == [1]\n",
      "class TestA:\n    test_data = [1]\n    def test_a(self):\n        assert self.test_data == [1]\n",
      "ready = False\ndef setUpModule():\n    global ready\n    ready = True\ndef test_a():\n    assert ready\n",
      "from solution import *\ndef test_a():\n    assert TestOfSomething(1).value == 1\n",
      "from solution import *\nTestSuite.__test__ = False\ndef test_a(): pass\n",
      "from solution import *\ndef test_a(): pass\n",
      "def test_a(:\n",
    ];
    const counts = async (test: string) => {
      const { status, passed, failed } = await runTests({
        mode: "pytest",
        solution: `${ADD}${CLASSES}`,
        test,
      });
      return { status, passed, failed };
    };
    for (const test of tests) {
      assertEquals(await counts(`import pytest\n${test}`), await counts(test));
    }
  },
});

Deno.test("runTests() takes the whole text as one test in mode official", async () => {
  const official = (solution: string, test: string) =>
    verdictOf({ mode: "official", solution, test });
  assertEquals(
    await official(ADD, "def test_a():\n    assert add(1, 2) == 3"),
    {
      status: "passed",
      passed: 1,
      failed: 0,
    },
  );
  assertEquals(
    await official(
      ADD,
      "def test_a(): pass\ndef test_b():\n    assert not add",
    ),
    { status: "failed", passed: 0, failed: 1, error: "AssertionError:" },
  );
  // Tests in a class are not run: a fault of the released code.
  assertEquals(
    (await official(
      ADD,
      "class TestA:\n    def test_a(self):\n        assert 0",
    ))
      .status,
    "passed",
  );
  // Fixtures are arguments that nobody gives.
  assertEquals(
    (await official(ADD, "def test_a(tmp_path): pass")).error,
    "TypeError: test_a() missing 1 required positional argument: 'tmp_path'",
  );
});

const CASES = `import unittest
class TestCases(unittest.TestCase):
    def test_case_1(self):
        self.assertEqual(task_func(2), 4)
    def test_case_2(self):
        self.assertEqual(task_func(3), 9)
`;

Deno.test("runTests() runs TestCases after prelude and solution", async () => {
  const program = {
    mode: "unittest",
    prelude: "import math\ndef task_func(x):\n    pass\n",
    test: CASES,
  } as const;
  assertEquals(
    await verdictOf({
      ...program,
      solution: "def task_func(x):\n    return int(math.pow(x, 2))",
    }),
    { status: "passed", passed: 2, failed: 0 },
  );
  assertEquals(await verdictOf({ ...program, solution: "" }), {
    status: "failed",
    passed: 0,
    failed: 2,
    error: "AssertionError: None != 4",
  });
  assertEquals(
    await verdictOf({ ...program, solution: "task_func = lambda x: 4" }),
    { status: "failed", passed: 1, failed: 1, error: "AssertionError: 4 != 9" },
  );
});

Deno.test("runTests() keeps what the entry point needs, as BigCodeBench", async () => {
  const answer = `Certainly! Here is the code:
\`\`\`python
from math import pow
import missing_for_sure if False else None
\`\`\`
It works. Again:
\`\`\`python
from math import pow
BASE = 2
UNUSED = 1 / 0
def helper(x):
    return pow(x, BASE)
def task_func(x):
    result = helper(x)
    return int(result)

result = task_func("a text")
print(result)
\`\`\`
`;
  assertEquals(
    await verdictOf({
      mode: "unittest",
      solution: answer,
      entryPoint: "task_func",
      test: CASES,
    }),
    { status: "passed", passed: 2, failed: 0 },
  );
});

Deno.test("runTests() ends a program when its signal is aborted", async () => {
  const controller = new AbortController();
  const run = runTests(
    { mode: "official", solution: "while True: pass", test: "" },
    { signal: controller.signal },
  );
  const timer = setTimeout(() => controller.abort(new Error("enough")), 300);
  await assertRejects(() => run, Error, "enough");
  clearTimeout(timer);
  await assertRejects(
    () =>
      runTests({ mode: "official", solution: "", test: "" }, {
        signal: controller.signal,
      }),
    Error,
    "enough",
  );
});

Deno.test("runTests() runs many programs, each apart from the others", async () => {
  const verdicts = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      verdictOf({
        mode: "pytest",
        solution: `import os\nopen("mine", "x").close()\nanswer = ${i}`,
        test:
          `from solution import answer\ndef test_answer():\n    assert answer == ${
            i % 3 === 0 ? i : -1
          }\n`,
      })),
  );
  assertEquals(
    verdicts.map(({ status }) => status === "passed"),
    verdicts.map((_, i) => i % 3 === 0),
  );
});

Deno.test("runTests() leaves no folder", async () => {
  const [file] = await Promise.all([
    runTests({
      mode: "official",
      solution: "import os\nraise ValueError(os.getcwd())",
      test: "",
    }, { isolation: "audit hook" }),
  ]);
  const folder = file.error?.split(": ")[1] ?? "";
  assert(folder.includes("memgen_program_"));
  await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
});
