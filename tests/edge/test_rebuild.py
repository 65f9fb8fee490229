"""State is a fold of the log: whatever happened, folding again gives the same bytes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from edge import cli, domains
from edge.kernel import log
from sync.domains import EVENTS
from sync.domains.inventory.events import GrantReturned
from sync.domains.inventory.operations import Recall
from sync.domains.ratings.rules import TAGS
from sync.domains.ticketing.events import TicketSold
from sync.domains.timetable.operations import Stop
from sync.kernel import cbor
from sync.kernel.devices import Apart
from sync.kernel.errors import Refusal
from tests.edge.folding import differing
from tests.edge.hub import SmallHub, connect
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, LATE_TRIP, NOON_MS, TODAY, Bench, make_bench

TRIPS = (COACH_TRIP, LATE_TRIP, FERRY_TRIP)


class Story:
    """A node's day as a seed tells it: every kind of thing that people and the hub do, in any order."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.bench: Bench = make_bench(folder, kind="vehicle", gate_device="gate-1")
        self.hub: SmallHub = connect(self.bench)
        self.tickets: list[tuple[str, int, int, str, str]] = []
        self.orders: list[int] = []
        self.recalls = self.scans = 0

    def tell(self, steps: int) -> None:
        acts = [self.grant, self.sell, self.board] * 3 + [self.order, self.settle, self.rate, self.recall, self.scan]
        acts += [self.give_back, self.wait, self.visit, self.restart, self.forget]
        for _ in range(steps):
            try:
                self.dice.choice(acts)()
            except Refusal:
                continue

    def where(self) -> tuple[int, int, int, int]:
        trip_no, day = self.dice.choice(TRIPS), TODAY + self.dice.randrange(2)
        last = 1 if trip_no == FERRY_TRIP else 4
        from_idx = self.dice.randrange(last)
        return trip_no, day, from_idx, self.dice.randrange(from_idx + 1, last + 1)

    def grant(self) -> None:
        trip_no, day, _, _ = self.where()
        until = NOON_MS + self.dice.randrange(48) * 3_600_000
        if trip_no == FERRY_TRIP:
            self.bench.grant(trip_no, day, counts={0: self.dice.randrange(1, 6)}, sell_until_ms=until)
            return
        seats = {seat: self.dice.randrange(1, ALL_LEGS + 1) for seat in self.dice.sample(range(1, 46), 6)}
        held = self.bench.node.inventory.seat_map(trip_no, day, 0, 4)
        free = {cell.seat for cell in held if cell.state == "elsewhere"}
        known = self._ever_granted(trip_no, day)
        self.bench.grant(
            trip_no, day, {seat: m for seat, m in seats.items() if seat in free - known}, sell_until_ms=until
        )

    def _ever_granted(self, trip_no: int, day: int) -> set[int]:
        rows = self.bench.node.database.read().execute(
            "SELECT seat FROM grant_seat WHERE trip_no = ? AND day = ?", (trip_no, day)
        )
        return {row[0] for row in rows}

    def sell(self) -> None:
        where = self.where()
        sold = self.bench.sell(where[2], where[3], trip_no=where[0], day=where[1])
        self.tickets.append((sold.text, where[0], where[1], sold.number, sold.short_code))

    def order(self) -> None:
        self.orders.append(self.bench.node.ticketing.order(*self.where()).order_no)

    def settle(self) -> None:
        if self.orders:
            number, ticketing = self.orders.pop(), self.bench.node.ticketing
            if self.dice.random() < 0.7:
                ticketing.confirm(number, CLERK_NO)
            else:
                ticketing.cancel(number)

    def board(self) -> None:
        text, trip_no, day, _, _ = self.dice.choice(self.tickets or [("Y1:X", COACH_TRIP, TODAY, "", "")])
        if self.dice.random() < 0.2:
            trip_no, day, _, _ = self.where()
        self.bench.node.boarding.check(text, trip_no, day, "g1", CLERK_NO)

    def scan(self) -> None:
        self.scans += self.dice.randrange(2)
        text = self.dice.choice([ticket[0] for ticket in self.tickets] or ["Y1:X"])
        self.bench.node.scanning.on_scan("scanner-1", 1, self.scans, text, "t", self.dice.random() < 0.2)
        if self.dice.random() < 0.2:
            reason = self.dice.choice(["", "", "wrong_trip"])
            apart = Apart(1, 100_000 + self.scans, "t", True, 1, self.scans + self.dice.randrange(2), text, reason, 1)
            self.bench.node.scanning.on_apart("scanner-1", apart)
        for command in self.bench.node.scanning.pending():
            self.bench.node.scanning.on_opened("gate-1", 1, 1, command.cmd_id, command.body["verdict_id"], "t")

    def rate(self) -> None:
        if self.tickets:
            _, _, _, number, short_code = self.dice.choice(self.tickets)
            tags = self.dice.sample(TAGS, 2)
            self.bench.node.ratings.rate(number, short_code, self.dice.randrange(1, 6), tags, "很好 👍", "zh-Hans")

    def recall(self) -> None:
        trip_no, day, _, _ = self.where()
        self.recalls += 1
        body = Recall(self.recalls, self.dice.randrange(4)).to_bytes()
        self.bench.operate("node/7", f"recall/{trip_no}/{day}", body)

    def give_back(self) -> None:
        self.bench.node.inventory.give_back()

    def wait(self) -> None:
        self.bench.clock.pass_ms(self.dice.randrange(1_800_000))

    def visit(self) -> None:
        self.bench.node.exchange.visit()

    def restart(self) -> None:
        if self.dice.random() < 0.2:
            self.hub.node = self.bench.restart(self.hub)

    def forget(self) -> None:
        """Some operation is taken back."""
        key = self.dice.choice(["stop/6", f"recall/{COACH_TRIP}/{TODAY}", "clerk/99", "grant/9999"])
        self.bench.operate("net" if key.startswith("stop") else "node/7", key, None)


@pytest.fixture(params=range(4))
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Story:
    found = Story(tmp_path, request.param)
    found.tell(160)
    return found


def test_after_any_story_folding_again_gives_the_same_state(story: Story) -> None:
    node = story.bench.node
    assert differing(node) == []
    assert log.check_chain(node.database.read()) == node.scribe.log.head.seq
    assert len(story.tickets) > 5


def test_after_any_story_no_seat_has_two_owners_and_every_sale_lies_in_a_grant(story: Story) -> None:
    """Worked out from the log alone, in its order."""
    connection = story.bench.node.database.read()
    granted = {
        (trip_no, day, seat): mask for trip_no, day, seat, mask in connection.execute(
            "SELECT trip_no, day, seat, mask FROM grant_seat"
        )
    }  # fmt: skip
    places = {row[:3]: row[3] for row in connection.execute(
        "SELECT trip_no, day, leg, sum(places) FROM grant_place GROUP BY 1, 2, 3")}  # fmt: skip
    for _, data in log.events_after(connection):
        event = EVENTS.decode(data).event
        if isinstance(event, TicketSold):
            for leg in range(event.from_idx, event.to_idx):
                key = (event.trip_no, event.day, event.seat or leg)
                if event.seat:
                    assert granted[key] & (1 << leg)
                    granted[key] &= ~(1 << leg)
                else:
                    places[key] -= 1
                    assert places[key] >= 0
        elif isinstance(event, GrantReturned):
            for seat, mask in event.seats:
                assert granted[event.trip_no, event.day, seat] & mask == mask
                granted[event.trip_no, event.day, seat] &= ~mask
            for leg, count in event.counts:
                places[event.trip_no, event.day, leg] -= count
                assert places[event.trip_no, event.day, leg] >= 0


def test_after_any_story_the_hub_has_it_all_with_one_visit(story: Story) -> None:
    story.hub.line.clear()
    assert story.bench.node.exchange.visit().error is None
    assert story.hub.log == [data for _, data in log.events_after(story.bench.node.database.read())]


def test_a_state_that_was_changed_by_hand_is_found(tmp_path: Path) -> None:
    """The canary: what the comparison is good for."""
    story = Story(tmp_path, 1)
    story.tell(60)
    assert differing(story.bench.node) == []
    story.bench.node.database.writer.execute("UPDATE ticket SET seq = seq + 1")
    story.bench.node.database.writer.execute("DELETE FROM stop WHERE stop_no = 2")
    assert differing(story.bench.node) == ["stop", "ticket"]


def test_the_command_compares_and_mends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = make_bench(tmp_path)
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    bench.sell()
    bench.node.database.writer.execute("UPDATE ticket SET seq = 1")
    assert cli.main(["node", "rebuild", "--data", str(tmp_path), "--check"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "events": 2,
        "tables": len(domains.REFERENCE_TABLES + domains.STATE_TABLES),
        "differing": ["ticket"],
    }
    assert cli.main(["node", "rebuild", "--data", str(tmp_path)]) == 1
    assert cli.main(["node", "rebuild", "--data", str(tmp_path), "--check"]) == 0
    assert bench.node.database.read().execute("SELECT seq FROM ticket").fetchone() == (2,)


def test_after_an_upgrade_a_rebuild_reads_what_older_software_could_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(tmp_path)
    with monkeypatch.context() as older:
        older.setattr(Stop, "from_bytes", classmethod(lambda cls, body: cbor.decode(b"")))
        bench.operate("net", "stop/71", Stop("S", {"en": "New"}, None, None, None).to_bytes())
    assert [issue.code for issue in bench.node.fleet.status().issues] == ["operation_unreadable"]
    assert cli.main(["node", "rebuild", "--data", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["differing"] == ["stop"]
    assert bench.restart().fleet.status().issues == ()
    assert bench.node.timetable.stop(71).names == {"en": "New"}


def test_every_table_is_reference_state_or_named_as_local(tmp_path: Path) -> None:
    """A new table says by its place in these lists who writes it, and what a rebuild does with it."""
    local = {
        "event_log", "log_mark", "log_segment", "stream_operation", "stream_behind", "stream_digest", "meta",
        "quarantined", "pin_guess", "past_log", "past_segment", "past_code", "refund_key", "request_key",
        "order_key",
        "cash_key", "unknown_issuer",
        "payment_code",
        "sale_order", "order_rider", "order_extra", "sale_key", "seat_hold", "recall_done", "grant_closed", "scan_answer",
        "gate_command", "left_stop",
    }  # fmt: skip
    bench = make_bench(tmp_path)
    rows = bench.node.database.read().execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    tables = {row[0] for row in rows if not row[0].startswith("_sqlite")}
    assert tables == local | set(domains.REFERENCE_TABLES) | set(domains.STATE_TABLES)
    assert not set(domains.REFERENCE_TABLES) & set(domains.STATE_TABLES)
