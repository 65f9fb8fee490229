"""Every state with a name has a section in the handbook, and texts in the catalogue."""

from __future__ import annotations

import re

import pytest

from cloud.console import issues
from edge.kernel import meta
from sync import catalogue
from sync.kernel.exchange import STATUS_NAMES
from tests.tooling.tree import ROOT, python_files, read

HANDBOOK = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs/operating").glob("*.md")))
TEXTS = catalogue.load()


def said_by_nodes() -> set[str]:
    """Codes that stand in the code of a node as an issue, or that the hub's answer makes one."""
    found = set(STATUS_NAMES.values()) - {"ok"}
    for path in python_files("edge"):
        found |= set(re.findall(r'Issue\("([a-z_]+)"', read(path)))
    return found


def said_by_hub() -> set[str]:
    """States of a node that the hub writes down or hears of."""
    return {*issues.NOTED, *issues.REPORTED, "tail_held"}


@pytest.mark.parametrize("code", sorted(said_by_nodes() | said_by_hub() | {"schema_newer"}))
def test_every_state_has_a_section_in_the_handbook(code: str) -> None:
    assert f"## `{code}`" in HANDBOOK


@pytest.mark.parametrize("code", sorted(said_by_nodes()))
def test_every_issue_of_a_node_has_its_cause_and_its_next_step(code: str) -> None:
    for key in (f"issue_{code}", f"issue_{code}_step"):
        assert all(TEXTS.text(key, language) != key for language in catalogue.LANGUAGES), key


@pytest.mark.parametrize("code", sorted(said_by_hub()))
def test_every_issue_of_the_console_has_its_cause_and_its_next_step(code: str) -> None:
    for key in (f"console_issue_{code}", f"console_issue_{code}_cause", f"console_issue_{code}_step"):
        assert all(TEXTS.text(key, language) != key for language in catalogue.LANGUAGES), key


def test_the_states_that_bar_a_box_are_among_them() -> None:
    assert set(meta.BARRED) <= said_by_nodes()
    assert {"certificate_past", "grant_past", "unknown_issuer", "hub_long_away"} <= said_by_nodes()


def test_every_link_in_the_handbook_leads_somewhere() -> None:
    for path in (ROOT / "docs/operating").glob("*.md"):
        for target in re.findall(r"\]\(([a-z-]+\.md)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).is_file(), f"{path.name}: {target}"
