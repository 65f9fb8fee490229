"""A node whose disk lost or bent what the hub had told gets that again, and no more than that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest

from cloud.bootstrap import Hub
from cloud.bootstrap import build as build_hub
from cloud.kernel import repair, streams
from cloud.kernel.settings import Settings as HubSettings
from edge.bootstrap import Node
from edge.bootstrap import build as build_node
from edge.kernel.enrolment import enrol
from edge.kernel.repair import CHECK_EVERY_MS
from edge.kernel.settings import Settings
from sync.kernel import enrolment
from sync.kernel import repair as agreed
from sync.kernel.errors import Malformed
from sync.kernel.operations import NET
from tests.cloud.world import TestClock, TestIds, TestTimetable

COUNT = 10_000


@dataclass
class Line:
    """From the node to the hub, in this process. ``up`` and ``down``: bytes of each message."""

    hub: Hub
    up: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)

    def post(self, path: str, body: bytes) -> bytes:
        if path == enrolment.PATH:
            with self.hub.database.write() as tx:
                return self.hub.enrolment.enrol(tx, body)
        answer = self.hub.exchange.answer(body)
        self.up.append(len(body))
        self.down.append(len(answer))
        return answer


@dataclass
class Pair:
    """A hub with many operations, and a node that has them all."""

    hub: Hub
    node: Node
    line: Line
    clock: TestClock
    path: Path

    def spoil(self, change: str) -> None:
        """Past the code, with the node's database open."""
        with sqlite3.connect(self.path) as disk:
            disk.execute(change)

    def later(self) -> tuple[int, int]:
        """The next visits after some hours: bytes up and down."""
        self.clock.now_ms += CHECK_EVERY_MS
        self.line.up.clear()
        self.line.down.clear()
        assert self.node.exchange.visit().error is None
        return sum(self.line.up), sum(self.line.down)

    def agree(self) -> bool:
        """Whether node and hub hold the same rows, and the node's digests are those of its rows."""
        with self.hub.database.read() as tx:
            theirs = {(op.key, op.pos, op.body) for op in streams.read_all(tx, NET)}
            kept = streams.digest(tx, NET).hex()
        with sqlite3.connect(self.path) as disk:
            mine = set(disk.execute("SELECT key, pos, body FROM stream_operation WHERE stream = 'net'"))
            told = dict(disk.execute("SELECT stream, digest FROM stream_digest"))
        return mine == theirs and told[NET] == kept


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    clock = TestClock()
    hub = build_hub(HubSettings(data=tmp_path / "hub"), clock, TestIds("hub"), TestTimetable())
    line = Line(hub)
    with hub.database.write() as tx:
        streams.publish_many(tx, NET, [(f"thing/{n}", b"what is said of number %d" % n) for n in range(COUNT)])
        code = hub.enrolment.new_code(tx, hub.nodes.add(tx, "box", "station", [1], {"en": "Here"}))
    node = build_node(Settings(data=tmp_path / "node"), clock, TestIds("node"), line)
    enrol(code, node.signer, line, node.scribe)
    for _ in range(3):
        assert node.exchange.visit().error is None
    made = Pair(hub, node, line, clock, tmp_path / "node" / "node.sqlite")
    assert made.agree()
    yield made
    node.database.close()
    hub.close()


ONE = "key = 'thing/4711'"


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE stream_operation SET body = CAST('another thing' AS BLOB) WHERE {ONE}",
        f"UPDATE stream_operation SET body = 'a text' WHERE {ONE}",
        f"UPDATE stream_operation SET body = NULL WHERE {ONE}",
        f"UPDATE stream_operation SET key = 'thing/nothing' WHERE {ONE}",
        f"UPDATE stream_operation SET key = CAST(x'ff00fe' AS TEXT) WHERE {ONE}",
        f"DELETE FROM stream_operation WHERE {ONE}",
        "INSERT INTO stream_operation (stream, key, pos, body) VALUES ('net', 'thing/of nobody', 5, x'00')",
        "INSERT INTO stream_operation (stream, key, pos, body) VALUES ('other', 'thing/1', 5, x'00')",
        "UPDATE stream_digest SET digest = '00000000000000000000000000000000' WHERE stream = 'net'",
    ],
)
def test_one_row_that_went_bad_is_put_right_for_the_price_of_its_range(pair: Pair, change: str) -> None:
    pair.spoil(change)
    up, down = pair.later()
    assert pair.agree()
    assert up < 3_500
    assert down < 2_000


def test_it_stays_damaged_when_the_hub_finds_every_digest_good(pair: Pair) -> None:
    """The canary: what mends is the comparing."""
    pair.spoil(f"DELETE FROM stream_operation WHERE {ONE}")
    with mock.patch.object(repair, "compare", lambda _tx, _node_no, _check: (agreed.SAME,)):
        pair.later()
    assert not pair.agree()


def test_a_node_that_lost_everything_gets_it_in_bounded_answers(pair: Pair) -> None:
    pair.spoil("DELETE FROM stream_operation WHERE stream = 'net'")
    pair.later()
    assert pair.agree()
    assert max(pair.line.down) < 300 * 1024


def test_when_all_is_well_a_check_costs_ten_bytes_and_one_request(pair: Pair) -> None:
    assert pair.node.exchange.visit().error is None
    pair.line.up.clear()
    assert pair.node.exchange.visit().error is None
    without = pair.line.up[0]
    pair.later()
    assert len(pair.line.up) == 1
    assert pair.line.up[0] - without <= 14
    assert pair.agree()


def test_ranges_that_are_none_are_refused(pair: Pair) -> None:
    for told in (b"", bytes(6), bytes(6 * 17), bytes(6 << 13)):
        with pytest.raises(Malformed):
            agreed.bits_of(told)


def test_what_the_hub_published_meanwhile_comes_first_and_is_no_damage(pair: Pair) -> None:
    pair.spoil(f"DELETE FROM stream_operation WHERE {ONE}")
    with pair.hub.database.write() as tx:
        streams.publish(tx, NET, "thing/4712", b"news")
    pair.later()
    assert pair.agree()
