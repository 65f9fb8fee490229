"""The codes under which the hub quarantines: read from its code, so that no list of them has to be kept by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# Where one function gives (code, detail) and another puts it into a quarantine: (file that raises, file that gives).
GIVEN = {Path("cloud/kernel/fold.py"): Path("cloud/kernel/eventcheck.py")}


def codes(sources: Mapping[Path, str]) -> set[str]:
    """Every code that is written out as the first argument of a ``Quarantine``, whichever way. Raises LookupError where one
    can't be followed."""
    trees = {path: ast.parse(source) for path, source in sources.items()}
    constants = dict(_constants(trees.values()))
    found: set[str] = set()
    for path, tree in trees.items():
        for call, function in _quarantines(tree):
            said = call.args[0]
            if _text(said) or isinstance(said, ast.IfExp | ast.Attribute):
                found |= _values(said, constants)
            elif isinstance(said, ast.Name) and said.id in constants:
                found.add(constants[said.id])
            elif path in GIVEN:
                found |= set(_returned(trees[GIVEN[path]]))
            else:
                found |= _handed(tree, function, said, constants)
    return found


def _quarantines(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.FunctionDef]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "Quarantine" and node.args:
                    yield node, function


def _constants(trees: Iterable[ast.Module]) -> Iterator[tuple[str, str]]:
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and _text(node.value):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                yield ast.unparse(target), _text(node.value)


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _values(node: ast.expr, constants: Mapping[str, str]) -> set[str]:
    """What an expression may be: a text, a constant's name, one of two."""
    if isinstance(node, ast.IfExp):
        return _values(node.body, constants) | _values(node.orelse, constants)
    name = ast.unparse(node).rpartition(".")[2]
    if _text(node):
        return {_text(node)}
    if name in constants:
        return {constants[name]}
    raise LookupError(ast.unparse(node))


def _handed(tree: ast.Module, function: ast.FunctionDef, said: ast.expr, constants: Mapping[str, str]) -> set[str]:
    """What callers in the same file give for the parameter that becomes the code."""
    names = [one.arg for one in function.args.args if one.arg != "self"]
    if not isinstance(said, ast.Name) or said.id not in names:
        raise LookupError(ast.unparse(said))
    place = names.index(said.id)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    mine = [node for node in calls if ast.unparse(node.func).rpartition(".")[2] == function.name]
    return {value for node in mine for value in _values(node.args[place], constants)}


def _returned(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Return) else None
        if isinstance(value, ast.Tuple) and value.elts and _text(value.elts[0]):
            yield _text(value.elts[0])
