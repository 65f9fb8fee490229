"""Every alert has its words: what it is, its cause, the next step, and a line in the reference."""

from __future__ import annotations

import re

import pytest

from cloud.kernel.fold import SUSPECT
from sync import catalogue
from tests.tooling.tree import ROOT, python_files, read

REFERENCE = (ROOT / "docs/reference/README.md").read_text(encoding="utf-8")
TEXTS = catalogue.load()


def raised() -> set[str]:
    """Codes that stand in the code of the hub."""
    found = set(SUSPECT.values())
    for path in python_files("cloud"):
        found |= set(re.findall(r'(?:Alert\(|_tell\(received, )"([a-z_]+)"', read(path)))
    return found


def test_there_are_alerts() -> None:
    assert {"cash_difference", "void_after_print", "price_override", "back_dated"} <= raised()


@pytest.mark.parametrize("code", sorted(raised()))
def test_an_alert_says_what_it_is_why_and_what_to_do(code: str) -> None:
    for key in (f"console_alert_{code}", f"console_alert_{code}_cause", f"console_alert_{code}_step"):
        assert all(TEXTS.text(key, language) != key for language in catalogue.LANGUAGES), key
    assert f"| `{code}` |" in REFERENCE
