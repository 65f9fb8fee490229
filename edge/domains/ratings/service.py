"""Rating a trip: who was on board says what they think, once a ticket."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
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
from sync.domains.ratings.events import RatingFollowed, SessionRated, TripRated
from sync.domains.ratings.operations import PublicScore, RatingAnswer, RatingRules
from sync.domains.timetable.rules import service_kind
from sync.kernel import ticket, workdays
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId

MISSES: Final = 30
MISSES_MS: Final = 600_000


@dataclass(frozen=True)
class Word:
    """What somebody said: nothing tells who it was, when, or on which of several trips."""

    level: int
    tags: tuple[str, ...]
    comment: str
    language: str


@dataclass(frozen=True)
class Terms:
    """Until when a bad rating of today is answered and settled, as days since 2020-01-01; None where the calendar of
    ``missing_year`` was not published."""

    contact_day: int | None
    resolve_day: int | None
    missing_year: int = 0


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
        signer: Ed25519Signer,
    ) -> None:
        self._keeper, self._signer = keeper, signer
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

        Raises :class:`Refusal`: ``ticket_form``, ``rating_ticket_unknown``, ``rating_not_boarded``, ``rating_done``,
        ``rating_late``.
        """
        ticket_id = self._proven(text, short_code)
        ride = self._boarding.boarded_ride(ticket_id)
        if ride is None:
            raise Refusal("rating_not_boarded", field="ticket")
        if store.level_of(self._database.read(), ticket_id.to_bytes()) is not None:
            raise Refusal("rating_done", field="ticket")
        self._check_window(ride[0], ride[1])
        return self._timetable.ride(*ride[:4]), ticket_id

    def rate(self, text: str, short_code: str, level: int, tags: Iterable[str], comment: str, language: str) -> None:
        """Record a rating; durable when this returns. Raises as :meth:`rateable` and :mod:`rules`."""
        chosen, words = rules.check_level(level), rules.clean_comment(comment)
        ride, ticket_id = self.rateable(text, short_code)
        kept = rules.check_tags(tags, dict(self.tags(ride.trip_no)))
        event = TripRated(ticket_id.to_bytes(), ride.trip_no, ride.day, chosen, kept, words, _spoken(language))
        self._scribe.record(lambda unit: self._record(unit, event))

    def rate_without_ticket(self, phone: str, level: int, tags: Iterable[str], comment: str, language: str) -> None:
        """Record what somebody on the WiFi says of the trip that this box runs now, once a ``phone`` (what its cookie holds).

        Raises :class:`Refusal`: ``rating_no_trip``, ``rating_session_done``, ``rating_sessions_full``, and as :mod:`rules`.
        """
        current = self._boarding.current()
        if current is None:
            raise Refusal("rating_no_trip")
        kept = rules.check_tags(tags, dict(self.tags(current[0])))
        chosen, words = rules.check_level(level), rules.clean_comment(comment)
        event = SessionRated(self._session(phone, *current), *current, chosen, kept, words, _spoken(language))
        most = self.rules_now().sessions_most
        self._scribe.record(lambda unit: self._record_session(unit, event, most))

    def rated_without_ticket(self, phone: str) -> bool:
        """Whether a phone has said its word on the trip that this box runs now."""
        current = self._boarding.current()
        return current is not None and store.session_rated(self._database.read(), self._session(phone, *current))

    def may_follow(self, text: str, short_code: str = "") -> TicketId:
        """The ticket that may say how the answer to its bad rating was. Where another box took the rating, only the hub knows
        what it was: there the whole code is proof enough to be heard.

        Raises :class:`Refusal`: as :meth:`rateable`, ``rating_no_case``, ``rating_followed``.
        """
        ticket_id = self._proven(text, short_code)
        connection, packed = self._database.read(), ticket_id.to_bytes()
        level = store.level_of(connection, packed)
        rated_elsewhere = level is None and TicketId.from_number(text) is None and self._is_over(self._opened(text))
        if (level is None and not rated_elsewhere) or (level is not None and level > rules.BAD):
            raise Refusal("rating_no_case", field="ticket")
        if store.followed(connection, packed):
            raise Refusal("rating_followed", field="ticket")
        return ticket_id

    def follow(self, text: str, short_code: str, level: int, comment: str, language: str) -> None:
        """Record the second word of a passenger who was not content; durable when this returns. Raises as
        :meth:`may_follow`."""
        chosen, words = rules.check_level(level), rules.clean_comment(comment)
        ticket_id = self.may_follow(text, short_code)
        event = RatingFollowed(ticket_id.to_bytes(), chosen, words, _spoken(language))
        self._scribe.record(lambda unit: self._record_follow(unit, event))

    def rules_now(self) -> RatingRules:
        """The rules of today."""
        return rules.rating_rules(store.published_rules(self._database.read()), self._timetable.today())

    def tags(self, trip_no: int) -> tuple[tuple[str, dict[str, str]], ...]:
        """Tags that fit a trip's kind of line, with their names (none: the catalogue's). Raises :class:`Refusal`
        ``no_such_trip``."""
        route = self._timetable.route(trip_no)[1]
        service = service_kind(route.route_type, self._timetable.seat_plan(trip_no).kind)
        return rules.tags_for(self.rules_now(), service)

    def terms(self) -> Terms:
        """Until when a bad rating of today is to be answered and settled."""
        calendars = workdays.by_year(store.calendars(self._database.read()))
        today, given = self._timetable.today(), self.rules_now()
        found: list[int | None] = []
        for days in (given.contact_days, given.resolve_days):
            try:
                found.append(workdays.due_day(calendars, today, days))
            except Refusal as refusal:
                missing = int(str(refusal.details["year"]))
                return Terms(found[0] if found else None, None, missing)
        return Terms(found[0], found[1])

    def summary(self, trip_no: int, day: int) -> tuple[int, int]:
        """(count, mean × 10) of what was said of a dated trip on this box."""
        return _mean(*store.summary(self._database.read(), trip_no, day))

    def public_summary(self, trip_no: int, day: int) -> tuple[int, int]:
        """As :meth:`summary`, (0, 0) for fewer ratings than may be shown."""
        count, mean = self.summary(trip_no, day)
        return (count, mean) if count >= self.rules_now().score_least else (0, 0)

    def vehicle_score(self, plate: str) -> PublicScore | None:
        """What the hub made public of a vehicle."""
        return store.score(self._database.read(), "vehicle", plate)

    def scores(self, trip_no: int, vehicle: str = "", drivers: Sequence[str] = ()) -> list[PublicScore]:
        """What the hub published of a trip's operator and line, of its vehicle and its drivers, as far as they are rated enough.

        Raises :class:`Refusal` ``no_such_trip``."""
        connection = self._database.read()
        wanted = [
            ("operator", str(self._timetable.agency_no(trip_no))),
            ("line", str(self._timetable.route(trip_no)[0])),
        ]
        wanted += [("vehicle", vehicle)] * bool(vehicle) + [("driver", driver) for driver in drivers]
        found = [store.score(connection, *one) for one in wanted]
        return [one for one in found if one is not None]

    def answers(self, trip_no: int) -> list[RatingAnswer]:
        """What a trip's operator answered its passengers, the newest first. Raises :class:`Refusal` ``no_such_trip``."""
        return store.answers(self._database.read(), self._timetable.agency_no(trip_no))

    def heard(self, trips: Sequence[tuple[int, int]]) -> tuple[int, int, list[Word]]:
        """What a driver may know of some dated trips together: (count, mean × 10, words), all of them empty for fewer ratings
        than a group must have. The words come in an order that says nothing of who spoke when."""
        connection = self._database.read()
        sums = [store.summary(connection, *trip) for trip in trips]
        count, mean = _mean(sum(one[0] for one in sums), sum(one[1] for one in sums))
        if count < self.rules_now().group_least:
            return 0, 0, []
        said = [event for event in store.said(connection, trips) if isinstance(event, TripRated)]
        words = [Word(event.level, event.tags, event.comment, event.language) for event in said]
        return count, mean, sorted(words, key=lambda one: (one.level, one.tags, one.comment, one.language))

    def _record(self, unit: UnitOfWork, event: TripRated) -> None:
        if store.level_of(unit.connection, event.ticket_id) is not None:
            raise Refusal("rating_done", field="ticket")
        unit.append(event)

    def _record_session(self, unit: UnitOfWork, event: SessionRated, most: int) -> None:
        if store.session_rated(unit.connection, event.session):
            raise Refusal("rating_session_done")
        if store.sessions(unit.connection, event.trip_no, event.day) >= most:
            raise Refusal("rating_sessions_full")
        unit.append(event)

    def _record_follow(self, unit: UnitOfWork, event: RatingFollowed) -> None:
        if store.followed(unit.connection, event.ticket_id):
            raise Refusal("rating_followed", field="ticket")
        unit.append(event)

    def _session(self, phone: str, trip_no: int, day: int) -> bytes:
        """What stands for a phone on one dated trip: nobody without this box's key finds the phone, or its other trips."""
        key = self._signer.secret(b"rating session")
        return hmac.new(key, f"{trip_no}/{day}/{phone}".encode(), sha256).digest()[: rules.SESSION_BYTES]

    def _is_over(self, claims: Claims) -> bool:
        """Whether the ride of a ticket lies behind its passenger."""
        ride = self._timetable.ride(claims.trip_no, claims.day, claims.from_idx, claims.to_idx)
        return self._keeper.wall_ms() >= ride.arrives_ms

    def _check_window(self, trip_no: int, day: int) -> None:
        """A box that does not know the time takes the word of whoever was on board."""
        if self._keeper.sure():
            late_ms = self._timetable.told(trip_no, day)[1] * 60_000
            rules.check_window(
                self.rules_now(), self._timetable.ends_ms(trip_no, day) + late_ms, self._keeper.wall_ms()
            )

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


def _spoken(language: str) -> str:
    return language if language in LANGUAGES else LANGUAGES[0]


def _mean(count: int, total: int) -> tuple[int, int]:
    return count, (total * 10 + count // 2) // count if count else 0
