"""A broker, a scanner and a gate as processes that can be killed, and a node's bus with a small desk."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.kernel.devices import BusSettings, Command, DeviceBus, Outcome, ScanAnswer, open_command
from tests.support.children import start_child, stop_child
from tests.support.ports import free_port, wait_for_port
from tests.tooling.tree import ROOT

NODE = "node-4"


class SystemClock:
    """The real one."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


@dataclass
class Desk:
    """Boarding in memory: a code that starts with ``T`` boards once, live, and opens the gate."""

    life_ms: int = 8_000
    failures: int = 0
    scans: dict[tuple[str, int, int], ScanAnswer] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    historical: list[str] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    opened: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def on_scan(self, device: str, bseq: int, seq: int, code: str, trace_id: str, historical: bool) -> ScanAnswer:
        key = (device, bseq, seq)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the disk is full")
        if key not in self.scans:
            self.scans[key] = self._decide(code, trace_id, historical)
        return self.scans[key]

    def _decide(self, code: str, trace_id: str, historical: bool) -> ScanAnswer:
        again = code in self.codes
        self.codes.append(code)
        if again or not code.startswith("T"):
            return ScanAnswer("INVALID", "already_used" if again else "damaged", "请勿上车")
        if historical:
            self.historical.append(code)
            return ScanAnswer("WARNING", "late", "晚到的扫描")
        expires_at_ms = time.time_ns() // 1_000_000 + self.life_ms
        command = open_command("gate-1", f"v-{code}", trace_id, expires_at_ms)
        self.commands[command.cmd_id] = command
        return ScanAnswer("VALID", "welcome", "请上车")

    def on_opened(self, device: str, bseq: int, seq: int, cmd_id: str, verdict_id: str, trace_id: str) -> None:
        self.opened[(device, bseq, seq)] = verdict_id

    def pending(self) -> Sequence[Command]:
        return [one for cmd_id, one in self.commands.items() if cmd_id not in self.outcomes][:100]

    def done(self, cmd_id: str, outcome: Outcome) -> None:
        self.outcomes[cmd_id] = outcome


@dataclass
class Child:
    """One bridge process that can be killed and started again with the same data."""

    words: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            words = [sys.executable, "-m", "firmware_bridges.cli", *self.words]
            self.process = start_child(words, output=log, cwd=ROOT)

    def kill(self) -> None:
        """As a power cut does it."""
        if self.process:
            stop_child(self.process, number=signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP and SIGCONT make a process that hangs for a while."""
        assert self.process
        self.process.send_signal(number)

    def stop(self) -> int:
        assert self.process
        stop_child(self.process)
        return self.process.returncode

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What it said so far about ``event``, over all its lives."""
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        said = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [one for one in said if one["event"] == event]


class Box:
    """An on-board box with its broker and devices; ``kind`` of broker: mosquitto or amqtt."""

    def __init__(self, folder: Path, kind: str, desk: Desk | None = None) -> None:
        self.desk = desk or Desk()
        self.port, self.feed_port = free_port(), free_port()
        self.folder = folder
        self.broker = self.child("broker", ["--kind", kind])
        who = ["--node", NODE, "--device"]
        self.gate = self.child("gate", [*who, "gate-1"])
        self.scanner = self.child("scanner", [*who, "scanner-1", "--feed-port", str(self.feed_port)])
        self.bus = self.new_bus()

    def new_bus(self) -> DeviceBus:
        """As a node that starts has it: knows nothing but what the desk kept."""
        settings = BusSettings(NODE, port=self.port, retry_ms=500)
        return DeviceBus(settings, self.desk.on_scan, self.desk.on_opened, self.desk, SystemClock())

    def child(self, name: str, words: list[str]) -> Child:
        where = ["--port", str(self.port), "--data", str(self.folder / name)]
        return Child([name, *words, *where], self.folder / f"{name}.log")

    def start_broker(self) -> None:
        self.broker.start()
        wait_for_port(self.port)

    def start(self) -> None:
        """Everything, until the node sees both devices."""
        self.start_broker()
        self.bus.start()
        self.gate.start()
        self.scanner.start()
        wait_for_port(self.feed_port)
        wait_until(lambda: self.bus.status().devices == {"gate-1": "ready", "scanner-1": "ready"})

    def stop(self) -> None:
        """Whatever still runs."""
        self.bus.stop()
        for child in (self.scanner, self.gate, self.broker):
            child.kill()

    def feed(self) -> Feed:
        return Feed(self.feed_port)


class Feed:
    """One connection to the scanner's port."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def send(self, *codes: str) -> None:
        self._socket.sendall("".join(f"{code}\n" for code in codes).encode())

    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._lines.readline())
        return found

    def scan(self, code: str) -> dict[str, Any]:
        """Send one code and wait for its verdict."""
        self.send(code)
        return self.answer()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


def wait_until(holds: Callable[[], object], seconds: float = 9.0) -> None:
    """Return as soon as ``holds``; AssertionError when it still does not after ``seconds``."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.01)
