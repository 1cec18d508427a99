"""Starts a program, collects its results, and ends it when its time is over."""

import contextlib
import json
import math
import os
import select
import signal
import tempfile
import time

import isolation
import plain_tests
import program

TICK_SECONDS = 0.05
LONGEST_LINE = 2**16


class Abandoned(Exception):
    """Nobody waits for the verdict any more."""


def run(request, kind, folder, begun):
    """Runs a request and prints its verdict.

    `folder` is empty and the program's, or the root of its file system.
    `begun[0]` is 1 from when the program may have done something.

    @raises OSError: If the program's process could not be set apart.
    """
    limits = request["limits"]
    # The kernel keeps the first process of a namespace from signals that it does
    # not handle, and Python handles this one.
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    if kind == "namespaces":
        isolation.enter_file_system(folder, limits)
        folder = "/program"
    secret = os.urandom(16).hex().encode()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        begun.close()
        signal.signal(signal.SIGINT, handler)
        _begin(request, kind, folder, reporter(writer, secret))
    os.close(writer)
    results = Results(secret, child, begun)
    try:
        ending = _watch(child, reader, results, kind, limits)
    except Abandoned:
        return
    finally:
        if kind != "namespaces":  # else all end with this process
            for end in (os.kill, os.killpg):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    end(child, signal.SIGKILL)
    if not results.ready:
        raise OSError(f"a program could not begin: {results.error or ending[1]}")
    verdict = {**results.verdict(ending), "isolation": kind}
    os.write(1, f"{json.dumps(verdict)}\n".encode())


def reporter(writer, secret, write=os.write, getpid=os.getpid):
    """What the program's process reports with.

    It holds on to what it calls, since the program may replace functions of
    modules. Reports bear the number of the process and their own: one that a
    copy of the process sends or that is lost is known.
    """
    sent = 0

    def report(kind, value=""):
        nonlocal sent
        sent += 1
        line = f"{getpid()} {sent} {kind} {value}".replace("\n", " ")
        write(writer, b"\n%s%s\n" % (secret, line.encode("utf-8", "replace")))

    return report


def _begin(request, kind, folder, report, leave=os._exit):
    """What the new process does; it never returns."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)
        os.chdir(folder)
        tempfile.tempdir = None  # this runner's is not the program's
        isolation.confine(kind, folder, request["limits"])
        isolation.end_with_parent()
    except Exception as error:
        report("error", plain_tests.describe(error))
        leave(0)
    try:
        report("ready")
        program.run(request, report)
        report("ended")
    finally:
        leave(0)


class Results:
    """What the program's process has reported.

    The first byte of `begun` becomes 1 when that process is ready.
    """

    def __init__(self, secret, child, begun):
        self.secret = secret
        self.child = child
        self.begun = begun
        self.count = 0
        self.pending = b""
        self.ready = self.ended = False
        self.tests = self.passed = 0
        self.error = None

    def read(self, data):
        *lines, pending = (self.pending + data).split(b"\n")
        self.pending = pending[:LONGEST_LINE]
        for line in lines:
            if line.startswith(self.secret):
                line = line[len(self.secret):].decode()
                process, number, kind, value = line.split(" ", 3)
                if int(process) == self.child:
                    self._take(int(number), kind, value)

    def _take(self, number, kind, value):
        self.count += 1
        if number != self.count and self.error is None:
            self.error = "a report of the tests is missing"
        if kind == "ready":
            self.ready = True
            self.begun[0] = 1
        elif kind == "ended":
            self.ended = True
        elif kind == "tests":
            self.tests += int(value)
        elif kind == "passed":
            self.passed += 1
        elif self.error is None:
            self.error = value

    def verdict(self, ending):
        """`ending`: status and reason where the program did not end by itself."""
        if self.ended and self.error is None and self.passed == self.tests > 0:
            return {"status": "passed", "passed": self.passed, "failed": 0}
        if self.ended:
            is_full = (self.error or "").startswith("MemoryError")
            ending = "memory" if is_full else "failed", "no test was found"
        status, reason = ending
        return {
            "status": status,
            "passed": self.passed,
            "failed": max(1, self.tests - self.passed),
            "error": self.error if self.ended and self.error else reason,
        }


def _watch(child, reader, results, kind, limits):
    """Reads results until the program ends or is over a limit.

    Returns the status and the reason where the program did not end by itself.
    Its time begins when it is ready.
    """
    deadline = math.inf
    while True:
        if results.ready and deadline == math.inf:
            deadline = time.monotonic() + limits["timeoutMs"] / 1000
        readable, _, _ = select.select([reader, 0], [], [], TICK_SECONDS)
        if 0 in readable:
            raise Abandoned
        if reader in readable:
            data = os.read(reader, 2**16)
            results.read(data)
            if results.ended:
                return None
            if not data:
                return _describe(_wait_briefly(child))
        status = _reap(child)
        if status is not None:
            _drain(reader, results)
            return _describe(status)
        if time.monotonic() > deadline:
            return "timeout", f"took longer than {limits['timeoutMs']} ms"
        if _takes_more(child, kind, limits["memoryMiB"]):
            return "memory", f"took more than {limits['memoryMiB']} MiB"


def _wait_briefly(child):
    """Wait status of a program that has closed its pipe, or None if it goes on."""
    for _ in range(10):
        status = _reap(child)
        if status is not None:
            return status
        time.sleep(TICK_SECONDS)
    return None


def _reap(child):
    """The wait status of the program if it has ended; buries orphans."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return status
        if pid == 0:
            return None


def _drain(reader, results):
    while select.select([reader], [], [], 0)[0]:
        data = os.read(reader, 2**16)
        if not data:
            return
        results.read(data)


def _describe(status):
    if status is None:
        return "crashed", "closed its descriptors before the tests ended"
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return "crashed", f"exited with {code} before the tests ended"
    if -code == signal.SIGXCPU:
        return "timeout", "took too much processor time"
    return "crashed", f"was ended by {_signal_name(-code)} before the tests ended"


def _signal_name(number):
    """Real-time signals, which anyone may send, have no name in Python."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _takes_more(child, kind, most_mib):
    """Whether a program, and all that it has started, take more memory.

    Pages that processes share count once. That takes longer to find out, so it
    is asked only where it matters.
    """
    pids = [child]
    if kind == "namespaces":
        names = os.listdir("/proc")
        pids = [name for name in names if name.isdecimal() and name != "1"]
    most = most_mib * 2**20
    sizes = sorted(((_resident(pid), pid) for pid in pids), reverse=True)
    if sum(size for size, _ in sizes) <= most:
        return False
    taken = 0
    for _, pid in sizes:  # the largest first: a few may be enough
        taken += _share(pid)
        if taken > most:
            return True
    return False


def _resident(pid):
    """Bytes of a process, shared ones included."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0  # it has just ended, or the system has no /proc


def _share(pid):
    """The same, of what n processes share an nth."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            fields = [line.split() for line in file]
    except OSError:
        return _resident(pid)  # an old kernel, or it has just ended
    return 1024 * sum(
        int(field[1]) for field in fields if field[0] in ("Pss:", "SwapPss:")
    )
