"""Who may import whom, by the syntax tree: a second net under import-linter, and the place of finer rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tooling.tree import ROOMS

_NO_WORLD = {"flask", "sqlite3", "sqlite_utils", "sqlalchemy", "alembic", "psycopg", "waitress", "urllib3",
             "paho", "amqtt", "socket", "ssl", "selectors", "asyncio", "subprocess", "threading",
             "multiprocessing",
             "http", "os", "time", "random", "secrets", "uuid"}  # fmt: skip
_HUB_DATABASE = {"sqlalchemy", "alembic", "psycopg"}

# room → top-level names that it never imports
NEVER: dict[str, set[str]] = {
    "sync": {"edge", "cloud", "kiosk_ui", "firmware_bridges", "papers", "tests"} | _NO_WORLD,
    "edge": {"cloud", "tests"} | _HUB_DATABASE,
    "cloud": {"edge", "kiosk_ui", "firmware_bridges", "tests"},
    "kiosk_ui": {"cloud", "sqlite3", "sqlite_utils", "tests"} | _HUB_DATABASE,
    "firmware_bridges": {"cloud", "edge", "kiosk_ui", "flask", "papers", "tests"},
    "papers": {"cloud", "edge", "kiosk_ui", "firmware_bridges", "flask", "sqlite3", "tests"} | _HUB_DATABASE,
}

# What one domain may take from another, in whichever room that stands.
# A service is handed to another domain's service by bootstrap.py; its rows (store, tables) are nobody else's.
SHARED_BY_DOMAINS = {"rules", "events", "operations", "service"}

# Below routes.py nothing knows that there is a web.
WEBLESS = {"service.py", "store.py", "apply.py", "tables.py", "rules.py", "events.py", "operations.py"}


@dataclass(frozen=True)
class Import:
    """One imported name, dotted and absolute; `typing_only` when it stands under `if TYPE_CHECKING:`."""

    target: str
    line: int
    typing_only: bool


def imports(path: Path, source: str) -> list[Import]:
    """Every name that the file imports; `from a.b import c` gives `a.b.c`."""
    return list(_imports(ast.parse(source), path.with_suffix("").parts, False))


def _imports(node: ast.AST, module: tuple[str, ...], typing_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, typing_only) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = list(module[: -node.level]) if node.level else []
        dotted = ".".join([*base, *([node.module] if node.module else [])])
        yield from (Import(f"{dotted}.{alias.name}", node.lineno, typing_only) for alias in node.names)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        for inner in node.body:
            yield from _imports(inner, module, True)
        for inner in node.orelse:
            yield from _imports(inner, module, typing_only)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, module, typing_only)


def through_the_wall(path: Path, source: str) -> list[str]:
    """Imports that the table of rooms forbids."""
    never = NEVER.get(path.parts[0], set())
    return [f"{path}:{found.line} {path.parts[0]} never imports {found.target.split('.')[0]}"
            for found in imports(path, source) if found.target.split(".")[0] in never]  # fmt: skip


def between_domains(path: Path, source: str) -> list[str]:
    """Imports by which a domain reaches into another one past its rules, events and operations.

    For types only, another domain's service may be named; its store never.
    """
    own = domain_of(path.with_suffix("").parts)
    if own is None:
        return []
    wrong = []
    for found in imports(path, source):
        parts = tuple(found.target.split("."))
        other = domain_of(parts)
        if other is None or other == own:
            continue
        if len(parts) < 4 or parts[3] not in SHARED_BY_DOMAINS:
            wrong.append(f"{path}:{found.line} {own} reaches into {other}: {found.target}")
    return wrong


def domain_of(parts: tuple[str, ...]) -> str | None:
    """`ticketing` for anything within `<room>/domains/ticketing`; the room's list of domains is in none."""
    if len(parts) >= 3 and parts[0] in ROOMS and parts[1] == "domains" and not parts[2].startswith("__init__"):
        return parts[2]
    return None


def past_the_service(path: Path, source: str) -> list[str]:
    """Imports of a store by anyone but its own domain, the list of domains and the process's bootstrap."""
    if path.name == "bootstrap.py" or path.parts[1:] == ("domains", "__init__.py"):
        return []
    wrong = []
    for found in imports(path, source):
        parts = tuple(found.target.split("."))
        if domain_of(parts) and "store" in parts[3:] and domain_of(parts) != domain_of(path.parts):
            wrong.append(f"{path}:{found.line} takes another domain's store: {found.target}")
    return wrong


def web_below_routes(path: Path, source: str) -> list[str]:
    """Flask in a service or a store, and `current_app` anywhere on a node or hub but in routes.py."""
    wrong = []
    for found in imports(path, source):
        if path.name in WEBLESS and found.target.split(".")[0] in {"flask", "flask_smorest", "werkzeug"}:
            wrong.append(f"{path}:{found.line} knows the web: {found.target}")
        elif found.target == "flask.current_app" and path.parts[0] in {"edge", "cloud"} and path.name != "routes.py":
            wrong.append(f"{path}:{found.line} current_app outside routes.py")
    return wrong
