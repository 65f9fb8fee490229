"""Named travellers on one node: who must be named, one document one ticket, and what the ticket and the log say."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edge import domains
from edge.domains.ticketing.office.bookings import Rider, Wish
from edge.domains.ticketing.office.paying import Paying
from edge.domains.ticketing.office.shown import Booking
from edge.domains.ticketing.office.travellers import ShownDocument
from edge.domains.ticketing.service import Ticket
from edge.kernel.rebuild import dump, rebuild
from sync.domains import EVENTS
from sync.domains.ticketing.events import TicketSold, TravellerNamed
from sync.domains.ticketing.office import sealing
from sync.domains.ticketing.operations import RealNameRules, SealingKey
from sync.kernel import seal, ticket
from sync.kernel.errors import Refusal
from tests.support.documents import full_name, resident_id
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, TODAY, Bench, CountingIds, make_bench

SECRET = bytes(range(32))
RULES = RealNameRules("gd", "a notice", TODAY - 1, None, True, (), (), 365)


def key_of(period: int, suite: seal.Suite = seal.DEFAULT) -> SealingKey:
    return SealingKey(period, suite.number, seal.public_of(suite, SECRET), bytes([period % 100]) * 32)


def real_names(bench: Bench, given: RealNameRules = RULES, suite: seal.Suite = seal.DEFAULT) -> None:
    bench.operate("net", given.key, given.to_bytes())
    for period in (202611, 202612):
        key = key_of(period, suite)
        bench.operate("net", key.key, key.to_bytes())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    for day in (TODAY, TODAY + 1):
        found.grant(COACH_TRIP, day, seats=dict.fromkeys(range(1, 9), ALL_LEGS))
    found.grant(FERRY_TRIP, counts={0: 3})
    real_names(found)
    return found


def shown(which: int) -> ShownDocument:
    return ShownDocument("resident_id", resident_id(which), full_name(which))


def sell(bench: Bench, which: int | None, key: str = "", trip_no: int = COACH_TRIP, day: int = TODAY) -> Ticket:
    bench.sales += 1
    document = None if which is None else shown(which)
    key = key or f"named-sale-{bench.sales}"
    to_idx = 4 if trip_no == COACH_TRIP else 1
    return bench.node.ticketing.sell(trip_no, day, 0, to_idx, None, CLERK_NO, key, document=document)


def logged(bench: Bench) -> list[TicketSold | TravellerNamed]:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq")
    events = [EVENTS.decode(row[0]).event for row in rows]
    return [event for event in events if isinstance(event, TicketSold | TravellerNamed)]


def test_without_a_document_nothing_is_sold(bench: Bench) -> None:
    with pytest.raises(Refusal, match="document_missing") as refused:
        sell(bench, None)
    assert (refused.value.field, refused.value.status) == ("document_number", 422)
    assert logged(bench) == []


def test_sale_and_name_stand_in_the_log_side_by_side(bench: Bench) -> None:
    sold = sell(bench, 1)
    first, second = logged(bench)
    assert isinstance(first, TicketSold) and isinstance(second, TravellerNamed)
    assert (second.serial, second.trip_no, second.day, second.period) == (first.serial, COACH_TRIP, TODAY, 202611)
    assert sold.traveller is not None
    number = resident_id(1)
    assert (sold.traveller.number, sold.traveller.name) == (number[:4] + "*" * 10 + number[-4:], full_name(1)[0] + "**")


def test_the_hub_alone_can_read_what_was_typed(bench: Bench) -> None:
    sell(bench, 1)
    event = logged(bench)[1]
    assert isinstance(event, TravellerNamed)
    found = sealing.document_of(event, SECRET)
    assert (found.number, found.name) == (resident_id(1), full_name(1))
    assert resident_id(1).encode() not in EVENTS.encode(event, EVENTS.decode(_last(bench)).stamp)


def _last(bench: Bench) -> bytes:
    rows = bench.node.database.read().execute("SELECT event FROM event_log ORDER BY seq DESC LIMIT 1")
    return bytes(rows.fetchone()[0])


def test_one_document_buys_one_ticket_a_trip(bench: Bench) -> None:
    first = sell(bench, 1)
    with pytest.raises(Refusal, match="document_twice") as refused:
        sell(bench, 1)
    assert refused.value.details["ticket"] == first.number
    assert sell(bench, 2).number != first.number
    assert sell(bench, 1, day=TODAY + 1).number != first.number
    assert sell(bench, 1, trip_no=FERRY_TRIP).number != first.number
    assert len(logged(bench)) == 8, "the refused sale left nothing"


def test_the_same_key_gives_the_same_ticket_and_asks_for_no_document(bench: Bench) -> None:
    first = sell(bench, 1, key="the-same-key")
    assert sell(bench, 1, key="the-same-key").number == first.number
    assert sell(bench, None, key="the-same-key").number == first.number
    assert len(logged(bench)) == 2


def test_a_ticket_that_was_given_back_frees_its_document(bench: Bench) -> None:
    sold = sell(bench, 1)
    offer = bench.node.refunds.offer(sold.number, "passenger")
    bench.node.refunds.refund(sold.number, "passenger", offer.fee_minor, CLERK_NO, "refund-of-it")
    assert sell(bench, 1).number != sold.number
    with pytest.raises(Refusal, match="document_twice"):
        sell(bench, 1)


@pytest.mark.parametrize("suite", [seal.DEFAULT, seal.SM], ids=lambda suite: suite.name)
def test_the_ticket_carries_the_check_value_and_any_box_can_compare(tmp_path: Path, suite: seal.Suite) -> None:
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS, 2: ALL_LEGS})
    real_names(bench, suite=suite)
    sold = sell(bench, 1)
    claims = ticket.parse(sold.text).claims
    document = sealing.document_of(_named(bench), SECRET)
    assert claims.document_check == sealing.check_of(document, COACH_TRIP, TODAY, key_of(202611, suite))
    other = dataclasses.replace(document, number=resident_id(2))
    assert claims.document_check != sealing.check_of(other, COACH_TRIP, TODAY, key_of(202611, suite))
    assert bench.node.ticketing.find(sold.text).text == sold.text
    assert seal.read(_named(bench).sealed)[0] is suite


def _named(bench: Bench) -> TravellerNamed:
    return next(event for event in logged(bench) if isinstance(event, TravellerNamed))


def test_two_tickets_of_one_traveller_do_not_look_alike(bench: Bench) -> None:
    sell(bench, 1)
    sell(bench, 1, day=TODAY + 1)
    first, second = (event for event in logged(bench) if isinstance(event, TravellerNamed))
    assert first.check != second.check
    assert first.masked != second.masked


def test_rules_name_lines_kinds_and_operators(bench: Bench) -> None:
    demanded = bench.node.travellers.demanded
    assert demanded(COACH_TRIP) and demanded(FERRY_TRIP)
    route_no, route = bench.node.timetable.route(FERRY_TRIP)
    real_names(bench, dataclasses.replace(RULES, route_types=(route.route_type,)))
    assert demanded(FERRY_TRIP) and not demanded(COACH_TRIP)
    coach_no, coach = bench.node.timetable.route(COACH_TRIP)
    real_names(bench, dataclasses.replace(RULES, route_nos=(coach_no,)))
    assert demanded(COACH_TRIP) and not demanded(FERRY_TRIP)
    real_names(bench, dataclasses.replace(RULES, agency_no=coach.agency_no, demanded=False))
    assert not demanded(COACH_TRIP)
    assert demanded(FERRY_TRIP) == (route.agency_no != coach.agency_no and route_no == coach_no)


def test_a_set_that_begins_later_demands_nothing_yet(bench: Bench, tmp_path: Path) -> None:
    later = make_bench(tmp_path / "later")
    real_names(later, dataclasses.replace(RULES, from_day=TODAY + 1))
    assert not later.node.travellers.demanded(COACH_TRIP)


def test_a_name_that_nobody_wants_is_taken_all_the_same(bench: Bench, tmp_path: Path) -> None:
    real_names(bench, dataclasses.replace(RULES, demanded=False))
    assert sell(bench, None).traveller is None
    assert sell(bench, 1).traveller is not None


def test_without_the_keys_of_the_month_no_name_is_taken(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    bench.operate("net", RULES.key, RULES.to_bytes())
    with pytest.raises(Refusal, match="sealing_key_missing"):
        sell(bench, 1)


def test_a_wrong_document_sells_nothing(bench: Bench) -> None:
    for document, code in (
        (ShownDocument("resident_id", resident_id(1)[:17] + "x", "张三丰"), "document_"),
        (ShownDocument("", resident_id(1), "张三丰"), "document_type"),
        (ShownDocument("resident_id", resident_id(1), ""), "document_name"),
    ):
        with pytest.raises(Refusal, match=code):
            bench.node.ticketing.sell(COACH_TRIP, TODAY, 0, 4, None, CLERK_NO, "some-key-1", document=document)
    assert logged(bench) == []


def test_an_order_from_the_kiosk_is_paid_with_a_document(bench: Bench) -> None:
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    assert order.named
    with pytest.raises(Refusal, match="document_missing"):
        bench.node.ticketing.confirm(order.order_no, CLERK_NO)
    sold = bench.node.ticketing.confirm(order.order_no, CLERK_NO, document=shown(3))
    assert sold.traveller is not None
    assert bench.node.ticketing.confirm(order.order_no, CLERK_NO).number == sold.number


def test_a_phone_alone_pays_no_order_that_wants_a_document(bench: Bench) -> None:
    paying = Paying(bench.node.ticketing, bench.node.inventory, bench.node.bookings, bench.node.travellers)
    order = bench.node.ticketing.order(COACH_TRIP, TODAY, 0, 4)
    with pytest.raises(Refusal, match="document_at_counter"):
        bench.node.scribe.record(lambda unit: paying.begin(unit, order.order_no))
    real_names(bench, dataclasses.replace(RULES, demanded=False))
    assert bench.node.scribe.record(lambda unit: paying.begin(unit, order.order_no)) == (3000, "CNY")


def test_a_rebooked_ticket_has_the_same_traveller_and_no_other(bench: Bench) -> None:
    sold = sell(bench, 1)
    where = (COACH_TRIP, TODAY + 1, 0, 4)
    offer = bench.node.rebooking.offer(sold.number, where, "passenger")

    def rebook(document: ShownDocument | None) -> Ticket:
        return bench.node.rebooking.rebook(
            sold.number, where, None, "passenger", offer.due_minor, CLERK_NO, "rebook-key", document
        )

    with pytest.raises(Refusal, match="document_missing"):
        rebook(None)
    with pytest.raises(Refusal, match="document_other"):
        rebook(shown(2))
    again = rebook(shown(1))
    assert again.traveller is not None and sold.traveller is not None
    assert again.traveller.number == sold.traveller.number
    assert sell(bench, 1).number != again.number, "the old trip is free for this document again"
    with pytest.raises(Refusal, match="document_twice"):
        sell(bench, 1, day=TODAY + 1)


def test_a_damaged_ticket_keeps_its_traveller_without_a_second_look(bench: Bench) -> None:
    sold = sell(bench, 1)
    again = bench.node.reissuing.reissue(sold.number, "damaged", CLERK_NO, "reissue-1")
    assert again.traveller == sold.traveller and again.number != sold.number
    first, second = (event for event in logged(bench) if isinstance(event, TravellerNamed))
    assert second == dataclasses.replace(first, serial=2), "it belongs to the trip and opens for the hub as before"
    assert sealing.document_of(second, SECRET).number == resident_id(1)
    with pytest.raises(Refusal, match="document_twice"):
        sell(bench, 1)


def test_a_lost_ticket_is_reissued_to_the_document_that_bought_it(bench: Bench) -> None:
    sold = sell(bench, 1)

    def lost(document: ShownDocument | None) -> Ticket:
        return bench.node.reissuing.reissue(sold.number, "lost", CLERK_NO, "reissue-2", document)

    for document, code in ((None, "document_missing"), (shown(2), "document_other")):
        with pytest.raises(Refusal, match=code):
            lost(document)
    again = lost(shown(1))
    assert again.traveller == sold.traveller
    assert lost(None).number == again.number, "the same key"
    assert bench.node.ticketing.find(sold.number).refunded is not None
    assert ticket.parse(again.text).claims.superseded == (sold.ticket_id,)


def test_a_lost_ticket_without_a_name_is_not_made_good(bench: Bench) -> None:
    real_names(bench, dataclasses.replace(RULES, demanded=False))
    sold = sell(bench, None)
    with pytest.raises(Refusal, match="reissue_unnamed"):
        bench.node.reissuing.reissue(sold.number, "lost", CLERK_NO, "reissue-3", shown(1))


def test_folding_the_log_again_gives_the_same_travellers(bench: Bench) -> None:
    sold = sell(bench, 1)
    sell(bench, 2)
    offer = bench.node.refunds.offer(sold.number, "passenger")
    bench.node.refunds.refund(sold.number, "passenger", offer.fee_minor, CLERK_NO, "refund-of-it")
    node, tables = bench.node, domains.STATE_TABLES
    before = dump(node.database.read(), tables)
    rows = node.database.read().execute("SELECT serial, gone FROM traveller ORDER BY serial").fetchall()
    assert rows == [(1, 1), (2, 0)]
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


def test_an_erased_month_shows_no_mask_any_more_and_the_ticket_stays_good(bench: Bench) -> None:
    sold = sell(bench, 1)
    bench.operate("net", "sealing/202611", None)
    found = bench.node.ticketing.find(sold.number)
    assert found.traveller is None
    assert found.text == sold.text


def test_a_document_is_sealed_anew_each_time(bench: Bench) -> None:
    ids = CountingIds(5)
    document = sealing.document_of(_sold(bench), SECRET)
    made = [sealing.name_traveller(document, COACH_TRIP, TODAY, key_of(202611), ids) for _ in range(2)]
    assert made[0].check == made[1].check
    assert made[0].sealed != made[1].sealed and made[0].masked != made[1].masked


@pytest.mark.parametrize("contexts", [False, True], ids=["an older hub", "a hub that reads all of a sender"])
def test_the_documents_of_a_booking_share_a_point_only_where_the_hub_reads_that(bench: Bench, contexts: bool) -> None:
    for period in (202611, 202612):
        key = dataclasses.replace(key_of(period), contexts=contexts)
        bench.operate("net", key.key, key.to_bytes())
    party = tuple(Rider(document=shown(which)) for which in (1, 2, 3))
    for number in range(2):
        bench.node.bookings.sell(Wish(((COACH_TRIP, TODAY + number, 0, 4),), party), CLERK_NO, f"a-party-{number}")
    named = [one for one in logged(bench) if isinstance(one, TravellerNamed)]
    read = [seal.read(one.sealed) for one in named]
    assert len({enc for _, _, enc, _, _ in read}) == (2 if contexts else 6)
    assert [number for *_, number in read] == ([0, 1, 2] * 2 if contexts else [0] * 6)
    opened = [sealing.document_of(one, SECRET) for one in named]
    assert [one.number for one in opened] == [resident_id(which) for which in (1, 2, 3)] * 2


def test_a_key_that_is_replaced_while_a_booking_is_made_has_a_point_of_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = bytes(range(1, 33))
    first = dataclasses.replace(key_of(202611), contexts=True)
    second = dataclasses.replace(first, public=seal.public_of(seal.DEFAULT, other), check_key=bytes(32))
    keys = iter([first, second, first, second])
    monkeypatch.setattr(bench.node.travellers, "_key", lambda _day: next(keys))
    wish = Wish(((COACH_TRIP, TODAY, 0, 4),), tuple(Rider(document=shown(which)) for which in (1, 2, 3, 4)))
    bench.node.bookings.sell(wish, CLERK_NO, "two-keys-of-one-month")
    named = [one for one in logged(bench) if isinstance(one, TravellerNamed)]
    opened = [sealing.document_of(one, secret) for one, secret in zip(named, (SECRET, other) * 2, strict=True)]
    assert [one.number for one in opened] == [resident_id(which) for which in (1, 2, 3, 4)]
    assert [seal.read(one.sealed)[4] for one in named] == [0, 0, 1, 1]


def _sold(bench: Bench) -> TravellerNamed:
    sell(bench, 1)
    return _named(bench)


def test_in_a_booking_every_rider_is_named_or_nobody_rides(bench: Bench) -> None:
    leg = (COACH_TRIP, TODAY, 0, 4)

    def book(*documents: ShownDocument | None, key: str = "booking-with-names") -> Booking:
        wish = Wish((leg,), tuple(Rider(document=one) for one in documents))
        return bench.node.bookings.sell(wish, CLERK_NO, key)

    for documents, code in (((shown(1), None), "document_missing"), ((shown(1), shown(1)), "document_twice")):
        with pytest.raises(Refusal, match=code):
            book(*documents)
    assert logged(bench) == []
    assert [one.traveller is not None for one in book(shown(1), shown(2)).tickets] == [True, True]
    order = bench.node.bookings.hold(Wish((leg,), (Rider(), Rider())), "counter")
    with pytest.raises(Refusal, match="document_missing"):
        bench.node.bookings.pay(order.order_no, CLERK_NO, None, [shown(3)])
    found = bench.node.bookings.pay(order.order_no, CLERK_NO, None, [shown(3), shown(4)])
    assert all(one.traveller is not None for one in found.tickets)
