"""Opens a feed, zip or folder, without trusting it. Nothing is ever unpacked to disk."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol

from cloud.domains.timetable.gtfs.errors import Problems

MAX_ENTRIES: Final = 500
MAX_FILE_BYTES: Final = 1 << 30
MAX_TOTAL_BYTES: Final = 2 << 30
MAX_RATIO: Final = 200  # stop times of real feeds pack 8 to 30 times; deflate itself ends at about 1,030
RATIO_FREE_BYTES: Final = 1 << 20  # a small file may be as repetitive as it likes
_GTFS_FILES = """
agency areas attributions booking_rules calendar calendar_dates fare_attributes fare_leg_join_rules
fare_leg_rules fare_media fare_products fare_rules fare_transfer_rules feed_info frequencies levels
location_group_stops location_groups networks pathways rider_categories route_networks routes shapes
stop_areas stop_times stops timeframes transfers translations trips
"""
KNOWN_FILES: Final = frozenset(f"{name}.txt" for name in _GTFS_FILES.split())
READABLE_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Source(Protocol):
    """The files of one feed."""

    sizes: dict[str, int]

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """The bytes of the file ``name``, which is a key of ``sizes``."""
        ...


class FolderSource:
    """A folder of text files; only plain files directly in it count."""

    def __init__(self, folder: Path, problems: Problems) -> None:
        self.sizes: dict[str, int] = {}
        self._folder = folder
        root = folder.resolve()
        for entry in sorted(folder.iterdir()):
            if not entry.is_file():
                continue
            if entry.is_symlink() and not entry.resolve().is_relative_to(root):
                problems.add("unsafe_path", entry.name)
                continue
            self.sizes[entry.name] = entry.stat().st_size
        _check_sizes(self.sizes, problems)

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        return (self._folder / name).open("rb")


class ZipSource:
    """A zip whose files stand at its top or all in one folder (as when a folder was packed by hand)."""

    def __init__(self, archive: zipfile.ZipFile, label: str, problems: Problems) -> None:
        self.sizes: dict[str, int] = {}
        self._archive = archive
        self._entries: dict[str, zipfile.ZipInfo] = {}
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            problems.add("too_many_files", label, count=len(entries), limit=MAX_ENTRIES)
            return
        safe = [entry for entry in entries if _is_safe(entry, problems) and not _is_litter(entry)]
        folder = _common_folder(safe)
        for entry in safe:
            self._take(entry, folder, problems)
        _check_sizes(self.sizes, problems)

    def _take(self, entry: zipfile.ZipInfo, folder: str, problems: Problems) -> None:
        name = entry.filename.removeprefix(folder)
        if "/" in name:
            return
        if name in self._entries:
            problems.add("duplicate_file", name)
        elif _is_readable(entry, name, problems):
            self._entries[name] = entry
            self.sizes[name] = entry.file_size

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        return self._archive.open(self._entries[name])


@contextmanager
def open_source(path: Path, problems: Problems) -> Iterator[Source]:
    """The files of the feed at ``path``. Raises :class:`FeedRejected` when it cannot be opened or trusted."""
    try:
        if path.is_dir():
            source: Source = FolderSource(path, problems)
            problems.raise_if_any()
            yield source
            return
        with _archive(path, problems) as archive:
            source = ZipSource(archive, path.name, problems)
            problems.raise_if_any()
            yield source
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        problems.add("zip_damaged", path.name, reason=str(error) or "it ends too early")
    except OSError as error:
        problems.add("feed_unreadable", path.name, reason=error.strerror or str(error))
    problems.raise_if_any()


def _archive(path: Path, problems: Problems) -> zipfile.ZipFile:
    if not path.exists():
        problems.add("feed_absent", path.name)
        problems.raise_if_any()
    with path.open("rb") as stream:
        if stream.read(2) != b"PK":
            problems.add("not_a_zip", path.name)
            problems.raise_if_any()
    try:
        return zipfile.ZipFile(path)
    except (ValueError, struct.error, OverflowError) as error:  # what zipfile lets through for odd directories
        raise zipfile.BadZipFile(str(error)) from error


def _is_safe(entry: zipfile.ZipInfo, problems: Problems) -> bool:
    """Names are never used as paths here, but a feed that tries is not one to believe."""
    name = entry.orig_filename
    parts = PurePosixPath(name).parts
    escapes = name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name
    link = stat.S_ISLNK(entry.external_attr >> 16)
    if escapes or link:
        problems.add("unsafe_path", name)
    return not (escapes or link)


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    return entry.is_dir() or any(part == "__MACOSX" or part.startswith(".") for part in parts)


def _common_folder(entries: list[zipfile.ZipInfo]) -> str:
    """``feed/`` when all files stand in one folder of that name, '' when any stands at the top."""
    tops = {entry.filename.partition("/")[0] + "/" for entry in entries if "/" in entry.filename}
    at_top = any("/" not in entry.filename for entry in entries)
    return tops.pop() if len(tops) == 1 and not at_top else ""


def _is_readable(entry: zipfile.ZipInfo, name: str, problems: Problems) -> bool:
    ratio = entry.file_size // max(entry.compress_size, 1)
    if entry.flag_bits & 0x1:
        problems.add("zip_encrypted", name)
    elif entry.compress_type not in READABLE_METHODS:
        problems.add("zip_method", name)
    elif entry.file_size > RATIO_FREE_BYTES and ratio > MAX_RATIO:
        problems.add("zip_bomb", name, ratio=ratio, limit=MAX_RATIO)
    else:
        return True
    return False


def _check_sizes(sizes: dict[str, int], problems: Problems) -> None:
    for name, size in sizes.items():
        if size > MAX_FILE_BYTES:
            problems.add("file_too_big", name, size=size, limit=MAX_FILE_BYTES)
    if sum(sizes.values()) > MAX_TOTAL_BYTES:
        problems.add("file_too_big", "*", size=sum(sizes.values()), limit=MAX_TOTAL_BYTES)
