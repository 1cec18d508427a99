"""Runs tests of a solution in this process; what it reports is the result.

Reports: `tests N` when tests are found, `passed` for each that passes, `error
TEXT` for what goes wrong.
"""

import builtins
import importlib
import os
import sys
import types
import unittest

import package_tests
import plain_tests
import sanitize


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
        "removal", "sanitize", "system_calls",
    ):
        sys.modules.pop(name, None)
    sys.modules["__main__"] = types.ModuleType("__main__")


class Watched:
    """What decides over tests, as it was before the program began.

    A program that replaces an assertion, or a function that tests rely on,
    passes nothing.
    """

    PACKAGES = ("builtins", "unittest", "pytest", "_pytest", "pluggy")

    def __init__(self):
        self.modules = {
            name: module for name, module in sys.modules.items()
            if name.split(".")[0] in self.PACKAGES
        }
        self.members = []
        for module in self.modules.values():
            self._watch(module)
            for value in vars(module).values():
                if isinstance(value, type) and value.__module__ == module.__name__:
                    self._watch(value)

    def _watch(self, owner):
        functions = {
            name: value for name, value in vars(owner).items() if callable(value)
        }
        self.members.append((owner, functions, set(vars(owner))))

    def check(self):
        for name, module in self.modules.items():
            if sys.modules.get(name) is not module:
                raise AssertionError(f"the program replaced the module {name}")
        for owner, functions, names in self.members:
            now = vars(owner)
            changed = [
                name for name, function in functions.items()
                if now.get(name) is not function
            ]
            if isinstance(owner, type):
                new = now.keys() - names
                changed += [name for name in new if name.startswith("__")]
            if changed:
                name = f"{owner.__name__}.{changed[0]}"
                raise AssertionError(f"the program changed {name}")


def run_official(request, report):
    """The whole text is one test, as in MemGen's released code.

    Everything is run by `exec`, then each callable named test_*, without
    arguments (data/utils/code_utils.py:43-62).
    """
    watched = Watched()
    report("tests", 1)
    names = {}
    exec(f"{request['solution']}\n{request['test']}", names)
    for name, value in names.items():
        if callable(value) and name.startswith("test_"):
            value()
    watched.check()
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
        return package_tests.run("test_solution.py", report, Watched)
    watched = Watched()
    module = importlib.import_module("test_solution")
    plain_tests.run(module, report, watched.check)


def run_unittest(request, report):
    """One module with the class TestCases, as BigCodeBench runs it.

    Source: bigcodebench/eval/__init__.py, unsafe_execute.
    """
    watched = Watched()
    solution = request["solution"]
    if request["entryPoint"]:
        solution = sanitize.sanitize(solution, request["entryPoint"])
    module = types.ModuleType("__test__")
    module.__dict__.update({"__builtins__": builtins, "__file__": "__test__.py",
                            "__package__": None, "sys": sys})
    text = f"{request['prelude']}{solution}\n{request['test']}"
    exec(compile(text, "__test__.py", "exec"), vars(module))
    sys.modules["__test__"] = module
    suite = unittest.TestLoader().loadTestsFromTestCase(module.TestCases)
    plain_tests.run_suite(suite, report, watched.check)
