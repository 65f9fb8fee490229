"""From the bytes of a CSV file to lines that can be right: UTF-8 or GB18030, full-width forms made plain, bounded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cloud.domains.register.importing.columns import COLUMNS, TELLING, Column
from cloud.kernel.filefaults import LineError
from sync import catalogue
from sync.domains.register.rules import narrow
from sync.kernel.errors import Refusal

MAX_BYTES: Final = 32 << 20
MAX_LINES: Final = 200_000
KEPT_ERRORS: Final = 1_000
SHOWN_CHARACTERS: Final = 120
HIDDEN: Final = "***"
_ENCODINGS: Final = ("utf-8-sig", "gb18030")


class FileRejected(Refusal):
    """Nothing of the file is taken. ``errors`` holds the first thousand, ``total`` counts them all."""

    def __init__(self, errors: list[LineError], total: int) -> None:
        super().__init__("register_rejected", status=422, field="file", errors=total)
        self.errors = errors
        self.total = total


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file: what its columns say, by name; a column that is empty or not there is left out."""

    number: int
    values: Mapping[str, Any]


@dataclass
class Faults:
    """What is wrong with one file, up to a bound. ``first``: the first of it, as a form shows it beside its field."""

    file: str
    errors: list[LineError] = field(default_factory=list)
    total: int = 0
    first: Refusal | None = None

    def add(self, refusal: Refusal, line: int = 0, column: str = "", value: str = "") -> None:
        """Write one down."""
        self.total += 1
        self.first = self.first or Refusal(refusal.code, status=422, field=column or refusal.field, **refusal.details)
        if len(self.errors) < KEPT_ERRORS:
            shown = value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "…"
            words = _TEXTS.text(refusal.code, "en", **refusal.details)
            place = (self.file, line, column or refusal.field or "", shown)
            self.errors.append(LineError(*place, refusal.code, words, refusal.details))

    def raise_if_any(self) -> None:
        """Raise :class:`FileRejected` with all of it, in the order of the lines."""
        if self.total:
            raise FileRejected(sorted(self.errors, key=lambda one: (one.line, one.field)), self.total)


_TEXTS: Final = catalogue.load()


def read_file(name: str, data: bytes) -> tuple[str, list[Line]]:
    """Kind and lines of a file. Raises :class:`FileRejected` with every line that can't be right."""
    faults = Faults(name)
    rows = _rows(data, faults)
    columns = _columns(rows[0] if rows else [], faults)
    faults.raise_if_any()
    kind = next(TELLING[one.name] for one in columns if one is not None and one.name in TELLING)
    lines = []
    for number, cells in enumerate(rows[1:], 2):
        if any(cell.strip() for cell in cells):
            lines.append(Line(number, read_cells(kind, number, zip(columns, cells, strict=False), faults)))
            if len(cells) > len(columns):
                faults.add(Refusal("register_cells", status=422, wanted=len(columns)), number)
    if not lines:
        faults.add(Refusal("register_empty", status=422))
    faults.raise_if_any()
    return kind, lines


def read_cells(
    kind: str, line: int, cells: Iterable[tuple[Column | None, str]], faults: Faults, spare_secrets: bool = False
) -> dict[str, Any]:
    """What the cells of a line say. ``spare_secrets``: a column that is repeated to nobody may be empty."""
    found: dict[str, Any] = {}
    for column, cell in cells:
        value = narrow(cell)
        if column is None or not value:
            continue
        try:
            found[column.name] = column.read(value)
        except Refusal as refusal:
            faults.add(refusal, line, column.name, HIDDEN if column.secret else value)
            found[column.name] = None
    for column in COLUMNS[kind]:
        if column.needed and column.name not in found and not (spare_secrets and column.secret):
            faults.add(Refusal("register_missing", status=422), line, column.name)
    return found


def _rows(data: bytes, faults: Faults) -> list[list[str]]:
    text = _decoded(data) if len(data) <= MAX_BYTES else None
    if text is None:
        code = "register_encoding" if len(data) <= MAX_BYTES else "register_too_large"
        faults.add(Refusal(code, status=422))
        return []
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > MAX_LINES:
                faults.add(Refusal("register_too_large", status=422), len(rows))
                break
    except csv.Error:
        faults.add(Refusal("register_quotes", status=422), reader.line_num)
    return rows


def _decoded(data: bytes) -> str | None:
    if b"\x00" in data:
        return None
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _columns(header: list[str], faults: Faults) -> list[Column | None]:
    """The columns of a file by its first line; None for one without a name."""
    names = [narrow(cell) for cell in header]
    telling = [_kind_of(name) for name in names]
    kind = next((one for one in telling if one), None)
    if kind is None:
        if not faults.total:
            faults.add(Refusal("register_header", status=422), 1)
        return []
    by_name = {name: column for column in COLUMNS[kind] for name in (column.name, column.hanzi)}
    found = [by_name.get(name.lower()) for name in names]
    for name, column in zip(names, found, strict=True):
        if name and column is None:
            faults.add(Refusal("register_column", status=422), 1, name)
        elif column is not None and found.count(column) > 1:
            faults.add(Refusal("register_column_twice", status=422), 1, name)
    for column in COLUMNS[kind]:
        if column.needed and column not in found:
            faults.add(Refusal("register_column_missing", status=422), 1, column.name)
    return found


def _kind_of(name: str) -> str | None:
    for told, kind in TELLING.items():
        column = next(one for one in COLUMNS[kind] if one.name == told)
        if name.lower() in (column.name, column.hanzi):
            return kind
    return None
