"""What BigCodeBench keeps of an answer: bigcodebench/sanitize.py.

Deviation: it reads syntax with tree-sitter, we with Python's own parser. Where
none of the lines parse, it still looks for definitions, and we do not.
"""

import ast


def sanitize(text, entry_point):
    """What is needed of an answer or, if that is nothing, all that parses."""
    return _needed(longest_code(text.strip()), entry_point).strip() or longest_code(text)


def _needed(code, entry_point):
    """Imports, and the definitions that `entry_point` needs."""
    try:
        statements = ast.parse(code).body
    except (SyntaxError, ValueError):
        return ""
    imports = [statement for statement in statements if _is_import(statement)]
    definitions = {}
    for statement in statements:
        name = _defined_name(statement)
        if name is not None:
            definitions.setdefault(name, statement)
    needed = _reachable(entry_point, definitions)
    kept = imports + [
        statement for name, statement in definitions.items() if name in needed
    ]
    lines = "\n".join(ast.get_source_segment(code, node) for node in kept).splitlines()
    return "\n".join(_without_final_calls(lines, entry_point))


def longest_code(text):
    """The lines that parse together and hold the most lines with text."""
    lines = text.split("\n")
    best, most = (0, 0), 0
    for first in range(len(lines)):
        for last in range(first + 1, len(lines)):
            span = lines[first:last + 1]
            count = sum(1 for line in span if line.strip())
            if count > most and _parses("\n".join(span)):
                best, most = (first, last), count
    return "\n".join(lines[best[0]:best[1] + 1])


def _parses(code):
    try:
        ast.parse(code)
        return True
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False


def _is_import(statement):
    if isinstance(statement, ast.ImportFrom):
        return statement.module != "__future__"
    return isinstance(statement, ast.Import)


def _defined_name(statement):
    """The name that a statement defines; decorated definitions are left out."""
    match statement:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return None if statement.decorator_list else statement.name
        case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(
            target=ast.Name(id=name)
        ):
            return name
    return None


def _reachable(entry_point, definitions):
    """Names that the entry point mentions, and those that these mention."""
    found, waiting = {entry_point}, [entry_point]
    while waiting:
        definition = definitions.get(waiting.pop())
        if definition is not None:
            new = _mentioned(definition) - found
            found |= new
            waiting += new
    return found


def _mentioned(definition):
    """All identifiers in a definition, attributes and parameters too."""
    names = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Constant):
            continue
        for _, value in ast.iter_fields(node):
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    names.update(text.split("."))
    return names


def _without_final_calls(lines, entry_point):
    """Cuts what stands, unindented, from a late mention of the entry point on."""
    end = len(lines)
    for index in reversed(range(len(lines))):
        if lines[index].startswith(" "):
            break
        if entry_point in lines[index]:
            end = index
    return lines[:end]
