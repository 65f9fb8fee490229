"""The catalogue of texts: each key in three languages, with the same gaps to fill."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path
from typing import Any

LANGUAGES = ("zh-Hans", "zh-Hant", "en")


def entries(source: str) -> dict[str, dict[str, Any]]:
    """Dotted key → its texts by language. An entry is a table whose values are all text."""
    found: dict[str, dict[str, Any]] = {}

    def walk(prefix: str, table: dict[str, Any]) -> None:
        for key, value in table.items():
            name = f"{prefix}.{key}" if prefix else key
            if not isinstance(value, dict):
                found[name] = {"(no language)": value}
            elif any(isinstance(inner, dict) for inner in value.values()):
                walk(name, value)
            else:
                found[name] = value

    walk("", tomllib.loads(source))
    return found


def gaps(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def faults(path: Path, source: str) -> list[str]:
    """Entries that lack a language, have one too many, hold an empty text, or differ in their gaps."""
    wrong = []
    for key, by_language in entries(source).items():
        if set(by_language) != set(LANGUAGES):
            wrong.append(f"{path} {key}: languages {sorted(by_language)}")
        elif not all(isinstance(text, str) and text.strip() for text in by_language.values()):
            wrong.append(f"{path} {key}: an empty text")
        elif len({frozenset(gaps(text)) for text in by_language.values()}) != 1:
            wrong.append(f"{path} {key}: the languages differ in their {{gaps}}")
    return wrong


def refusal_codes(path: Path, source: str) -> list[tuple[str, str]]:
    """(code, where) for each `Refusal("code", …)` that is written out."""
    return [
        (node.args[0].value, f"{path}:{node.lineno}")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] == "Refusal"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]
