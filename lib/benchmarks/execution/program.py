"""Runs tests of a solution in this process; what it reports is the result.

Reports: `tests N` when tests are found, `passed` for each that passes, `error
TEXT` for what goes wrong.
"""

import atexit
import builtins
import contextlib
import functools
import importlib.util
import os
import sys
import threading
import types
import unittest

import package_tests
import plain_tests
import sanitize
import watched


def run(request, report):
    """Runs the tests of a request in its mode."""
    _hide_runner()
    modes = {"official": run_official, "pytest": run_pytest, "unittest": run_unittest}
    try:
        modes[request["mode"]](request, report)
    except BaseException as error:  # SystemExit too
        report("error", plain_tests.describe(error))


def _hide_runner():
    """Takes this runner's modules out of the program's sight."""
    for name in (
        "guard", "isolation", "package_tests", "plain_tests", "program", "refusal",
        "removal", "sanitize", "system_calls", "tests_text", "watched",
    ):
        sys.modules.pop(name, None)
    sys.modules["__main__"] = types.ModuleType("__main__")


def run_official(request, report):
    """The whole text is one test, as in MemGen's released code.

    Everything is run by `exec`, then each callable named test_*, without
    arguments (data/utils/code_utils.py:43-62). A thread that never ends takes
    too long, as there.
    """
    watch = watched.Watched(request["test"])
    report("tests", 1)
    names = {}
    before = f"{request['solution']}\n"
    code = compile(before + request["test"], "<string>", "exec", dont_inherit=True)
    exec(code, names)
    watch.add_tests(names, code, before)
    for name, value in names.items():
        if callable(value) and name.startswith("test_"):
            value()
    threading._shutdown()  # waits for threads, as every process of Python does
    watch.check()
    report("passed")


def run_pytest(request, report):
    """solution.py and test_solution.py, as KodCode's authors run them.

    With the package pytest only where the tests need it; see plain_tests.py.
    """
    for path, part in (("solution.py", "solution"), ("test_solution.py", "test")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(request[part])
    sys.path.insert(0, os.getcwd())
    if not plain_tests.are_plain(request["test"]):
        watch = functools.partial(watched.Watched, request["test"])
        package_tests.run("test_solution.py", report, watch)
        return _end_python()
    watch = watched.Watched(request["test"])
    module = _load_tests("test_solution.py", watch)
    plain_tests.run(module, report, watch.check)
    _end_python()


def _end_python():
    """Waits for threads and does what the program wants done at the end.

    KodCode's authors wait for pytest to exit, and it does not before that.
    """
    threading._shutdown()
    with contextlib.suppress(BaseException):  # which pytest would not report
        atexit._run_exitfuncs()


def _load_tests(path, watch):
    """Imports tests; nothing that the program does can give others for them."""
    name = path.removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, os.path.abspath(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    code = spec.loader.get_code(name)
    exec(code, vars(module))
    watch.add_tests(vars(module), code)
    return module


def run_unittest(request, report):
    """One module with the class TestCases, as BigCodeBench runs it.

    Source: bigcodebench/eval/__init__.py, unsafe_execute.
    """
    watch = watched.Watched(request["test"])
    solution = request["solution"]
    if request["entryPoint"]:
        solution = sanitize.sanitize(solution, request["entryPoint"])
    module = types.ModuleType("__test__")
    module.__dict__.update({"__builtins__": builtins, "__file__": "__test__.py",
                            "__package__": None, "sys": sys, "os": os,
                            "environ": os.environ})
    before = f"{request['prelude']}{solution}\n"
    code = compile(before + request["test"], "__test__.py", "exec", dont_inherit=True)
    exec(code, vars(module))
    sys.modules["__test__"] = module
    watch.add_tests(vars(module), code, before)
    suite = unittest.TestLoader().loadTestsFromTestCase(module.TestCases)
    plain_tests.run_suite(suite, report, watch.check)
