"""One bridge at a time, without a broker: the gate's obedience, the outbox, the settings."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest

from firmware_bridges import cli
from firmware_bridges.gate import bridge as gate_bridge
from firmware_bridges.gate.bridge import Gate
from firmware_bridges.gate.ledger import SCHEMA
from firmware_bridges.kernel.settings import BridgeSettings, load_settings
from firmware_bridges.kernel.store import Store
from firmware_bridges.scanner.bridge import Scanner
from firmware_bridges.scanner.feed import Line
from sync.kernel.devices import Ack, Open, Stamp, encode
from sync.kernel.errors import Fault, Malformed


class Recorder:
    """A session that only remembers what was published."""

    def __init__(self) -> None:
        self.bseq = 1
        self.said: list[Any] = []

    def publish(self, channel: str, message: Any, **how: Any) -> int:
        self.said.append(message)
        return len(self.said)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    gate = Gate(BridgeSettings("node-4", "gate-1", tmp_path), Store(tmp_path, SCHEMA))
    gate.session = Recorder()  # type: ignore[assignment]
    return gate


def order(gate: Gate, cmd_id: str = "open-v1", verdict_id: str = "v1", ends_in_ms: int = 5_000, boot: int = 0) -> None:
    """Send the gate a command that ends so many ms from now, in the time of the process ``boot``."""
    stamp = Stamp(boot or gate.store.boot, max(0, gate.up_ms() + ends_in_ms))
    gate.on_command("open", encode(Open(cmd_id, verdict_id, "trace", stamp)))


def openings(gate: Gate) -> int:
    return int(gate.store.db.execute("SELECT count(*) FROM opening").fetchone()[0])


def said(gate: Gate) -> list[Any]:
    session: Any = gate.session
    return list(session.said)


def test_a_repeated_command_gets_the_same_answer_and_opens_nothing(gate: Gate, capsys: Any) -> None:
    for _ in range(3):
        order(gate)
    assert said(gate) == [Ack("open-v1", "opened")] * 3
    assert openings(gate) == len(gate.store.waiting(9)) == capsys.readouterr().out.count('"opened"') == 1


def test_without_its_memory_the_gate_would_open_again(gate: Gate, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary of the test above."""
    monkeypatch.setattr(gate_bridge, "result_of", lambda db, cmd_id: None)
    monkeypatch.setattr(gate_bridge, "keep_result", lambda db, cmd_id, result: None)
    monkeypatch.setattr(gate_bridge, "keep_opening", lambda db, order, wall_ms: True)
    order(gate)
    order(gate)
    assert capsys.readouterr().out.count('"opened"') == 2


def test_a_second_command_for_the_same_verdict_opens_nothing(gate: Gate) -> None:
    order(gate, cmd_id="open-v1")
    order(gate, cmd_id="again-v1")
    assert openings(gate) == 1


def test_an_expired_command_is_refused_for_good(gate: Gate) -> None:
    gate._started_ms -= 10_000
    order(gate, ends_in_ms=-1)
    order(gate, ends_in_ms=5_000)
    assert said(gate) == [Ack("open-v1", "expired")] * 2 and openings(gate) == 0


def test_a_command_for_an_earlier_process_is_ignored_but_not_refused(gate: Gate) -> None:
    with pytest.raises(Malformed, match="other_boot"):
        order(gate, boot=gate.store.boot - 1)
    assert said(gate) == []
    order(gate)
    assert said(gate) == [Ack("open-v1", "opened")]


def test_a_command_that_would_live_for_hours_is_ignored(gate: Gate) -> None:
    with pytest.raises(Malformed, match="too_far"):
        order(gate, ends_in_ms=3_600_000)
    assert openings(gate) == 0


def test_a_gate_remembers_over_a_restart(gate: Gate, tmp_path: Path) -> None:
    order(gate)
    gate.store.close()
    again = Gate(gate.settings, Store(tmp_path, SCHEMA))
    again.session = Recorder()  # type: ignore[assignment]
    order(again)
    assert openings(again) == 1 and said(again) == [Ack("open-v1", "opened")]
    assert again.store.boot == gate.store.boot + 1


@pytest.mark.parametrize("order", [("taken", "answered"), ("answered", "taken")])
def test_an_event_is_kept_until_the_broker_took_it_and_the_node_answered(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    store = Store(tmp_path)
    with store.write():
        seq = store.add("scan", "t", {"code": "x"}, 1, 0)
    for done, left in zip(order, ([seq], []), strict=True):
        if done == "taken":
            store.taken(seq)
        else:
            assert store.answered(1, seq)
        assert [row.seq for row in store.waiting(9)] == left


def test_an_answer_counts_once_and_only_for_its_own_event(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write():
        seq = store.add("scan", "t", {"code": "x"}, 1, 0)
    assert [store.answered(2, seq), store.answered(1, seq), store.answered(1, seq)] == [False, True, False]


def test_numbers_are_never_used_twice_even_when_the_outbox_was_emptied(tmp_path: Path) -> None:
    store = Store(tmp_path)
    seqs = []
    for _ in range(3):
        with store.write():
            seqs.append(store.add("scan", "t", {}, 1, 0))
        store.taken(seqs[-1])
        store.answered(1, seqs[-1])
    assert seqs == [1, 2, 3]


def test_a_full_outbox_says_so_and_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_bridges.kernel.store.MAX_WAITING", 1)
    scanner = Scanner(BridgeSettings("node-4", "scanner-1", tmp_path), Store(tmp_path))
    answers: list[dict[str, object]] = []
    for code in ("T1", "T2", "bell\x07"):
        scanner.on_input(Line(code, answers.append))
    assert answers == [{"event": "outbox_full"}, {"event": "unreadable"}]
    assert [row.body["code"] for row in scanner.store.waiting(9)] == ["T1"]


def test_a_flood_of_rubbish_fills_no_log(tmp_path: Path, capsys: Any) -> None:
    scanner = Scanner(BridgeSettings("node-4", "scanner-1", tmp_path), Store(tmp_path))
    for _ in range(1_000):
        scanner.ignore("not_json")
    assert scanner.counts == {"not_json": 1_000} and capsys.readouterr().out.count("\n") == 10


def test_settings_come_from_file_environment_and_command_line_in_that_order(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text('node = "n"\ndevice = "a"\ndata = "d"\nport = 1\nbeat_ms = 500\n', "utf-8")
    environment = {"YIPIAO_BRIDGE_DEVICE": "b", "YIPIAO_BRIDGE_PORT": "2", "PATH": "/bin"}
    found = load_settings({"port": 3, "host": None}, environment, file)
    assert found == BridgeSettings("n", "b", Path("d"), port=3, beat_ms=500)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"node": "N4"},
        {"node": "a/b"},
        {"device": "node"},
        {"device": "x" * 41},
        {"port": "x"},
        {"port": 0},
        {"beat_ms": 1},
        {"colour": "red"},
    ],
)
def test_odd_settings_refuse_to_start(given: dict[str, object], tmp_path: Path) -> None:
    whole = {"node": "node-4", "device": "gate-1", "data": tmp_path} if given else {}
    with pytest.raises(Fault, match="setting"):
        load_settings(whole | given, {})


def test_the_command_line_says_what_is_wrong_and_exits_with_2(tmp_path: Path, capsys: Any) -> None:
    assert cli.main(["gate", "--node", "N", "--device", "g", "--data", str(tmp_path)]) == 2
    assert cli.main(["gate", "--no-such"]) == 2
    assert cli.main(["--help"]) == 0
    assert "setting node" in capsys.readouterr().err


def test_a_full_queue_drops_and_does_not_block(tmp_path: Path) -> None:
    gate = Gate(BridgeSettings("node-4", "gate-1", tmp_path), Store(tmp_path, SCHEMA))
    for _ in range(2_000):
        gate.session._put(None)
    with pytest.raises(queue.Full):
        gate.inputs.put_nowait(None)
