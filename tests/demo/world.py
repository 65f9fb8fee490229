"""The processes of the demo: started, watched, killed and started again. Everything listens on loopback only."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.children import start_child, stop_child

ROOT = Path(__file__).resolve().parents[2]
FIRST_PORT = 8600
READY_S = 60.0


class DemoFailed(Exception):
    """The demo can't go on; the text says what to look at."""


@dataclass
class Process:
    """One process: how it is started, where its output goes, and the address that answers when it is ready."""

    name: str
    words: list[str]
    log: Path
    health: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; :meth:`wait_ready` waits for it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **self.environment}
        with self.log.open("ab") as output:
            words = [sys.executable, *self.words]
            self.running = start_child(words, output=output, env=environment, cwd=self.log.parent)

    def wait_ready(self) -> None:
        """Return when it answers. Raises :class:`DemoFailed` with the end of its output when it does not."""
        end = time.monotonic() + READY_S
        while self.health and not answers(self.health):
            gone = self.running is None or self.running.poll() is not None
            if gone or time.monotonic() > end:
                raise DemoFailed(f"{self.name} did not start; its last words ({self.log}):\n{tail(self.log)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it politely."""
        if self.running is not None:
            stop_child(self.running, 20)
            self.running = None

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        if self.running is not None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None


def answers(url: str) -> bool:
    """Whether something answers at ``url`` (``http://…`` or ``tcp://host:port``)."""
    try:
        if url.startswith("tcp://"):
            host, port = url[6:].split(":")
            socket.create_connection((host, int(port)), timeout=1).close()
            return True
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a file."""
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(nothing)"


def command(words: list[str], environment: dict[str, str] | None = None, quiet: bool = True) -> dict[str, Any]:
    """Run a ``yipiao`` command to its end; the JSON object of its last line. Raises :class:`DemoFailed`."""
    full = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    done = subprocess.run(
        [sys.executable, *words], env=full, cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if quiet else None,
    )  # fmt: skip
    if done.returncode != 0:
        raise DemoFailed(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr or ''}{done.stdout[-2000:]}")
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {}
    return found


def choose_ports(count: int, first: int | None = FIRST_PORT) -> list[int]:
    """``count`` free ports: consecutive from ``first`` where nobody listens there, else any."""
    if first is not None:
        wanted = list(range(first, first + count))
        if not any(answers(f"tcp://127.0.0.1:{port}") for port in wanted):
            return wanted
    with_sockets = [socket.socket() for _ in range(count)]
    try:
        for one in with_sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in with_sockets]
    finally:
        for one in with_sockets:
            one.close()
