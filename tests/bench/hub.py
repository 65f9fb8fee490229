"""A real hub for the exchange: its process, its commands, the counting line in front of it, and the node behind that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cloud.domains.timetable import tables
from cloud.kernel.database import Database
from tests.bench import feed
from tests.bench.process import Server, environment
from tests.bench.proxy import Proxy, Visit
from tests.support.postgresql import postgresql_server

SETTINGS = {"COME_BACK_MS": "1000", "BLOCK_STATION": "1000", "SHARE_PERCENT": "100", "GRANT_HOURS": "144"}


class Hub:
    """The hub's process with its commands, the line in front of it, and the node's folder."""

    def __init__(self, folder: Path, url: str, settings: Mapping[str, str] = SETTINGS) -> None:
        self.folder, self.node = folder, folder / "node"
        self._settings = {f"YIPIAO_HUB_{name}": value for name, value in settings.items()}
        self._where = ["--data", str(folder / "hub"), "--database", url]
        self.url = url
        self.server = Server(["-m", "cloud.cli", "run", *self._where], folder, "hub", self._settings)
        self.proxy = Proxy(self.server.port)

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.close()
        self.server.stop()

    def open(self, path: Path | None = None) -> None:
        """Timetable in (the benchmark's own without a path), doors open."""
        if path is None:
            self.import_feed("广州")
        else:
            self.command("import-gtfs", str(path), "--json")
        self.server.start()
        self.server.wait()

    def import_feed(self, headsign: str) -> None:
        """Another headsign changes every trip."""
        self.command("import-gtfs", str(feed.write(self.folder / "feed", headsign)), "--json")

    def command(self, *words: str) -> dict[str, Any]:
        """A command of the hub; its JSON."""
        return last_json([sys.executable, "-m", "cloud.cli", *words, *self._where], **self._settings)

    def visit(self, what: str) -> tuple[dict[str, Any], list[Visit]]:
        """A visit of the node (see visit.py) and what crossed the line meanwhile."""
        before = len(self.proxy.visits)
        told = last_json([sys.executable, "-m", "tests.bench.visit", str(self.node), self.proxy.url, what])
        return told, self.proxy.visits[before:]

    def enrol(self, kind: str, stop_no: int) -> dict[str, Any]:
        """A new box called "bench", from its start with a code to the end of its first visit; what that visit brought."""
        made = self.command("add-node", "bench", "--kind", kind, "--stop", str(stop_no), "--json")
        words = ["-m", "edge.cli", "node", "enrol", "--data", str(self.node), "--hub", self.proxy.url, made["code"]]
        return last_json([sys.executable, *words])

    def stop_no(self, feed_id: str) -> int:
        """The hub's number of a stop of the feed."""
        database = Database(self.url)
        with database.read() as tx:
            number = tx.execute(sa.select(tables.stop.c.stop_no).where(tables.stop.c.feed_id == feed_id)).scalar_one()
        database.close()
        return int(number)


def last_json(words: list[str], **more: str) -> dict[str, Any]:
    """Run a command to its end; the JSON object of its last line. RuntimeError when it fails."""
    done = subprocess.run(words, env=environment(**more), text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words[1:5])} ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Addresses of two empty databases, for the hub and for the bare limit: files in ``folder``, or on a PostgreSQL server
    of this run."""
    if kind == "sqlite":
        (folder / "hub").mkdir()
        yield f"sqlite:///{folder / 'hub' / 'hub.sqlite'}", f"sqlite:///{folder / 'limit.sqlite'}"
        return
    with postgresql_server(durable=True) as server, server.fresh_database() as url, server.fresh_database() as limit:
        yield url, limit


@contextmanager
def database_url(kind: str) -> Iterator[str | None]:
    """None for SQLite in the hub's folder, else a database on a PostgreSQL server of this run."""
    if kind == "sqlite":
        yield None
        return
    with postgresql_server(durable=True) as server, server.fresh_database() as url:
        yield url
