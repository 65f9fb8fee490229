"""The register for those who keep it: files in, corrections, what was true on a day, files out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.register.cards.issuing import TrustCards
from cloud.domains.register.importing.columns import COLUMNS, DRIVER, FROM, KINDS, OPERATOR, Column
from cloud.domains.register.importing.read import Faults, read_cells, read_file
from cloud.domains.register.importing.subjects import Body, body_of
from cloud.domains.register.importing.writing import Author, Written, check_day, write_lines, write_one
from cloud.domains.register.publish import Publishing
from cloud.domains.register.tables import register_key, register_subject, register_version
from cloud.kernel.nodes import Nodes
from sync.kernel import seal
from sync.kernel.days import date_of, day_at
from sync.kernel.errors import Refusal
from sync.kernel.ports import Clock

# Where only a mask is kept of what the column said.
_MASKS: Final = {"document_number": "document_mask", "qualification_no": "qualification_mask"}
_DAYS: Final = ("until", "inspected", FROM)
_NEWEST: Final = (register_version.c.from_day.desc(), register_version.c.version_no.desc())


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that the register holds. ``body``: its facts; ``from_day``: since when they hold; ``gone_ms``: struck
    off."""

    number: int
    kind: str
    operator_no: int
    label: str
    body: Body
    from_day: int
    gone_ms: int | None


@dataclass(frozen=True, slots=True)
class Version:
    """Facts that held from ``from_day`` to ``until_day`` (None: to this day), as they were written down at ``made_ms``.
    ``replaced``: another version says the same days otherwise."""

    version_no: int
    from_day: int
    until_day: int | None
    body: Body
    made_ms: int
    by: str
    source: str
    replaced: bool


class RegisterService:
    """``wrapping_key`` gives 32 secret bytes that are in no database; from them comes the key of the check values."""

    def __init__(
        self, nodes: Nodes, clock: Clock, zone: Callable[[Connection], str], wrapping_key: Callable[[], bytes],
        publishing: Publishing, cards: TrustCards,
    ) -> None:  # fmt: skip
        self._nodes, self._clock, self._zone, self._wrapping = nodes, clock, zone, wrapping_key
        self._publishing, self._cards = publishing, cards

    def today(self, tx: Connection) -> int:
        """The service day that it is."""
        return day_at(self._clock.wall_ms(), self._zone(tx))

    def import_file(self, tx: Connection, file: str, data: bytes, by: str) -> Written:
        """Take in one file, all of it or nothing. Raises :class:`FileRejected`."""
        kind, lines = read_file(file, data)
        done = write_lines(tx, kind, lines, Faults(file), self._author(tx, by), file)
        self._tell(tx, done)
        return done

    def correct(self, tx: Connection, number: int, texts: Mapping[str, str], reason: str, by: str) -> None:
        """Write other facts of a subject down, from the day in column ``from`` on (today where it is empty); what was
        true before stays on record. A column that is repeated to nobody stays as it is when it is empty.

        Raises :class:`Refusal`: ``register_unknown``, ``register_reason``, ``register_future``,
        ``register_operator``, and as the columns.
        """
        before = self.subject(tx, number)
        if not reason.strip():
            raise Refusal("register_reason", status=422, field="reason")
        values = _typed(before.kind, texts)
        author = self._author(tx, by)
        from_day = values.get(FROM, author.today)
        check_day(from_day, author)
        operator_no = self._operator(tx, values["operator_uscc"]) if before.kind != OPERATOR else None
        body = body_of(before.kind, values, operator_no, author.check, author.today, before.body)
        self._tell(tx, write_one(tx, before.kind, number, body, from_day, author, reason.strip()[:200]))

    def strike_off(self, tx: Connection, number: int, reason: str, by: str) -> None:
        """Take a subject off the register: nodes forget it, its plate or number may be given anew, its cards are
        taken back, its history stays.

        Raises :class:`Refusal`: ``register_unknown``, ``register_reason``, ``register_in_use`` for an operator that
        has others.
        """
        found = self.subject(tx, number)
        if not reason.strip():
            raise Refusal("register_reason", status=422, field="reason")
        column = register_subject.c
        others = (column.operator_no == number, column.number != number, column.gone_ms.is_(None))
        if found.kind == OPERATOR and tx.execute(sa.select(column.number).where(*others)).first():
            raise Refusal("register_in_use")
        gone = {"gone_ms": self._clock.wall_ms()}
        tx.execute(sa.update(register_subject).where(column.number == number).values(**gone))
        tx.execute(sa.delete(register_key).where(register_key.c.number == number))
        self._publishing.tell(tx, [number])
        self._cards.withdraw(tx, number, reason, by)

    def subject(self, tx: Connection, number: int, *, gone: bool = False) -> Subject:
        """One subject with the facts of today. Raises :class:`Refusal` ``register_unknown``; ``gone``: also what was
        struck off."""
        row = tx.execute(_subjects().where(register_subject.c.number == number)).first()
        if row is None or (row.gone_ms is not None and not gone):
            raise Refusal("register_unknown", status=404, number=number)
        return _subject(row)

    def search(
        self, tx: Connection, text: str, kind: str = "", operator_no: int = 0, limit: int = 50, offset: int = 0
    ) -> list[Subject]:
        """Subjects with all words of ``text`` in a name, a plate or the number of a paper; of those struck off none."""
        column = register_subject.c
        query = _subjects().where(column.gone_ms.is_(None))
        for word in text.replace("\0", " ").casefold().split():
            query = query.where(column.search.contains(word, autoescape=True))
        if kind in KINDS:
            query = query.where(column.kind == kind)
        if operator_no:
            query = query.where(column.operator_no == operator_no)
        order = (column.kind != OPERATOR, column.kind, column.label, column.number)
        return [_subject(row) for row in tx.execute(query.order_by(*order).limit(limit).offset(offset))]

    def history(self, tx: Connection, number: int) -> list[Version]:
        """All versions, the newest facts first."""
        rows = tx.execute(
            sa.select(register_version).where(register_version.c.number == number).order_by(*_NEWEST)
        ).all()
        found: list[Version] = []
        for row in rows:
            later = [one for one in found if not one.replaced]
            replaced = bool(later) and later[-1].from_day == row.from_day
            until_day = later[-1].from_day - 1 if later and not replaced else None
            facts = (row.version_no, row.from_day, until_day, row.body)
            found.append(Version(*facts, row.made_ms, row.by, row.source, replaced))
        return found

    def on_day(self, tx: Connection, number: int, day: int) -> Body | None:
        """The facts of a subject on a day, by what is known now; None before its first."""
        mine = (register_version.c.number == number, register_version.c.from_day <= day)
        row = tx.execute(sa.select(register_version.c.body).where(*mine).order_by(*_NEWEST)).first()
        return row.body if row else None

    def export(self, tx: Connection, kind: str) -> str:
        """All subjects of a kind as a file of their columns. Numbers of documents are masked, so that a file of
        drivers does not come in again. Raises :class:`Refusal` ``register_kind``."""
        if kind not in KINDS:
            raise Refusal("register_kind", status=404)
        codes = {one.number: one.body["uscc"] for one in self.search(tx, "", OPERATOR, limit=_ALL)}
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow([column.name for column in COLUMNS[kind]])
        for one in self.search(tx, "", kind, limit=_ALL):
            writer.writerow([_harmless(text) for text in texts_of(one, codes.get(one.operator_no, "")).values()])
        return file.getvalue()

    def _operator(self, tx: Connection, uscc: str) -> int:
        found = tx.execute(sa.select(register_key.c.number).where(register_key.c.key == f"uscc:{uscc}")).scalar()
        if found is None:
            raise Refusal("register_operator", status=422, field="operator_uscc")
        return int(found)

    def _tell(self, tx: Connection, done: Written) -> None:
        self._publishing.tell(tx, done.numbers, done.moved)
        if done.kind == OPERATOR and done.numbers:
            self._nodes.provision_at(tx, 0)

    def _author(self, tx: Connection, by: str) -> Author:
        key = seal.DEFAULT.expand(self._wrapping(), b"yipiao register", seal.KEY_BYTES)
        return Author(by, self._clock.wall_ms(), self.today(tx), lambda text: seal.check_value(seal.DEFAULT, key, text))


_ALL: Final = 1_000_000


def texts_of(subject: Subject, operator_uscc: str = "") -> dict[str, str]:
    """Column → what a file or a form shows of it; of a secret one its mask."""
    return {column.name: _shown(column, subject, operator_uscc) for column in COLUMNS[subject.kind]}


def _shown(column: Column, subject: Subject, operator_uscc: str) -> str:
    if column.name == "operator_uscc":
        return operator_uscc
    if column.name == FROM:
        return date_of(subject.from_day).isoformat()
    value = subject.body.get(_MASKS.get(column.name, column.name))
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(value)
    return date_of(value).isoformat() if column.name.endswith(_DAYS) else str(value)


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _typed(kind: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """What a form says, read as a line of a file is. Raises the first :class:`Refusal` that there is."""
    faults = Faults("")
    cells = [(column, texts.get(column.name, "")) for column in COLUMNS[kind]]
    values = read_cells(kind, 0, cells, faults, spare_secrets=kind == DRIVER)
    if faults.first is not None:
        raise faults.first
    return values


def _subjects() -> sa.Select[Any]:
    column = register_subject.c
    which = (column.number, column.kind, column.operator_no, column.label, column.gone_ms)
    facts = (register_version.c.body, register_version.c.from_day)
    return sa.select(*which, *facts).join(register_version, register_version.c.version_no == column.version_no)


def _subject(row: Any) -> Subject:
    return Subject(row.number, row.kind, row.operator_no, row.label, row.body, row.from_day, row.gone_ms)
