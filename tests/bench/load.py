"""Clients: a process of their own that sends prepared requests over keep-alive connections, each as fast as answers come.

Run as ``python -m tests.bench.load PORT CLIENTS`` with one transaction a line on standard input (a JSON list of requests
``[path, body]``, which one client sends one after the other; tokens in the environment, which the clients take in turn); prints
the duration of each transaction and of the whole as JSON. A process of its own, so that what the clients cost does not hide
in the node's interpreter lock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bench.client import Connection
from tests.bench.process import environment

TOKEN = "BENCH_TOKEN"
BEGUN = "begun\n"


Request = tuple[str, dict[str, Any] | None]
Transaction = tuple[Request, ...]


@dataclass(frozen=True)
class Load:
    """What the clients saw: ``seconds`` from the first request to the last answer, each transaction's milliseconds, and when
    each began (seconds of ``time.perf_counter``, which all processes of a machine share)."""

    seconds: float
    durations_ms: list[float]
    begun_s: list[float]

    @property
    def per_s(self) -> float:
        """Transactions answered a second."""
        return len(self.durations_ms) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """The duration that ``percent`` of the requests did not exceed."""
        return percentile(self.durations_ms, percent)

    def between(self, from_s: float, until_s: float) -> Load:
        """The requests that began in a span of time."""
        pairs = zip(self.begun_s, self.durations_ms, strict=True)
        chosen = [(begun, duration) for begun, duration in pairs if from_s <= begun < until_s]
        return Load(until_s - from_s, [duration for _, duration in chosen], [begun for begun, _ in chosen])


def percentile(durations_ms: list[float], percent: float) -> float:
    """The value that ``percent`` of all did not exceed."""
    ordered = sorted(durations_ms)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def run(port: int, token: str, requests: list[Request], clients: int, begun: Callable[[], None] = lambda: None) -> Load:
    """Send all ``requests`` with ``clients`` connections; ``begun`` is called when the first is on its way."""
    return run_all(port, [token], [(request,) for request in requests], clients, begun)


def run_all(
    port: int,
    tokens: list[str],
    transactions: list[Transaction],
    clients: int,
    begun: Callable[[], None] = lambda: None,
) -> Load:
    """As :func:`run` for transactions of several requests; client i has token i, from the first again after the last."""
    lines = "".join(f"{json.dumps(transaction)}\n" for transaction in transactions)
    words = [sys.executable, "-m", "tests.bench.load", str(port), str(clients)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment(**{TOKEN: " ".join(tokens)})
    ) as clients_process:
        assert clients_process.stdin and clients_process.stdout and clients_process.stderr
        clients_process.stdin.write(lines)
        clients_process.stdin.close()
        if clients_process.stdout.readline() == BEGUN:
            begun()
        told, problem = clients_process.stdout.read(), clients_process.stderr.read()
    if clients_process.returncode != 0:
        raise RuntimeError(f"the clients failed:\n{problem[-2000:]}")
    return Load(**json.loads(told))


def _client(
    connection: Connection, transactions: list[list[bytes]], start: threading.Barrier, out: list[tuple[float, float]]
) -> None:
    start.wait()
    clock = time.perf_counter
    for messages in transactions:
        begun = clock()
        for message in messages:
            connection.exchange(message)
        out.append((begun, (clock() - begun) * 1000))


def _main(port: int, clients: int) -> int:
    work = [json.loads(line) for line in sys.stdin]
    tokens = os.environ.get(TOKEN, "").split() or [""]
    connections = [Connection(port, tokens[number % len(tokens)]) for number in range(clients)]
    seen: list[list[tuple[float, float]]] = [[] for _ in range(clients)]
    start = threading.Barrier(clients + 1)
    threads = []
    for number, connection in enumerate(connections):
        mine = [[connection.message(path, body) for path, body in requests] for requests in work[number::clients]]
        threads.append(threading.Thread(target=_client, args=(connection, mine, start, seen[number])))
        threads[-1].start()
    start.wait()
    begun = time.perf_counter()
    sys.stdout.write(BEGUN)
    sys.stdout.flush()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    found = [pair for one in seen for pair in one]
    begun_s, durations_ms = [begun for begun, _ in found], [duration for _, duration in found]
    json.dump({"seconds": seconds, "durations_ms": durations_ms, "begun_s": begun_s}, sys.stdout)
    return 0 if len(found) == len(work) else 1


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2])))
