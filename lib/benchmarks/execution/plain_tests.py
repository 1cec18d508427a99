"""Runs test functions and unittest classes without the package pytest.

pytest takes half a second to start and is not part of Python. A file of tests
that asks nothing of it (no import, fixture, mark, or set-up function) has the
same outcome without it.
"""

import ast
import inspect
import unittest

LONGEST_ERROR = 300


def describe(error):
    """The error on one line; says so where that fails."""
    try:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return text[:LONGEST_ERROR]
    except BaseException:
        return "an error that cannot be shown"


def are_plain(text):
    """Whether a file of tests needs nothing of pytest."""
    return all(_is_plain(statement) for statement in ast.parse(text).body)


def _is_plain(statement):
    match statement:
        case ast.Import(names=names):
            return not any(_is_of_pytest(name.name) for name in names)
        case ast.ImportFrom(module=module):
            return not _is_of_pytest(module or "")
        case ast.FunctionDef():
            return _is_plain_function(statement, [])
        case ast.ClassDef(name=name, bases=bases):
            names = [ast.unparse(base) for base in bases]
            if names in (["unittest.TestCase"], ["TestCase"]):
                return not statement.decorator_list
            if not name.startswith("Test"):
                return not bases
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            return not bases and not statement.decorator_list and all(
                _is_plain_function(member, ["self"])
                for member in statement.body if isinstance(member, kinds)
            )
        case ast.If(test=test):
            return ast.unparse(test) == "__name__ == '__main__'"
        case ast.Assign() | ast.AnnAssign() | ast.Expr(value=ast.Constant()):
            return True
    return False


def _is_of_pytest(module):
    return module.split(".")[0] in ("pytest", "_pytest")


def _is_plain_function(function, parameters):
    if not isinstance(function, ast.FunctionDef):
        return False
    name = function.name.lower()
    if name.startswith(("setup", "teardown", "pytest_", "__init", "__new")):
        return False
    if not function.name.startswith("test"):
        return True
    arguments = [argument.arg for argument in function.args.args]
    is_generator = any(
        isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function)
    )
    return arguments == parameters and not function.decorator_list and not is_generator


def run(module, report, check):
    """Runs what pytest would collect from a module."""
    check()
    cases = []
    for name, value in list(vars(module).items()):
        if isinstance(value, type):
            if getattr(value, "__test__", True):
                cases += _cases_of_class(name, value)
        elif name.startswith("test") and inspect.isfunction(value):
            cases.append(unittest.FunctionTestCase(value))
    run_suite(unittest.TestSuite(cases), report, check)


def _cases_of_class(name, owner):
    """As pytest has them: methods in their order, inherited ones first."""
    if issubclass(owner, unittest.TestCase):
        return [unittest.TestLoader().loadTestsFromTestCase(owner)]
    is_made_here = owner.__init__ is object.__init__ and owner.__new__ is object.__new__
    if not name.startswith("Test") or not is_made_here:
        return []
    members = {}  # the class that pytest takes a method from comes last
    for base in reversed(owner.__mro__):
        for member, value in vars(base).items():
            if member.startswith("test") and _is_method(value):
                members.pop(member, None)
                members[member] = value
    return [unittest.FunctionTestCase(_method(owner, member)) for member in members]


def _is_method(value):
    return inspect.isfunction(getattr(value, "__func__", value))


def _method(owner, name):
    return lambda: getattr(owner(), name)()


class _Result(unittest.TestResult):
    """Reports each test as it ends."""

    def __init__(self, report, check):
        super().__init__()
        self.report = report
        self.check = check
        self.has_failed = False

    def startTest(self, test):
        super().startTest(test)
        self.has_failed = False

    def addSuccess(self, test):
        try:
            self.check()
        except AssertionError as error:
            self._fail(error)
        if not self.has_failed:
            self.report("passed")

    def addExpectedFailure(self, test, error):
        self.addSuccess(test)

    def addUnexpectedSuccess(self, test):
        self._fail(AssertionError("a test passed that must fail"))

    def addFailure(self, test, error):
        self._fail(error[1])

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self._fail(error[1])

    def addSkip(self, test, reason):
        method = getattr(test, getattr(test, "_testMethodName", ""), None)
        try:
            self.check()
        except AssertionError as error:
            return self._fail(error)
        if any(getattr(it, "__unittest_skip__", False) for it in (type(test), method)):
            self.report("tests", -1)  # the file of tests says so itself
        else:
            self._fail(AssertionError("a test was skipped while it ran"))

    def _fail(self, error):
        self.has_failed = True
        self.report("error", describe(error))


def run_suite(suite, report, check):
    check()
    report("tests", suite.countTestCases())
    suite.run(_Result(report, check))
