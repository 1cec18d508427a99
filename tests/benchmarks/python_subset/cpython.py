"""Runs programs in CPython; each is a JSON line, so is what came of it."""

import json
import signal
import sys


# Of the processor, until a program counts as endless.
SECONDS = 0.1


class OutOfTime(BaseException):
    pass


def on_alarm(number, frame):
    raise OutOfTime


def outcome(call):
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return call()
    except OutOfTime:
        return "endless"
    except SyntaxError:
        return "SyntaxError"
    except NameError:
        return "NameError"
    except Exception as error:
        return type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def run(source, inputs):
    names = {}
    failure = outcome(lambda: exec(source, names))
    if failure is not None:
        return [failure]
    return [outcome(lambda: repr(names["solve"](*values))) for values in inputs]


signal.signal(signal.SIGVTALRM, on_alarm)
for line in sys.stdin:
    task = json.loads(line)
    print(json.dumps(run(task["source"], task["inputs"])))
