"""Whatever a person reads exists in all three languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.texts import entries, faults, refusal_codes
from tests.tooling.tree import ROOMS, files, python_files, read

CATALOGUE = Path("sync/catalogue")


def test_every_text_exists_in_three_languages() -> None:
    catalogues = [path for path in files() if path.parent == CATALOGUE and path.suffix == ".toml"]
    assert catalogues
    wrong = [line for path in catalogues for line in faults(path, read(path))]
    assert not wrong, "\n".join(wrong)


def test_every_refusal_has_a_sentence() -> None:
    catalogues = [path for path in files() if path.parent == CATALOGUE and path.suffix == ".toml"]
    sentences = {key for path in catalogues for key in entries(read(path))}
    used = [pair for path in python_files(*ROOMS) for pair in refusal_codes(path, read(path))]
    assert used
    without = [f"{where} {code}" for code, where in used if code not in sentences]
    assert not without, "\n".join(without)


@pytest.mark.parametrize(
    "source",
    [
        '[a]\nzh-Hans = "一"\nen = "one"',
        '[a]\nzh-Hans = "一"\nzh-Hant = " "\nen = "one"',
        '[a]\nzh-Hans = "{n} 个"\nzh-Hant = "{n} 個"\nen = "{count} pieces"',
        'a = "one"',
    ],
)
def test_a_text_with_a_fault_is_seen(source: str) -> None:
    assert faults(Path("x.toml"), source)


def test_a_refusal_is_found_wherever_it_stands() -> None:
    assert refusal_codes(Path("x.py"), "def f():\n    raise errors.Refusal('seat_gone', seat=1)") == [
        ("seat_gone", "x.py:2")
    ]
