"""The reference is in step with the code: what can be set, called, sent or said stands in it."""

from __future__ import annotations

import dataclasses
import re
import runpy

import pytest

from cloud.kernel.settings import Settings as HubSettings
from edge import domains
from edge.kernel.settings import Settings as NodeSettings
from firmware_bridges.kernel.settings import BridgeSettings
from sync.domains import EVENTS
from tests.tooling.tree import ROOT

PICTURE = re.compile(r"!\[[^]]*\]\((?:docs/start/)?([a-z-]+\.png)\)")
MOST_BYTES = 150_000
REFERENCE = (ROOT / "docs/reference/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [NodeSettings, HubSettings, BridgeSettings])
def test_every_setting_is_explained(kind: type) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    assert [name for name in names if f"`{name}`" not in REFERENCE and name != "data"] == []


def test_every_command_is_explained() -> None:
    commands = runpy.run_path(str(ROOT / "yipiao"), run_name="read")["COMMANDS"]
    assert [name for name in commands if f"`{name}" not in REFERENCE] == []


def test_every_event_stands_in_the_table_under_its_number() -> None:
    missing = [kind.__name__ for kind in EVENTS if f"| {kind.TYPE} | `{kind.__name__}` |" not in REFERENCE]
    assert missing == []


def test_every_operation_that_a_node_understands_is_listed() -> None:
    prefixes = [*domains.projections(), "subscriptions"]
    missing = [prefix for prefix in prefixes if f"`{prefix}/" not in REFERENCE and f"`{prefix}`" not in REFERENCE]
    assert missing == []


def test_every_picture_is_shown_small_and_taken_by_the_script() -> None:
    pages = ("README.md", "README.zh-CN.md", "docs/start/README.md")
    shown = {name for page in pages for name in PICTURE.findall((ROOT / page).read_text(encoding="utf-8"))}
    script = "".join((ROOT / f"tests/browser/{name}.py").read_text(encoding="utf-8") for name in ("pictures", "album"))
    taken = sorted((ROOT / "docs/start").glob("*.png"))
    assert {path.name for path in taken} == shown
    assert [path.name for path in taken if f'"{path.stem}' not in script or path.stat().st_size > MOST_BYTES] == []
