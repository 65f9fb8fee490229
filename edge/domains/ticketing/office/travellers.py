"""Named travellers: where a line wants a name, one document buys one ticket a trip, and its number is kept by nobody here.

A document lives in memory while it is checked and sealed, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edge.domains.ticketing.office import named, store
from edge.domains.ticketing.office.shown import Ticket
from edge.domains.timetable.service import Timetable
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.directory import Directory
from edge.kernel.scribe import UnitOfWork
from sync.domains.ticketing.events import TravellerNamed
from sync.domains.ticketing.office import realname, sealing
from sync.domains.ticketing.operations import SealingKey
from sync.kernel import ticket
from sync.kernel.documents import Document, Masked, read_document, read_number
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.ports import Ids
from sync.kernel.seal import Sealer, Veil
from sync.kernel.ticket import Claims, TicketId


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document as it was shown and typed; nothing of it is checked yet."""

    document_type: str
    number: str = field(repr=False)
    name: str = field(repr=False)


class Travellers:
    """Names on tickets of a node."""

    def __init__(
        self, database: Database, keeper: TimeKeeper, timetable: Timetable, directory: Directory, ids: Ids
    ) -> None:
        self._database, self._keeper, self._timetable, self._ids = database, keeper, timetable, ids
        self._directory = directory

    def demanded(self, trip_no: int) -> bool:
        """Whether nobody rides on this trip's line without a name, for what is sold today."""
        route_no, route = self._timetable.route(trip_no)
        published = self._database.memory.get("real name rules", lambda: store.real_name_rules(self._database.read()))
        given = realname.rules_on(published, route.agency_no, self._timetable.today())
        return realname.demands_name(given, route_no, route.route_type)

    def prepare(
        self, trip_no: int, day: int, shown: ShownDocument | None, sealers: dict[SealingKey, Sealer] | None = None
    ) -> TravellerNamed | None:
        """What will name the traveller once there is a sale: checked and sealed, before anything is locked.

        None where no document was shown and none is wanted. ``sealers``: those of the same booking, by key, to which this
        adds. Raises :class:`Refusal`: ``document_missing``, ``sealing_key_missing``, and as :func:`read_document`.
        """
        if shown is None:
            if self.demanded(trip_no):
                raise Refusal("document_missing", status=422, field="document_number")
            return None
        document, key, sealer = self._read(shown), self._key(day), None
        if sealers is not None and key.contexts:
            sealer = sealers.get(key) or sealers.setdefault(key, sealing.sealer_to(key, self._ids))
        return sealing.name_traveller(document, trip_no, day, key, self._ids, sealer, self._veil(key))

    def again(self, old: Ticket, trip_no: int, day: int, shown: ShownDocument | None) -> TravellerNamed | None:
        """As :meth:`prepare`, for a ticket that takes the place of ``old``: whoever was named there shows the same document.

        Raises also :class:`Refusal` ``document_other``, and ``document_missing`` on a line that wants no names.
        """
        event = None if old.past else named.event_of(self._database.read(), old.ticket_id.serial, None)
        if event is None:
            return self.prepare(trip_no, day, shown)
        if shown is None:
            raise Refusal("document_missing", status=422, field="document_number")
        document, key = self._read(shown), self._key(event.day)
        if sealing.check_of(document, event.trip_no, event.day, key) != event.check:
            raise Refusal("document_other", field="document_number")
        return sealing.name_traveller(document, trip_no, day, self._key(day), self._ids)

    def carried(self, old: Ticket) -> TravellerNamed | None:
        """What names the traveller of ``old``, for another ticket of the same trip: it belongs to the trip, not to the paper."""
        return named.event_of(self._database.read(), old.ticket_id.serial, None)

    def add(self, unit: UnitOfWork, prepared: TravellerNamed | None, serial: int) -> None:
        """Name the traveller of the ticket that the same unit sells as ``serial``. Raises :class:`Refusal` ``document_twice``."""
        if prepared is None:
            return
        there = named.serial_with(unit.connection, prepared.trip_no, prepared.day, prepared.check)
        if there is not None:
            raise Refusal("document_twice", field="document_number", ticket=self._number(*there))
        unit.append(replace(prepared, serial=serial))

    def fits(self, code: str, shown: ShownDocument) -> bool:
        """Whether a ticket, of whichever box, was sold to the document that is shown with it; nothing is written.

        Raises :class:`Refusal` as :meth:`named_claims` and :func:`read_document`, and ``sealing_key_missing``.
        """
        return self.holds(self.named_claims(code), self._read(shown))

    def named_claims(self, code: str) -> Claims:
        """Claims of a ticket that was sold to somebody's document.

        Raises :class:`Refusal`: ``ticket_form`` (damaged, or not what its issuer signed), ``ticket_unnamed``.
        """
        identity = meta.known_identity(self._database)
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        try:
            claims = ticket.verify(code, self._directory.issuer, identity.hub_key)[0].claims
        except Malformed:
            raise Refusal("ticket_form", status=422, field="code") from None
        if not claims.document_check:
            raise Refusal("ticket_unnamed", field="code")
        return claims

    def holds(self, claims: Claims, shown: Document) -> bool:
        """Whether a ticket with these ``claims`` was sold to that document; the name does not count.
        Raises :class:`Refusal` ``sealing_key_missing``."""
        key = self._key(claims.day)
        return sealing.check_of(shown, claims.trip_no, claims.day, key) == claims.document_check

    def holds_number(self, claims: Claims, document_type: str, number: str) -> bool:
        """As :meth:`holds`, for what a gate sees of a document. Raises also as
        :func:`sync.kernel.documents.read_number`."""
        plain = read_number(document_type, number, self._today())
        return self.holds(claims, Document(document_type, plain, ""))

    def masked(self, serial: int, epoch: int | None = None) -> Masked | None:
        """What may be shown of a ticket's traveller; None for one without a name, or when the month's keys are gone."""
        return self.masked_in(named.event_of(self._database.read(), serial, epoch))

    def masked_in(self, event: TravellerNamed | None) -> Masked | None:
        """As :meth:`masked`, of what named the traveller."""
        key = self._known_key(event.period) if event else None
        if event is None or key is None:
            return None
        try:
            return sealing.masked_of(event, self._veil(key))
        except Malformed:
            return None

    def check_of(self, serial: int) -> bytes:
        """The check value that stands in the ticket's claims; empty for a ticket without a name."""
        return named.check_of(self._database.read(), serial)

    def _read(self, shown: ShownDocument) -> Document:
        return read_document(shown.document_type, shown.number, shown.name, self._today())

    def _today(self) -> int | None:
        return self._timetable.today() if self._keeper.sure() else None

    def _key(self, day: int) -> SealingKey:
        found = self._known_key(realname.period_of(day))
        if found is None:
            raise Refusal("sealing_key_missing", status=503)
        return found

    def _known_key(self, period: int) -> SealingKey | None:
        database = self._database
        return database.memory.get(("sealing key", period), lambda: named.sealing_key(database.read(), period))

    def _veil(self, key: SealingKey) -> Veil:
        return self._database.memory.get(("veil", key), lambda: sealing.veil_of(key))

    def _number(self, serial: int, epoch: int | None) -> str:
        identity = meta.known_identity(self._database)
        return "" if identity is None else TicketId(identity.node_no, epoch or identity.epoch, serial).number
