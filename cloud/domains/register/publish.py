"""Telling the nodes: facts of each operator on a stream of its own, which those hold who have to do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.register.importing.columns import DRIVER, OPERATOR, VEHICLE
from cloud.domains.register.tables import register_subject, register_version
from cloud.kernel import streams
from cloud.kernel.database import chunks
from cloud.kernel.nodes import NodeInfo, Nodes, streams_of
from sync.domains.register.operations import DriverFacts, OperatorFacts, PermitFacts, VehicleFacts, register_stream
from sync.kernel import documents
from sync.kernel.documents import Document
from sync.kernel.operations import Record, operator_stream

# Kind of a node that goes with a vehicle.
ON_BOARD: Final = "vehicle"
# The timetable's number of each operator, by the id that its feed gives it.
AgencyNumbers = Callable[[Connection], Mapping[str, int]]
# Operators of the timetable that call at any of the stops.
AgenciesAt = Callable[[Connection, tuple[int, ...]], Iterable[int]]
_FACTS: Final = sa.select(
    register_subject.c.number, register_subject.c.kind, register_subject.c.operator_no, register_subject.c.gone_ms,
    register_version.c.from_day, register_version.c.body,
).join(register_version, register_version.c.version_no == register_subject.c.version_no)  # fmt: skip

_ANY_OPERATOR: Final = sa.select(register_subject.c.number).where(register_subject.c.kind == OPERATOR).limit(1)


class Publishing:
    """Keeps the streams ``register/N`` in step with the register."""

    def __init__(self, nodes: Nodes, agency_numbers: AgencyNumbers, agencies_at: AgenciesAt) -> None:
        self._nodes, self._agency_numbers, self._agencies_at = nodes, agency_numbers, agencies_at

    def tell(self, tx: Connection, numbers: Iterable[int], moved: Mapping[int, int] | None = None) -> int:
        """Publish the facts of subjects as they are today; ``moved``: number → operator that had it before. Gives how
        many."""
        agencies = self._agency_numbers(tx)
        by_stream: dict[str, list[tuple[str, bytes | None]]] = {}
        for some in chunks(sorted(set(numbers))):
            for row in tx.execute(_FACTS.where(register_subject.c.number.in_(some))):
                record = record_of(row, agencies)
                key = f"{record.PREFIX}/{row.number}"
                before = (moved or {}).get(row.number, row.operator_no)
                if before != row.operator_no:
                    by_stream.setdefault(register_stream(before), []).insert(0, (key, None))
                body = None if row.gone_ms else record.to_bytes()
                by_stream.setdefault(register_stream(row.operator_no), []).append((key, body))
        # What an operator lost is taken away before another has it: a node that holds both streams reads it in this
        # order.
        for name, items in by_stream.items():
            streams.publish_many(tx, name, [item for item in items if item[1] is None])
        for name, items in by_stream.items():
            streams.publish_many(tx, name, [item for item in items if item[1] is not None])
        return sum(map(len, by_stream.values()))

    def tell_operators(self, tx: Connection) -> None:
        """After a new timetable: operators say under which of its numbers it knows them."""
        mine = (register_subject.c.kind == OPERATOR, register_subject.c.gone_ms.is_(None))
        self.tell(tx, tx.execute(sa.select(register_subject.c.number).where(*mine)).scalars().all())

    def provide(self, tx: Connection, info: NodeInfo) -> None:
        """Subscribe a node to the operators at its stops; a vehicle's box to those whose trips it was given."""
        if not tx.execute(_ANY_OPERATOR).first():
            return
        held, agencies = streams_of(tx, info.node_no), self._agency_numbers(tx)
        if info.kind == ON_BOARD:
            near = {number for number in agencies.values() if operator_stream(number) in held}
        else:
            near = set(self._agencies_at(tx, info.stop_nos))
        wanted = {register_stream(number) for number, nos in _operators(tx, agencies) if near & set(nos)}
        if wanted - set(held):
            self._nodes.subscribe(tx, info.node_no, sorted(wanted - set(held)))


def record_of(row: Any, agencies: Mapping[str, int]) -> Record:
    """The facts of one subject as nodes are told them."""
    body = row.body
    if row.kind == OPERATOR:
        names = {"zh-Hans": body["name"]} | ({"en": body["name_en"]} if body.get("name_en") else {})
        numbers = agency_nos(body, agencies)
        licence = (body["licence_no"], body["licence_until"])
        return OperatorFacts(body["uscc"], names, *licence, body.get("trust_level", ""), numbers, row.from_day)
    if row.kind == VEHICLE:
        words = (body["kind"], body["plate"], body.get("colour", ""))
        rest = (body["capacity"], body.get("technical_grade", ""), body["permit_no"])
        ends = (_day(body, "permit_until"), _day(body, "inspection_until"), _day(body, "review_until"))
        return VehicleFacts(row.operator_no, *words, *rest, *ends, row.from_day)
    if row.kind == DRIVER:
        dates = (_day(body, "licence_until"), _day(body, "qualification_until"))
        named, level = masked_name(body), body.get("trust_level", "")
        clerk_no = body.get("clerk_no", 0)
        return DriverFacts(row.operator_no, named, body["licence_class"], *dates, level, row.from_day, clerk_no)
    line = (body["permit_no"], body["route"], body["line_class"], _day(body, "permit_until"))
    return PermitFacts(row.operator_no, *line, row.from_day)


def masked_name(body: Mapping[str, Any]) -> str:
    """A driver's surname, and nothing more."""
    return documents.mask(Document(body["document_type"], "", body["name"])).name


def _day(body: Mapping[str, Any], name: str) -> int:
    """A day as nodes are told it: what ended before their calendar begins is over on all of its days, like what is
    not told."""
    return max(int(body.get(name, 0)), 0)


def agency_nos(body: Mapping[str, Any], agencies: Mapping[str, int]) -> tuple[int, ...]:
    """Under which numbers the timetable knows an operator."""
    return tuple(sorted(agencies[feed_id] for feed_id in body.get("agencies", ()) if feed_id in agencies))


def _operators(tx: Connection, agencies: Mapping[str, int]) -> list[tuple[int, tuple[int, ...]]]:
    """(number in the register, numbers in the timetable) of all operators."""
    rows = tx.execute(_FACTS.where(register_subject.c.kind == OPERATOR, register_subject.c.gone_ms.is_(None)))
    return [(row.number, agency_nos(row.body, agencies)) for row in rows]
