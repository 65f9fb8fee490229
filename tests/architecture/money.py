"""Money is counted in whole minor units, and never becomes a float."""

from __future__ import annotations

import ast
from pathlib import Path

UNITS = ("_minor", "_fen")


def float_money(path: Path, source: str) -> list[str]:
    """Divisions with `/`, `float()` and float literals that touch a name which ends in a unit of money."""
    wrong = []
    for node in ast.walk(ast.parse(source)):
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        mixes = isinstance(node, ast.BinOp) and any(map(_is_float, (node.left, node.right)))
        casts = isinstance(node, ast.Call) and ast.unparse(node.func) in {"float", "round"}
        assigns = isinstance(node, ast.Assign | ast.AnnAssign) and _is_float(node.value)
        if (divides or mixes or casts or assigns) and _names_money(node):
            wrong.append(f"{path}:{node.lineno} {ast.unparse(node)[:80]}")  # type: ignore[attr-defined]
    return wrong


def _is_float(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _names_money(node: ast.AST) -> bool:
    inner = ast.walk(node)
    return any(
        (isinstance(part, ast.Name) and part.id.endswith(UNITS))
        or (isinstance(part, ast.Attribute) and part.attr.endswith(UNITS))
        for part in inner
    )
