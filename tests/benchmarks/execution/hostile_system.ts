/** Programs that reach for other processes, for files and for the network. */
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
export function systemPrograms(
  { outside, parent, port, runner, mark }: Targets,
): HostileProgram[] {
  const named = namingItself(mark);
  return [
    endless(
      "is a fork bomb",
      `${named}
while True:
    try:
        os.fork()
    except BlockingIOError:
        time.sleep(0.01)
`,
      { namespaces: "timeout", "audit hook": "failed" },
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
      REFUSED_BY_PYTHON,
    ),
    correct(
      "leaves a subprocess",
      `${named}
import subprocess
subprocess.Popen([sys.executable, "-c", "open('/proc/self/comm', 'w').write('${mark}'); import time; time.sleep(1000)"])
`,
      REFUSED_BY_PYTHON,
    ),
    correct(
      "starts a program where Python does not look",
      `
from multiprocessing.util import spawnv_passfds
spawnv_passfds(b"/bin/sh", ["sh", "-c", ": ${mark}; while true; do sleep 1; done"], ())
`,
      REFUSED_BY_PYTHON,
    ),
    correct(
      "starts Python anew",
      `
import multiprocessing
multiprocessing.get_context("spawn").Process(target=print).start()
`,
      REFUSED_BY_PYTHON,
    ),
    correct(
      "kills its guard through a descriptor",
      `
import os, signal
try:
    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), signal.SIGKILL)
except OSError:
    pass
`,
    ),
    correct(
      "becomes another program",
      `import os\nos.execv("/bin/true", ["true"])`,
      { namespaces: "crashed", "audit hook": "failed" },
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
    correct(
      "interrupts its guard",
      `
import os, signal
for pid in (os.getppid(), 1):
    try:
        os.kill(pid, signal.SIGINT)
    except OSError:
        pass
`,
    ),
    attack(
      "has a descriptor signal the parent",
      `
import fcntl, os
fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, ${parent})
`,
    ),
    attack(
      "has a socket signal the parent",
      `
import fcntl, socket, struct
SIOCSPGRP = 0x8902
fcntl.ioctl(socket.socketpair()[0], SIOCSPGRP, struct.pack("i", ${parent}))
`,
    ),
    attack(
      "makes the parent wait for others",
      `import os\nos.setpriority(os.PRIO_PROCESS, ${parent}, 19)`,
    ),
    attack(
      "limits its guard",
      `
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prlimit(os.getppid(), resource.RLIMIT_NOFILE, None, (ctypes.c_uint64 * 2)()) == 0
`,
    ),
    correct("kills itself", "import os\nos.kill(os.getpid(), 9)", {
      namespaces: "crashed",
      "audit hook": "failed",
    }),
    correct(
      "ends in a way that its guard must know to name, to begin elsewhere",
      `
import os
if os.getcwd() == "/program":
    os.kill(os.getpid(), 35)
open(${JSON.stringify(`${outside}/escaped`)}, "w").close()
`,
      { namespaces: "crashed", "audit hook": "failed" },
    ),
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
      "makes a node outside",
      `import os\nos.mknod(${JSON.stringify(outside)} + "/node")`,
    ),
    attack(
      "makes a pipe outside",
      `import os\nos.mkfifo(${JSON.stringify(outside)} + "/pipe")`,
    ),
    attack(
      "writes beside an open folder",
      `
import os
folder = os.open(${JSON.stringify(outside)}, os.O_RDONLY)
os.open("new.txt", os.O_WRONLY | os.O_CREAT, dir_fd=folder)
`,
    ),
    attack(
      "attaches a database outside",
      `
import sqlite3
connection = sqlite3.connect("inside.db")
connection.execute("ATTACH DATABASE '${outside}/new.db' AS other")
connection.execute("CREATE TABLE other.made (x)")
`,
    ),
    attack(
      "opens a database outside by its address",
      `
import sqlite3
connection = sqlite3.connect("file:${outside}/new.db", uri=True)
connection.execute("CREATE TABLE made (x)")
`,
    ),
    correct(
      "leaves shared memory",
      `
import _posixshmem, os
_posixshmem.shm_open("/${mark}", os.O_CREAT | os.O_RDWR, mode=0o600)
`,
      REFUSED_BY_PYTHON,
    ),
    correct(
      "leaves folders inside folders",
      `
import os
for _ in range(1010):
    os.mkdir("folder")
    os.chdir("folder")
`,
    ),
    correct(
      "leaves a folder that its user may not open",
      `
import os
os.umask(0o777)
os.mkdir("locked", 0o700)
os.umask(0)
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
    attack(
      "attaches a database outside to a connection of its own",
      `
import _sqlite3
connection = _sqlite3.Connection(":memory:")
connection.execute("ATTACH DATABASE '${outside}/new.db' AS other")
connection.execute("CREATE TABLE other.made (x)")
`,
    ),
    attack(
      "has keys written outside",
      `
import ssl
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).keylog_filename = "${outside}/keys"
`,
    ),
    attack(
      "writes its history outside",
      `import readline\nreadline.write_history_file("${outside}/history")`,
    ),
    correct("goes to another folder", `import os\nos.chdir("/")`),
    correct(
      "leaves a folder that nobody may open",
      `import os\nos.mkdir("locked", 0)`,
      REFUSED_BY_PYTHON,
    ),

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
    attack(
      "reaches for the host of a virtual machine",
      `import socket\nsocket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)`,
    ),
    attack(
      "reads the parent's memory",
      `open("/proc/${parent}/mem", "rb").close()`,
    ),
    attack(
      "reads the parent's environment",
      `assert open("/proc/${parent}/environ", "rb").read()`,
    ),
    attack("has an environment", `import os\nassert "PATH" in os.environ`),
  ];
}
