"""Scan, verdict, opening: with real processes and a real broker, and each of them killed in the middle."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from itertools import product

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.kernel.devices import open_command
from tests.firmware_bridges.support import NODE, Box, wait_until
from tests.support.ports import wait_for_port
from tests.tooling.tree import ROOT

CHANNELS = ("state", "beat", "ack", "evt/scan", "evt/opened", "evt/tap", "cmd/open", "cmd/verdict", "cmd/x")
RUBBISH = (b"", b"\xff\xfe", b"[" * 9_000, b"[]", b"null", b"{}", b'{"bseq":1e999}',
           b'{"bseq":-1,"seq":true}', b'{"code":"\\ud800"}', b"9" * 9_000,
           b'{"state":"ready","bseq":' + b"9" * 30 + b"}")  # fmt: skip
REASONS = {"not_json", "not_an_object", "too_long", "event", "command", "field_bseq", "field_state",
           "field_cmd_id", "field_code", "field_up_ms", "field_seq"}  # fmt: skip
pytestmark = [pytest.mark.processes, pytest.mark.timeout(60)]


def openings(box: Box) -> Counter[str]:
    """Openings by verdict, as the gate's own book has them."""
    with sqlite3.connect(box.folder / "gate" / "bridge.sqlite") as db:
        return Counter(row[0] for row in db.execute("SELECT verdict_id FROM opening"))


def waiting(box: Box, device: str) -> int:
    """Events that a bridge still keeps."""
    with sqlite3.connect(box.folder / device / "bridge.sqlite") as db:
        return int(db.execute("SELECT count(*) FROM outbox").fetchone()[0])


def settled(box: Box, codes: list[str]) -> bool:
    """Every code was decided, every opening told, and no outbox holds anything."""
    desk = box.desk
    return (
        set(codes) <= set(desk.codes)
        and not desk.pending()
        and set(desk.opened.values()) == set(openings(box))
        and waiting(box, "scanner") == waiting(box, "gate") == 0
    )


def assert_opened_once(box: Box, codes: list[str]) -> None:
    """In the node's mind, in the gate's book, and at the gate's arm, which is what it said when it moved."""
    wanted = Counter(f"v-{code}" for code in codes)
    assert Counter(box.desk.opened.values()) == openings(box) == wanted
    moved = Counter(line["verdict_id"] for line in box.gate.lines("opened"))
    assert max(moved.values()) == 1 and moved <= wanted
    assert sorted(box.desk.codes) == sorted(codes)


def test_a_scan_gets_its_verdict_and_opens_the_gate_once(box: Box) -> None:
    box.start()
    feed = box.feed()
    answer = feed.scan("T1")
    assert (answer["event"], answer["verdict"], answer["code"]) == ("verdict", "VALID", "welcome")
    assert feed.scan("T1")["code"] == "already_used"
    assert feed.scan("rubbish")["verdict"] == "INVALID"
    wait_until(lambda: settled(box, ["T1", "rubbish"]))
    assert openings(box) == {"v-T1": 1}
    assert len(box.gate.lines("opened")) == 1
    assert box.desk.outcomes == {"open-v-T1": "opened"}
    assert box.desk.historical == []


def test_a_killed_broker_loses_no_scan_and_opens_no_gate_twice(box: Box) -> None:
    box.start()
    feed, codes = box.feed(), [f"T{number}" for number in range(30)]
    feed.send(*codes[:10])
    wait_until(lambda: len(box.desk.codes) >= 3)
    box.broker.kill()
    feed.send(*codes[10:20])
    box.start_broker()
    feed.send(*codes[20:])
    wait_until(lambda: settled(box, codes))
    assert_opened_once(box, codes)


def test_a_killed_gate_opens_for_every_verdict_and_for_none_twice(box: Box) -> None:
    box.start()
    feed, codes = box.feed(), [f"T{number}" for number in range(30)]
    feed.send(*codes[:15])
    wait_until(lambda: len(box.gate.lines("opened")) >= 3)
    box.gate.kill()
    feed.send(*codes[15:])
    box.gate.start()
    wait_until(lambda: settled(box, codes))
    assert_opened_once(box, codes)


def test_a_killed_scanner_sends_what_it_had_read_when_it_comes_back(box: Box) -> None:
    box.start()
    feed, codes = box.feed(), [f"T{number}" for number in range(60)]
    feed.send(*codes)
    wait_until(lambda: len(box.scanner.lines("scanned")) >= 20)
    box.scanner.kill()
    with sqlite3.connect(box.folder / "scanner" / "bridge.sqlite") as db:
        read = int(db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()[0])
    box.scanner.start()
    wait_until(lambda: settled(box, codes[:read]))
    # What was read before the kill and decided after it opens nothing: nobody stands there any more.
    assert len(box.desk.codes) == read
    live = [code for code in codes[:read] if code not in box.desk.historical]
    assert Counter(box.desk.opened.values()) == openings(box) == Counter(f"v-{code}" for code in live)


def test_everything_killed_at_once_comes_back_whole(box: Box) -> None:
    box.start()
    feed, codes = box.feed(), [f"T{number}" for number in range(12)]
    feed.send(*codes)
    wait_until(lambda: len(box.scanner.lines("scanned")) == 12 and len(box.gate.lines("opened")) >= 2)
    for child in (box.broker, box.gate, box.scanner):
        child.kill()
    box.start_broker()
    box.gate.start()
    box.scanner.start()
    wait_until(lambda: settled(box, codes))
    live = [code for code in codes if code not in box.desk.historical]
    assert Counter(box.desk.opened.values()) == openings(box) == Counter(f"v-{code}" for code in live)
    assert sorted(box.desk.codes) == sorted(codes)


def test_scans_read_without_a_broker_outlive_a_kill_and_are_told_as_historical(box: Box) -> None:
    box.scanner.start()
    wait_for_port(box.feed_port)
    feed = box.feed()
    feed.send("T1", "T2")
    wait_until(lambda: len(box.scanner.lines("scanned")) == 2)
    box.scanner.kill()
    box.start()
    wait_until(lambda: len(box.desk.codes) == 2)
    assert box.desk.historical == ["T1", "T2"] and not box.desk.commands


def test_a_command_that_no_gate_took_in_time_ends_unanswered_and_never_opens(box: Box) -> None:
    box.desk.life_ms = 1_000
    box.start()
    box.gate.kill()
    assert box.feed().scan("T1")["verdict"] == "VALID"
    wait_until(lambda: box.desk.outcomes == {"open-v-T1": "unanswered"})
    box.gate.start()
    wait_until(lambda: len(box.gate.lines("connected")) == 2)
    time.sleep(0.5)
    assert not openings(box)


def test_a_command_that_a_stalled_broker_held_back_too_long_is_refused_by_the_gate(box: Box) -> None:
    box.start()
    box.broker.signal(signal.SIGSTOP)
    box.desk.commands["open-v-T1"] = open_command("gate-1", "v-T1", "trace", time.time_ns() // 1_000_000 + 1_000)
    box.bus.wake()
    time.sleep(1.3)
    box.broker.signal(signal.SIGCONT)
    wait_until(lambda: box.desk.outcomes)
    assert box.desk.outcomes == {"open-v-T1": "expired"}
    assert box.gate.lines("expired")[0]["late_ms"] > 0 and not openings(box)


def test_a_node_that_starts_again_drives_its_commands_home(box: Box) -> None:
    box.start()
    box.gate.kill()
    assert box.feed().scan("T1")["verdict"] == "VALID"
    box.bus.stop()
    box.bus = box.new_bus()
    box.bus.start()
    box.gate.start()
    wait_until(lambda: settled(box, ["T1"]))
    assert_opened_once(box, ["T1"])


def test_rubbish_on_every_topic_is_counted_and_stops_nothing(box: Box) -> None:
    box.start()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", box.port)
    client.loop_start()
    try:
        for device, channel in product(("node", "gate-1", "scanner-1"), CHANNELS):
            for payload in RUBBISH:
                client.publish(f"tp/1/{NODE}/{device}/{channel}", payload, qos=1).wait_for_publish(5)
        assert box.feed().scan("T1")["verdict"] == "VALID"
        wait_until(lambda: settled(box, ["T1"]))
    finally:
        client.disconnect()
        client.loop_stop()
    assert_opened_once(box, ["T1"])
    assert set(box.bus.status().counts) <= REASONS
    assert {line["reason"] for line in box.gate.lines("ignored")} <= REASONS


def test_a_scanner_takes_codes_from_standard_input(box: Box) -> None:
    box.start()
    box.scanner.kill()
    words = [sys.executable, "-m", "firmware_bridges.cli", *box.scanner.words]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as scanner:
        try:
            assert scanner.stdin and scanner.stdout
            scanner.stdin.write(b"T1\n\nT2\n")
            scanner.stdin.close()
            wait_until(lambda: settled(box, ["T1", "T2"]))
        finally:
            scanner.terminate()
        assert scanner.wait(10) == 0
    assert_opened_once(box, ["T1", "T2"])


def test_a_node_that_can_not_decide_now_is_asked_again(box: Box) -> None:
    box.start()
    box.desk.failures = 2
    assert box.feed().scan("T1")["verdict"] == "VALID"
    wait_until(lambda: settled(box, ["T1"]))
    assert_opened_once(box, ["T1"])
    assert box.bus.status().counts == {"failed": 2}


def test_bridges_leave_with_a_farewell_when_they_are_asked_to(box: Box) -> None:
    box.start()
    assert box.gate.stop() == 0 and box.scanner.stop() == 0
    wait_until(lambda: set(box.bus.status().devices.values()) == {"disconnected"})
    box.broker.stop()
    wait_until(lambda: not box.bus.status().connected)


def test_a_killed_device_is_reported_lost(box: Box) -> None:
    box.start()
    box.gate.kill()
    wait_until(lambda: box.bus.status().devices["gate-1"] == "lost")
    box.gate.start()
    wait_until(lambda: box.bus.status().devices["gate-1"] == "ready")


def test_a_second_process_with_the_same_data_is_refused(box: Box) -> None:
    box.start_broker()
    box.gate.start()
    wait_until(lambda: box.gate.lines("started"))
    second = box.child("gate", box.gate.words[1:-4])
    second.start()
    assert second.process and second.process.wait(10) == 2
    assert "another process uses" in second.log.read_text("utf-8")
