/** Programs that take what a machine has: time, memory, disk. */
import {
  attack,
  correct,
  endless,
  type HostileProgram,
  namingItself,
  REFUSED_BY_PYTHON,
  type Targets,
} from "@/tests/benchmarks/execution/hostile_program.ts";

/** All of them. */
export function resourcePrograms({ mark }: Targets): HostileProgram[] {
  const named = namingItself(mark);
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
    endless(
      "leaves a thread that never ends",
      "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
    ),
    {
      ...endless("leaves a thread that never ends to the released code", ""),
      mode: "official",
      solution:
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
      test: "def test_none(): pass",
    },
    correct(
      "leaves threads that wait for work, or for nobody",
      `
import concurrent.futures, threading, time
pool = concurrent.futures.ThreadPoolExecutor()
assert pool.submit(len, "").result() == 0
threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
`,
    ),
    endless(
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
      name: "takes more memory at once than it may reserve",
      solution: "def answer():\n    return bytes(2**45)",
      expected: "memory",
    },
    correct(
      "is the first to end where the machine is short of memory",
      'assert open("/proc/self/oom_score_adj").read() == "1000\\n"',
      REFUSED_BY_PYTHON,
    ),
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
    attack(
      "takes memory that is no process's",
      `
import os
for number in range(24):
    memory = os.memfd_create(str(number))
    for _ in range(50):
        os.write(memory, bytes(2**20))
`,
    ),
    attack(
      "takes memory of a namespace of its own",
      `
import ctypes, os
user, group = os.getuid(), os.getgid()
libc = ctypes.CDLL(None)
NEW_USER, NEW_MOUNTS = 0x10000000, 0x20000
assert libc.unshare(NEW_USER | NEW_MOUNTS) == 0
for name, text in ("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1"):
    with open(f"/proc/self/{name}", "w") as file:
        file.write(text)
assert libc.mount(b"t", b"/tmp", b"tmpfs", 0, b"size=4g") == 0
for number in range(24):
    with open(f"/tmp/{number}", "wb") as file:
        for _ in range(50):
            file.write(bytes(2**20))
`,
    ),
    attack(
      "clones itself into a namespace of its own",
      `
import ctypes, os
SYS_CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
NEW_USER, SIGCHLD = 0x10000000, 17
pid = ctypes.CDLL(None).syscall(SYS_CLONE, NEW_USER | SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
assert pid > 0
`,
    ),
    attack(
      "takes memory of System V",
      `
import ctypes
libc = ctypes.CDLL(None)
assert libc.shmget(0, 2**26, 0o1600) >= 0
`,
    ),
    attack(
      "takes semaphores of System V",
      `
import ctypes
assert ctypes.CDLL(None).semget(0, 32000, 0o1600) >= 0
`,
    ),
    correct(
      "uses threads and processes as Python has them",
      `
import os, subprocess, sys, threading
thread = threading.Thread(target=len, args=("",))
thread.start()
thread.join()
pid = os.fork()
if pid == 0:
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
`,
      REFUSED_BY_PYTHON,
    ),
    correct(
      "shares its memory with the processes that it starts",
      `
import os, time
data = b"x" * (100 * 2**20)
pids = []
for _ in range(12):
    pid = os.fork()
    if pid == 0:
        time.sleep(1)
        os._exit(0)
    pids.append(pid)
for pid in pids:
    os.waitpid(pid, 0)
`,
      REFUSED_BY_PYTHON,
    ),
    correct(
      "may use all processors until its time is over",
      `
import os, resource
assert resource.getrlimit(resource.RLIMIT_CPU)[0] >= 30 * os.cpu_count()
`,
    ),
    {
      name: "reads a null pointer",
      solution: "import ctypes\ndef answer(): return ctypes.string_at(0)",
      expected: "crashed",
    },
  ];
}
