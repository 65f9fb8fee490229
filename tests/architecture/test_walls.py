"""The walls between rooms and domains stand, and each check sees a hole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import walls
from tests.tooling.tree import ROOMS, python_files, read

Check = Callable[[Path, str], list[str]]
CHECKS: list[Check] = [
    walls.through_the_wall,
    walls.between_domains,
    walls.past_the_service,
    walls.web_below_routes,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_file_stays_on_its_side(check: Check) -> None:
    wrong = [line for path in python_files(*ROOMS) for line in check(path, read(path))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("check", "path", "source"),
    [
        (walls.through_the_wall, "sync/kernel/x.py", "import time"),
        (walls.through_the_wall, "sync/kernel/x.py", "def f():\n    from sqlite3 import connect"),
        (walls.through_the_wall, "edge/kernel/x.py", "from cloud.kernel import database"),
        (walls.through_the_wall, "cloud/kernel/x.py", "import edge.kernel.scribe"),
        (walls.through_the_wall, "kiosk_ui/screens/x.py", "import sqlite3"),
        (walls.through_the_wall, "firmware_bridges/gate/x.py", "from edge import bootstrap"),
        (walls.between_domains, "edge/domains/a/service.py", "from edge.domains.b.store import Store"),
        (walls.between_domains, "edge/domains/a/service.py", "from ..b.routes import Shape"),
        (walls.between_domains, "cloud/domains/a/apply.py",
         "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cloud.domains.b.store import S"),
        (walls.past_the_service, "edge/kernel/x.py", "from edge.domains.b.store import Store"),
        (walls.past_the_service, "kiosk_ui/screens/x.py", "from edge.domains.b import store"),
        (walls.web_below_routes, "edge/domains/a/service.py", "from flask import request"),
        (walls.web_below_routes, "edge/kernel/accounts.py", "from flask import current_app"),
    ],
)  # fmt: skip
def test_a_hole_in_the_wall_is_seen(check: Check, path: str, source: str) -> None:
    assert check(Path(path), source)


@pytest.mark.parametrize(
    ("check", "path", "source"),
    [
        (walls.through_the_wall, "edge/kernel/x.py", "import sqlite3\nfrom sync.kernel import cbor"),
        (walls.between_domains, "edge/domains/a/service.py", "from sync.domains.b.rules import fare"),
        (walls.between_domains, "edge/domains/a/service.py", "from sync.domains.b import events, rules"),
        (walls.between_domains, "edge/domains/a/service.py", "from edge.domains.b.service import Service"),
        (walls.past_the_service, "edge/domains/a/service.py", "from edge.domains.a.store import Store"),
        (walls.web_below_routes, "edge/domains/a/routes.py", "from flask import current_app"),
    ],
)  # fmt: skip
def test_a_door_stays_open(check: Check, path: str, source: str) -> None:
    assert check(Path(path), source) == []
