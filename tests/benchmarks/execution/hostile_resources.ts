/** Programs that take what a machine has: time, memory, disk. */
import {
  correct,
  endless,
  type HostileProgram,
  type Targets,
} from "@/tests/benchmarks/execution/hostile_program.ts";

/** All of them. */
export function resourcePrograms({ mark }: Targets): HostileProgram[] {
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
      { namespaces: "timeout", "audit hook": "failed" },
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
      expected: "failed",
    },

    {
      name: "takes all memory",
      solution:
        "def answer():\n    taken = []\n    while True: taken.append(b'x' * 2**25)",
      expected: "memory",
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
      expected: { namespaces: "memory", "audit hook": "failed" },
    },
    {
      name: "reads a null pointer",
      solution: "import ctypes\ndef answer(): return ctypes.string_at(0)",
      expected: "crashed",
    },
  ];
}
