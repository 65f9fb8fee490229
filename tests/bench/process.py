"""Processes under measurement: started, found ready, measured, stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.client import Connection
from tests.bench.world import CLERK_NO, PIN
from tests.support.children import start_child, stop_child
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_S = 60.0


def environment(**more: str) -> dict[str, str]:
    """What a child process inherits, so that it finds the rooms."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


class Server:
    """One process of ours on a port of loopback, from :meth:`start` to :meth:`stop`."""

    def __init__(self, words: list[str], folder: Path, name: str, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self._environment = environment(**(settings or {}))
        self._words = [sys.executable, *words, "--port", str(self.port)]
        self._log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; gives the moment (seconds of ``time.perf_counter``)."""
        with self._log.open("ab") as output:
            begun = time.perf_counter()
            self.process = start_child(self._words, output=output, env=self._environment, cwd=self._log.parent)
        return begun

    def wait(self) -> None:
        """Return once it takes connections. TimeoutError with the end of the process's output when it never does."""
        end = time.monotonic() + READY_S
        while not self._listens():
            gone = self.process is None or self.process.poll() is not None
            if gone or time.monotonic() > end:
                raise TimeoutError(self._log.read_text(encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.005)

    def _listens(self) -> bool:
        try:
            Connection(self.port).close()
            return True
        except OSError:
            return False

    def stop(self) -> None:
        """End it politely."""
        if self.process is not None:
            stop_child(self.process, 30)
            self.process = None

    def rss_mib(self) -> float:
        """Resident memory of the process now, as the kernel counts it (VmRSS)."""
        return _status_kib(self._pid, "VmRSS") / 1024

    def cpu_ms(self) -> float:
        """Processor time of the process so far, user and system."""
        fields = Path(f"/proc/{self._pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    @property
    def _pid(self) -> int:
        if self.process is None:
            raise RuntimeError("the process is not running")
        return self.process.pid


def _status_kib(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def node_server(folder: Path, *words: str) -> Server:
    """The real command of a node over ``folder``."""
    return Server(["-m", "edge.cli", "node", "run", "--data", str(folder), *words], folder, "node")


def sign_in(port: int, clerk_no: int = CLERK_NO) -> str:
    """A bearer token of the clerk."""
    connection = Connection(port)
    try:
        answer = connection.post("/api/v1/sessions", {"clerk_no": clerk_no, "pin": PIN})
        return str(answer["token"])
    finally:
        connection.close()
