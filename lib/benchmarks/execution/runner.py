"""Runs one program that a model wrote against its tests, and says how it went.

Reads a request as one line of JSON from standard input and writes a verdict as
one line of JSON to standard output. The program gets neither of the two: its
results come back through a pipe of its own, and only lines that begin with a
secret of this run count, so that nothing that the program prints or writes to
any descriptor can pass for a result.

Processes: this one > a guard (the first process of a PID namespace, where there
is one) > the program. When the guard ends, everything that the program has
started ends with it. When standard input closes, the guard ends.
"""

import json
import mmap
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import guard
import isolation
import removal

del sys.path[0]


def main():
    request = json.loads(sys.stdin.buffer.readline())
    os.closerange(3, 256)
    folder = tempfile.mkdtemp(prefix="memgen_program_")
    try:
        run(request, folder)
    finally:
        removal.remove(folder)


def run(request, folder):
    """Runs a request in the first isolation that can be set up.

    Once the program has begun it is never run again in a weaker one: what goes
    wrong then is its verdict, or an error.
    """
    kinds = [request["isolation"]] if request["isolation"] else isolation.KINDS
    begun = mmap.mmap(-1, 1)  # shared with the guard, which writes 1
    for kind in kinds:
        code = isolation.in_child(
            kind, lambda: guard.run(request, kind, folder, begun))
        if code == 0:
            return
        if code == isolation.KILLED and begun[0]:
            error = "ended the process that guards it"
            print(json.dumps({"status": "crashed", "passed": 0, "failed": 1,
                              "error": error, "isolation": kind}))
            return
        if code != isolation.REFUSED or begun[0]:
            raise SystemExit(f"the guard of a program ended with {code}")
    raise SystemExit(f"this machine does not allow {' or '.join(kinds)}")


main()
