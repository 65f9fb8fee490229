"""Rating a trip: who was on board says what they think, once a ticket."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from edge.domains.boarding.service import Boarding
from edge.domains.ratings import store
from edge.domains.timetable.service import Ride, Timetable
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.directory import Directory
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.catalogue import LANGUAGES
from sync.domains.ratings import rules
from sync.domains.ratings.events import TripRated
from sync.kernel import ticket
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.ticket import Claims, TicketId

MISSES: Final = 30
MISSES_MS: Final = 600_000


class Ratings:
    """The ratings domain of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        directory: Directory,
        timetable: Timetable,
        boarding: Boarding,
    ) -> None:
        self._keeper = keeper
        self._missed_ms: deque[int] = deque(maxlen=MISSES)
        self._database, self._scribe, self._directory = database, scribe, directory
        self._timetable, self._boarding = timetable, boarding

    def ride_of(self, text: str, short_code: str = "") -> tuple[Ride, TicketId]:
        """The ride of a passenger's own ticket: any ticket by its whole code, a boarded one by number and short code.

        Raises :class:`Refusal`: ``ticket_form``, ``rating_ticket_unknown``, ``rating_not_boarded``, ``short_code_wrong``.
        """
        if TicketId.from_number(text) is not None:
            ticket_id = self._proven(text, short_code)
            boarded = self._boarding.boarded_ride(ticket_id)
            where = boarded[:4] if boarded else None
        else:
            claims = self._opened(text)
            ticket_id, where = claims.ticket_id, (claims.trip_no, claims.day, claims.from_idx, claims.to_idx)
        if where is None:
            raise Refusal("rating_not_boarded", field="ticket")
        return self._timetable.ride(*where), ticket_id

    def rateable(self, text: str, short_code: str = "") -> tuple[Ride, TicketId]:
        """The ride that a ticket may rate here: given as its whole code, or as number and short code.

        Raises :class:`Refusal`: ``ticket_form``, ``rating_ticket_unknown``, ``rating_not_boarded``, ``rating_done``.
        """
        ticket_id = self._proven(text, short_code)
        ride = self._boarding.boarded_ride(ticket_id)
        if ride is None:
            raise Refusal("rating_not_boarded", field="ticket")
        if store.rated(self._database.read(), ticket_id.to_bytes()):
            raise Refusal("rating_done", field="ticket")
        return self._timetable.ride(*ride[:4]), ticket_id

    def rate(self, text: str, short_code: str, level: int, tags: Iterable[str], comment: str, language: str) -> None:
        """Record a rating; durable when this returns. Raises as :meth:`rateable` and :mod:`rules`."""
        chosen, kept, words = rules.check_level(level), rules.check_tags(tags), rules.clean_comment(comment)
        ride, ticket_id = self.rateable(text, short_code)
        spoken = language if language in LANGUAGES else LANGUAGES[0]
        event = TripRated(ticket_id.to_bytes(), ride.trip_no, ride.day, chosen, kept, words, spoken)
        self._scribe.record(lambda unit: self._record(unit, event))

    def summary(self, trip_no: int, day: int) -> tuple[int, int]:
        """(count, mean × 10) of what was said of a dated trip on this box."""
        count, total = store.summary(self._database.read(), trip_no, day)
        return count, (total * 10 + count // 2) // count if count else 0

    def _record(self, unit: UnitOfWork, event: TripRated) -> None:
        if store.rated(unit.connection, event.ticket_id):
            raise Refusal("rating_done", field="ticket")
        unit.append(event)

    def _proven(self, text: str, short_code: str) -> TicketId:
        by_number = TicketId.from_number(text)
        if by_number is None:
            return self._opened(text).ticket_id
        ride = self._boarding.boarded_ride(by_number)
        if ride is None:
            raise Refusal("rating_not_boarded", field="ticket")
        self._refuse_guessing()
        if short_code.strip().upper() != ride[4]:
            self._missed_ms.append(self._keeper.since_start_ms())
            raise Refusal("short_code_wrong", status=422, field="short_code")
        return by_number

    def _refuse_guessing(self) -> None:
        """Four characters can be guessed by a machine on the WiFi: after thirty misses in ten minutes nobody may try."""
        now = self._keeper.since_start_ms()
        if len(self._missed_ms) == MISSES and now - self._missed_ms[0] < MISSES_MS:
            raise Refusal("short_code_later", status=429, field="short_code")

    def _opened(self, text: str) -> Claims:
        identity = meta.identity(self._database.read())
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        try:
            opened, _ = ticket.verify(text, self._directory.issuer, identity.hub_key)
        except Malformed as error:
            code = "ticket_form" if error.code == "ticket_damaged" else "rating_ticket_unknown"
            raise Refusal(code, status=422, field="ticket") from None
        return opened.claims
