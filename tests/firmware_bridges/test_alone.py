"""A scanner that is cut off from its node, without a broker: amber at best, once a ticket, and all of it told afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware_bridges.kernel import bridge
from firmware_bridges.kernel.settings import BridgeSettings
from firmware_bridges.kernel.store import Store
from firmware_bridges.scanner.bridge import ALONE_AFTER_MS, Scanner
from firmware_bridges.scanner.feed import Line
from sync.domains.boarding.cutoff.apart import Book, key_line
from sync.kernel import ticket
from sync.kernel.certificate import Certificate
from sync.kernel.devices import Beat, Verdict, encode, make_bseq
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId

SELLER, HUB = Ed25519Signer(b"a seller of the tests, 32 bytes."), Ed25519Signer(b"the hub of the tests, 32 bytes..")
BOOK = Book(101, 2518, HUB.public.hex(), (key_line(Certificate(7, 1, SELLER.public, 0, 9_999), None),))


class Hands:
    """A scanner in the hand: codes go in, and what it shows comes out."""

    def __init__(self, folder: Path) -> None:
        self.scanner = Scanner(BridgeSettings("node-4", "scanner-1", folder), Store(folder))
        self.shown: list[dict[str, Any]] = []

    def scan(self, code: str) -> str:
        """The newest verdict, or "" while it shows none."""
        before = len(self.shown)
        self.scanner.on_input(Line(code, self.shown.append))
        self.scanner.on_tick()
        return str(self.shown[-1]["code"]) if len(self.shown) > before else ""

    def waiting(self) -> list[tuple[str, str]]:
        return [(row.kind, row.body.get("reason", "-")) for row in self.scanner.store.waiting(99)]


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    found = Hands(tmp_path)
    found.scanner.on_book(encode(BOOK))
    return found


def sold(serial: int = 1, trip_no: int = 101) -> str:
    return ticket.issue(Claims(TicketId(7, 1, serial), trip_no, 2518, 0, 4, serial, 0, 4_000_000_000), SELLER)


def test_a_good_ticket_is_amber_once_and_a_bad_one_red(hands: Hands) -> None:
    assert hands.scan(sold()) == "apart" and hands.shown[-1]["verdict"] == "WARNING"
    assert hands.scan(sold()) == "already_used" and hands.shown[-1]["verdict"] == "INVALID"
    assert [hands.scan(code) for code in (sold(2, 102), "nonsense")] == ["wrong_trip", "damaged"]
    assert hands.waiting() == [("apart", ""), ("apart", "already_used"), ("apart", "wrong_trip"), ("apart", "damaged")]


def test_without_its_list_a_scanner_would_let_a_ticket_in_twice(hands: Hands) -> None:
    """The canary of the test above."""
    hands.scan(sold())
    with hands.scanner.store.write() as db:
        db.execute("DELETE FROM let_in")
    assert hands.scan(sold()) == "apart"


def test_the_list_and_the_book_outlive_a_pulled_plug(hands: Hands, tmp_path: Path) -> None:
    hands.scan(sold())
    hands.scanner.store.close()
    again = Hands(tmp_path)
    assert again.scan(sold()) == "already_used" and again.scan(sold(2)) == "apart"


def test_a_scanner_that_was_never_told_anything_says_nothing_alone(tmp_path: Path) -> None:
    fresh = Hands(tmp_path)
    assert fresh.scan(sold()) == "" and fresh.waiting() == [("scan", "-")]


def test_while_its_node_is_heard_it_waits_for_the_verdict_but_not_for_ever(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = bridge.mono_ms()
    for module in (bridge, __import__("firmware_bridges.scanner.bridge", fromlist=["x"])):
        monkeypatch.setattr(module, "mono_ms", lambda: now)
    hands.scanner._node.hear_beat(Beat(make_bseq(5, 1), 5_000), now)
    assert hands.scan(sold()) == "" and hands.waiting() == [("scan", "-")]
    now += ALONE_AFTER_MS
    hands.scanner.on_tick()
    assert [one["code"] for one in hands.shown] == ["apart"] and hands.waiting() == [("apart", "")]


def test_a_late_word_about_the_scan_takes_nothing_away_that_the_node_must_hear(hands: Hands) -> None:
    hands.scan(sold())
    (row,) = hands.scanner.store.waiting(9)
    late = Verdict(row.body["scan_bseq"], row.body["scan_seq"], "t", "VALID", "green", "请上车")
    hands.scanner.on_command("verdict", encode(late))
    assert hands.waiting() == [("apart", "")] and len(hands.shown) == 1
