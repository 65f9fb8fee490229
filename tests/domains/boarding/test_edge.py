"""At the gate: who may board, who may not and why, and that a ticket boards once."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
from base45 import b45decode, b45encode

from edge.domains.boarding import store
from edge.domains.boarding.devices import OPEN_FOR_MS
from edge.domains.boarding.service import Verdict
from sync.domains import EVENTS
from sync.domains.boarding.events import BoardingRefused, GateOpened, TicketBoarded
from sync.domains.boarding.operations import Duty, ManifestEntry
from sync.kernel import certificate, ticket
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.days import DAY_MS
from sync.kernel.errors import Refusal
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId
from tests.support.nodes import (
    ALL_LEGS,
    CLERK_NO,
    COACH_TRIP,
    FERRY_TRIP,
    LATE_TRIP,
    NOON_MS,
    TODAY,
    Bench,
    make_bench,
)

OTHER = Ed25519Signer(b"the key of another node, box 8..")
HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path, kind="vehicle", gate_device="gate-1")
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 11), ALL_LEGS))
    return found


def check(bench: Bench, code: str, trip_no: int = COACH_TRIP, day: int = TODAY, **more: object) -> Verdict:
    return bench.node.boarding.check(code, trip_no, day, "g1", CLERK_NO, **more)  # type: ignore[arg-type]


def logged(bench: Bench, kind: type) -> list:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    found = [EVENTS.decode(row[0]).event for row in rows]
    return [event for event in found if type(event) is kind]


def foreign(serial: int = 1, carry: bytes | None = None, signer: Ed25519Signer = OTHER, **changes: object) -> str:
    """A ticket that node 8 sold."""
    claims = Claims(TicketId(8, 1, serial), COACH_TRIP, TODAY, 0, 4, 9, 0, NOON_MS // 1000 + 86_400)
    return ticket.issue(dataclasses.replace(claims, **changes), signer, carry)  # type: ignore[arg-type]


def certified(bench: Bench, node_no: int = 8, epoch: int = 1) -> bytes:
    return certificate.issue(Certificate(node_no, epoch, OTHER.public, TODAY - 3, TODAY + 700), bench.hub)


def introduce(bench: Bench) -> None:
    """The key directory tells of node 8."""
    bench.operate("net", f"key/{OTHER.kid.hex()}", certified(bench))


def test_a_good_ticket_boards_once_and_then_says_when_and_where_it_was_used(bench: Bench) -> None:
    sold = bench.sell(0, 4, seat=7)
    first = check(bench, sold.text)
    assert (first.colour, first.reason, first.seat_label, first.number) == ("green", None, "02C", sold.number)
    assert (first.from_names or {})["en"] == "Duanzhou"
    bench.clock.pass_ms(1_000)
    again = check(bench, sold.text)
    assert (again.colour, again.reason, again.first_gate, again.first_ms) == ("red", "already_used", "g1", NOON_MS)
    assert len(logged(bench, TicketBoarded)) == len(logged(bench, BoardingRefused)) == 1
    assert bench.node.ticketing.find(sold.number).boarded == (NOON_MS, "g1")


def test_a_used_ticket_stays_used_after_a_restart(bench: Bench) -> None:
    sold = bench.sell()
    check(bench, sold.text)
    bench.restart()
    assert check(bench, sold.text).reason == "already_used"


def test_a_ticket_in_other_writing_is_the_same_ticket(bench: Bench) -> None:
    sold = bench.sell()
    assert check(bench, f"  {sold.text.lower()}\r\n").colour == "green"
    assert check(bench, sold.text).reason == "already_used"


def test_a_ticket_without_its_certificate_is_the_same_ticket(bench: Bench) -> None:
    introduce(bench)
    assert check(bench, foreign(carry=certified(bench))).colour == "green"
    assert check(bench, foreign()).reason == "already_used"


def test_a_ticket_scanned_in_small_letters_still_rates_by_the_printed_short_code(bench: Bench) -> None:
    sold = bench.sell()
    check(bench, sold.text.lower())
    bench.node.ratings.rate(sold.number, sold.short_code, 5, [], "", "en")


def test_of_two_scans_of_one_ticket_at_the_same_moment_exactly_one_is_green(bench: Bench) -> None:
    for seat in range(1, 6):
        sold, gate = bench.sell(seat=seat), threading.Barrier(4)
        colours: list[str] = []

        def scan(text: str = sold.text, gate: threading.Barrier = gate, colours: list[str] = colours) -> None:
            gate.wait(10)
            colours.append(check(bench, text).colour)

        threads = [threading.Thread(target=scan) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(colours) == ["green", "red", "red", "red"]
    assert len(logged(bench, TicketBoarded)) == 5


def test_deciding_before_the_transaction_would_board_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary of the test above: without the look inside the transaction two are green."""
    sold = bench.sell()
    monkeypatch.setattr(store, "boarded", lambda *_: None)
    assert [check(bench, sold.text).colour for _ in range(2)] == ["green", "green"]


@pytest.mark.parametrize("code", ["", "Y1:", "hello", "Y1:" + "A" * 2_000, "\ud800", "Y1:\x00", "00007-01-0000001-26"])
def test_what_is_no_code_is_damaged(bench: Bench, code: str) -> None:
    assert check(bench, code).reason == "damaged"


def test_a_ticket_of_an_unknown_box_is_refused_until_the_directory_tells_of_it(bench: Bench) -> None:
    assert check(bench, foreign()).reason == "unknown_issuer"
    assert [(one.code, one.details) for one in bench.node.fleet.status().issues] == [("unknown_issuer", {"count": 1})]
    introduce(bench)
    assert check(bench, foreign()).colour == "green"
    assert bench.node.fleet.status().issues == ()


def test_a_ticket_for_a_day_behind_its_sellers_certificate_is_amber_and_boards(bench: Bench) -> None:
    ended = certificate.issue(Certificate(8, 1, OTHER.public, TODAY - 300, TODAY - 1), bench.hub)
    bench.operate("net", f"key/{OTHER.kid.hex()}", ended)
    found = check(bench, foreign())
    assert (found.colour, found.reason, found.notes) == ("amber", None, ("certificate_past",))
    assert check(bench, foreign()).reason == "already_used"


def test_a_young_issuer_is_believed_by_the_certificate_inside_its_ticket(bench: Bench) -> None:
    found = check(bench, foreign(carry=certified(bench)))
    assert (found.colour, found.seat_label, found.number) == ("green", "03A", TicketId(8, 1, 1).number)


def test_a_certificate_that_the_hub_did_not_sign_helps_nobody(bench: Bench) -> None:
    own_word = certificate.issue(Certificate(8, 1, OTHER.public, TODAY - 3, TODAY + 700), OTHER)
    stranger = Ed25519Signer(b"somebody who signs for the other")
    assert check(bench, foreign(carry=own_word)).reason == "unknown_issuer"
    assert check(bench, foreign(carry=certified(bench), signer=stranger)).reason == "unknown_issuer"
    assert check(bench, foreign(carry=b"\x00")).reason == "unknown_issuer"


def test_a_box_signs_only_its_own_tickets(bench: Bench) -> None:
    introduce(bench)
    assert check(bench, foreign(ticket_id=TicketId(7, 1, 1))).reason == "forged"
    assert check(bench, foreign(ticket_id=TicketId(8, 2, 1))).reason == "forged"


def test_a_changed_ticket_is_forged(bench: Bench) -> None:
    """Every byte of the signature and of the claims, one after the other."""
    sold = bench.sell(0, 1)
    data = bytes(b45decode(sold.text[3:]))
    at = data.index(ticket.parse(sold.text).signed.payload)
    for place in [*range(at, at + 20), *range(len(data) - 64, len(data), 7)]:
        forged = bytearray(data)
        forged[place] ^= 1
        assert check(bench, "Y1:" + b45encode(bytes(forged)).decode()).reason in ("forged", "damaged"), place
    assert check(bench, sold.text).colour == "green"


def test_a_revoked_issuer_is_good_up_to_the_cut_and_no_further(bench: Bench) -> None:
    introduce(bench)
    bench.operate("net", f"revoked/{OTHER.kid.hex()}", Revocation(8, 5, NOON_MS, "stolen").to_bytes())
    assert check(bench, foreign(serial=5)).colour == "green"
    assert check(bench, foreign(serial=6)).reason == "revoked"
    assert check(bench, foreign(serial=7, carry=certified(bench))).reason == "revoked"


def test_a_revocation_holds_where_the_key_is_known_only_from_the_ticket(bench: Bench) -> None:
    bench.operate("net", f"revoked/{OTHER.kid.hex()}", Revocation(8, 0, NOON_MS, "stolen").to_bytes())
    assert check(bench, foreign(carry=certified(bench))).reason == "revoked"


def test_another_trip_another_date_another_stop_each_have_their_reason(bench: Bench) -> None:
    introduce(bench)
    wrong_trip = check(bench, foreign(trip_no=FERRY_TRIP, to_idx=1, seat=0))
    assert (wrong_trip.reason, wrong_trip.right and wrong_trip.right.trip_no) == ("wrong_trip", FERRY_TRIP)
    wrong_date = check(bench, foreign(day=TODAY + 1))
    assert (wrong_date.reason, wrong_date.right and wrong_date.right.day) == ("wrong_date", TODAY + 1)
    ridden = foreign(from_idx=1, to_idx=3)
    for stop_idx in (0, 3, 4):
        assert check(bench, ridden, stop_idx=stop_idx).reason == "wrong_stop"
    assert check(bench, ridden, stop_idx=2).colour == "green"


def test_a_refused_ticket_is_not_used_up(bench: Bench) -> None:
    sold = bench.sell()
    assert check(bench, sold.text, FERRY_TRIP).reason == "wrong_trip"
    assert check(bench, sold.text).colour == "green"


def test_an_expired_ticket_is_refused_to_the_second(bench: Bench) -> None:
    introduce(bench)
    until_s = NOON_MS // 1000 + 10
    bench.clock.pass_ms(10_999)
    assert check(bench, foreign(serial=1, until_s=until_s)).colour == "green"
    bench.clock.pass_ms(1)
    assert check(bench, foreign(serial=2, until_s=until_s)).reason == "expired"


def test_an_unsure_clock_makes_amber_and_refuses_nobody_as_expired(bench: Bench) -> None:
    sold = bench.sell()
    bench.clock.wall = NOON_MS + 400 * DAY_MS
    bench.restart()
    found = check(bench, sold.text)
    assert (found.colour, found.reason, found.notes) == ("amber", None, ("clock_unsure",))
    assert logged(bench, TicketBoarded)[0].clock_sure is False
    assert check(bench, sold.text).reason == "already_used"


def test_a_clock_in_1970_is_unsure_too(bench: Bench) -> None:
    sold = bench.sell()
    bench.clock.wall = 86_400_000
    bench.restart()
    assert check(bench, sold.text).colour == "amber"


def test_a_ticket_for_a_trip_that_this_box_does_not_know_is_judged_without_falling(bench: Bench) -> None:
    introduce(bench)
    found = check(bench, foreign(trip_no=1 << 50, day=(1 << 20) - 1, from_idx=70, to_idx=90))
    assert (found.reason, found.right) == ("wrong_trip", None)


def test_refusals_are_counted_by_reason(bench: Bench) -> None:
    sold = bench.sell()
    for code in ("x", "y", foreign(), sold.text, sold.text):
        check(bench, code)
    found = bench.node.boarding.refusals(COACH_TRIP, TODAY)
    assert found == {"damaged": 2, "unknown_issuer": 1, "already_used": 1}


def test_counts_tell_boarded_and_expected(bench: Bench) -> None:
    sold = bench.sell()
    assert bench.node.boarding.counts(COACH_TRIP, TODAY) == (0, None)
    for number in (1, 2):
        entry = ManifestEntry(0, 4, number, COACH_TRIP, TODAY)
        bench.operate(
            f"trip/{COACH_TRIP}/{TODAY}", f"manifest/{TicketId(7, 1, number).to_bytes().hex()}", entry.to_bytes()
        )
    check(bench, sold.text)
    assert bench.node.boarding.counts(COACH_TRIP, TODAY) == (1, 2)


def test_the_box_boards_its_next_duty_until_somebody_chooses(bench: Bench) -> None:
    boarding = bench.node.boarding
    assert [trip.trip_no for trip in boarding.duties()] == [COACH_TRIP, LATE_TRIP]
    assert boarding.current() == (COACH_TRIP, TODAY)
    bench.clock.pass_ms(5 * HOUR_MS)  # the first one has arrived
    assert boarding.current() == (LATE_TRIP, TODAY)
    boarding.choose(FERRY_TRIP, TODAY + 1, CLERK_NO)
    assert boarding.current() == (FERRY_TRIP, TODAY + 1)
    with pytest.raises(Refusal, match="no_such_trip"):
        boarding.choose(999, TODAY, CLERK_NO)
    assert boarding.current() == (FERRY_TRIP, TODAY + 1)


def test_a_choice_of_yesterday_does_not_stand_in_the_way_of_todays_duty(bench: Bench) -> None:
    boarding = bench.node.boarding
    boarding.choose(COACH_TRIP, TODAY, CLERK_NO)
    bench.operate("node/7", f"duty/{COACH_TRIP}/{TODAY + 1}", Duty("粤H12345").to_bytes())
    bench.clock.pass_ms(10 * HOUR_MS)  # 22:00: five hours after its arrival, tickets are still good
    assert boarding.current() == (COACH_TRIP, TODAY)
    bench.clock.pass_ms(12 * HOUR_MS)
    assert boarding.current() == (COACH_TRIP, TODAY + 1)


def test_a_choice_stands_while_the_clock_is_not_sure(bench: Bench) -> None:
    bench.node.boarding.choose(COACH_TRIP, TODAY, CLERK_NO)
    bench.clock.wall = NOON_MS + 300 * DAY_MS
    bench.restart()
    assert bench.node.boarding.current() == (COACH_TRIP, TODAY)


def test_a_duty_for_a_trip_that_is_not_known_hides_no_other(bench: Bench) -> None:
    bench.operate("node/7", f"duty/555/{TODAY}", Duty("粤H00000").to_bytes())
    assert [trip.trip_no for trip in bench.node.boarding.duties()] == [COACH_TRIP, LATE_TRIP]


def scan(bench: Bench, code: str, seq: int = 1, historical: bool = False, device: str = "scanner-1") -> tuple[str, str]:
    said = bench.node.scanning.on_scan(device, 1, seq, code, f"trace-{seq}", historical)
    return said.verdict, said.code


def test_the_same_scan_again_gets_the_same_answer_and_causes_nothing_new(bench: Bench) -> None:
    sold = bench.sell()
    assert [scan(bench, sold.text) for _ in range(3)] == [("VALID", "green")] * 3
    bench.restart()
    assert scan(bench, sold.text) == ("VALID", "green")
    assert scan(bench, sold.text, seq=2) == ("INVALID", "already_used")
    assert scan(bench, sold.text, device="scanner-2") == ("INVALID", "already_used")
    assert len(logged(bench, TicketBoarded)) == 1
    assert len(bench.node.scanning.pending()) == 1


def test_the_same_scan_in_two_threads_boards_once_and_both_hear_the_same(bench: Bench) -> None:
    sold, gate, said = bench.sell(), threading.Barrier(2), []

    def work() -> None:
        gate.wait(10)
        said.append(scan(bench, sold.text))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert said == [("VALID", "green")] * 2
    assert len(logged(bench, TicketBoarded)) == 1


def test_a_good_scan_opens_the_gate_once_for_a_quarter_of_a_minute(bench: Bench) -> None:
    sold = bench.sell()
    scan(bench, sold.text)
    (command,) = bench.node.scanning.pending()
    ticket_hex = sold.ticket_id.to_bytes().hex()
    assert (command.cmd_id, command.device) == (f"open-{ticket_hex}", "gate-1")
    assert command.expires_at_ms == NOON_MS + OPEN_FOR_MS
    for _ in range(2):
        bench.node.scanning.on_opened("gate-1", 1, 1, command.cmd_id, ticket_hex, "trace-1")
    assert logged(bench, GateOpened) == [GateOpened(sold.ticket_id.to_bytes(), "gate-1")]
    assert bench.node.scanning.pending() == []


def test_a_gate_that_answers_after_its_time_is_still_recorded(bench: Bench) -> None:
    sold = bench.sell()
    scan(bench, sold.text)
    (command,) = bench.node.scanning.pending()
    bench.node.scanning.done(command.cmd_id, "unanswered")
    assert bench.node.scanning.pending() == []
    bench.node.scanning.on_opened("gate-1", 1, 1, command.cmd_id, sold.ticket_id.to_bytes().hex(), "trace-1")
    assert len(logged(bench, GateOpened)) == 1


def test_a_scan_of_the_past_opens_nothing(bench: Bench) -> None:
    sold = bench.sell()
    assert scan(bench, sold.text, historical=True) == ("VALID", "green")
    assert bench.node.scanning.pending() == []
    assert len(logged(bench, TicketBoarded)) == 1


def test_a_refused_scan_opens_nothing(bench: Bench) -> None:
    assert scan(bench, "Y1:JUNK") == ("INVALID", "damaged")
    assert bench.node.scanning.pending() == []


def test_a_gate_that_says_it_opened_for_nobody_leaves_no_event(bench: Bench) -> None:
    for verdict_id in ("", "zz", "00", TicketId(7, 1, 1).to_bytes().hex()):
        bench.node.scanning.on_opened("gate-1", 1, 1, "open-x", verdict_id, "t")
    assert logged(bench, GateOpened) == []


def test_without_a_trip_to_board_a_scan_is_answered_and_boards_nobody(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    sold = bench.sell()
    assert scan(bench, sold.text) == ("ERROR", "no_trip")
    bench.node.boarding.choose(COACH_TRIP, TODAY, CLERK_NO)
    assert scan(bench, sold.text) == ("VALID", "green")
