"""Disks with a volatile write cache, for a share of the seeds: the power goes in the middle of a write, and what was not
synced by then comes back in any part. The databases run on apsw's SQLite there (:mod:`tests.support.powercut`).
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final

import apsw

from tests.simulation.disks import FULL, Disk
from tests.support.powercut import PowerDisk

# A sale is about five writes and a sync; a large answer of the hub some hundred.
MOST_STEPS: Final = 60


class CachedDisk(Disk):
    """``chance`` decides what the cache kept. In the place of a crash around a commit, the power goes at some write."""

    def __init__(self, folder: Path, fired: Counter[str], side: str, chance: random.Random) -> None:
        super().__init__(folder, fired, side)
        self._chance, self._cuts = chance, 0
        self._power = PowerDisk(folder)

    @property
    def lost_power(self) -> bool:
        """The machine is down, with all processes on it."""
        return self._power.dead

    @property
    def deaths(self) -> int:
        """How often the power went."""
        return self._cuts + self._power.dead

    def connect(self, path: Any, **options: Any) -> Any:
        """A connection of apsw's SQLite on this disk."""
        return self._power.connect(path, timeout=options.get("timeout", 5))

    def look(self, name: str) -> Any:
        """A connection for a judge, to a copy: two SQLites in one process don't see each other's locks."""
        return self._copied(name, Path(tempfile.mkdtemp(dir=self.folder.parent)))

    def rows(self, name: str, query: str) -> list[Any]:
        """What stands in a database now: in a copy for each question."""
        with (
            tempfile.TemporaryDirectory(dir=self.folder.parent) as folder,
            contextlib.closing(self._copied(name, Path(folder))) as reader,
        ):
            return list(reader.execute(query).fetchall())

    def _copied(self, name: str, copy: Path) -> sqlite3.Connection:
        for file in (name, f"{name}-wal"):
            if (self.folder / file).exists():
                shutil.copy(self.folder / file, copy / file)
        return sqlite3.connect(copy / name)

    def arm_crash(self, rng: random.Random, _most: int) -> str:
        """The power goes at one of the next writes."""
        self._power.cut_at = self._power.steps + rng.randint(1, MOST_STEPS)
        return "armed"

    def arm_io_error(self, _rng: random.Random, _most: int) -> str:
        """Not on these disks."""
        return "not here"

    def pull_plug(self) -> None:
        """The power is gone now."""
        self._power.dead = True

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._power.cut_at = None
        self.fill(False)

    def fill(self, full: bool, code: str = FULL) -> None:
        """No room any more, or room again."""
        self._count_refused()
        self.full, self._full_code = full, code
        if full:
            self._power.fill(apsw.SQLITE_FULL if code == FULL else apsw.SQLITE_IOERR_WRITE)
        else:
            self._power.room_bytes = None

    def unplug(self) -> None:
        """The processes are gone; when the power went too, the folder holds what the cache kept."""
        self._count_refused()
        if self._power.dead:
            self._cuts += 1
            self.fire("power_cut")
            self._power.reboot(self._chance)
        self._power.remove()
        self._power = PowerDisk(self.folder)

    def _count_refused(self) -> None:
        if self._power.refused:
            self.fire_full()
            self._power.refused = 0
