"""A new key and a new log in the same folder: nothing that was told is forgotten, and nothing is signed twice."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from unittest import mock

import pytest

from edge.kernel import log, meta
from edge.kernel.database import Database
from edge.kernel.enrolment import next_key_file
from edge.kernel.renewal import Renewed
from sync.domains import EVENTS
from sync.domains.inventory.events import GrantReturned
from sync.kernel import certificate, chain, enrolment, exchange
from sync.kernel.certificate import Certificate
from sync.kernel.enrolment import Welcome
from sync.kernel.errors import Fault, Refusal
from sync.kernel.events import TailHandedIn
from tests.edge.folding import differing
from tests.edge.hub import SmallHub, chain_of, connect, kept
from tests.support.nodes import ALL_LEGS, CLERK_NO, COACH_TRIP, FERRY_TRIP, NOON_MS, TODAY, Bench, make_bench

SECRET = b"ten bytes!"
CODE = enrolment.code_text(SECRET)


class Desk:
    """The line to a hub that gives welcomes; ``cut`` answers are lost behind its decision."""

    def __init__(self, bench: Bench, epoch: int = 2, node_no: int = 7) -> None:
        self._hub, self.epoch, self.node_no, self.cut, self.keys = bench.hub, epoch, node_no, 0, set[bytes]()

    def post(self, _path: str, body: bytes) -> bytes:
        _, public, proof = enrolment.decode_request(body)
        key = enrolment.code_key(SECRET)
        assert enrolment.proof_holds(key, public, proof)
        self.keys.add(public)
        if self.cut:
            self.cut -= 1
            raise Fault("hub_away")
        signed = certificate.issue(Certificate(self.node_no, self.epoch, public, TODAY, TODAY + 700), self._hub)
        welcome = Welcome(self.node_no, self.epoch, self._hub.public, signed, NOON_MS, "node 7")
        return enrolment.encode_welcome(welcome, key, public)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def hub(bench: Bench) -> SmallHub:
    found = connect(bench)
    bench.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 9), ALL_LEGS))
    bench.grant(FERRY_TRIP, counts={0: 3})
    return found


def begin_anew(bench: Bench, desk: Desk) -> Renewed:
    """The command, and the next start of the box; there is no hub behind it."""
    renewed = bench.node.renewal.re_enrol(CODE, desk)
    bench.restart()
    return renewed


def handed_in(bench: Bench) -> list[TailHandedIn]:
    events = [EVENTS.decode(data).event for data in kept(bench.node)]
    return [event for event in events if isinstance(event, TailHandedIn)]


def test_a_healthy_box_changes_its_key_and_hands_nothing_in(bench: Bench, hub: SmallHub) -> None:
    sold, before = bench.sell(), bench.node.signer.public
    assert begin_anew(bench, Desk(bench)).handed_in == 0
    identity = meta.identity(bench.node.database.read())
    assert identity is not None and identity.epoch == 2 and bench.node.signer.public != before
    assert handed_in(bench) == [] and bench.node.scribe.log.head.seq == 1
    assert bench.node.ticketing.find(sold.number).text == sold.text
    bench.node.exchange.visit()


def test_a_healthy_box_gives_all_seats_back_before_its_log_ends(bench: Bench, hub: SmallHub) -> None:
    bench.sell(seat=3)
    begin_anew(bench, Desk(bench))
    events = [EVENTS.decode(data).event for data in hub.log]
    returned = [event for event in events if isinstance(event, GrantReturned)]
    assert sorted(seat for event in returned for seat, _ in event.seats) == [1, 2, 4, 5, 6, 7, 8]
    assert [event.counts for event in returned if event.counts] == [((0, 3),)]
    with pytest.raises(Refusal, match=r"seat_taken|no_seat"):
        bench.sell(seat=4)


def test_what_a_barred_box_sold_is_found_printed_and_counted_and_handed_in(bench: Bench, hub: SmallHub) -> None:
    first = bench.sell(key="before-the-end")
    bench.node.exchange.visit()
    hub.status = exchange.REVOKED
    second = bench.sell()
    old = kept(bench.node)
    renewed = begin_anew(bench, Desk(bench))
    tail = [event for part in handed_in(bench) for event in part.events]
    assert tail == old[len(hub.log) :] and renewed.handed_in == len(tail) > 0
    part = handed_in(bench)[0]
    assert (part.epoch, part.first_seq, part.prev_hash) == (1, len(hub.log) + 1, chain_of(hub.log))
    for ticket in (first, second):
        assert bench.node.ticketing.find(ticket.number).text == ticket.text
    assert bench.node.ticketing.find(second.text).number == second.number
    assert bench.node.ticketing.takings(CLERK_NO, TODAY).count == 2
    assert bench.sell(key="before-the-end").number == first.number
    assert bench.node.fleet.status().can_sell


def test_a_ticket_that_was_let_in_before_is_refused_afterwards(bench: Bench, hub: SmallHub) -> None:
    sold = bench.sell()
    gate = bench.node.boarding
    assert gate.check(sold.text, COACH_TRIP, TODAY, "gate", CLERK_NO).reason is None
    hub.status = exchange.FORKED
    begin_anew(bench, Desk(bench))
    assert bench.node.boarding.check(sold.text, COACH_TRIP, TODAY, "gate", CLERK_NO).reason == "already_used"


def test_new_tickets_begin_at_one_again_and_no_number_is_given_twice(bench: Bench, hub: SmallHub) -> None:
    old = bench.sell(seat=1)
    hub.status = exchange.REVOKED
    begin_anew(bench, Desk(bench))
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS, 5: ALL_LEGS})
    bench.grant(FERRY_TRIP, counts={0: 1})
    with pytest.raises(Refusal, match="seat_taken"):
        bench.sell(seat=1)  # this box knows who sits there, whatever it was granted since
    new = bench.sell(seat=5)
    assert (old.ticket_id.epoch, old.ticket_id.serial) == (1, 1) and (new.ticket_id.epoch, new.ticket_id.serial) == (
        2,
        1,
    )
    assert new.number != old.number
    bench.sell(0, 1, trip_no=FERRY_TRIP)


def test_state_folded_anew_is_the_same_over_several_logs(bench: Bench, hub: SmallHub) -> None:
    for epoch in (2, 3):
        sold = bench.sell(trip_no=FERRY_TRIP, to_idx=1)
        bench.sell()
        bench.node.boarding.check(sold.text, FERRY_TRIP, TODAY, "gate", CLERK_NO)
        hub.status = exchange.REVOKED
        begin_anew(bench, Desk(bench, epoch))
        bench.grant(COACH_TRIP, seats=dict.fromkeys(range(10 * epoch, 10 * epoch + 4), ALL_LEGS))
        bench.grant(FERRY_TRIP, counts={0: 3})
        bench.node.exchange._transport = hub  # as a restart with its address would
    bench.sell()
    assert differing(bench.node) == []
    assert log.past_epochs(bench.node.database.read()) == [1, 2]
    assert log.check_past(bench.node.database.read()) > 0


def test_the_folding_sees_an_end_that_was_forgotten(bench: Bench, hub: SmallHub) -> None:
    """The canary of the test above."""
    bench.sell(trip_no=FERRY_TRIP, to_idx=1)
    hub.status = exchange.REVOKED
    begin_anew(bench, Desk(bench))
    with mock.patch("edge.domains.end_log", lambda connection, epoch: None):
        assert set(differing(bench.node)) == {"sold_place", "ticket", "past_ticket"}


def test_a_lost_answer_and_the_same_code_make_one_key(bench: Bench, hub: SmallHub) -> None:
    desk = Desk(bench)
    desk.cut = 2
    for _ in range(2):
        with pytest.raises(Fault, match="hub_away"):
            bench.node.renewal.re_enrol(CODE, desk)
    assert meta.get(bench.node.database.read(), "epoch") == 1
    begin_anew(bench, desk)
    assert len(desk.keys) == 1 and {bench.node.signer.public} == desk.keys


def test_a_cut_behind_the_commit_is_finished_by_the_next_start(bench: Bench, hub: SmallHub) -> None:
    key_file = bench.node.settings.key_file
    sold = bench.sell()
    rename = Path.replace

    def cut(self: Path, target: Path) -> Path:
        if self == next_key_file(key_file):
            raise OSError("the power is gone")
        return rename(self, target)

    with mock.patch.object(Path, "replace", cut), pytest.raises(OSError, match="power"):
        bench.node.renewal.re_enrol(CODE, Desk(bench))
    bench.restart()
    assert bench.node.scribe.stopped is None and not next_key_file(key_file).exists()
    assert bench.node.ticketing.find(sold.number).text == sold.text
    assert bench.node.fleet.status().can_sell


def test_a_hub_that_is_away_leaves_everything_as_it_was(bench: Bench) -> None:
    before = kept(bench.node)
    with pytest.raises(Fault, match="hub_away"):
        bench.node.renewal.re_enrol(CODE, Desk(bench))
    assert kept(bench.node) == before and meta.get(bench.node.database.read(), "epoch") == 1


@pytest.mark.parametrize(("epoch", "node_no", "code"), [(1, 7, "enrol_epoch_old"), (2, 8, "enrol_other_node")])
def test_a_welcome_for_another_log_is_refused(bench: Bench, hub: SmallHub, epoch: int, node_no: int, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        bench.node.renewal.re_enrol(CODE, Desk(bench, epoch, node_no))
    assert meta.get(bench.node.database.read(), "epoch") == 1
    assert not next_key_file(bench.node.settings.key_file).exists()  # the next code gets a fresh key


def test_a_hub_that_forgot_this_log_is_handed_all_of_it(bench: Bench, hub: SmallHub) -> None:
    bench.sell()
    bench.node.exchange.visit()
    old = kept(bench.node)

    def forgot(_hub: SmallHub, _body: bytes) -> bytes:
        raise Fault("cose_unknown_key", retry=False)

    def refused(_hub: SmallHub, _body: bytes) -> bytes:
        raise Fault("enrol_key_barred", retry=False)

    hub.line.extend([forgot, refused])
    begin_anew(bench, Desk(bench))
    (part,) = handed_in(bench)
    assert list(part.events) == old and (part.first_seq, part.prev_hash) == (1, chain.GENESIS)


def test_a_long_tail_goes_in_parts_that_join(bench: Bench, hub: SmallHub) -> None:
    hub.status = exchange.REVOKED
    for number in range(1500):
        bench.node.inventory.ask(COACH_TRIP, TODAY, 0, 4, number % 50 + 1)
    old = kept(bench.node)
    begin_anew(bench, Desk(bench))
    parts = handed_in(bench)
    assert len(parts) > 1 and [event for part in parts for event in part.events] == old[len(hub.log) :]
    for one, following in pairwise(parts):
        assert following.first_seq == one.first_seq + len(one.events)
        assert following.prev_hash == chain.head(one.prev_hash, one.events)


def test_the_process_that_began_the_new_log_writes_nothing_more(bench: Bench, hub: SmallHub) -> None:
    bench.node.renewal.re_enrol(CODE, Desk(bench))
    with pytest.raises(Refusal, match="box_stopped"):
        bench.sell()


def test_a_database_of_newer_software_is_left_alone(bench: Bench) -> None:
    path = bench.node.database.path
    bench.node.database.writer.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('node', 'kernel_99', '')"
    )
    before = bench.node.database.writer.execute("PRAGMA data_version").fetchone()
    with pytest.raises(Fault, match="kernel_99") as raised:
        bench.restart()
    assert raised.value.code == "schema_newer"
    assert bench.node.database.writer.execute("PRAGMA data_version").fetchone() == before
    Database(path).close()
