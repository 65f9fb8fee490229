"""Whatever is sold, given back, exchanged, reissued and disturbed, in any order, on a real node: the money adds up, no seat
has two owners, no ticket number is used twice, and a gate lets in exactly the tickets that are good."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge import domains
from edge.domains.inventory import store as seats
from edge.domains.ticketing import store as sales
from edge.domains.ticketing.service import Ticket
from edge.kernel.rebuild import dump, rebuild
from sync.domains.disruption.operations import Disruption
from sync.domains.ticketing.events import REASONS
from sync.domains.ticketing.office.rebooking import DEFAULT_REBOOK_RULES
from sync.kernel import ticket
from sync.kernel.errors import Refusal
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, LATE_TRIP, TODAY, Bench, make_bench

COACHES = (COACH_TRIP, LATE_TRIP)
GIVEN, PLACES = (1, 2), 2
trips = st.sampled_from([*COACHES, FERRY_TRIP])
starts, ends = st.integers(0, 3), st.integers(1, 4)


class Office(RuleBasedStateMachine):
    """A day at a counter with two seats of two coaches and two places of a ferry."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench: Bench = make_bench(Path(self.folder.name))
        for trip_no in COACHES:
            self.bench.grant(trip_no, seats=dict.fromkeys(GIVEN, ALL_LEGS))
        self.bench.grant(FERRY_TRIP, counts={0: PLACES})
        often = replace(DEFAULT_REBOOK_RULES, name="often", from_day=TODAY, most_times=3, fee_per_mille=55)
        self.bench.operate("net", often.key, often.to_bytes())
        self.sold: list[Ticket] = []
        self.void: set[str] = set()
        self.cancelled: set[int] = set()
        self.drawer = self.acts = self.recalls = 0

    def teardown(self) -> None:
        self.bench.node.database.close()
        self.folder.cleanup()

    def key(self) -> str:
        self.acts += 1
        return f"act-{self.acts:08d}"

    def one(self, which: int) -> Ticket:
        return self.sold[which % len(self.sold)]

    @rule(trip_no=trips, seat=st.sampled_from([None, *GIVEN]), start=starts, end=ends)
    def sell(self, trip_no: int, seat: int | None, start: int, end: int) -> None:
        ride = (0, 1) if trip_no == FERRY_TRIP else (start, end)
        try:
            made = self.bench.sell(*ride, seat=None if trip_no == FERRY_TRIP else seat, trip_no=trip_no)
        except Refusal:
            return
        assert trip_no not in self.cancelled
        self.sold.append(made)
        self.drawer += made.price_minor

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 50), reason=st.sampled_from(REASONS))
    def refund(self, which: int, reason: str) -> None:
        old, refunds = self.one(which), self.bench.node.refunds
        try:
            fee = refunds.offer(old.number, reason).fee_minor
            done = refunds.refund(old.number, reason, fee, CLERK_NO, self.key()).refunded
        except Refusal:
            return
        assert old.number not in self.void and done is not None
        self.void.add(old.number)
        self.drawer -= done.refunded_minor

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 50), reason=st.sampled_from(REASONS), trip_no=st.sampled_from(COACHES), start=starts,
          end=ends)  # fmt: skip
    def rebook(self, which: int, reason: str, trip_no: int, start: int, end: int) -> None:
        old, rebooking = self.one(which), self.bench.node.rebooking
        where, key = (trip_no, TODAY, start, end), self.key()
        try:
            due = rebooking.offer(old.number, where, reason).due_minor
            new = rebooking.rebook(old.number, where, None, reason, due, CLERK_NO, key)
        except Refusal:
            return
        assert old.number not in self.void and trip_no not in self.cancelled
        assert rebooking.rebook(old.number, where, None, reason, due, CLERK_NO, key).number == new.number
        self.void.add(old.number)
        self.sold.append(new)
        self.drawer += due

    @precondition(lambda self: self.sold)
    @rule(which=st.integers(0, 50))
    def reissue(self, which: int) -> None:
        old = self.one(which)
        try:
            new = self.bench.node.reissuing.reissue(old.number, "damaged", CLERK_NO, self.key())
        except Refusal:
            return
        assert old.number not in self.void
        assert (new.ride.trip_no, new.seat, new.price_minor) == (old.ride.trip_no, old.seat, old.price_minor)
        self.void.add(old.number)
        self.sold.append(new)

    @rule(trip_no=trips, kind=st.sampled_from(["cancelled", "delayed", "restored"]))
    def disturb(self, trip_no: int, kind: str) -> None:
        said = None if kind == "restored" else Disruption(kind, 20 if kind == "delayed" else 0, "x", 1).to_bytes()
        self.bench.operate("operator/1", f"disruption/{trip_no}/{TODAY}", said)
        self.cancelled.discard(trip_no)
        if kind == "cancelled":
            self.cancelled.add(trip_no)

    @rule(trip_no=st.sampled_from(COACHES), count=st.integers(0, 2))
    def recall(self, trip_no: int, count: int) -> None:
        self.recalls += 1
        body = seats.Recall(self.recalls, count).to_bytes()
        self.bench.operate("node/7", f"recall/{trip_no}/{TODAY}", body)
        self.bench.node.inventory.give_back()

    @rule(minutes=st.integers(1, 100))
    def time_passes(self, minutes: int) -> None:
        self.bench.clock.pass_ms(minutes * 60_000)

    @invariant()
    def the_money_adds_up(self) -> None:
        found = [self.bench.node.ticketing.takings(None, TODAY + later) for later in range(3)]
        assert sum(takings.in_hand.get("CNY", 0) for takings in found) == self.drawer

    @invariant()
    def no_seat_has_two_owners_and_no_number_is_used_twice(self) -> None:
        good = [one for one in self.sold if one.number not in self.void]
        owners = Counter(
            (one.ride.trip_no, one.seat, leg)
            for one in good
            if one.seat
            for leg in range(one.ride.from_idx, one.ride.to_idx)
        )
        assert not [cell for cell, count in owners.items() if count > 1]
        assert sum(one.seat == 0 for one in good) <= PLACES
        assert [one.ticket_id.serial for one in self.sold] == list(range(1, len(self.sold) + 1))

    @invariant()
    def no_ticket_supersedes_a_good_one(self) -> None:
        for one in self.sold[-3:]:
            named = {old.number for old in ticket.parse(one.text).claims.superseded}
            assert named <= self.void
            assert one.number in self.void or self.bench.node.ticketing.find(one.number).refunded is None

    @invariant()
    def the_state_is_a_fold_of_the_log(self) -> None:
        if self.acts % 7:
            return
        node, tables = self.bench.node, domains.STATE_TABLES
        before = dump(node.database.read(), tables)
        parts = (node.streams, domains.appliers(), domains.end_log, domains.REFERENCE_TABLES, tables)
        node.scribe.write(lambda unit: rebuild(unit.connection, *parts))
        assert dump(node.database.read(), tables) == before


TestOffice = Office.TestCase
TestOffice.settings = settings(max_examples=25, stateful_step_count=24, deadline=None)


def test_the_machine_sees_a_ticket_that_is_given_back_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Office()
    machine.sell(COACH_TRIP, 1, 0, 4)
    machine.refund(0, "station_error")
    machine.refund(0, "station_error")  # the real node refuses, and nothing is wrong
    machine.the_money_adds_up()
    # Two things keep it from that: its own refunds, and the list of what no gate lets in.
    monkeypatch.setattr(sales, "refund", lambda *_: None)
    monkeypatch.setattr(machine.bench.node.refunds, "_told_void", lambda *_: False)
    with pytest.raises(AssertionError):
        machine.refund(0, "station_error")
    machine.teardown()
