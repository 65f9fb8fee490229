"""The node's side of the exchange against a hub that fails in every way a line can fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.kernel import log, meta
from edge.kernel.exchange import Outcome
from sync.domains import EVENTS
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.domains.timetable.operations import Stop
from sync.kernel import exchange
from sync.kernel.keys import Ed25519Signer
from tests.edge.hub import SmallHub, away, connect, cut, fixed, flipped, half, kept
from tests.support.nodes import ALL_LEGS, COACH_TRIP, NOON_MS, TODAY, Bench, make_bench, names


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    found = make_bench(tmp_path)
    found.grant(COACH_TRIP, seats=dict.fromkeys(range(1, 41), ALL_LEGS))
    return found


@pytest.fixture
def hub(bench: Bench) -> SmallHub:
    return connect(bench)


def visit(bench: Bench) -> Outcome:
    return bench.node.exchange.visit()


def stop(name: str) -> bytes:
    return Stop(name, names(name, name, name), None, None, None).to_bytes()


def test_everything_that_happened_arrives_in_order_and_is_acknowledged(bench: Bench, hub: SmallHub) -> None:
    for _ in range(3):
        bench.sell()
    found = visit(bench)
    assert (found.error, found.events_up) == (None, len(hub.log))
    assert hub.log == kept(bench.node)
    assert bench.node.fleet.status().waiting == 0
    assert visit(bench).events_up == 0


@pytest.mark.parametrize("fault", [away, cut, half, flipped(0), flipped(40), flipped(-1)])
def test_after_any_fault_of_the_line_the_next_visit_puts_everything_right(
    bench: Bench, hub: SmallHub, fault: object
) -> None:
    hub.say("net", "stop/77", stop("S77"))
    bench.sell()
    hub.line.append(fault)  # type: ignore[arg-type]
    assert visit(bench).error is not None
    assert bench.node.fleet.status().acked_seq == 0
    assert bench.node.database.read().execute("SELECT count(*) FROM stop WHERE stop_no = 77").fetchone() == (0,)
    bench.sell()
    assert visit(bench).error is None
    assert hub.log == kept(bench.node)
    assert bench.node.timetable.stop(77).names["en"] == "S77"


def test_a_lost_answer_makes_the_node_send_the_same_again_and_nothing_doubles(bench: Bench, hub: SmallHub) -> None:
    bench.sell()
    hub.line.append(cut)
    visit(bench)
    visit(bench)
    first, second = hub.requests
    assert first.first_seq == second.first_seq == 1
    assert second.events[: len(first.events)] == first.events
    assert hub.log == kept(bench.node)


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_an_answer_with_any_byte_changed_changes_nothing(bench: Bench, hub: SmallHub, at: int) -> None:
    hub.say("net", "stop/77", stop("S77"))
    hub.line.append(flipped(at))
    assert visit(bench).error is not None
    connection = bench.node.database.read()
    assert bench.node.streams.cursor(connection) == (0, {})
    assert connection.execute("SELECT count(*) FROM stop WHERE stop_no = 77").fetchone() == (0,)


def test_an_answer_signed_by_somebody_else_is_not_believed(bench: Bench, hub: SmallHub) -> None:
    bench.sell()
    hub.signer = Ed25519Signer(b"a false hub that listens nearby!")
    assert visit(bench).error == "cose_unknown_key"
    assert bench.node.fleet.status().acked_seq == 0


def test_an_answer_to_another_request_is_not_believed(bench: Bench, hub: SmallHub) -> None:
    """A listener plays yesterday's answer again."""
    seen: list[bytes] = []

    def listen(hub: SmallHub, body: bytes) -> bytes:
        seen.append(hub.answer(body))
        return seen[0]

    hub.line.append(listen)
    assert visit(bench).error is None
    bench.sell()
    hub.line.append(lambda hub, body: seen[0])
    assert visit(bench).error == "cose_signature"
    assert bench.node.fleet.status().waiting == 1


@pytest.mark.parametrize("answer", [b"", b"\xd2", b"<html>502 Bad Gateway</html>", bytes(3_000)])
def test_an_answer_that_is_none_is_a_fault_and_no_crash(bench: Bench, hub: SmallHub, answer: bytes) -> None:
    hub.line.append(lambda hub, body: answer)
    assert visit(bench).error is not None


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("x"), RecursionError(), UnicodeError("idna")])
def test_a_visit_never_raises(bench: Bench, hub: SmallHub, error: Exception) -> None:
    """Otherwise one odd answer would end the thread that visits, and with it the exchange until the next restart."""

    def burst(hub: SmallHub, body: bytes) -> bytes:
        raise error

    hub.line.append(burst)
    assert visit(bench).error is not None
    assert visit(bench).error is None


def test_a_hub_restored_from_a_backup_gets_again_what_it_lost(bench: Bench, hub: SmallHub) -> None:
    for _ in range(5):
        bench.sell()
    visit(bench)
    acked = bench.node.fleet.status().acked_seq
    del hub.log[2:]
    bench.sell()
    assert visit(bench).error is None
    assert hub.log == kept(bench.node)
    assert bench.node.fleet.status().acked_seq == acked + 1


def test_what_was_acknowledged_never_goes_down(bench: Bench, hub: SmallHub) -> None:
    for _ in range(3):
        bench.sell()
    visit(bench)
    acked = bench.node.fleet.status().acked_seq
    hub.change = fixed(acked_seq=1, status=exchange.RESEND)
    hub.line.extend([SmallHub.answer, away])
    visit(bench)
    assert bench.node.fleet.status().acked_seq == acked
    hub.change = fixed()
    visit(bench)
    assert bench.node.fleet.status().waiting == 0


def test_a_hub_that_only_ever_says_resend_is_not_asked_without_end(bench: Bench, hub: SmallHub) -> None:
    hub.change = fixed(acked_seq=0, status=exchange.RESEND)
    assert visit(bench).rounds < 10
    assert len(hub.requests) < 10


def test_nothing_sent_is_deleted(bench: Bench, hub: SmallHub) -> None:
    for _ in range(4):
        bench.sell()
    before = kept(bench.node)
    hub.line.extend([cut, away, half])
    for _ in range(4):
        visit(bench)
    assert kept(bench.node) == before == hub.log


@pytest.mark.parametrize(
    ("status", "code"),
    [(exchange.FORKED, "log_forked"), (exchange.REWOUND, "log_rewound"), (exchange.REVOKED, "revoked")],
)
def test_a_box_that_the_hub_bars_says_so_and_sells_again_once_the_hub_relents(
    bench: Bench, hub: SmallHub, status: int, code: str
) -> None:
    hub.status = status
    assert visit(bench).error == code
    found = bench.node.fleet.status()
    assert not found.can_sell
    assert code in [issue.code for issue in found.issues]
    hub.status = exchange.OK
    assert visit(bench).error is None
    hub.status = status
    visit(bench)
    hub.status = exchange.OK  # and with nothing new to say on either side
    assert visit(bench).error is None
    assert bench.node.fleet.status().can_sell
    bench.sell()


def test_an_answer_from_before_this_log_began_is_a_rewind(bench: Bench, hub: SmallHub) -> None:
    """The hub holds more than the node has: the node's disk went back to an older state."""
    hub.change = fixed(acked_seq=500)
    assert visit(bench).error == "log_rewound"
    assert not bench.node.fleet.status().can_sell


def test_a_status_of_the_future_is_named_and_stops_nothing(bench: Bench, hub: SmallHub) -> None:
    hub.change = fixed(status=99)
    assert visit(bench).error == "status_99"
    assert bench.node.fleet.status().can_sell


def test_quarantined_events_are_shown(bench: Bench, hub: SmallHub) -> None:
    bench.sell()
    hub.quarantined = {2: "seat_not_granted"}
    visit(bench)
    (issue,) = [issue for issue in bench.node.fleet.status().issues if issue.code == "quarantined"]
    assert issue.details == {"count": 1}


def test_a_long_log_goes_in_bounded_batches(bench: Bench, hub: SmallHub) -> None:
    asked = SeatsAsked(COACH_TRIP, TODAY, 0, 4, 1)
    bench.node.scribe.write(lambda unit: [unit.append(asked) for _ in range(4_500)])
    found = visit(bench)
    assert found.events_up == len(hub.log) == bench.node.fleet.status().head_seq
    left = [request.reported.get("waiting", 0) for request in hub.requests]
    assert left == [len(hub.log) - 2_000, len(hub.log) - 4_000, 0]
    sizes = [len(request.events) for request in hub.requests]
    assert max(sizes) <= exchange.MAX_EVENTS
    assert len(sizes) == 3


def test_a_break_in_a_long_upload_costs_one_batch(bench: Bench, hub: SmallHub) -> None:
    asked = SeatsAsked(COACH_TRIP, TODAY, 0, 4, 1)
    bench.node.scribe.write(lambda unit: [unit.append(asked) for _ in range(4_500)])
    hub.line.extend([SmallHub.answer, cut])
    visit(bench)
    visit(bench)
    assert [request.first_seq for request in hub.requests] == [1, 2_001, 2_001, 4_001]
    assert hub.log == kept(bench.node)


def test_a_quiet_visit_writes_nothing_and_is_small(bench: Bench, hub: SmallHub) -> None:
    for _ in range(2):
        visit(bench)
    before = list(bench.node.database.read().iterdump())
    hub.bytes_up = hub.bytes_down = 0
    hub.now_ms += 60_000
    assert visit(bench).rounds == 1
    assert list(bench.node.database.read().iterdump()) == before
    assert hub.bytes_up < 300
    assert hub.bytes_down < 200


def test_a_box_that_has_nothing_to_say_for_a_week_is_not_long_away(bench: Bench, hub: SmallHub) -> None:
    visit(bench)
    for _ in range(7):
        bench.clock.pass_ms(86_400_000)
        hub.now_ms += 86_400_000
        visit(bench)
    assert bench.node.fleet.status().issues == ()
    bench.clock.pass_ms(4 * 86_400_000)
    assert [issue.code for issue in bench.node.fleet.status().issues] == ["hub_long_away"]


def test_only_what_changed_is_reported(bench: Bench, hub: SmallHub) -> None:
    visit(bench)
    visit(bench)
    hub.quarantined = {1: "odd"}
    bench.sell()
    visit(bench)
    visit(bench)
    assert set(hub.requests[0].reported) >= {"software", "issues", "clock_sure"}
    assert hub.requests[1].reported == {}
    assert hub.requests[-1].reported == {"issues": ["quarantined"]}


def test_a_report_that_was_lost_is_made_again(bench: Bench, hub: SmallHub) -> None:
    hub.line.append(cut)
    visit(bench)
    visit(bench)
    assert hub.requests[1].reported == hub.requests[0].reported != {}


def test_seats_past_their_time_go_back_with_the_same_visit(bench: Bench, hub: SmallHub) -> None:
    bench.grant(COACH_TRIP, day=TODAY + 1, seats={1: ALL_LEGS}, sell_until_ms=NOON_MS + 1_000)
    bench.clock.pass_ms(2_000)
    visit(bench)
    assert [type(EVENTS.decode(event).event) for event in hub.log][-1] is GrantReturned


def test_a_box_that_is_not_enrolled_says_so(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    bench.node.database.writer.execute("DELETE FROM meta WHERE name = 'node_no'")
    assert visit(bench).error == "not_enrolled"


def test_the_chain_that_is_sent_is_that_of_the_disk(bench: Bench, hub: SmallHub) -> None:
    """Also across the marks at every 64th event, from which hashes are worked out."""
    for _ in range(7):
        bench.node.scribe.write(lambda unit: [unit.append(SeatsAsked(1, 1, 0, 1, 1)) for _ in range(19)])
        assert visit(bench).error is None  # the hub compares the chain itself
    assert log.check_chain(bench.node.database.read()) == len(hub.log)


def test_the_hubs_time_is_kept_for_the_next_start(bench: Bench, hub: SmallHub) -> None:
    hub.now_ms = NOON_MS + 3_600_000
    bench.sell()
    visit(bench)
    assert meta.get(bench.node.database.read(), "last_hub_ms") == hub.now_ms
    assert bench.node.clock.wall_ms() == hub.now_ms
    bench.clock.wall = 0
    assert bench.restart().clock.wall_ms() == hub.now_ms


def test_a_large_answer_rests_only_while_somebody_sells(
    bench: Bench, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr("edge.kernel.exchange.time.sleep", rests.append)
    for number in range(350):
        hub.say("net", f"stop/{1000 + number}", stop(str(number)))
    assert visit(bench).operations_down >= 350
    assert rests == []
    node = bench.node
    apply = node.streams.apply

    def beside_a_sale(*words: Any) -> int:
        # As a clerk's thread does that finds the pen taken.
        node.scribe.asked += 1
        return apply(*words)

    monkeypatch.setattr(node.streams, "apply", beside_a_sale)
    for number in range(350):
        hub.say("net", f"stop/{2000 + number}", stop(str(number)))
    assert visit(bench).error is None
    assert len(rests) >= 3 and min(rests) > 0
    assert node.timetable.stop(2349).names["en"] == "349"
