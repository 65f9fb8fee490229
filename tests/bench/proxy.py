"""A line that counts: a TCP relay on loopback which knows what crossed it, byte by byte, and can hold its breath."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass

from tests.support.ports import free_port


@dataclass
class Visit:
    """One connection: when it came and went (``time.perf_counter`` seconds), bytes towards the hub and back."""

    begun: float
    ended: float = 0.0
    up: int = 0
    down: int = 0


class Proxy:
    """Relays connections to ``target_port``."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.visits: list[Visit] = []
        self._target = target_port
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @property
    def url(self) -> str:
        """The hub's address as a node is told it."""
        return f"http://127.0.0.1:{self.port}"

    def hold(self) -> None:
        """From now on connections are taken and wait."""
        self._open.clear()

    def release(self) -> float:
        """Let them through again; gives the moment."""
        self._open.set()
        return time.perf_counter()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()
        self._open.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def _relay(self, near: socket.socket) -> None:
        self._open.wait()
        visit = Visit(time.perf_counter())
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            upward = threading.Thread(target=self._pump, args=(near, far, visit, "up"), daemon=True)
            upward.start()
            self._pump(far, near, visit, "down")
            upward.join()
        visit.ended = time.perf_counter()
        self.visits.append(visit)

    def _pump(self, source: socket.socket, target: socket.socket, visit: Visit, direction: str) -> None:
        try:
            while data := source.recv(65_536):
                setattr(visit, direction, getattr(visit, direction) + len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()
