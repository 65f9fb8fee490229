"""Operations on streams: newest a key, in the order of commits, read in pages from any cursor."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cloud.kernel import streams
from cloud.kernel.database import Database, head_pos
from cloud.kernel.tables import operation
from sync.kernel import exchange
from sync.kernel.errors import Broken
from tests.cloud.world import World


@pytest.fixture
def database(hub_database_url: str) -> Iterator[Database]:
    made = Database(hub_database_url)
    made.migrate()
    yield made
    made.close()


def publish(database: Database, stream: str, key: str, body: bytes | None) -> int:
    with database.write() as tx:
        return streams.publish(tx, stream, key, body)


def test_a_newer_body_takes_the_keys_place_at_the_end(database: Database) -> None:
    first, other = publish(database, "net", "stop/1", b"a"), publish(database, "net", "stop/2", b"b")
    newer = publish(database, "net", "stop/1", b"c")
    assert first < other < newer
    with database.read() as tx:
        assert [(one.key, one.body) for one in streams.read_all(tx, "net")] == [("stop/2", b"b"), ("stop/1", b"c")]


def test_an_unchanged_body_keeps_its_position(database: Database) -> None:
    first = publish(database, "net", "stop/1", b"a")
    assert publish(database, "net", "stop/1", b"a") == first
    with database.read() as tx:
        assert head_pos(tx) == first


def test_a_key_that_never_was_needs_no_tombstone(database: Database) -> None:
    publish(database, "net", "stop/1", None)
    with database.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(operation)).scalar_one() == 0


def test_a_thousand_keys_at_once_are_like_one_by_one(database: Database) -> None:
    publish(database, "net", "stop/5", b"old")
    with database.write() as tx:
        positions = streams.publish_many(tx, "net", [(f"stop/{i}", b"%d" % i) for i in range(3_000)])
    assert positions == sorted(positions)
    with database.read() as tx:
        many = streams.digest(tx, "net")
    for i in range(0, 3_000, 500):
        publish(database, "single", f"stop/{i}", b"%d" % i)
    with database.write() as tx:
        streams.publish_many(tx, "single", [(f"stop/{i}", b"%d" % i) for i in range(3_000)])
        assert streams.digest(tx, "single") == many


def test_the_digest_forgets_what_was_replaced_and_removed(database: Database) -> None:
    publish(database, "net", "stop/1", b"a")
    with database.read() as tx:
        before = streams.digest(tx, "net")
    publish(database, "net", "stop/2", b"b")
    publish(database, "net", "stop/1", b"c")
    publish(database, "net", "stop/1", b"a")
    publish(database, "net", "stop/2", None)
    with database.read() as tx:
        assert streams.digest(tx, "net") == before


def test_a_failed_transaction_gives_its_positions_back(database: Database) -> None:
    first = publish(database, "net", "stop/1", b"a")
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        streams.publish(tx, "net", "stop/2", b"b")
        raise ZeroDivisionError
    assert publish(database, "net", "stop/3", b"c") == first + 1


def test_a_reader_gives_no_positions(database: Database) -> None:
    with database.read() as tx, pytest.raises(Broken):
        streams.next_pos(tx)


def test_a_new_box_holds_every_stream_after_its_first_visit(world: World) -> None:
    with world.hub.database.write() as tx:
        streams.publish_many(tx, "net", [(f"stop/{i}", bytes(200)) for i in range(4_000)])
    box = world.box("a")
    box.visit()
    with world.hub.database.read() as tx:
        for name in ("net", "place/1", f"node/{box.node_no}"):
            assert box.digest(name) == streams.digest(tx, name)
    assert not box.exceptions and len(box.store["net"]) == 4_001


def test_a_bootstrap_goes_on_where_it_was_cut(world: World) -> None:
    with world.hub.database.write() as tx:
        streams.publish_many(tx, "net", [(f"stop/{i}", bytes(500)) for i in range(2_000)])
    box = world.box("a")
    seen = 0
    while (answer := box.send(box.request())).more:
        assert sum(len(one.body or b"") for one in answer.operations) <= exchange.DOWN_BUDGET_BYTES
        box.send(box.request())  # an answer that never arrived
        box.take(answer)
        seen += len(answer.operations)
        with world.hub.database.write() as tx:  # the world does not stand still
            streams.publish(tx, "net", f"stop/{seen}", b"changed")
    box.take(answer)
    box.visit()
    with world.hub.database.read() as tx:
        assert box.digest("net") == streams.digest(tx, "net")
    assert seen < 2_400


def test_a_stream_subscribed_later_is_read_from_its_beginning(world: World) -> None:
    with world.hub.database.write() as tx:
        streams.publish_many(tx, "operator/9", [(f"trip/{i}", bytes(300)) for i in range(1_500)])
    box = world.box("a")
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.nodes.subscribe(tx, box.node_no, ["operator/9"])
        streams.publish(tx, "operator/9", "trip/7", b"newer")
    first = box.send(box.request())
    assert first.exceptions == {"operator/9": 0} and first.more
    box.take(first)
    box.visit()
    with world.hub.database.read() as tx:
        assert box.digest("operator/9") == streams.digest(tx, "operator/9")
    assert not box.exceptions


def test_what_moves_while_a_stream_is_read_is_not_missed(world: World) -> None:
    box = world.box("a")
    box.visit()
    with world.hub.database.write() as tx:
        streams.publish_many(tx, "operator/9", [(f"trip/{i}", bytes(300)) for i in range(1_500)])
        world.hub.nodes.subscribe(tx, box.node_no, ["operator/9"])
    for i in range(1_000):
        answer = box.send(box.request())
        box.take(answer)
        if not answer.more:
            break
        with world.hub.database.write() as tx:
            streams.publish(tx, "net", f"stop/{i}", b"x")
            streams.publish(tx, "operator/9", f"trip/{i}", b"y")
    box.visit()
    with world.hub.database.read() as tx:
        assert all(box.digest(name) == streams.digest(tx, name) for name in ("net", "operator/9"))


def test_a_stream_taken_away_is_told_no_more(world: World) -> None:
    box = world.box("a")
    with world.hub.database.write() as tx:
        world.hub.nodes.subscribe(tx, box.node_no, ["operator/9"])
        streams.publish(tx, "operator/9", "trip/1", b"a")
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.nodes.unsubscribe(tx, box.node_no, ["operator/9"])
        streams.publish(tx, "operator/9", "trip/1", b"b")
    box.visit()
    assert "operator/9" not in box.store


@pytest.mark.parametrize("visits_between", [False, True])
def test_a_stream_taken_away_and_given_again_is_whole(world: World, visits_between: bool) -> None:
    box = world.box("a")
    with world.hub.database.write() as tx:
        world.hub.nodes.subscribe(tx, box.node_no, ["operator/9"])
        streams.publish(tx, "operator/9", "trip/1", b"a")
    box.visit()
    with world.hub.database.write() as tx:
        world.hub.nodes.unsubscribe(tx, box.node_no, ["operator/9"])
        streams.publish(tx, "operator/9", "trip/2", b"b")
    if visits_between:
        box.visit()
    with world.hub.database.write() as tx:
        world.hub.nodes.subscribe(tx, box.node_no, ["operator/9"])
        streams.publish(tx, "operator/9", "trip/3", b"c")
    box.visit()
    with world.hub.database.read() as tx:
        assert box.digest("operator/9") == streams.digest(tx, "operator/9")
    assert len(box.store["operator/9"]) == 3


@pytest.mark.postgresql
def test_a_reader_never_misses_an_operation_that_commits_late(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    database.migrate()
    cursor, seen, wanted = 0, set(), set()
    stop = threading.Event()

    def write(worker: int) -> None:
        for i in range(60):
            with database.write() as tx:
                wanted.add(streams.publish(tx, "net", f"stop/{worker}-{i}", b"x"))

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for writer in writers:
        writer.start()

    def watch() -> None:
        for writer in writers:
            writer.join()
        stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    while True:
        done = stop.is_set()
        with database.read() as tx:
            query = sa.select(operation.c.pos).where(operation.c.pos > cursor).order_by(operation.c.pos)
            found = list(tx.execute(query).scalars())
        seen |= set(found)
        cursor = max([cursor, *found])
        if done:
            break
    watcher.join()
    database.close()
    assert seen == wanted and len(seen) == 240


@pytest.mark.postgresql
def test_a_bare_sequence_does_miss_one(postgresql_url: str) -> None:
    """The canary of the test above: positions from a sequence become visible in another order than they are given."""
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as setup:
        setup.execute(sa.text("CREATE TABLE op (pos bigserial PRIMARY KEY, name text)"))
    slow, fast = engine.connect(), engine.connect()
    slow.execute(sa.text("INSERT INTO op (name) VALUES ('slow')"))
    fast.execute(sa.text("INSERT INTO op (name) VALUES ('fast')"))
    fast.commit()
    with engine.begin() as reader:
        cursor = reader.execute(sa.text("SELECT max(pos) FROM op")).scalar_one()
    slow.commit()
    with engine.begin() as reader:
        query = sa.text("SELECT name FROM op WHERE pos > :cursor")
        assert reader.execute(query, {"cursor": cursor}).all() == []
        assert reader.execute(sa.text("SELECT count(*) FROM op")).scalar_one() == 2
    for connection in (slow, fast):
        connection.close()
    engine.dispose()


@pytest.mark.postgresql
def test_the_second_writer_waits_for_the_firsts_commit(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    database.migrate()
    got: list[int] = []
    with database.write() as tx:
        first = streams.publish(tx, "net", "stop/1", b"a")
        other = threading.Thread(target=lambda: got.append(publish(database, "net", "stop/2", b"b")))
        other.start()
        other.join(timeout=0.3)
        assert other.is_alive() and not got
    other.join(timeout=10)
    database.close()
    assert got == [first + 1]
