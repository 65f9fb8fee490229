"""A folder on a disk whose power can be cut, and that can run full."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import apsw
import sqlalchemy as sa

from edge.kernel import database as node_database
from tests.support.powercut.adapter import Connection, complete_statement
from tests.support.powercut.medium import DELETED, OPENED, RESIZED, SYNCED, WRITTEN, Medium, PowerCut, Step

_numbers: Final = itertools.count(1)


class PowerDisk:
    """``steps``: how many were taken so far. ``cut_at``: the step at which the power goes. ``room_bytes``: how much all
    files together may hold (None: any); what is too much fails with ``full_code``. ``tape``: every step, for
    :class:`Medium` to take again, when ``keep_tape``."""

    def __init__(self, folder: Path, keep_tape: bool = False) -> None:
        self.folder = folder
        self.steps = 0
        self.cut_at: int | None = None
        self.dead = False
        self.room_bytes: int | None = None
        self.full_code: int = apsw.SQLITE_FULL
        self.refused = 0
        self.tape: list[Step] | None = [] if keep_tape else None
        self._medium = Medium()
        self._sizes: dict[str, int] = {}
        self._open: list[Connection] = []
        self._files = _Files(self)

    def connect(self, path: Any, **options: Any) -> Connection:
        """What ``sqlite3.connect`` would give, on this disk."""
        self.alive()
        found = Connection(str(path), self._files.name, float(options.get("timeout", 5)))
        self._open.append(found)
        return found

    def alive(self) -> None:
        """Raises :class:`PowerCut` when the power is gone."""
        if self.dead:
            raise PowerCut

    def take(self, step: Step) -> None:
        """Note one step; the power may go in its middle: then a write may be half done, a sync never was."""
        self.alive()
        self.steps += 1
        cut = self.steps == self.cut_at
        if not cut or step.kind in (WRITTEN, RESIZED):
            self.note(step)
        if cut:
            self.dead = True
            raise PowerCut

    def note(self, step: Step) -> None:
        """Something that is no step of its own (a file was opened), or that a step consists of."""
        self._medium.note(step)
        if self.tape is not None:
            self.tape.append(step)

    def found(self, path: str, content: bytes | None) -> None:
        """A file was opened; ``content`` None: made just now."""
        if path not in self._sizes:
            self.note(Step(OPENED, path, data=content))
            self._sizes[path] = len(content or b"")

    def forgot(self, path: str, durable: bool) -> None:
        """A file is to be deleted."""
        self.take(Step(DELETED, path, durable=durable))
        self._sizes.pop(path, None)

    def grow(self, path: str, size: int, exactly: bool = False) -> None:
        """The file is to have at least (or ``exactly``) this size. Raises SQLite's error when there is no room."""
        old = self._sizes[path]
        new = size if exactly else max(old, size)
        if self.room_bytes is not None and new > old and sum(self._sizes.values()) - old + new > self.room_bytes:
            self.refused += 1
            raise _fault(self.full_code)
        self._sizes[path] = new

    def used_bytes(self) -> int:
        """What all files hold together."""
        return sum(self._sizes.values())

    def fill(self, code: int = apsw.SQLITE_FULL) -> None:
        """No file may grow from now on, until ``room_bytes`` is set to None again."""
        self.room_bytes, self.full_code = self.used_bytes(), code

    def reboot(self, chance: Random) -> None:
        """Pull the plug, if nobody did yet, and leave in the folder what the disk kept; then the power is back."""
        self.dead = True
        for connection in self._open:
            connection.close()
        left = self._medium.after_cut(chance)
        for path in self._sizes:
            Path(path).unlink(missing_ok=True)
            Path(f"{path}-shm").unlink(missing_ok=True)
        for path, content in left.items():
            Path(path).write_bytes(content)
        self._medium, self._sizes, self._open = Medium(), {}, []
        self.dead, self.cut_at, self.steps = False, None, 0

    def remove(self) -> None:
        """No process uses it any more: close what is open, and take its file layer out of SQLite."""
        for connection in self._open:
            connection.close()
        self._open = []
        self._files.unregister()


def _fault(code: int) -> apsw.Error:
    error = apsw.exception_for(code)
    assert isinstance(error, apsw.Error)
    return error


class _Files(apsw.VFS):
    """SQLite's own layer of this system, watched by a :class:`PowerDisk`."""

    def __init__(self, disk: PowerDisk) -> None:
        self._disk = disk
        self.name = f"powercut-{next(_numbers)}"
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        if name is None:
            return apsw.VFSFile("", name, flags)
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.alive()
        if Path(filename).exists():
            self._disk.forgot(filename, bool(syncdir))
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    """One open file: what is written goes to the real one at once, as to the kernel's cache, and is noted."""

    def __init__(self, disk: PowerDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._path = name if isinstance(name, str) else name.filename()
        disk.alive()
        content = Path(self._path).read_bytes() if Path(self._path).exists() else None
        super().__init__("", name, flags)
        disk.found(self._path, content)

    def xRead(self, amount: int, offset: int) -> bytes:
        self._disk.alive()
        return super().xRead(amount, offset)

    def xWrite(self, data: Any, offset: int) -> None:
        self._disk.alive()
        self._disk.grow(self._path, offset + len(data))
        self._disk.take(Step(WRITTEN, self._path, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.take(Step(RESIZED, self._path, newsize))
        self._disk.grow(self._path, newsize, exactly=True)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.take(Step(SYNCED, self._path))
        super().xSync(flags)

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE


@contextlib.contextmanager
def plugged_in(*disks: PowerDisk) -> Iterator[None]:
    """As long as this lasts, nodes and hubs of this process open the databases in these folders there."""
    by_folder = {str(disk.folder): disk for disk in disks}

    def connect(path: Any, **options: Any) -> Any:
        disk = by_folder.get(str(Path(str(path)).parent))
        return disk.connect(path, **options) if disk is not None else sqlite3.connect(path, **options)

    def hub_connects(_dialect: Any, _record: Any, words: Any, options: Any) -> Any:
        disk = by_folder.get(str(Path(str(words[0])).parent))
        return disk.connect(words[0], **options) if disk is not None else None

    door = SimpleNamespace(connect=connect, Connection=sqlite3.Connection, complete_statement=complete_statement)
    sa.event.listen(sa.Engine, "do_connect", hub_connects)
    try:
        with mock.patch.object(node_database, "sqlite3", door):
            yield
    finally:
        sa.event.remove(sa.Engine, "do_connect", hub_connects)
