"""Clients: a process of their own that sends prepared requests over keep-alive connections, each as fast as answers come.

Run as ``python -m tests.bench.load PORT CLIENTS`` with one request a line on standard input (``PATH<tab>JSON``, token in
the environment); prints the duration of each request and of the whole as JSON. A process of its own, so that what the
clients cost does not hide in the node's interpreter lock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.client import Connection

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "BENCH_TOKEN"


@dataclass(frozen=True)
class Load:
    """What the clients saw: ``seconds`` from the first request to the last answer, and each request's milliseconds."""

    seconds: float
    durations_ms: list[float]

    @property
    def per_s(self) -> float:
        """Requests answered a second."""
        return len(self.durations_ms) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """The duration that ``percent`` of the requests did not exceed."""
        ordered = sorted(self.durations_ms)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def run(port: int, token: str, requests: list[tuple[str, dict[str, Any]]], clients: int) -> Load:
    """Send all ``requests`` with ``clients`` connections."""
    lines = "".join(f"{path}\t{json.dumps(body)}\n" for path, body in requests)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), TOKEN: token}
    words = [sys.executable, "-m", "tests.bench.load", str(port), str(clients)]
    done = subprocess.run(words, input=lines, text=True, capture_output=True, env=environment, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the clients failed:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return Load(found["seconds"], found["durations_ms"])


def _client(connection: Connection, messages: list[bytes], start: threading.Barrier, out: list[float]) -> None:
    start.wait()
    clock = time.perf_counter
    for message in messages:
        begun = clock()
        connection.exchange(message)
        out.append((clock() - begun) * 1000)


def _main(port: int, clients: int) -> int:
    requests = [line.rstrip("\n").split("\t", 1) for line in sys.stdin]
    connections = [Connection(port, os.environ.get(TOKEN, "")) for _ in range(clients)]
    durations: list[list[float]] = [[] for _ in range(clients)]
    start = threading.Barrier(clients + 1)
    threads = []
    for number, connection in enumerate(connections):
        mine = [connection.message(path, json.loads(body)) for path, body in requests[number::clients]]
        threads.append(threading.Thread(target=_client, args=(connection, mine, start, durations[number])))
        threads[-1].start()
    start.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    found = [duration for one in durations for duration in one]
    json.dump({"seconds": seconds, "durations_ms": found}, sys.stdout)
    return 0 if len(found) == len(requests) else 1


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2])))
