"""Named travellers on tickets that the hub sells: a document is checked and sealed at once, and stays in memory no longer."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.sellers.books.bookings import HELD, traveller_of
from cloud.domains.sellers.tables import booking, booking_item
from cloud.kernel.ports import Office, Ride
from sync.domains.ticketing.events import TravellerNamed
from sync.kernel.documents import read_document
from sync.kernel.errors import Refusal
from sync.kernel.ports import Ids


@dataclass(frozen=True, slots=True)
class Shown:
    """A document as it was typed; nothing of it is checked yet."""

    document_type: str
    number: str = field(repr=False)
    name: str = field(repr=False)


class Naming:
    """Names on tickets of the hub's own node."""

    def __init__(self, office: Office, ids: Ids) -> None:
        self._office, self._ids = office, ids

    def prepare(self, tx: Connection, ride: Ride, shown: Shown | None, today: int) -> TravellerNamed | None:
        """What will name the traveller once there is a sale. None where no document was shown and none is wanted.

        Raises :class:`Refusal`: ``document_missing``, ``document_used`` (one document buys one ticket a trip),
        ``sealing_key_missing``, and as :func:`read_document`.
        """
        if shown is None:
            if self._office.demands_name(tx, ride.agency_no, ride.route_no, ride.route_type, today):
                raise Refusal("document_missing", status=422, field="document_number")
            return None
        document = read_document(shown.document_type, shown.number, shown.name, today)
        named = self._office.name_traveller(tx, document, ride.trip_no, ride.day, self._ids)
        held = [one.check for one in self._held(tx, ride.trip_no, ride.day)]
        if named.check in held:
            raise Refusal("document_used", field="document_number")
        self.check_unused(tx, named)
        return named

    def check_unused(self, tx: Connection, named: TravellerNamed) -> None:
        """Refuse (``document_used``) a traveller who has a good ticket for the trip, sold wherever."""
        if self._office.travels(tx, named.trip_no, named.day, named.check):
            raise Refusal("document_used", field="document_number")

    def _held(self, tx: Connection, trip_no: int, day: int) -> list[TravellerNamed]:
        column = booking_item.c
        joined = booking_item.join(booking, booking.c.booking_no == column.booking_no)
        mine = (column.trip_no == trip_no, column.day == day, column.named.is_not(None), booking.c.state == HELD)
        bodies = tx.execute(sa.select(column.named).select_from(joined).where(*mine)).scalars()
        return [traveller_of(bytes(body)) for body in bodies]
