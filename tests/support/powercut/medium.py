"""What a disk may hold after the power went: all that was synced, and any part of what was written since.

A write may be kept, lost, or kept in some of its sectors; later ones may survive earlier ones; a file may have grown without
its data; a file that was made or deleted may not have been, until its own sync or that of its folder. A sector is whole or
untouched (SQLite's "powersafe overwrite", which it takes for granted on Linux).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

SECTOR: Final = 512
OPENED, WRITTEN, RESIZED, SYNCED, DELETED = "opened", "written", "resized", "synced", "deleted"
# How a cut treats what was in the cache, beside "each sector by chance".
NOTHING, ALL, IN_ORDER, BY_CHANCE = "nothing", "all", "in order", "by chance"


class PowerCut(BaseException):
    """The power is gone: nothing behind this line ever ran. No ``except Exception`` survives it."""


@dataclass(frozen=True)
class Step:
    """One thing that was asked of the disk. ``size``: offset of ``data``, or the new length; ``durable``: a deletion
    whose folder was synced at once."""

    kind: str
    path: str
    size: int = 0
    data: bytes | None = None
    durable: bool = False


@dataclass
class _File:
    there: bool
    kept: bytearray = field(default_factory=bytearray)
    cache: list[Step] = field(default_factory=list)
    before: _File | None = None  # what stands under this name when the change of the folder is lost


class Medium:
    """All files of a disk, as a cut of the power may leave them."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def note(self, step: Step) -> None:
        """This was done, as far as the process knows."""
        if step.kind == OPENED:
            self._open(step)
        elif step.kind == DELETED:
            self._delete(step)
        elif step.kind == SYNCED:
            self._sync(self._files[step.path])
        else:
            self._files[step.path].cache.append(step)

    def _open(self, step: Step) -> None:
        old = self._files.get(step.path)
        if old is not None and old.there:
            return
        if step.data is not None:
            self._files[step.path] = _File(True, bytearray(step.data))
        else:
            self._files[step.path] = _File(True, before=old or _File(False))

    def _delete(self, step: Step) -> None:
        old = self._files.get(step.path)
        self._files[step.path] = _File(False, before=None if step.durable else old)

    def _sync(self, file: _File) -> None:
        for step in file.cache:
            _apply(file.kept, step)
        file.cache = []
        file.before = None  # SQLite on Unix syncs the folder of a file that it made with the file's first sync

    def after_cut(self, chance: Random) -> dict[str, bytes]:
        """Path → content: one of the many states in which the disk may come back."""
        mood = chance.choice((NOTHING, ALL, IN_ORDER, BY_CHANCE, BY_CHANCE, BY_CHANCE))
        left = {path: _settle(file, mood, chance) for path, file in sorted(self._files.items())}
        return {path: _content(file, mood, chance) for path, file in left.items() if file.there}


def _settle(file: _File, mood: str, chance: Random) -> _File:
    """Which of the files that had this name is there now."""
    while file.before is not None:
        if mood == ALL or (mood != NOTHING and chance.random() < 0.5):
            break
        file = file.before
    return file


def _content(file: _File, mood: str, chance: Random) -> bytes:
    content, share = bytearray(file.kept), chance.random()
    if mood == NOTHING:
        return bytes(content)
    cache = file.cache[: chance.randint(0, len(file.cache))] if mood == IN_ORDER else file.cache
    for step in cache:
        if mood == BY_CHANCE:
            _apply_some(content, step, share, chance)
        else:
            _apply(content, step)
    return bytes(content)


def _apply(content: bytearray, step: Step) -> None:
    if step.data is None:
        _resize(content, step.size)
        return
    end = step.size + len(step.data)
    _resize(content, max(len(content), end))
    content[step.size : end] = step.data


def _apply_some(content: bytearray, step: Step, share: float, chance: Random) -> None:
    if step.data is None:
        if chance.random() < share:
            _resize(content, step.size)
        return
    offset, end = step.size, step.size + len(step.data)
    while offset < end:
        upto = min(end, (offset // SECTOR + 1) * SECTOR)
        if chance.random() < share:
            _resize(content, max(len(content), upto))
            content[offset:upto] = step.data[offset - step.size : upto - step.size]
        elif upto > len(content) and chance.random() < share:
            grown = upto - len(content)  # the file grew, its data did not come: what lay there before shows
            content += chance.choice((bytes(grown), chance.randbytes(grown)))
        offset = upto


def _resize(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
