"""The demo's hub and nodes, with the faulty line between them and either database under the hub."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from cloud.kernel.database import Database
from tests.demo.setup import SAMPLE, Demo
from tests.support.postgresql import PostgresServer
from tests.torture.line import FaultyLine

EVERY_S = 1
SELLERS = ("station", "village", "pier")
GATES = ("coach-1", "pier")


class World(Demo):
    """``url`` None: the hub's own SQLite. ``server``: the PostgreSQL behind ``url``, to be killed, too."""

    def __init__(
        self, folder: Path, say: Callable[[str], None], seed: int, url: str | None, server: PostgresServer | None
    ) -> None:
        super().__init__(folder, SAMPLE, say, own_ports=True)
        self.seed, self.url, self.server = seed, url, server
        self.line: FaultyLine

    @cached_property
    def hub_database(self) -> Database:
        """The hub's database, to look at."""
        return Database(self.url or f"sqlite:///{self.hub_data / 'hub.sqlite'}")

    def prepare(self) -> None:
        """As for the demo; then everybody talks to the hub through the line, and every second."""
        self.hub_data.mkdir(parents=True)
        if self.url:
            (self.hub_data / "hub.toml").write_text(f"database = {json.dumps(self.url)}\n", encoding="utf-8")
        super().prepare()
        hub = self.processes["hub"]
        hub.environment["YIPIAO_HUB_COME_BACK_MS"] = str(EVERY_S * 1000)
        self.line = FaultyLine(self.plan.ports["hub"], self.seed)
        straight = f"http://127.0.0.1:{self.plan.ports['hub']}"
        for name in self.plan.clerks:
            process = self.processes[name]
            process.words = [self.line.url if word == straight else word for word in process.words[:-1]]
            process.words.append(str(EVERY_S))
        del self.processes["broker"]  # no devices here

    def start(self) -> None:
        """Start hub and nodes."""
        for process in self.processes.values():
            process.start()
        for process in self.processes.values():
            process.wait_ready()

    def close(self) -> None:
        """Stop everything; the database stays open to be looked at until :meth:`forget`."""
        self.stop()
        self.line.close()

    def forget(self) -> None:
        """Give the connections to the hub's database back."""
        self.hub_database.close()
