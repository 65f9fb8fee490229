"""A line to the hub that fails as lines do: cut in mid-message, late, with garbage in it, silent one way."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections import Counter

FAULTS = ("cut_up", "cut_down", "delay", "garbage_up", "garbage_down", "silence_up", "silence_down")
FAULTY_SHARE = 0.45
SILENT_S = 2.0
UP, DOWN = "up", "down"


class FaultyLine:
    """Relays connections to ``target_port``; each draws its fault, or none, until :meth:`calm`. ``fired`` counts them."""

    def __init__(self, target_port: int, seed: int) -> None:
        self.fired: Counter[str] = Counter()
        self._target, self._chance = target_port, random.Random(seed)
        self._calm = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, name="faulty line", daemon=True).start()

    @property
    def url(self) -> str:
        """The hub's address as the nodes are told it."""
        return f"http://127.0.0.1:{self.port}"

    def calm(self) -> None:
        """From now on the line is a good one."""
        self._calm.set()

    def close(self) -> None:
        """Take no more connections."""
        self._calm.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(near, *self._draw()), daemon=True).start()

    def _draw(self) -> tuple[str, random.Random]:
        with self._lock:
            chance = random.Random(self._chance.random())
            if self._calm.is_set() or chance.random() > FAULTY_SHARE:
                return "", chance
            return chance.choice(FAULTS), chance

    def _relay(self, near: socket.socket, fault: str, chance: random.Random) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._target), 5) as far:
            ends = _Ends(near, far)
            after = chance.randrange(1, 300)
            upward = threading.Thread(target=self._pump, args=(ends, UP, fault, after, chance), daemon=True)
            upward.start()
            self._pump(ends, DOWN, fault, after, chance)
            upward.join(30)

    def _pump(self, ends: _Ends, way: str, fault: str, after: int, chance: random.Random) -> None:
        source, target = (ends.near, ends.far) if way == UP else (ends.far, ends.near)
        seen = 0
        with contextlib.suppress(OSError):
            while data := source.recv(16_384):
                hit = bool(fault) and seen + len(data) >= after and (fault == "delay" or fault.endswith(way))
                seen += len(data)
                if hit and not self._fail(ends, target, data, fault, after - (seen - len(data)), chance):
                    return
                if hit:
                    fault = ""
                else:
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _fail(
        self, ends: _Ends, target: socket.socket, data: bytes, fault: str, at: int, chance: random.Random
    ) -> bool:
        """The fault happens to ``data`` at its byte ``at``; whether the line goes on after it."""
        self.fired[fault] += 1
        at = min(max(at, 0), len(data))
        if fault == "delay":
            self._calm.wait(chance.uniform(0.05, 1.5))
            target.sendall(data)
            return True
        target.sendall(data[:at])
        if fault.startswith("garbage"):
            end = min(len(data), at + chance.randrange(1, 40))
            target.sendall(chance.randbytes(chance.randrange(1, 40)) + data[end:])
            return True
        if fault.startswith("silence"):
            self._calm.wait(SILENT_S)
        ends.reset()
        return False


class _Ends:
    """Both ends of a connection."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far

    def reset(self) -> None:
        """Both get a reset, not a goodbye."""
        for one in (self.near, self.far):
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
