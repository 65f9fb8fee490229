"""Giving tickets back on one node: offer, refund, resale, and what the gate says of the old ticket."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge import domains
from edge.domains.inventory import store as seats
from edge.domains.ticketing.service import Ticket
from edge.kernel import meta
from edge.kernel.rebuild import dump, rebuild
from sync.domains import EVENTS
from sync.domains.boarding.operations import ManifestEntry, VoidTicket
from sync.domains.inventory.events import GrantReturned
from sync.domains.ticketing.events import TicketRefunded
from sync.domains.ticketing.operations import RefundRules
from sync.domains.ticketing.rules import DEFAULT_REFUND_RULES
from sync.kernel import ticket
from sync.kernel.certificate import Revocation
from sync.kernel.days import DAY_MS
from sync.kernel.errors import Refusal
from sync.kernel.events import Event
from tests.support.nodes import (
    ALL_LEGS,
    CLERK_NO,
    COACH_TRIP,
    FERRY_TRIP,
    NOON_MS,
    TODAY,
    Bench,
    make_bench,
)

HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})
    return found


def logged(bench: Bench, kind: type[Event]) -> list[Event]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    return [event for event in (EVENTS.decode(row[0]).event for row in rows) if isinstance(event, kind)]


def refund(bench: Bench, sold: Ticket, reason: str = "passenger", key: str = "") -> Ticket:
    offer = bench.node.refunds.offer(sold.number, reason)
    return bench.node.refunds.refund(sold.number, reason, offer.fee_minor, CLERK_NO, key or f"refund-{sold.number}")


def test_an_offer_changes_nothing_and_says_what_will_happen(bench: Bench) -> None:
    sold = bench.sell()
    before = list(bench.node.database.writer.iterdump())
    offer = bench.node.refunds.offer(sold.number, "passenger")
    assert (offer.fee_minor, offer.refunded_minor, offer.rule) == (300, 2700, "default/120")
    assert list(bench.node.database.writer.iterdump()) == before
    back = refund(bench, sold)
    assert back.refunded is not None
    assert (back.refunded.fee_minor, back.refunded.refunded_minor, back.refunded.reason) == (300, 2700, "passenger")


def test_the_seat_is_on_sale_here_again_and_only_once(bench: Bench) -> None:
    sold = bench.sell(seat=1)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=1)
    refund(bench, sold)
    assert bench.sell(seat=1).seat == 1
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=1)


def test_only_the_legs_of_the_ticket_come_back(bench: Bench) -> None:
    first, second = bench.sell(0, 2, seat=1), bench.sell(2, 4, seat=1)
    refund(bench, first)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(1, 3, seat=1)
    assert bench.sell(0, 2, seat=1).ride.to_idx == 2
    refund(bench, second)
    assert bench.sell(2, 4, seat=1).ride.from_idx == 2


def test_a_place_of_free_seating_comes_back(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 1})
    sold = bench.sell(0, 1, trip_no=FERRY_TRIP)
    with pytest.raises(Refusal, match="no_seat"):
        bench.sell(0, 1, trip_no=FERRY_TRIP)
    refund(bench, sold)
    again = bench.sell(0, 1, trip_no=FERRY_TRIP)
    assert ticket.parse(again.text).claims.superseded == (sold.ticket_id,)
    with pytest.raises(Refusal, match="no_seat"):
        bench.sell(0, 1, trip_no=FERRY_TRIP)


def test_the_same_key_gives_the_same_refund_whatever_happened_in_between(bench: Bench) -> None:
    sold = bench.sell()
    first = refund(bench, sold, key="key-of-this-refund")
    bench.restart()
    bench.clock.pass_ms(30 * HOUR_MS)
    assert bench.node.refunds.refund(sold.number, "passenger", 300, CLERK_NO, "key-of-this-refund") == first
    assert len(logged(bench, TicketRefunded)) == 1


def test_a_key_of_another_refund_is_refused_and_so_is_one_that_is_none(bench: Bench) -> None:
    one, other = bench.sell(), bench.sell()
    refund(bench, one, key="key-of-this-refund")
    for key in ("key-of-this-refund", "short", "密" * 10):
        with pytest.raises(Refusal, match="key_form"):
            bench.node.refunds.refund(other.number, "passenger", 300, CLERK_NO, key)
    assert bench.node.ticketing.find(other.number).refunded is None


def test_a_ticket_is_given_back_once(bench: Bench) -> None:
    sold = bench.sell()
    refund(bench, sold)
    with pytest.raises(Refusal, match="refund_done"):
        bench.node.refunds.offer(sold.number, "station_error")
    with pytest.raises(Refusal, match="refund_done"):
        bench.node.refunds.refund(sold.number, "passenger", 300, CLERK_NO, "another-key-for-it")


def test_a_fee_that_changed_after_it_was_shown_is_not_taken(bench: Bench) -> None:
    sold = bench.sell()
    shown = bench.node.refunds.offer(sold.number, "passenger").fee_minor
    bench.clock.pass_ms(2 * HOUR_MS)  # 14:00, an hour left
    with pytest.raises(Refusal, match="refund_fee_changed"):
        bench.node.refunds.refund(sold.number, "passenger", shown, CLERK_NO, "late-by-a-minute")
    assert bench.node.ticketing.find(sold.number).refunded is None
    refunded = refund(bench, sold).refunded
    assert refunded is not None and (refunded.fee_minor, refunded.rule) == (600, "default/0")


def test_what_may_not_go_back_is_refused_with_a_reason(bench: Bench) -> None:
    boarded, late = bench.sell(), bench.sell()
    assert bench.node.boarding.check(boarded.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "green"
    with pytest.raises(Refusal, match="refund_boarded"):
        bench.node.refunds.offer(boarded.number, "passenger")
    bench.clock.pass_ms(3 * HOUR_MS)  # 15:00, it leaves
    with pytest.raises(Refusal, match="refund_departed"):
        bench.node.refunds.offer(late.number, "passenger")
    with pytest.raises(Refusal, match="ticket_not_here"):
        bench.node.refunds.offer(ticket.TicketId(9, 1, 1).number, "passenger")


def test_a_barred_box_hands_nothing_back(bench: Bench) -> None:
    sold = bench.sell()
    bench.node.scribe.write(lambda unit: meta.put(unit.connection, hub_status="revoked"))
    with pytest.raises(Refusal, match="box_barred"):
        refund(bench, sold)


def test_where_the_clock_is_in_doubt_only_faults_are_refunded_and_the_event_says_so(bench: Bench) -> None:
    day = TODAY + 301
    bench.grant(COACH_TRIP, day=day, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 400 * DAY_MS)
    bench.clock.pass_ms(300 * DAY_MS)
    bench.restart()
    sold = bench.sell(day=day)
    with pytest.raises(Refusal, match="refund_clock_unsure"):
        bench.node.refunds.offer(sold.number, "passenger")
    refunded = refund(bench, sold, "trip_cancelled").refunded
    assert refunded is not None and refunded.refunded_minor == 3000
    assert [event.clock_sure for event in logged(bench, TicketRefunded)] == [False]  # type: ignore[attr-defined]


def test_a_ticket_is_judged_by_the_rules_of_the_day_of_its_sale(bench: Bench) -> None:
    def publish(given: RefundRules) -> None:
        bench.operate("net", given.key, given.to_bytes())

    publish(dataclasses.replace(DEFAULT_REFUND_RULES, name="today", from_day=TODAY, bands=((0, 500, 0),)))
    publish(dataclasses.replace(DEFAULT_REFUND_RULES, name="tomorrow", from_day=TODAY + 1, bands=((0, 0, 0),)))
    bench.grant(COACH_TRIP, day=TODAY + 2, seats={1: ALL_LEGS})
    sold = bench.sell(day=TODAY + 2)
    bench.clock.pass_ms(DAY_MS)
    offer = bench.node.refunds.offer(sold.number, "passenger")
    assert (offer.fee_minor, offer.rule) == (1500, "today/0")
    publish(dataclasses.replace(DEFAULT_REFUND_RULES, name="own", from_day=TODAY, agency_no=1, bands=((0, 10, 0),)))
    assert bench.node.refunds.offer(sold.number, "passenger").rule == "own/0"
    bench.operate("net", f"ruleset/refund/1/{TODAY}", None)
    assert bench.node.refunds.offer(sold.number, "passenger").rule == "today/0"


def test_a_kind_of_rules_from_the_future_is_kept_and_bothers_nobody(bench: Bench) -> None:
    bench.operate("net", "ruleset/fares/all/1", b"\x80")
    assert meta.get(bench.node.database.read(), "unreadable", "") == ""
    assert bench.node.refunds.offer(bench.sell().number, "passenger").rule == "default/120"


def test_a_seat_whose_grant_is_over_goes_back_to_the_hub_and_is_not_sold_here(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    grant_id = bench.grant(COACH_TRIP, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + HOUR_MS)
    sold = bench.sell(0, 3)
    bench.clock.pass_ms(HOUR_MS)
    assert bench.node.inventory.give_back() == 1  # the last leg
    refund(bench, sold)
    with pytest.raises(Refusal, match="grant_past"):
        bench.sell(0, 3, seat=1)
    assert bench.node.inventory.give_back() == 1
    assert bench.node.inventory.give_back() == 0
    assert logged(bench, GrantReturned) == [
        GrantReturned(grant_id, COACH_TRIP, TODAY, ((1, 0b1000),), ()),
        GrantReturned(grant_id, COACH_TRIP, TODAY, ((1, 0b0111),), ()),
    ]


def test_cells_that_went_back_to_the_hub_stay_there(bench: Bench) -> None:
    sold = bench.sell(0, 2, seat=1)
    bench.operate("node/7", f"recall/{COACH_TRIP}/{TODAY}", seats.Recall(1, 0).to_bytes())
    bench.node.inventory.give_back()
    refund(bench, sold)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(0, 4, seat=1)
    assert bench.sell(0, 2, seat=1).seat == 1


def test_the_next_ticket_of_the_seat_names_those_that_it_supersedes(bench: Bench) -> None:
    first = bench.sell(0, 4, seat=1)
    assert ticket.parse(first.text).claims.superseded == ()
    refund(bench, first)
    second = bench.sell(0, 1, seat=1)
    assert ticket.parse(second.text).claims.superseded == (first.ticket_id,)
    refund(bench, second)
    third = bench.sell(0, 4, seat=1)
    assert ticket.parse(third.text).claims.superseded == (second.ticket_id, first.ticket_id)
    refund(bench, third)
    fourth = bench.sell(0, 4, seat=1)
    assert ticket.parse(fourth.text).claims.superseded == (third.ticket_id, second.ticket_id, first.ticket_id)
    refund(bench, fourth)
    fifth = bench.sell(0, 4, seat=1)
    newest = (fourth.ticket_id, third.ticket_id, second.ticket_id)
    assert ticket.parse(fifth.text).claims.superseded == newest, "three fit; the hub tells of the rest"
    assert ticket.parse(bench.sell(0, 4, seat=2).text).claims.superseded == ()


def test_what_was_given_back_is_sold_to_nobody_who_boards_behind_the_old_passenger(bench: Bench) -> None:
    refund(bench, bench.sell(0, 4, seat=1))
    bench.sell(0, 1, seat=1)
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(1, 4, seat=1)  # the vehicle's box may not know of the refund


def test_a_ticket_reads_the_same_before_and_after_later_refunds(bench: Bench) -> None:
    first, other = bench.sell(0, 2, seat=1), bench.sell(2, 4, seat=1)
    refund(bench, first)
    second = bench.sell(0, 2, seat=1)
    refund(bench, other)
    bench.restart()
    assert [bench.node.ticketing.find(one.number).text for one in (first, second)] == [first.text, second.text]


def gate_of(folder: Path, bench: Bench) -> Bench:
    """A vehicle's box that knows the selling node's key and nothing else of it."""
    gate = make_bench(folder, node_no=8, kind="vehicle")
    key, identity = bench.node.signer.kid.hex(), bench.node.identity
    assert identity is not None
    gate.operate("net", f"key/{key}", identity.certificate)
    return gate


def check(gate: Bench, shown: Ticket, trip_no: int = COACH_TRIP) -> tuple[str, str | None]:
    verdict = gate.node.boarding.check(shown.text, trip_no, TODAY, "gate", CLERK_NO)
    return verdict.colour, verdict.reason


def test_the_box_that_refunded_a_ticket_refuses_it(bench: Bench) -> None:
    sold = bench.sell()
    refund(bench, sold)
    assert check(bench, sold) == ("red", "refunded")
    with pytest.raises(Refusal, match="ticket_refunded"):
        bench.node.ticketing.good(sold.number)


def test_a_gate_that_never_heard_of_the_refund_learns_of_it_from_the_new_ticket(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    old = bench.sell(0, 4, seat=1)
    refund(bench, old)
    new = bench.sell(0, 4, seat=1)
    assert check(gate, new) == ("green", None)
    gate.restart()
    gate.node.clock.saw_hub(gate.clock.wall_ms())
    assert check(gate, old) == ("red", "superseded")
    verdict = gate.node.boarding.check(old.text, COACH_TRIP, TODAY, "gate", CLERK_NO)
    assert verdict.newer == new.number


def test_a_new_ticket_voids_the_old_one_also_where_it_may_not_board_itself(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    old = bench.sell(0, 4, seat=1)
    refund(bench, old)
    assert check(gate, bench.sell(0, 4, seat=1), trip_no=COACH_TRIP + 2) == ("red", "wrong_trip")
    assert check(gate, old) == ("red", "superseded")


def test_if_the_old_ticket_is_aboard_already_the_new_one_is_let_in_with_a_warning(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    old = bench.sell(0, 4, seat=1)
    assert check(gate, old) == ("green", None)
    refund(bench, old)
    verdict = gate.node.boarding.check(bench.sell(0, 4, seat=1).text, COACH_TRIP, TODAY, "gate", CLERK_NO)
    assert (verdict.colour, verdict.notes) == ("amber", ("older_aboard",))


def test_a_node_voids_no_ticket_of_another(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    gate.grant(COACH_TRIP, seats={9: ALL_LEGS})
    good = gate.sell(0, 4, seat=9)
    claims = ticket.parse(bench.sell().text).claims
    thief = dataclasses.replace(claims, supersedes=good.ticket_id.to_bytes())
    text = ticket.issue(thief, bench.node.signer)
    assert gate.node.boarding.check(text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "green"
    assert check(gate, good) == ("green", None)


def test_a_revoked_box_voids_nothing(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    old = bench.sell(0, 4, seat=1)
    refund(bench, old)
    new = bench.sell(0, 4, seat=1)
    revoked = Revocation(7, old.ticket_id.serial, NOON_MS, "stolen")
    gate.operate("net", f"revoked/{bench.node.signer.kid.hex()}", revoked.to_bytes())
    assert check(gate, new) == ("red", "revoked")
    assert check(gate, old) == ("green", None)


def test_a_box_refuses_what_the_hub_calls_void_until_that_is_taken_back(bench: Bench, tmp_path: Path) -> None:
    gate = gate_of(tmp_path / "gate", bench)
    sold = bench.sell()
    name, key = f"trip/{COACH_TRIP}/{TODAY}", sold.ticket_id.to_bytes().hex()
    gate.operate(name, f"manifest/{key}", ManifestEntry(0, 4, 1, COACH_TRIP, TODAY).to_bytes())
    gate.operate(name, f"void/{key}", VoidTicket(COACH_TRIP, TODAY, NOON_MS - HOUR_MS).to_bytes())
    verdict = gate.node.boarding.check(sold.text, COACH_TRIP, TODAY, "gate", CLERK_NO)
    assert (verdict.reason, verdict.first_ms) == ("refunded", NOON_MS - HOUR_MS)
    gate.operate(name, f"void/{key}", None)
    assert check(gate, sold) == ("green", None)


def test_takings_are_sales_less_refunds_of_the_day(bench: Bench) -> None:
    first, second = bench.sell(), bench.sell(1, 3)
    refund(bench, first)
    refund(bench, second, "station_error")
    found = bench.node.ticketing.takings(None, TODAY)
    assert (found.count, found.totals) == (2, {"CNY": 5200})
    assert (found.refunds, found.handed_back, found.in_hand) == (2, {"CNY": 4900}, {"CNY": 300})
    assert [one.number for one in found.returned] == [second.number, first.number]
    assert bench.node.ticketing.takings(CLERK_NO + 1, TODAY).refunds == 0


def test_the_state_is_a_fold_of_the_log_with_refunds_in_it(bench: Bench) -> None:
    bench.grant(FERRY_TRIP, counts={0: 2})
    for sold in (bench.sell(0, 2), bench.sell(0, 1, trip_no=FERRY_TRIP), bench.sell(2, 4)):
        refund(bench, sold)
    new = bench.sell(0, 4)
    assert bench.node.boarding.check(new.text, COACH_TRIP, TODAY, "gate", CLERK_NO).colour == "green"
    node, tables = bench.node, (*domains.REFERENCE_TABLES, *domains.STATE_TABLES)
    before = dump(node.database.read(), tables)
    node.scribe.write(
        lambda unit: rebuild(
            unit.connection,
            node.streams,
            domains.appliers(),
            domains.end_log,
            domains.REFERENCE_TABLES,
            domains.STATE_TABLES,
        )
    )
    assert dump(node.database.read(), tables) == before
