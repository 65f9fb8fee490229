"""Ratings as those read them who answer for them: what was said, what was done about it, and until when it has to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.tables import rating, rating_act, rating_case, rating_follow
from cloud.kernel import streams
from cloud.kernel.database import among
from sync.domains.ratings.operations import RatingRules
from sync.domains.ratings.rules import rating_rules
from sync.kernel import workdays
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET
from sync.kernel.workdays import WorkCalendar

REPLY, RESOLVED, DISPUTE, UPHELD, DENIED, HIDE, SHOW = (
    "reply", "resolved", "dispute", "upheld", "denied", "hide", "show",
)  # fmt: skip
_SAID: Final = (
    sa.select(
        rating, rating_case.c.opened_ms, rating_follow.c.level.label("follow_level"),
        rating_follow.c.comment.label("follow_comment"),
    )
    .outerjoin(rating_case, rating_case.c.pos == rating.c.pos)
    .outerjoin(rating_follow, rating_follow.c.ticket_id == rating.c.ticket_id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did about a rating."""

    kind: str
    text: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Terms:
    """Until when a case is answered and settled (days since 2020-01-01). None, and ``missing_year``: there is no calendar
    of that year yet."""

    contact_day: int | None
    resolve_day: int | None
    missing_year: int


@dataclass(frozen=True, slots=True)
class Voice:
    """One rating with its story. Nothing of it says which ticket, seat or box it came from.

    ``opened_ms``: None where it is no case. ``follow_level``: the passenger's second word, None before it.
    """

    pos: int
    trip_no: int
    day: int
    level: int
    tags: tuple[str, ...]
    comment: str
    language: str
    verified: bool
    opened_ms: int | None = None
    terms: Terms | None = None
    follow_level: int | None = None
    follow_comment: str = ""
    acts: tuple[Act, ...] = field(default=())

    def last(self, *kinds: str) -> Act | None:
        """The last act among ``kinds``."""
        return next((act for act in reversed(self.acts) if act.kind in kinds), None)

    @property
    def replied(self) -> Act | None:
        """The first answer that the passenger could read."""
        return next((act for act in self.acts if act.kind in (REPLY, RESOLVED)), None)

    @property
    def settled(self) -> Act | None:
        """What ended the case: the operator's word that it is settled, or a dispute that was upheld."""
        return next((act for act in self.acts if act.kind in (RESOLVED, UPHELD)), None)

    @property
    def disputed(self) -> str:
        """``dispute`` while one waits for a verdict, ``upheld`` or ``denied`` after it, empty before."""
        found = self.last(DISPUTE, UPHELD, DENIED)
        return found.kind if found else ""

    @property
    def hidden(self) -> str:
        """Why its words are not shown to the public; empty while they are."""
        found = self.last(HIDE, SHOW)
        return found.text if found and found.kind == HIDE else ""

    def overdue(self, today: int) -> str:
        """``contact`` or ``resolve`` where a term has passed, ``calendar`` where none can be counted, else empty."""
        if self.terms is None or self.settled:
            return ""
        if self.terms.contact_day is not None and self.replied is None and today > self.terms.contact_day:
            return "contact"
        if self.terms.resolve_day is not None and today > self.terms.resolve_day:
            return "resolve"
        return "calendar" if self.terms.missing_year else ""


def voices(
    tx: Connection, zone: str, *, among: sa.Select[Any] | None = None, cases: bool = False, limit: int = 100, offset: int = 0
) -> list[Voice]:  # fmt: skip
    """Ratings, the newest first. ``among``: numbers of the trips that are asked for. ``cases``: bad ones that were opened."""
    query = _SAID if among is None else _SAID.where(rating.c.trip_no.in_(among))
    query = query.where(rating_case.c.pos.is_not(None)) if cases else query
    return _told(tx, zone, tx.execute(query.order_by(rating.c.pos.desc()).limit(limit).offset(offset)).all())


def voice(tx: Connection, zone: str, pos: int) -> Voice:
    """One rating. Raises :class:`Refusal` ``voice_unknown``."""
    found = _told(tx, zone, tx.execute(_SAID.where(rating.c.pos == pos)).all())
    if not found:
        raise Refusal("voice_unknown", status=404)
    return found[0]


def open_cases(tx: Connection, zone: str, among: sa.Select[Any] | None = None) -> list[Voice]:
    """Cases that nobody has settled yet, the oldest first."""
    ended = sa.select(rating_act.c.pos).where(rating_act.c.kind.in_((RESOLVED, UPHELD)))
    query = _SAID.where(rating_case.c.pos.is_not(None), rating.c.pos.not_in(ended))
    query = query if among is None else query.where(rating.c.trip_no.in_(among))
    return _told(tx, zone, tx.execute(query.order_by(rating.c.pos).limit(10_000)).all())


def group_sizes(tx: Connection, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """How many rated each of some dated trips: small ones are not told apart."""
    wanted = sorted(set(places))
    if not wanted:
        return {}
    column = rating.c
    query = sa.select(column.trip_no, column.day, sa.func.count()).group_by(column.trip_no, column.day)
    rows = tx.execute(query.where(among((column.trip_no, column.day), wanted)))
    return {(trip_no, day): count for trip_no, day, count in rows}


def published_rules(tx: Connection) -> list[RatingRules]:
    """All sets of rules for ratings that the hub tells of."""
    return [RatingRules.from_bytes(body) for body in streams.bodies_under(tx, NET, "rating/")]


def calendars(tx: Connection) -> dict[int, WorkCalendar]:
    """The calendars of working days that the hub tells of, by year."""
    return workdays.by_year(WorkCalendar.from_bytes(body) for body in streams.bodies_under(tx, NET, "workdays/"))


def terms(published: Sequence[RatingRules], years: Mapping[int, WorkCalendar], opened_day: int) -> Terms:
    """Until when a case that was opened on a day is answered and settled."""
    given = rating_rules(published, opened_day)
    found: list[int | None] = [None, None]
    for at, days in enumerate((given.contact_days, given.resolve_days)):
        try:
            found[at] = workdays.due_day(years, opened_day, days)
        except Refusal as refusal:
            return Terms(found[0], None, int(str(refusal.details["year"])))
    return Terms(found[0], found[1], 0)


def _told(tx: Connection, zone: str, rows: Sequence[sa.Row[Any]]) -> list[Voice]:
    acts: dict[int, list[Act]] = {}
    if rows:
        query = sa.select(rating_act).where(rating_act.c.pos.in_([row.pos for row in rows]))
        for one in tx.execute(query.order_by(rating_act.c.act_no)):
            acts.setdefault(one.pos, []).append(Act(one.kind, one.text, one.by, one.at_ms))
    published, years = published_rules(tx), calendars(tx)
    return [
        Voice(
            row.pos, row.trip_no, row.day, row.level, tuple(row.tags.split()), row.comment, row.language, row.verified,
            row.opened_ms, None if row.opened_ms is None else terms(published, years, day_at(row.opened_ms, zone)),
            row.follow_level, row.follow_comment or "", tuple(acts.get(row.pos, ())),
        )
        for row in rows
    ]  # fmt: skip
