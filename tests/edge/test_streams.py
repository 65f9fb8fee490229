"""Operations from the hub on a node: kept, folded, resumed, compacted, forgotten."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from edge import domains
from edge.kernel import meta
from edge.kernel.streams import CHUNK, Streams
from sync.domains.inventory.operations import Recall
from sync.domains.timetable.operations import Stop
from sync.kernel import digest
from sync.kernel.errors import Refusal
from sync.kernel.operations import Operation, Subscriptions
from tests.edge.folding import differing
from tests.edge.hub import SmallHub, connect, fixed
from tests.edge.queues import Full
from tests.support.nodes import ALL_LEGS, COACH_TRIP, TODAY, Bench, make_bench, names


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def hub(bench: Bench) -> SmallHub:
    return connect(bench)


def stop(name: str) -> bytes:
    return Stop(name, names(name, name, name), None, None, None).to_bytes()


def stop_name(bench: Bench, number: int) -> str | None:
    try:
        return bench.node.timetable.stop(number).names["en"]
    except Refusal:
        return None


def cursor(bench: Bench) -> tuple[int, dict[str, int]]:
    return bench.node.streams.cursor(bench.node.database.read())


def visit(bench: Bench) -> None:
    assert bench.node.exchange.visit().error is None


def apply_one(bench: Bench, operation: Operation) -> None:
    bench.node.scribe.write(lambda unit: bench.node.streams.apply(unit.connection, [operation]))


def expected_digest(operations: list[Operation], stream: str) -> str:
    newest = {one.key: one.body for one in sorted(operations, key=lambda one: one.pos) if one.stream == stream}
    return f"{sum(digest.item(key, body) for key, body in newest.items()) % digest.MODULUS:032x}"


def test_operations_are_kept_and_folded_and_the_floor_moves(bench: Bench, hub: SmallHub) -> None:
    hub.say("net", "stop/71", stop("one"))
    last = hub.say("net", "stop/71", stop("two"))
    visit(bench)
    assert stop_name(bench, 71) == "two"
    assert cursor(bench) == (last, {})


def test_the_same_answer_again_changes_nothing(bench: Bench, hub: SmallHub) -> None:
    hub.say("net", "stop/71", stop("one"))
    visit(bench)
    before = list(bench.node.database.read().iterdump())
    bench.node.scribe.write(lambda unit: bench.node.streams.apply(unit.connection, hub.operations))
    assert list(bench.node.database.read().iterdump()) == before


def test_an_older_operation_never_replaces_a_newer_one(bench: Bench) -> None:
    for pos, name in ((900, "new"), (899, "old"), (900, "other")):
        apply_one(bench, Operation("net", pos, "stop/71", stop(name)))
    assert stop_name(bench, 71) == "new"


def test_a_tombstone_removes_and_leaves_nothing_in_the_digest(bench: Bench, hub: SmallHub) -> None:
    visit(bench)
    before = bench.node.streams.digests(bench.node.database.read())
    hub.say("net", "stop/71", stop("one"))
    hub.say("net", "stop/71", None)
    visit(bench)
    assert stop_name(bench, 71) is None
    assert bench.node.streams.digests(bench.node.database.read()) == before


def test_digests_are_those_of_the_newest_operations_in_whatever_order_they_came(bench: Bench) -> None:
    operations = [
        Operation("net", 1_000 + n, f"stop/{n % 7}", None if n % 11 == 0 else stop(str(n))) for n in range(50)
    ]
    mixed = random.Random(3).sample(operations, 50)
    connection = bench.node.database.writer
    streams = Streams(domains.projections())
    connection.execute("BEGIN IMMEDIATE")
    for table in ("stream_operation", "stream_digest"):
        connection.execute(f"DELETE FROM {table}")
    streams.apply(connection, mixed)
    found = streams.digests(connection)
    connection.execute("COMMIT")
    assert found == {"net": expected_digest(operations, "net")}


@pytest.mark.parametrize("count", [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_an_answer_of_any_length_is_applied_whole(bench: Bench, hub: SmallHub, count: int) -> None:
    for number in range(1_000, 1_000 + count):
        hub.say("net", f"stop/{number}", stop(str(number)))
    found = bench.node.exchange.visit()
    assert (found.error, found.operations_down) == (None, count)
    assert stop_name(bench, 999 + count) == str(999 + count)


def test_a_large_pull_lets_sales_through_between_small_transactions(
    bench: Bench, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the third chunk is applied, what was committed before it can be seen by others: the first two are."""
    for number in range(1_000, 1_000 + 3 * CHUNK):
        hub.say("net", f"stop/{number}", stop(str(number)))
    seen, sizes = [], []
    apply = bench.node.streams.apply

    def watched(connection: object, chunk: list[Operation]) -> int:
        reader = bench.node.database.read()
        seen.append(reader.execute("SELECT count(*) FROM stop WHERE stop_no >= 1000").fetchone()[0])
        sizes.append(len(chunk))
        return apply(connection, chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.node.streams, "apply", watched)
    visit(bench)
    assert sizes == [CHUNK] * 3
    assert seen == [0, CHUNK, 2 * CHUNK]


def test_a_sale_that_comes_during_a_large_pull_is_written_with_the_next_small_transaction(
    bench: Bench, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.grant(COACH_TRIP, seats={1: ALL_LEGS})
    for number in range(1_000, 1_000 + 4 * CHUNK):
        hub.say("net", f"stop/{number}", stop(str(number)))
    queue = bench.node.scribe._waiting = Full(1)
    seller = threading.Thread(target=bench.sell)
    apply = bench.node.streams.apply
    sold: list[int] = []

    def watched(connection: object, chunk: list[Operation]) -> int:
        if not sold:
            queue.reached.clear()
            seller.start()
            assert queue.reached.wait(20)
        sold.append(bench.node.database.read().execute("SELECT count(*) FROM ticket").fetchone()[0])
        return apply(connection, chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.node.streams, "apply", watched)
    visit(bench)
    seller.join(20)
    assert sold in ([0, 0, 1, 1], [0, 1, 1, 1])


def test_a_pull_cut_between_two_chunks_goes_on_where_it_was(
    bench: Bench, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1_000, 1_000 + 2 * CHUNK):
        hub.say("net", f"stop/{number}", stop(str(number)))
    apply, calls = bench.node.streams.apply, []

    def failing(connection: object, chunk: list[Operation]) -> int:
        calls.append(chunk)
        if len(calls) == 2:
            raise Refusal("disk_full", status=507)
        return apply(connection, chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.node.streams, "apply", failing)
    assert bench.node.exchange.visit().error == "disk_full"
    assert (stop_name(bench, 1_000), stop_name(bench, 999 + 2 * CHUNK), cursor(bench)[0]) == ("1000", None, 0)
    monkeypatch.undo()
    visit(bench)
    assert stop_name(bench, 999 + 2 * CHUNK) == str(999 + 2 * CHUNK)
    assert bench.node.streams.digests(bench.node.database.read())["net"] is not None


def test_pages_of_an_answer_are_asked_for_until_there_is_no_more(bench: Bench, hub: SmallHub) -> None:
    hub.page = 3
    for number in range(1_000, 1_010):
        hub.say("net", f"stop/{number}", stop(str(number)))
    visit(bench)
    assert [request.floor for request in hub.requests] == [0, 10_003, 10_006, 10_009]
    assert stop_name(bench, 1_009) == "1009"


def test_the_floor_never_goes_down(bench: Bench, hub: SmallHub) -> None:
    last = hub.say("net", "stop/71", stop("one"))
    visit(bench)
    hub.change = fixed(floor=5)
    visit(bench)
    assert cursor(bench)[0] == last


def test_a_newly_subscribed_stream_is_read_from_its_start_and_then_catches_up(bench: Bench, hub: SmallHub) -> None:
    hub.say(f"trip/1/{TODAY}", "manifest/0000070100000001", None)
    hub.say("operator/9", "stop/90", stop("early"))
    hub.say("net", "stop/71", stop("one"))
    hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7", "operator/1")).to_bytes())
    visit(bench)
    assert stop_name(bench, 90) is None
    hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7", "operator/1", "operator/9")).to_bytes())
    hub.held.add("operator/9")
    visit(bench)
    assert hub.requests[-1].exceptions == {"operator/9": 0}
    assert stop_name(bench, 90) == "early"
    assert cursor(bench)[1] == {}


def test_a_stream_behind_is_resumed_where_it_was_cut(bench: Bench, hub: SmallHub) -> None:
    for number in range(90, 100):
        hub.say("operator/9", f"stop/{number}", stop(str(number)))
    hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7")).to_bytes())
    visit(bench)
    hub.page, hub.held = 4, hub.held | {"operator/9"}
    hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7", "operator/9")).to_bytes())
    visit(bench)
    assert [one.exceptions for one in hub.requests if one.exceptions][:3] == [
        {"operator/9": 0}, {"operator/9": 10_004}, {"operator/9": 10_008}
    ]  # fmt: skip
    assert stop_name(bench, 99) == "99"
    assert cursor(bench)[1] == {}


def test_a_stream_that_is_no_longer_subscribed_is_forgotten_with_all_that_came_of_it(
    bench: Bench, hub: SmallHub
) -> None:
    both, one = ("net", "node/7", "operator/9"), ("net", "node/7")
    hub.held.add("operator/9")
    hub.say("node/7", "subscriptions", Subscriptions(both).to_bytes())
    hub.say("operator/9", "stop/90", stop("ninety"))
    visit(bench)
    assert stop_name(bench, 90) == "ninety"
    hub.say("node/7", "subscriptions", Subscriptions(one).to_bytes())
    hub.held.discard("operator/9")
    visit(bench)
    assert stop_name(bench, 90) is None
    assert "operator/9" not in bench.node.streams.digests(bench.node.database.read())


def test_a_stream_that_was_left_while_it_caught_up_is_not_asked_for_again(bench: Bench, hub: SmallHub) -> None:
    for number in range(90, 100):
        hub.say("operator/9", f"stop/{number}", stop(str(number)))
    hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7")).to_bytes())
    visit(bench)
    hub.page, hub.held = 4, hub.held | {"operator/9"}
    hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7", "operator/9")).to_bytes())
    hub.change = lambda request, response: response if not request.exceptions else _leave(hub, response)
    visit(bench)
    assert hub.requests[-1].exceptions == {}
    assert stop_name(bench, 90) is None


def _leave(hub: SmallHub, response):  # type: ignore[no-untyped-def]
    """The hub takes the stream away in the very answer that brings the next piece of it."""
    hub.held.discard("operator/9")
    hub.change = fixed()
    pos = hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7")).to_bytes())
    last = next(one for one in hub.operations if one.pos == pos)
    return fixed(operations=(*response.operations, last), more=True)(None, response)  # type: ignore[arg-type]


def test_an_operation_of_an_unknown_kind_is_kept_for_the_software_that_will_know_it(
    bench: Bench, hub: SmallHub
) -> None:
    hub.say("net", "weather/5", b"\x83\x01\x02\x03")
    visit(bench)
    row = bench.node.database.read().execute("SELECT body FROM stream_operation WHERE key = 'weather/5'").fetchone()
    assert row == (b"\x83\x01\x02\x03",)


ODD = [
    ("stop/x", stop("x")), ("stop/", stop("x")), ("stop", stop("x")), ("stop/71", b"\x80"), ("stop/71", b"\xff"),
    ("stop/99999999999999999999999", stop("x")), ("key/zz", b"\x00"), ("revoked/zz", b"\x80"), ("revoked/00", b"\x80"),
    ("clerk/x", b"\x80"), ("clerk/1", b"\x80"), ("duty/1", b"\x80"), (f"recall/1/{TODAY}", b"\x81\x01"),
    ("recall/1", Recall(1, 1).to_bytes()), ("manifest/0", b"\x80"), ("grant/1", b"\x80"), ("pattern/1", b"\x80"),
    ("trip/1", b"\x01"), ("subscriptions", b"\x01"), ("seatplan/a/b", b"\x80"), ("profile", b"\x80"), ("service/1", b""),
]  # fmt: skip


@pytest.mark.parametrize(("key", "body"), ODD)
def test_an_operation_that_cannot_be_read_blocks_nothing_behind_it(
    bench: Bench, hub: SmallHub, key: str, body: bytes
) -> None:
    """Neither what stands beside it in the answer, nor the acknowledgement, nor any later visit."""
    hub.say("net", "stop/71", stop("before"))
    hub.say("net", key, body)
    hub.say("net", "stop/72", stop("behind"))
    visit(bench)
    assert (stop_name(bench, 72), bench.node.fleet.status().waiting) == ("behind", 0)
    assert differing(bench.node) == []
    assert bench.restart(hub).timetable.place() is not None


@pytest.mark.parametrize("key", ["stop/71", "pattern/1", "trip/101", "clerk/11", "seatplan/ferry"])
def test_a_record_that_was_replaced_by_an_unreadable_one_is_the_same_live_and_folded_again(
    bench: Bench, hub: SmallHub, key: str
) -> None:
    hub.say("net", "stop/71", stop("good"))
    hub.say("net", key, b"\x84\x01\x02\x03\x04")
    visit(bench)
    assert differing(bench.node) == []


def test_an_unreadable_operation_is_reported(bench: Bench, hub: SmallHub) -> None:
    hub.say("net", "stop/71", b"\x80")
    visit(bench)
    assert "operation_unreadable" in [issue.code for issue in bench.node.fleet.status().issues]
    hub.say("net", "stop/71", stop("good"))
    visit(bench)
    assert bench.node.fleet.status().issues == ()


def test_the_subscriptions_themselves_may_be_forgotten(bench: Bench, hub: SmallHub) -> None:
    hub.say("node/7", "subscriptions", Subscriptions(("net", "node/7")).to_bytes())
    hub.say("node/7", "subscriptions", None)
    visit(bench)
    assert meta.get(bench.node.database.read(), "subscribed") == ""
