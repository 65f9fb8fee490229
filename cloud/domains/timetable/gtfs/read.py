"""Rows of one GTFS file, with the place of everything that is wrong in them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Container, Iterator
from typing import IO, Final, TypeVar

from cloud.domains.timetable.gtfs.errors import Problems
from cloud.domains.timetable.gtfs.fields import BadField, identifier
from cloud.domains.timetable.gtfs.source import Source

BLOCK_BYTES: Final = 1 << 18
MAX_LINE_BYTES: Final = 1 << 16
BOM: Final = b"\xef\xbb\xbf"

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total); stages of reading are file names and count bytes."""

T = TypeVar("T")


class Table:
    """A file with a header. ``rows`` and ``cells`` are read once. ``opened`` names the tables so far."""

    def __init__(
        self,
        name: str,
        stream: IO[bytes],
        size: int,
        problems: Problems,
        progress: Progress,
        opened: Collection[str],
    ) -> None:
        self.name = name
        self.problems = problems
        self.opened = opened
        self.columns: dict[str, int] = {}
        self.width = 0
        self.count = 0
        self._size = size
        self._progress = progress
        self._reader = csv.reader(self._lines(stream), strict=True)
        self._lines_given = 0
        self._read_header()

    def has(self, *required: str) -> bool:
        """True when all these columns are there; reports the ones that are not."""
        missing = [column for column in required if column not in self.columns]
        for column in missing:
            self.problems.add("missing_column", self.name, 1 if self.width else 0, column)
        return not missing

    def rows(self) -> Iterator[Row]:
        """The rows as :class:`Row`."""
        for line, cells in self.cells():
            yield Row(self, line, cells)

    def cells(self) -> Iterator[tuple[int, list[str]]]:
        """(line, fields) of each row, as many fields as the header has; blank lines are passed over."""
        reader, width = self._reader, self.width
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.problems.add("bad_csv", self.name, reader.line_num, reason=str(error))
                return
            if len(cells) != width:
                if not cells or cells == [""]:
                    continue
                cells = self._mend(cells)
            self.count += 1
            yield reader.line_num, cells

    def _mend(self, cells: list[str]) -> list[str]:
        """Report a row of the wrong length, then go on with it, so that its ids are not missed elsewhere."""
        shown = ",".join(cells)
        line, found = self._reader.line_num, len(cells)
        self.problems.add("row_length", self.name, line, "", shown, found=found, wanted=self.width)
        return (cells + [""] * self.width)[: self.width]

    def _read_header(self) -> None:
        try:
            header = [name.strip() for name in next(self._reader, [])]
        except csv.Error as error:
            self.problems.add("bad_csv", self.name, 1, reason=str(error))
            return
        self.width = len(header)
        for index, name in enumerate(header):
            if name and name in self.columns:
                self.problems.add("duplicate_column", self.name, 1, name)
            self.columns.setdefault(name, index)

    def _lines(self, stream: IO[bytes]) -> Iterator[str]:
        """Lines however they end, decoded; a damaged one is reported and given on with its bytes replaced."""
        for raw in self._raw_lines(stream):
            self._lines_given += 1
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                text = raw.decode(errors="replace")
                self._report_bytes("bad_utf8", text, "\ufffd")
            if "\0" in text:
                self._report_bytes("nul_byte", text, "\0")
                text = text.replace("\0", "")
            yield text

    def _raw_lines(self, stream: IO[bytes]) -> Iterator[bytes]:
        """Split blocks at CR, LF and CRLF, and hold no more than a block and one line."""
        rest, done = b"", 0
        while block := stream.read(BLOCK_BYTES):
            if done == 0:
                if _is_utf16(block):
                    self.problems.add("utf16", self.name)
                    return
                block = block.removeprefix(BOM)
            done += len(block)
            *lines, rest = (rest + block).splitlines(keepends=True)
            yield from lines
            if len(rest) > MAX_LINE_BYTES:
                line = self._lines_given + 1
                self.problems.add("line_too_long", self.name, line, limit=MAX_LINE_BYTES)
                return
            self._progress(self.name, done, self._size)
        yield from rest.splitlines(keepends=True)

    def _report_bytes(self, code: str, text: str, mark: str) -> None:
        cells = text.rstrip("\r\n").split(",")
        names = list(self.columns)
        for index, cell in enumerate(cells):
            if mark in cell:
                field = names[index] if index < len(names) else ""
                self.problems.add(code, self.name, self._lines_given, field, cell.replace("\0", "␀"))


class Row:
    """One row; every getter reports what is wrong at this row's line."""

    __slots__ = ("cells", "line", "table")

    def __init__(self, table: Table, line: int, cells: list[str]) -> None:
        self.table = table
        self.line = line
        self.cells = cells

    def text(self, field: str) -> str:
        """The field without spaces around it; '' when it is empty or the column absent."""
        index = self.table.columns.get(field)
        return "" if index is None else self.cells[index].strip()

    def value(self, field: str, parse: Callable[[str], T], default: T) -> T:
        """The parsed field, ``default`` when it is empty or (reported) bad."""
        text = self.text(field)
        if not text:
            return default
        try:
            return parse(text)
        except BadField as bad:
            self.table.problems.add(bad.code, self.table.name, self.line, field, text, **bad.details)
            return default

    def needed(self, field: str, parse: Callable[[str], T], fallback: T) -> T:
        """Like :meth:`value`, but an empty field is an error."""
        if not self.text(field):
            self.error("empty_value", field)
        return self.value(field, parse, fallback)

    def required(self, field: str) -> str:
        """A text that must be there."""
        text = self.text(field)
        if not text:
            self.error("empty_value", field)
        return text

    def unique(self, field: str, seen: dict[str, int]) -> str | None:
        """An id that no earlier row has (``seen``: id to line); None, after a report, if it has."""
        feed_id = self.needed(field, identifier, "")
        if not feed_id:
            return None
        if feed_id in seen:
            self.error("duplicate_id", field, first=seen[feed_id])
            return None
        seen[feed_id] = self.line
        return feed_id

    def reference(self, field: str, known: Container[str], *targets: str) -> None:
        """Report an id that no target has; silent where none could be read, as that is reported."""
        text = self.text(field)
        if text and text not in known and any(target in self.table.opened for target in targets):
            self.error("dangling", field, target=" or ".join(targets))

    def error(self, code: str, field: str, **args: object) -> None:
        """Report ``field`` of this row."""
        self.table.problems.add(code, self.table.name, self.line, field, self.text(field), **args)

    def note(self, code: str, field: str, **args: object) -> None:
        """Mention ``field`` of this row without rejecting the feed."""
        self.table.problems.note(code, self.table.name, self.line, field, self.text(field), **args)


def _is_utf16(block: bytes) -> bool:
    """By its mark, or by a zero in every second byte at the start, as ASCII has in UTF-16."""
    return block[:2] in (b"\xff\xfe", b"\xfe\xff") or block[1:8:2] == bytes(4) or block[:8:2] == bytes(4)


class Feed:
    """The files of a source, opened one by one by the names that GTFS gives them."""

    def __init__(self, source: Source, problems: Problems, progress: Progress) -> None:
        self.source = source
        self.problems = problems
        self.progress = progress
        self.opened: set[str] = set()

    def has(self, name: str) -> bool:
        """True when the file is there."""
        return name in self.source.sizes

    def rows(self, name: str, *required: str, optional: bool = False) -> Iterator[Row]:
        """The rows of a file; nothing, after a report, when the file or a required column is missing."""
        for table in self.table(name, *required, optional=optional):
            yield from table.rows()

    def table(self, name: str, *required: str, optional: bool = False) -> Iterator[Table]:
        """At most one table: none, after a report, when the file or a required column is missing."""
        size = self.source.sizes.get(name)
        if size is None:
            if not optional:
                self.problems.add("missing_file", name, alternative="")
            return
        if size == 0:
            self.problems.add("empty_file", name)
            return
        with self.source.open(name) as stream:
            before = self.problems.total
            table = Table(name, stream, size, self.problems, self.progress, self.opened)
            readable = table.width > 0 or self.problems.total == before
            if readable and table.has(*required):
                self.opened.add(name)
                yield table
                if table.count == 0 and not optional:
                    self.problems.add("no_rows", name)

    def content(self, name: str, limit: int) -> bytes | None:
        """The bytes of a small file; None when it is absent."""
        size = self.source.sizes.get(name)
        if size is None:
            return None
        if size > limit:
            self.problems.add("file_too_big", name, size=size, limit=limit)
            return None
        with self.source.open(name) as stream:
            return stream.read()
