"""Ratings folded into their tables: one a ticket, the first counts; and what looks as if somebody praised himself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.tables import rating, rating_follow, session_rating
from cloud.kernel.database import among, chunks, insert_rows
from cloud.kernel.fold import Alert, Quarantine, Received
from cloud.kernel.tables import operation
from sync.domains.ratings import rules
from sync.domains.ratings.events import RatingFollowed, SessionRated, TripRated
from sync.domains.ratings.operations import RatingRules
from sync.kernel import hlc
from sync.kernel.events import Event
from sync.kernel.operations import NET
from sync.kernel.ticket import TicketId

TICKET_ID_BYTES: Final = 8
BURST, SELF = "rating_burst", "rating_self"
MAX_LANGUAGE: Final = 20
_RATING = (
    "ticket_id", "pos", "node_no", "trip_no", "day", "level", "tags", "comment", "language", "verified", "claimed_ms",
)  # fmt: skip
_SESSION = ("session", "pos", "node_no", "trip_no", "day", "level", "tags", "comment", "language")
_FOLLOW = ("ticket_id", "pos", "level", "comment", "language")
_FIRST: Final = sa.select(rating.c.ticket_id, rating.c.pos, rating.c.level).where(
    rating.c.ticket_id.in_(sa.bindparam("tickets", expanding=True))
)
_SESSIONS: Final = sa.select(session_rating.c.session).where(
    session_rating.c.session.in_(sa.bindparam("sessions", expanding=True))
)
_FOLLOWED: Final = sa.select(rating_follow.c.ticket_id).where(
    rating_follow.c.ticket_id.in_(sa.bindparam("tickets", expanding=True))
)
Trip = tuple[int, int]


class Voice(NamedTuple):
    """A rating of a trip as it is held beside the others."""

    level: int
    claimed_ms: int
    ticket_id: bytes

    def sold_beside(self, other: Voice, most: int) -> bool:
        """Whether one box sold both tickets, with fewer than ``most`` others between them."""
        one, two = TicketId.from_bytes(self.ticket_id), TicketId.from_bytes(other.ticket_id)
        return (one.node_no, one.epoch) == (two.node_no, two.epoch) and abs(one.serial - two.serial) <= most


class RatingsApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset({TripRated, SessionRated, RatingFollowed})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._first: dict[bytes, tuple[int, int]] = {}
        self._sessions: set[bytes] = set()
        self._followed: set[bytes] = set()
        self._boarded: dict[bytes, tuple[int, int, int]] = {}
        self._voices: dict[Trip, list[Voice]] = {}
        self._rules: list[tuple[int, RatingRules]] = []
        self._rows: list[tuple[object, ...]] = []
        self._session_rows: list[tuple[object, ...]] = []
        self._follow_rows: list[tuple[object, ...]] = []

    @staticmethod
    def boarded(tx: Connection, ticket_ids: Sequence[bytes]) -> Mapping[bytes, tuple[int, int, int]]:
        """Where tickets boarded first: (position of the event, trip_no, day); the list of domains knows who knows."""
        return {}

    @staticmethod
    def seller(tx: Connection, ticket_id: bytes) -> int:
        """The clerk who sold a ticket, 0 where the hub has not heard of the sale; as above."""
        return 0

    def prepare(self, batch: Sequence[Received]) -> None:
        events = [one.envelope.event for one in batch if one.envelope is not None]
        rated = [event for event in events if isinstance(event, TripRated)]
        followed = sorted({event.ticket_id for event in events if isinstance(event, RatingFollowed)})
        for some in chunks(sorted({*(event.ticket_id for event in rated), *followed})):
            rows = self._tx.execute(_FIRST, {"tickets": some})
            self._first |= {bytes(row.ticket_id): (row.pos, row.level) for row in rows}
        for some in chunks(followed):
            self._followed |= {bytes(one) for one in self._tx.execute(_FOLLOWED, {"tickets": some}).scalars()}
        for some in chunks(sorted({event.session for event in events if isinstance(event, SessionRated)})):
            self._sessions |= {bytes(one) for one in self._tx.execute(_SESSIONS, {"sessions": some}).scalars()}
        if rated:
            self._prepare_rated(rated)

    def _prepare_rated(self, rated: Sequence[TripRated]) -> None:
        for some in chunks(sorted({event.ticket_id for event in rated})):
            self._boarded |= self.boarded(self._tx, some)
        for some in chunks(sorted({(event.trip_no, event.day) for event in rated}), 200):
            where = among((rating.c.trip_no, rating.c.day), some)
            for row in self._tx.execute(sa.select(rating).where(where).order_by(rating.c.pos)):
                voice = Voice(row.level, row.claimed_ms, bytes(row.ticket_id))
                self._voices.setdefault((row.trip_no, row.day), []).append(voice)
        self._rules = published(self._tx)

    def apply(self, received: Received) -> None:
        event = received.envelope and received.envelope.event
        if isinstance(event, TripRated):
            self._rate(received, event)
        elif isinstance(event, SessionRated):
            self._rate_session(received, event)
        elif isinstance(event, RatingFollowed):
            self._follow(received, event)

    def flush(self) -> None:
        insert_rows(self._tx, rating, _RATING, self._rows)
        insert_rows(self._tx, session_rating, _SESSION, self._session_rows)
        insert_rows(self._tx, rating_follow, _FOLLOW, self._follow_rows)

    def _rate(self, received: Received, event: TripRated) -> None:
        _check_id(event.ticket_id)
        _check_words(event.level, event.tags, event.comment)
        first = self._first.get(event.ticket_id)
        if first is not None:
            raise Quarantine("rated_twice", f"first at {first[0]}")
        self._first[event.ticket_id] = (received.pos, event.level)
        claimed_ms, trip = _claimed_ms(received), (event.trip_no, event.day)
        given = rules.rating_rules((one for pos, one in self._rules if pos < received.pos), event.day)
        verified = self._had_boarded(received, event) and rules.is_day(event.day)
        voices = self._voices.setdefault(trip, [])
        voices.append(Voice(event.level, claimed_ms, event.ticket_id))
        for code, detail in suspicions(given, voices):
            clerk_no = self.seller(self._tx, event.ticket_id) if code == SELF else 0
            received.alerts += (Alert(code, clerk_no, f"trip {trip[0]}, day {trip[1]}: {detail}"),)
        self._rows.append((event.ticket_id, *_said(received, event), verified, claimed_ms))

    def _had_boarded(self, received: Received, event: TripRated) -> bool:
        """Whether the hub had heard before that the ticket boarded on that trip."""
        pos, *trip = self._boarded.get(event.ticket_id, (received.pos, 0, 0))
        return pos < received.pos and trip == [event.trip_no, event.day]

    def _rate_session(self, received: Received, event: SessionRated) -> None:
        if len(event.session) != rules.SESSION_BYTES:
            raise Quarantine("rating_range", f"session of {len(event.session)} bytes")
        _check_words(event.level, event.tags, event.comment)
        if event.session in self._sessions:
            raise Quarantine("rated_twice", "session")
        self._sessions.add(event.session)
        self._session_rows.append((event.session, *_said(received, event)))

    def _follow(self, received: Received, event: RatingFollowed) -> None:
        _check_id(event.ticket_id)
        _check_words(event.level, (), event.comment)
        if event.ticket_id in self._followed:
            raise Quarantine("followed_twice")
        first = self._first.get(event.ticket_id)
        if first is not None and first[1] > rules.BAD:
            raise Quarantine("follow_no_case", f"level {first[1]} at {first[0]}")
        self._followed.add(event.ticket_id)
        words = (event.level, event.comment, event.language[:MAX_LANGUAGE])
        self._follow_rows.append((event.ticket_id, received.pos, *words))


def suspicions(given: RatingRules, voices: Sequence[Voice]) -> list[tuple[str, str]]:
    """What the last of the ``voices`` on a dated trip makes suspicious, (code, detail); each is told when its number is just
    reached. ``rating_burst``: many of one level within minutes. ``rating_self``: top ratings, and hardly any others, with
    tickets that one box sold one after the other.
    """
    last, near_ms, found = voices[-1], given.burst_minutes * 60_000, []
    alike = sum(one.level == last.level and abs(one.claimed_ms - last.claimed_ms) <= near_ms for one in voices)
    if alike == given.burst_count:
        found.append((BURST, f"{alike} of level {last.level} within {given.burst_minutes} min"))
    if last.level == rules.LEVELS[-1]:
        row = [one for one in voices if one.sold_beside(last, 2 * given.burst_count)]
        top = sum(one.level == rules.LEVELS[-1] for one in row)
        if top == given.burst_count and top * 10 >= len(row) * 9:
            found.append(
                (SELF, f"{top} of {len(row)} tickets in a row, up to {TicketId.from_bytes(last.ticket_id).number}")
            )
    return found


def published(tx: Connection) -> list[tuple[int, RatingRules]]:
    """Every set of rules for ratings that the hub tells of, with its position: a fold knows only those before an event."""
    column = operation.c
    mine = (column.stream == NET, column.key >= "rating/", column.key < "rating0", column.body.is_not(None))
    rows = tx.execute(sa.select(column.pos, column.body).where(*mine))
    return [(pos, RatingRules.from_bytes(bytes(body))) for pos, body in rows]


def _said(received: Received, event: TripRated | SessionRated) -> tuple[object, ...]:
    words = (event.level, " ".join(event.tags), event.comment, event.language[:MAX_LANGUAGE])
    return (received.pos, received.node_no, event.trip_no, event.day, *words)


def _claimed_ms(received: Received) -> int:
    return hlc.wall_ms_of(received.envelope.stamp.hlc) if received.envelope else 0


def _check_id(ticket_id: bytes) -> None:
    if len(ticket_id) != TICKET_ID_BYTES:
        raise Quarantine("ticket_id", f"{len(ticket_id)} bytes")


def _check_words(level: int, tags: tuple[str, ...], comment: str) -> None:
    if not rules.in_bounds(level, tags, comment):
        raise Quarantine("rating_range", f"level {level}, {len(tags)} tags, {len(comment)} characters")
