"""How long files and functions are."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.tooling.tree import ROOMS, python_files, read

FILE_LINES = 400
FUNCTION_LINES = 70


@dataclass(frozen=True)
class Size:
    lines: int
    where: str


def file_size(path: Path, source: str) -> Size:
    return Size(source.count("\n") + (not source.endswith("\n")), str(path))


def function_sizes(path: Path, source: str) -> list[Size]:
    """Every function with its decorators left out, its docstring counted."""
    return [
        Size((node.end_lineno or node.lineno) - node.lineno + 1, f"{path}:{node.lineno} {node.name}")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def too_long(path: Path, source: str) -> list[str]:
    long_file = [file_size(path, source)] if file_size(path, source).lines > FILE_LINES else []
    long_functions = [size for size in function_sizes(path, source) if size.lines > FUNCTION_LINES]
    return [f"{size.where}: {size.lines} lines" for size in long_file + long_functions]


def medians() -> str:
    """One line for the report of `./yipiao check`; an empty file is none."""
    sources = {path: read(path) for path in python_files(*ROOMS)}
    whole = [file_size(path, source).lines for path, source in sources.items() if source.strip()]
    functions = [size.lines for path, source in sources.items() for size in function_sizes(path, source)]
    if not functions:
        return "sizes: no code yet"
    return (
        f"sizes: {len(whole)} files, median {median(whole):.0f} lines, longest {max(whole)}; "
        f"{len(functions)} functions, median {median(functions):.0f}, longest {max(functions)}"
    )
