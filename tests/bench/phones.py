"""Phones that all ask at the same moment: a process of their own with one loop, so that a hundred of them cost no threads.

Run as ``python -m tests.bench.phones PORT PHONES`` with a JSON list of paths on standard input, which every phone asks for one
after the other on a connection of its own; prints the milliseconds of each answer, by step, and of the whole as JSON. All are
connected before the first asks.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Final

from tests.bench.process import environment

AGENT: Final = "Mozilla/5.0 (Linux; Android 11) AppleWebKit/537.36 Chrome/110.0 Mobile Safari/537.36"
PATIENCE_S: Final = 60.0


@dataclass(frozen=True)
class Crowd:
    """What the phones saw. ``steps_ms``: one list a path, with one item a phone; ``seconds`` from the first to the last."""

    seconds: float
    steps_ms: list[list[float]]

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return sum(map(len, self.steps_ms)) / self.seconds


def run(port: int, phones: int, paths: list[str]) -> Crowd:
    """All at once. RuntimeError when an answer was neither success nor a redirect, or did not come."""
    words = [sys.executable, "-m", "tests.bench.phones", str(port), str(phones)]
    done = subprocess.run(
        words, input=json.dumps(paths), capture_output=True, text=True, env=environment(), check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"the phones failed:\n{done.stderr[-2000:]}")
    return Crowd(**json.loads(done.stdout))


@dataclass
class _Phone:
    socket: socket.socket
    began_s: float
    step: int = 0
    received: bytes = b""
    took_ms: list[float] = field(default_factory=list)


def _message(path: str, port: int) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {AGENT}\r\nAccept: text/html,*/*;q=0.8\r\n"
        "Accept-Language: zh-CN,zh;q=0.9\r\n\r\n"
    ).encode()


def _whole(received: bytes) -> bool:
    """Whether an answer is complete. RuntimeError for one that is neither success nor a redirect."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    if received[9:10] not in b"23":
        raise RuntimeError(received[:200].decode(errors="replace"))
    head = received[:end].lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return len(received) >= end + 4 + length


def _main(port: int, count: int) -> int:
    messages = [_message(path, port) for path in json.load(sys.stdin)]
    clock, loop = time.perf_counter, selectors.DefaultSelector()
    begun, phones = clock(), []
    for _ in range(count):
        phone = _Phone(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S), clock())
        phone.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop.register(phone.socket, selectors.EVENT_READ, phone)
        phones.append(phone)
    for phone in phones:
        phone.began_s = clock()
        phone.socket.sendall(messages[0])
    waiting = count
    while waiting:
        ready = loop.select(PATIENCE_S)
        if not ready:
            raise RuntimeError(f"{waiting} phones wait for an answer")
        for key, _ in ready:
            waiting -= _heard(key.data, messages, loop)
    seconds = clock() - begun
    steps = [[phone.took_ms[step] for phone in phones] for step in range(len(messages))]
    json.dump({"seconds": seconds, "steps_ms": steps}, sys.stdout)
    return 0


def _heard(phone: _Phone, messages: list[bytes], loop: selectors.BaseSelector) -> bool:
    """Read on; send the next request when the answer is there. Whether this phone is content."""
    data = phone.socket.recv(1 << 18)
    if not data:
        raise RuntimeError("the server hung up")
    phone.received += data
    if not _whole(phone.received):
        return False
    now = time.perf_counter()
    phone.took_ms.append((now - phone.began_s) * 1000)
    phone.step, phone.received, phone.began_s = phone.step + 1, b"", now
    if phone.step < len(messages):
        phone.socket.sendall(messages[phone.step])
        return False
    loop.unregister(phone.socket)
    phone.socket.close()
    return True


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2])))
