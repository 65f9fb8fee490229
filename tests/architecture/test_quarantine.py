"""Every code of the quarantine is explained: in the reference, and in words on the console; and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sync import catalogue
from tests.architecture.quarantine import codes
from tests.tooling.tree import python_files, read

PREFIX = "console_broke_"


def raised() -> set[str]:
    """Codes in the code of the hub, and in the rules that it shares with boxes."""
    return codes({path: read(path) for path in python_files("cloud", "sync")})


def explained() -> set[str]:
    """Codes in the first column of the reference's table."""
    section = read(Path("docs/reference/README.md")).split("\n## Quarantine\n")[1].split("\n## ")[0]
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {code for first in firsts for code in re.findall(r"`([a-z_]+)`", first)}


def test_codes_are_found_in_whichever_way_they_are_written() -> None:
    found = raised()
    assert {"serial_used", "at_risk_clash", "seat_sold_twice", "refund_paid_out", "no_show_boarded"} <= found
    assert {"boarded_refunded", "refund_boarded", "event_shape", "event_range", "event_text"} <= found


def test_a_code_that_cannot_be_followed_is_no_code_that_is_left_out() -> None:
    with pytest.raises(LookupError, match="said"):
        codes({Path("x.py"): "def f(self, event):\n    said = look(event)\n    raise Quarantine(said, '')"})


def test_the_reference_lists_the_codes_that_there_are_and_no_others() -> None:
    assert explained() == raised()


def test_the_console_has_words_for_every_code_and_no_others() -> None:
    assert {key.removeprefix(PREFIX) for key in catalogue.load().texts if key.startswith(PREFIX)} == raised()
