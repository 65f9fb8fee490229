"""The reference is in step with the code: what can be set, called, sent or said stands in it."""

from __future__ import annotations

import dataclasses
import runpy

import pytest

from cloud.kernel.settings import Settings as HubSettings
from edge import domains
from edge.kernel.settings import Settings as NodeSettings
from firmware_bridges.kernel.settings import BridgeSettings
from sync.domains import EVENTS
from tests.tooling.tree import ROOT

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
