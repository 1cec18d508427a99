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
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import guard
import isolation

del sys.path[0]


def main():
    request = json.loads(sys.stdin.buffer.readline())
    os.closerange(3, 256)
    kinds = [request["isolation"]] if request["isolation"] else isolation.KINDS
    for kind in kinds:
        if isolation.in_child(kind, lambda: guard.run(request, kind)):
            return
    raise SystemExit(f"no isolation of {', '.join(kinds)} on this machine")


main()
