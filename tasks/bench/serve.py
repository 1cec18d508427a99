"""What the peers share: requests on standard input, seconds on standard output.

A request is one line, {"work": {...}, "runs": N}; the reply is one line,
{"seconds": [...], "tokens": ..., "process": {...}}: how long each run took, the
tokens that the last one generated, and what the process took: seconds of the
preparation, and the most bytes at once, when it was ready and until now. Between two requests the process waits without using a
core. Its first line says that it is ready, and its versions. It ends when
standard input does.
"""
import json
import os
import platform
import re
import sys
import time

import torch


def peak_bytes():
    """The most memory that this process has had at once; None off Linux."""
    try:
        with open("/proc/self/status") as status:
            return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])
    except FileNotFoundError:
        return None


def serve(prepare, **versions):
    """Answers until the input ends.

    prepare(**work) returns the function to run; it returns the tokens that it
    generated, or None.
    """
    replies = os.fdopen(os.dup(1), "w")
    # What libraries print must not come between the replies.
    os.dup2(2, 1)

    def reply(message):
        print(json.dumps(message), file=replies, flush=True)

    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    process = {"empty": peak_bytes()}
    reply({"python": platform.python_version(), "torch": torch.__version__,
           **versions})
    work = run = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["work"] != work:
            work = request["work"]
            start = time.perf_counter()
            run = prepare(**work)
            process["prepared"] = time.perf_counter() - start
        seconds = []
        for _ in range(request["runs"]):
            start = time.perf_counter()
            tokens = run()
            seconds.append(time.perf_counter() - start)
        process["peak"] = peak_bytes()
        reply({"seconds": seconds, "tokens": tokens, "process": process})
