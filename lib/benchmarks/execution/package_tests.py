"""Runs a file of tests with the package pytest."""

import importlib

import plain_tests


def run(path, report, watch):
    """`watch` remembers what tests rely on; its `check` refuses a change."""
    pytest = importlib.import_module("pytest")
    results = _Results(report, watch, pytest.xfail.Exception)
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", "."]
    pytest.main([*options, path], plugins=[results])


class _Results:
    """A plugin of pytest that reports each test as it ends."""

    def __init__(self, report, watch, xfailed):
        """`xfailed`: what pytest.xfail() raises."""
        self.report = report
        self.watch = watch
        self.xfailed = xfailed

    def pytest_sessionstart(self):
        self.watched = self.watch()

    def pytest_collectreport(self, report):
        if report.failed:
            self.report("error", _reason(report))

    def pytest_collection_modifyitems(self, items):
        self.report("tests", len(items))
        modules = {getattr(item, "module", None) for item in items} - {None}
        for module in modules:
            self.watched.add_tests(vars(module))

    def pytest_runtest_makereport(self, call):
        """Only looks at what pytest makes a report of."""
        error = call.excinfo and call.excinfo.value
        is_called = isinstance(error, self.xfailed)
        self.ends_itself = is_called and not self.watched.calls_xfail

    def pytest_runtest_logreport(self, report):
        """Called for set-up, call and teardown of each test, and for subtests."""
        is_expected = hasattr(report, "wasxfail") and not self.ends_itself
        if report.when == "setup":
            self.has_passed = self.has_failed = False
        if report.failed:
            self._fail(report)
        elif report.skipped and report.when == "setup" and not is_expected:
            self.report("tests", -1)  # the file of tests says so itself
        elif report.skipped and not is_expected:
            self.has_failed = True
            self.report("error", "a test was skipped while it ran")
        elif report.skipped or report.when == "call":
            self.has_passed = True
        if report.when == "teardown" and self.has_passed and not self.has_failed:
            self._pass()

    def _fail(self, report):
        self.has_failed = True
        self.report("error", _reason(report))

    def _pass(self):
        try:
            self.watched.check()
        except AssertionError as error:
            self.report("error", plain_tests.describe(error))
        else:
            self.report("passed")


def _reason(report):
    """The last line of what pytest shows, such as "E  NameError: …"."""
    lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if line.startswith("E ")]
    return (errors or lines or ["no reason"])[0][:plain_tests.LONGEST_ERROR]
