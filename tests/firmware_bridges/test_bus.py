"""The node's side alone, without a broker: what it believes, what it repeats and when it gives up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.kernel.devices import MAX_DEVICES, BusSettings, Command, DeviceBus, open_command
from sync.kernel.devices import Ack, Beat, Open, Opened, Received, Scan, Stamp, State, Verdict, encode, make_bseq, topic
from sync.kernel.errors import Malformed
from tests.firmware_bridges.support import NODE, Desk

GATE_BOOT = 77


class HandClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.wall, self.mono = 1_700_000_000_000, 5_000

    def wall_ms(self) -> int:
        return self.wall

    def mono_ms(self) -> int:
        return self.mono


class Recorder:
    """A line that only remembers what was published."""

    def __init__(self) -> None:
        self.bseq = 1
        self.said: list[tuple[str, Any]] = []

    def publish(self, device: str, channel: str, message: Any, **how: Any) -> bool:
        self.said.append((device, message))
        return True


class Node:
    """A bus in the hand, with a gate that beats in step with the node's clock."""

    def __init__(self) -> None:
        self.desk, self.clock, self.line = Desk(), HandClock(), Recorder()
        self.bus = DeviceBus(BusSettings(NODE), self.desk.on_scan, self.desk.on_opened, self.desk, self.clock)
        self.bus._line = self.line  # type: ignore[assignment]
        self.bus._tick()
        self.line.said.clear()

    def hear(self, device: str, channel: str, message: Any, kind: str = "", retained: bool = False) -> None:
        self.bus._hear(topic(NODE, device, channel, kind), encode(message), retained)

    def gate_beats(self) -> None:
        self.hear("gate-1", "beat", Beat(make_bseq(GATE_BOOT, 1), self.clock.mono))

    def order(self, verdict_id: str, life_ms: int = 5_000, device: str = "gate-1") -> Command:
        command = open_command(device, verdict_id, "trace", self.clock.wall + life_ms)
        self.desk.commands[command.cmd_id] = command
        return command

    def passes(self, ms: int) -> list[Any]:
        """Let time pass, and tell what the bus said to the gate then."""
        self.clock.mono += ms
        self.clock.wall += ms
        self.line.said.clear()
        self.bus._tick()
        return [message for device, message in self.line.said if device == "gate-1"]


@pytest.fixture
def node() -> Node:
    return Node()


def test_a_command_is_repeated_in_the_gates_own_time_until_it_is_answered(node: Node) -> None:
    node.order("v1")
    assert node.passes(0) == []
    node.gate_beats()
    wanted = [Open("open-v1", "v1", "trace", Stamp(GATE_BOOT, 10_000))]
    assert node.passes(0) == wanted
    assert node.passes(500) == []
    assert node.passes(600) == wanted
    node.hear("gate-1", "ack", Ack("open-v1", "opened"))
    assert node.passes(2_000) == [] and node.desk.outcomes == {"open-v1": "opened"}


def test_an_answer_of_another_device_is_not_believed(node: Node) -> None:
    node.order("v1")
    node.gate_beats()
    node.passes(0)
    node.hear("gate-2", "ack", Ack("open-v1", "opened"))
    assert node.desk.outcomes == {}


def test_a_wall_clock_set_back_does_not_lengthen_a_commands_life(node: Node) -> None:
    node.order("v1", life_ms=5_000)
    node.gate_beats()
    node.passes(0)
    node.clock.wall -= 3_600_000
    assert node.passes(5_100) == []
    node.passes(2_000)
    assert node.desk.outcomes == {"open-v1": "unanswered"}


def test_a_command_that_claims_to_live_for_hours_lives_a_minute(node: Node) -> None:
    node.order("v1", life_ms=3_600_000)
    node.gate_beats()
    assert [message.expires_at for message in node.passes(0)] == [Stamp(GATE_BOOT, 65_000)]


def test_a_retained_beat_tells_no_time(node: Node) -> None:
    node.order("v1")
    node.hear("gate-1", "beat", Beat(make_bseq(GATE_BOOT, 1), 5), retained=True)
    assert node.passes(0) == []


def test_a_command_that_no_device_could_read_holds_up_no_other(node: Node) -> None:
    one = node.order("v1")
    node.desk.commands = {"a": replace(one, cmd_id="a", kind="explode"), "b": replace(one, cmd_id="b", body={})}
    node.order("v2")
    node.gate_beats()
    assert [message.verdict_id for message in node.passes(0)] == ["v2"]
    assert node.bus.status().counts == {"unsendable": 2}


def test_a_repeated_scan_gets_the_same_verdict_and_causes_nothing_new(node: Node) -> None:
    at = Stamp(node.bus._boot, 0)
    for _ in range(2):
        node.hear("scanner-1", "evt", Scan(1, 1, "trace", False, "T1", at), kind="scan")
    verdict = Verdict(1, 1, "trace", "VALID", "welcome", "请上车")
    assert node.line.said == [("scanner-1", verdict)] * 2
    assert list(node.desk.commands) == ["open-v-T1"]


@pytest.mark.parametrize(
    ("age_ms", "boots_ago", "historical"),
    [(0, 0, False), (10_000, 0, False), (10_001, 0, True), (-500, 0, False), (-1_001, 0, True), (0, 1, True)],
)
def test_a_scan_of_unknown_or_great_age_is_told_as_historical(
    node: Node, age_ms: int, boots_ago: int, historical: bool
) -> None:
    node.clock.mono += 20_000
    at = Stamp(abs(node.bus._boot - boots_ago), 20_000 - age_ms)
    node.hear("scanner-1", "evt", Scan(1, 1, "trace", False, "T1", at), kind="scan")
    assert node.desk.historical == (["T1"] if historical else [])


def test_an_opening_is_recorded_before_the_gate_may_forget_it(node: Node) -> None:
    node.order("v1")
    node.gate_beats()
    node.passes(0)
    node.line.said.clear()
    for _ in range(2):
        node.hear("gate-1", "evt", Opened(4, 9, "trace", True, "open-v1", "v1"), kind="opened")
    assert node.desk.opened == {("gate-1", 4, 9): "v1"}
    assert node.line.said == [("gate-1", Received(4, 9))] * 2
    assert node.desk.outcomes == {"open-v1": "opened"}


def test_a_crowd_of_made_up_devices_is_bounded(node: Node) -> None:
    for number in range(MAX_DEVICES):
        node.hear(f"d-{number}", "state", State("ready", 1))
    with pytest.raises(Malformed, match="too_many_devices"):
        node.hear("one-more", "state", State("ready", 1))
    assert len(node.bus.status().devices) == MAX_DEVICES


def test_a_bus_whose_broker_is_away_starts_and_stops_at_once() -> None:
    desk = Desk()
    bus = DeviceBus(BusSettings(NODE, port=1), desk.on_scan, desk.on_opened, desk, HandClock())
    bus.start()
    bus.wake()
    assert not bus.status().connected
    bus.stop()
