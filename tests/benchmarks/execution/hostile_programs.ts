/** Programs that try to harm the machine, the runner or the verdict. */
import type {
  ExecutionMode,
  ExecutionStatus,
} from "@/lib/benchmarks/execution/mod.ts";

/** A program and what may come of it. */
export interface HostileProgram {
  readonly name: string;
  readonly solution: string;
  /** Default: `pytest`, with a test that `answer()` is 42. */
  readonly mode?: ExecutionMode;
  readonly test?: string;
  /** Default: 30,000. */
  readonly timeoutMs?: number;
  /** The right verdicts; `passed` only where the program is correct as well. */
  readonly expected: readonly ExecutionStatus[];
}

/** What programs aim at. */
export interface Targets {
  /** A folder outside theirs, with the file secret.txt. */
  readonly outside: string;
  /** Process id of the parent. */
  readonly parent: number;
  /** Port on 127.0.0.1 where the parent listens. */
  readonly port: number;
  /** Path of the runner. */
  readonly runner: string;
  /** Name that processes give themselves, so that those left are found. */
  readonly mark: string;
}

export const ANSWER_TEST =
  "from solution import answer\ndef test_answer():\n    assert answer() == 42\n";

const ANSWER_CASE = `import unittest
class TestCases(unittest.TestCase):
    def test_answer(self):
        value = answer()
        self.assertEqual(value, 42)
`;

/** A program whose answer is right only if `attack` raises no error. */
function attack(name: string, code: string): HostileProgram {
  const body = code.trim().split("\n").map((line) => `    ${line}`).join("\n");
  return {
    name,
    solution: `def answer():\n${body}\n    return 42\n`,
    expected: ["failed"],
  };
}

/** A program that is correct, whatever else it does. */
function correct(
  name: string,
  code: string,
  expected: readonly ExecutionStatus[] = ["passed"],
): HostileProgram {
  return {
    name,
    solution: `${code.trim()}\ndef answer():\n    return 42\n`,
    expected,
  };
}

/** A program that is wrong, and `code` is to hide it. */
function wrong(
  name: string,
  code: string,
  options: Partial<HostileProgram> = {},
): HostileProgram {
  return {
    name,
    solution: `${code.trim()}\ndef answer():\n    return 0\n`,
    expected: ["failed"],
    ...options,
  };
}

/** A program that does not come to an end. */
function endless(
  name: string,
  code: string,
  expected: readonly ExecutionStatus[] = ["timeout"],
): HostileProgram {
  return { ...correct(name, code, expected), timeoutMs: 700 };
}

/** All of them. */
export function hostilePrograms(
  { outside, parent, port, runner, mark }: Targets,
): HostileProgram[] {
  const named = `
import os, sys, time
def name_self():
    try:
        with open("/proc/self/comm", "w") as file:
            file.write("${mark}")
    except OSError:
        pass
name_self()
`;
  return [
    // Time
    endless("loops for ever", "while True: pass"),
    endless("sleeps for ever", "import time\ntime.sleep(1000)"),
    endless(
      "ignores signals and sleeps",
      `
import signal, time
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
time.sleep(1000)
`,
    ),
    endless(
      "stops itself",
      "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
      ["timeout", "failed"],
    ),
    correct(
      "leaves a thread that never ends",
      "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
    ),
    correct(
      "sleeps when Python exits",
      "import atexit, time\natexit.register(time.sleep, 1000)",
    ),
    {
      name: "recurs for ever",
      solution: "def answer():\n    return answer()",
      expected: ["failed"],
    },

    // Processes
    endless(
      "is a fork bomb",
      `${named}
while True:
    try:
        os.fork()
    except BlockingIOError:
        time.sleep(0.01)
`,
      ["timeout", "memory", "failed"],
    ),
    correct(
      "leaves a daemon",
      `${named}
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
`,
      ["passed", "failed"],
    ),
    correct(
      "leaves a subprocess",
      `${named}
import subprocess
subprocess.Popen([sys.executable, "-c", "open('/proc/self/comm', 'w').write('${mark}'); import time; time.sleep(1000)"])
`,
      ["passed", "failed"],
    ),
    correct(
      "becomes another program",
      `import os\nos.execv("/bin/true", ["true"])`,
      ["crashed", "failed"],
    ),
    attack(
      "kills the parent",
      `import os, signal\nos.kill(${parent}, signal.SIGKILL)`,
    ),
    correct(
      "kills all it can",
      `
import os, signal
for pid in (os.getppid(), 1, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
`,
    ),
    correct("kills itself", "import os\nos.kill(os.getpid(), 9)", [
      "crashed",
      "failed",
    ]),
    attack(
      "traces the parent",
      `
import ctypes
libc = ctypes.CDLL(None)
assert libc.ptrace(16, ${parent}, 0, 0) == 0
`,
    ),
    attack(
      "raises its limits",
      `
import resource
resource.setrlimit(resource.RLIMIT_NPROC, (10_000, 10_000))
`,
    ),
    attack(
      "becomes root",
      `import os\nassert os.getuid() != 0 or os.stat(${
        JSON.stringify(runner)
      })\nos.setuid(0)\nos.mkdir(${JSON.stringify(`${outside}/root`)})`,
    ),

    // Memory
    {
      name: "takes all memory",
      solution:
        "def answer():\n    taken = []\n    while True: taken.append(b'x' * 2**25)",
      expected: ["memory", "failed"],
    },
    {
      name: "takes all memory in many processes",
      solution: `${named}
def answer():
    for _ in range(20):
        try:
            os.fork()
        except BlockingIOError:
            break
    taken = []
    while True:
        taken.append(b"x" * 2**23)
        time.sleep(0.01)
`,
      expected: ["memory", "failed"],
    },
    {
      name: "reads a null pointer",
      solution: "import ctypes\ndef answer(): return ctypes.string_at(0)",
      expected: ["crashed"],
    },
    attack(
      "reads the parent's memory",
      `open("/proc/${parent}/mem", "rb").close()`,
    ),
    attack(
      "reads the parent's environment",
      `assert open("/proc/${parent}/environ", "rb").read()`,
    ),
    attack("has an environment", `import os\nassert "PATH" in os.environ`),

    // Files
    attack(
      "fills the disk",
      `
with open("big", "wb") as file:
    for _ in range(200):
        file.write(bytes(2**20))
`,
    ),
    attack(
      "makes many files",
      `
for number in range(20_000):
    open(f"file{number}", "w").close()
`,
    ),
    attack(
      "unpacks a zip bomb",
      `
import io, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("bomb", bytes(10**8))
zipfile.ZipFile(packed).extractall()
`,
    ),
    attack(
      "writes outside",
      `open(${JSON.stringify(`${outside}/new.txt`)}, "w").write("x")`,
    ),
    attack(
      "writes outside through a link",
      `
import os
os.symlink(${JSON.stringify(outside)}, "link")
open("link/secret.txt", "w").write("x")
`,
    ),
    attack(
      "removes what is outside",
      `
import shutil
shutil.rmtree(${JSON.stringify(outside)})
`,
    ),
    attack(
      "writes to the runner",
      `open(${JSON.stringify(runner)}, "a").write("x")`,
    ),
    attack(
      "writes to Python's library",
      `import os\nopen(os.__file__, "a").write("")`,
    ),
    correct("goes to another folder", `import os\nos.chdir("/")`),
    correct(
      "leaves a folder that nobody may open",
      `import os\nos.mkdir("locked", 0)`,
      ["passed", "failed"],
    ),

    // Network
    attack(
      "connects to the parent",
      `
import socket
socket.create_connection(("127.0.0.1", ${port}), timeout=5)
`,
    ),
    attack(
      "sends a datagram",
      `
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", ${port}))
`,
    ),

    // Input and output
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
      expected: ["crashed", "failed"],
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
    wrong("exits with 0", "import os\nos._exit(0)", { expected: ["crashed"] }),
    wrong("raises SystemExit", "raise SystemExit(0)"),

    // Tests
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
      expected: ["failed"],
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
      expected: ["failed"],
    },
    {
      name: "raises what is no Exception",
      solution:
        "class Odd(BaseException): pass\ndef answer():\n    raise Odd('no')",
      expected: ["failed"],
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
      expected: ["failed"],
    },
    {
      name: "raises an error of 10 MB",
      solution: "def answer():\n    raise ValueError('x' * 10**7)",
      expected: ["failed"],
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
