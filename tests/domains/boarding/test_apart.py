"""Gates that were cut off from their node: what they are told beforehand, and what becomes of whom they let in."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.kernel import log
from sync.domains import EVENTS
from sync.domains.boarding import rules
from sync.domains.boarding.cutoff import apart
from sync.domains.boarding.cutoff.apart import Book
from sync.domains.boarding.events import BoardedApart, BoardingRefused, TicketBoarded
from sync.domains.boarding.operations import ManifestEntry
from sync.kernel import certificate, devices, ticket
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.devices import Apart
from sync.kernel.errors import Malformed
from sync.kernel.keys import EDDSA, Ed25519Signer
from sync.kernel.ticket import Claims, TicketId
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, NOON_MS, TODAY, Bench, make_bench
from tests.support.phones import Phone

OTHER = Ed25519Signer(b"the key of another node, box 8..")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path, kind="vehicle", gate_device="gate-1")
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 11), ALL_LEGS))
    found.node.boarding.choose(COACH_TRIP, TODAY, CLERK_NO)
    return found


def book(bench: Bench) -> Book:
    found = bench.node.scanning.book()
    assert found is not None
    return devices.decode(Book, devices.encode(found))


def foreign(serial: int = 1, **more: object) -> str:
    claims = Claims(TicketId(8, 1, serial), COACH_TRIP, TODAY, 0, 4, 9, 0, NOON_MS // 1000 + 86_400, **more)  # type: ignore[arg-type]
    return ticket.issue(claims, OTHER)


def introduce(bench: Bench) -> None:
    """The key of node 8, and that it sold for the trip."""
    signed = certificate.issue(Certificate(8, 1, OTHER.public, TODAY - 3, TODAY + 700), bench.hub)
    bench.operate("net", f"key/{OTHER.kid.hex()}", signed)
    entry = ManifestEntry(0, 4, 9, COACH_TRIP, TODAY).to_bytes()
    bench.operate(f"trip/{COACH_TRIP}/{TODAY}", f"manifest/{TicketId(8, 1, 1).to_bytes().hex()}", entry)


def told(bench: Bench, code: str, reason: str = "", seq: int = 5, scan_seq: int = 1, device: str = "scanner-1") -> str:
    said = Apart(1, seq, "trace", True, 1, scan_seq, code, reason, NOON_MS)
    return bench.node.scanning.on_apart(device, said).code


def events(bench: Bench, *kinds: type) -> list:
    found = [EVENTS.decode(data).event for _, data in log.events_after(bench.node.database.read())]
    return [event for event in found if type(event) in kinds]


def test_a_gate_alone_knows_a_good_ticket_from_a_forged_and_a_wrong_one(bench: Bench) -> None:
    known, sold = book(bench), bench.sell()
    bench.grant(FERRY_TRIP, counts={0: 5})
    ferry = bench.sell(0, 1, trip_no=FERRY_TRIP)
    forger = Ed25519Signer(b"a forger's key of just 32 bytes.")
    forger.kid = bench.node.signer.kid
    forged = ticket.issue(ticket.parse(sold.text).claims, forger)
    codes = (sold.text, forged, ferry.text, foreign(), "nonsense")
    reasons = [apart.judge(code, known).reason for code in codes]
    assert reasons == [None, rules.FORGED, rules.WRONG_TRIP, rules.UNKNOWN_ISSUER, rules.DAMAGED]


def test_the_book_names_who_sold_for_the_trip_and_whose_key_is_barred(bench: Bench) -> None:
    assert len(book(bench).keys) == 1
    introduce(bench)
    assert len(book(bench).keys) == 2 and apart.judge(foreign(), book(bench)).reason is None
    bench.operate("net", f"revoked/{OTHER.kid.hex()}", Revocation(8, 0, NOON_MS, "stolen").to_bytes())
    assert apart.judge(foreign(), book(bench)).reason == rules.REVOKED
    assert len(devices.encode(book(bench))) < devices.MAX_PAYLOAD


def test_a_bound_ticket_needs_its_phone_also_where_no_clock_is_asked(bench: Bench) -> None:
    introduce(bench)
    phone = Phone(EDDSA)
    text = foreign(holder=phone.holder)
    assert apart.judge(text, book(bench)).reason == rules.CODE_UNSIGNED
    assert apart.judge(phone.show(text, 1), book(bench)).reason is None


@pytest.mark.parametrize("body", [b"{}", b'{"trip_no":1,"day":1,"hub":"zz","keys":[]}',
                                  b'{"trip_no":1,"day":1,"hub":"' + b"a" * 64 + b'","keys":["x"]}'])  # fmt: skip
def test_a_book_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        devices.decode(Book, body)


def test_who_was_let_in_apart_is_aboard_once_however_often_it_is_told(bench: Bench) -> None:
    sold = bench.sell()
    assert [told(bench, sold.text) for _ in range(3)] == ["apart"] * 3
    (found,) = events(bench, BoardedApart)
    assert (found.ticket_id, found.gate, found.reason, found.at_ms) == (
        sold.ticket_id.to_bytes(),
        "scanner-1",
        "",
        NOON_MS,
    )
    assert bench.node.boarding.counts(COACH_TRIP, TODAY)[0] == 1
    assert bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "g1", CLERK_NO).reason == "already_used"
    assert bench.node.scanning.pending() == []


def test_two_gates_apart_leave_both_boardings_in_the_log(bench: Bench) -> None:
    sold = bench.sell()
    told(bench, sold.text, seq=5, scan_seq=1)
    told(bench, sold.text, seq=7, scan_seq=2, device="scanner-2")
    assert [(event.gate, event.reason) for event in events(bench, BoardedApart)] == [
        ("scanner-1", ""),
        ("scanner-2", "already_used"),
    ]
    assert bench.node.boarding.counts(COACH_TRIP, TODAY)[0] == 1


def test_a_scan_that_the_node_had_let_in_already_is_not_told_twice(bench: Bench) -> None:
    """The node heard the scan and its word came too late: one passenger, one boarding, and no conflict."""
    sold = bench.sell()
    assert bench.node.scanning.on_scan("scanner-1", 1, 1, sold.text, "t", False).code == "green"
    assert told(bench, sold.text, scan_seq=1) == "apart"
    assert len(events(bench, TicketBoarded)) == 1 and events(bench, BoardedApart) == []


def test_a_scan_that_the_node_had_refused_is_told_as_let_in(bench: Bench) -> None:
    sold = bench.sell()
    bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "g1", CLERK_NO)
    assert bench.node.scanning.on_scan("scanner-1", 1, 1, sold.text, "t", False).code == "already_used"
    told(bench, sold.text, scan_seq=1)
    assert [event.reason for event in events(bench, BoardedApart)] == ["already_used"]


def test_the_scan_itself_comes_late_and_boards_nobody_more(bench: Bench) -> None:
    sold = bench.sell()
    told(bench, sold.text, scan_seq=1)
    assert bench.node.scanning.on_scan("scanner-1", 1, 1, sold.text, "t", True).code == "apart"
    assert events(bench, TicketBoarded) == [] and len(events(bench, BoardedApart)) == 1


def test_a_refusal_apart_is_a_refusal_and_boards_nobody(bench: Bench) -> None:
    sold = bench.sell()
    told(bench, sold.text, reason="already_used")
    (refused,) = events(bench, BoardingRefused)
    assert (refused.ticket_id, refused.reason) == (sold.ticket_id.to_bytes(), "already_used")
    assert bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "g1", CLERK_NO).colour == "green"


def test_what_was_let_in_although_it_was_given_back_says_so(bench: Bench) -> None:
    sold = bench.sell()
    bench.node.refunds.refund(sold.number, "station_error", 0, CLERK_NO, "refund-0001")
    told(bench, sold.text)
    assert [event.reason for event in events(bench, BoardedApart)] == ["refunded"]
