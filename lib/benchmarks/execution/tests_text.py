"""What a text of tests imports, names, and replaces."""

import ast
import contextlib
import importlib
import sys

REPLACING = {"delattr", "patch", "setattr", "setitem"}  # as functions are called


def parse(test):
    """Its syntax tree; an empty one if it is no Python."""
    try:
        return ast.parse(test)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])  # it fails when it is run


def imported(tree):
    """Modules of Python's library that a text of tests imports."""
    modules = []
    for name in sorted(set(_module_names(tree))):
        if name.split(".")[0] in sys.stdlib_module_names:
            with contextlib.suppress(Exception):  # the tests will say so
                modules.append(importlib.import_module(name))
    return modules


def _module_names(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


def calls_xfail(tree):
    """Whether a text calls pytest.xfail(), which ends a test."""
    return any(
        ast.unparse(node.func) in ("pytest.xfail", "xfail")
        for node in ast.walk(tree) if isinstance(node, ast.Call)
    )


def used(tree):
    """Attributes and imported names that a text mentions."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name):
                yield name
            case ast.ImportFrom(names=names):
                yield from (name.name for name in names)


def bound(parent):
    """Names that statements of a module or a class assign or import."""
    for node in parent.body:
        match node:
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from (
                        name.id for name in ast.walk(target)
                        if isinstance(name, ast.Name)
                        and isinstance(name.ctx, ast.Store)
                    )
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Import(names=names):
                yield from (name.asname or name.name.split(".")[0] for name in names)
            case ast.ImportFrom(names=names):
                yield from (name.asname or name.name for name in names)


def replaced(tree):
    """Names that a text of tests assigns to what is not its own, or patches."""
    for node in ast.walk(tree):
        match node:
            case ast.Global(names=names):
                yield from names
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Subscript(
                slice=ast.Constant(value=str(name)), ctx=ast.Store() | ast.Del()
            ):
                yield name
            case ast.Call() if not REPLACING.isdisjoint(_called(node.func)):
                for value in node.args:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield value.value.split(".")[-1]
                yield from (keyword.arg for keyword in node.keywords)


def _called(function):
    """The names in what is called, such as mock, patch and object."""
    while isinstance(function, ast.Attribute):
        yield function.attr
        function = function.value
    if isinstance(function, ast.Name):
        yield function.id
