"""What decides over tests, compared with what it was before the program began."""

import ast
import sys
import types
import unittest

import tests_text

PACKAGES = ("builtins", "contextlib", "unittest", "pytest", "_pytest", "pluggy")
COPYING = "__slotnames__"  # copies and pickles leave it in an object's class
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Watched:
    """Modules and functions that tests rely on, and the tests themselves.

    A program that changes one of them passes nothing. The tests may: names that
    their text assigns or patches are not looked at. Nor are classes that hold no
    tests, which may be what a program is to change.
    """

    def __init__(self, test):
        self.test = tests_text.parse(test)
        imported = tests_text.imported(self.test)
        self.calls_xfail = tests_text.calls_xfail(self.test)
        self.replaced = set(tests_text.replaced(self.test))
        self.assigned = {
            node.id for node in ast.walk(self.test)
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        }
        self.traced = [sys.gettrace, sys.getprofile]
        if hasattr(sys, "monitoring"):  # of Python 3.12
            self.traced += [
                lambda tool=tool, get=sys.monitoring.get_tool: get(tool)
                for tool in range(6)
            ]
        self.modules = {
            name: module for name, module in sys.modules.items()
            if name.split(".")[0] in PACKAGES
        }
        self.members = []  # what has names, those looked at, and all that it had
        self.codes = {}
        for module in self.modules.values():
            self._watch(module)
            for value in vars(module).values():
                if isinstance(value, type) and value.__module__ == module.__name__:
                    self._watch(value)
        used = set(tests_text.used(self.test))
        for module in imported:
            if module.__name__ not in self.modules:
                self._watch(module, used)

    def _watch(self, owner, used=None):
        """`used`: names that are looked at; all if left out."""
        functions = {
            name: value for name, value in vars(owner).items()
            if name not in self.replaced and _is_function(value)
            and (used is None or name in used)
        }
        self.members.append((owner, functions, set(vars(owner))))
        for name, value in functions.items():
            self._watch_code(f"{owner.__name__}.{name}", value)

    def _watch_code(self, name, value):
        function = getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType):
            self.codes[function] = (name, _code_of(function))

    def add_tests(self, names, code=None, before=""):
        """Watches tests once they are loaded, before the first of them runs.

        `names` are those of their module, of which `code` is the code, if the
        package pytest has not made another of it; `before` is what stands
        before the tests in its text.

        @raises AssertionError: If they are not those of the text.
        """
        codes = None if code is None else set(map(id, _nested(code)))
        lines = before.replace("\r\n", "\n").replace("\r", "\n").count("\n")

        def require(value, node):
            own = getattr(getattr(value, "__func__", value), "__code__", None)
            is_known = codes is None or id(own) in codes
            line = getattr(own, "co_firstlineno", None)
            if not is_known or line != node.lineno + lines:
                raise AssertionError(f"the program replaced {node.name}")

        for node in self._own_definitions(self.test, (*FUNCTIONS, ast.ClassDef)):
            value = names.get(node.name)
            if isinstance(node, ast.ClassDef) and isinstance(value, type):
                holds_tests = node.name.startswith("Test")
                if holds_tests or issubclass(value, unittest.TestCase):
                    self._watch(value)
                    for member in self._own_definitions(node, FUNCTIONS):
                        require(vars(value).get(member.name), member)
                    self._watch_values(value, tests_text.bound(node))
            else:
                require(value, node)
                self._watch_code(node.name, value)
            self._watch_values(_Names(names), [node.name])
        self._watch_values(_Names(names), tests_text.bound(self.test))

    def _watch_values(self, owner, names):
        values = {
            name: vars(owner)[name] for name in names
            if name in vars(owner) and name not in self.replaced
        }
        self.members.append((owner, values, set(vars(owner))))

    def _own_definitions(self, parent, kinds):
        """The last of each name that the tests themselves leave as it is."""
        last = {node.name: node for node in parent.body if isinstance(node, kinds)}
        return [
            node for name, node in last.items()
            if not node.decorator_list and name not in self.assigned | self.replaced
        ]

    def check(self):
        """@raises AssertionError: If something is not as it was."""
        if any(get() is not None for get in self.traced):
            raise AssertionError("the program traces its tests")
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
                changed += [
                    name for name in now.keys() - names - self.replaced
                    if name.startswith("__") and name != COPYING
                    or _hides_function(owner, name)
                ]
            if changed:
                raise AssertionError(
                    f"the program changed {owner.__name__}.{changed[0]}")
        for function, (name, code) in self.codes.items():
            if _code_of(function) != code:
                raise AssertionError(f"the program changed {name}")


class _Names:
    """The names of a text that is run, as if it were a module."""

    __name__ = "tests"

    def __init__(self, names):
        self.__dict__ = names


def _is_function(value):
    return callable(value) or isinstance(value, (classmethod, property))


def _hides_function(owner, name):
    return any(
        _is_function(vars(base)[name])
        for base in owner.__mro__[1:] if name in vars(base)
    )


def _code_of(function):
    marks = {
        name: [*map(id, value)] if isinstance(value, list) else id(value)
        for name, value in vars(function).items()
    }
    return (
        function.__code__, function.__defaults__, function.__kwdefaults__, marks,
    )


def _nested(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)
