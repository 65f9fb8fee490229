"""Questions about ratings. No answer shows which ticket said what."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.tables import rating


@dataclass(frozen=True, slots=True)
class RatingLine:
    """One passenger's words."""

    pos: int
    trip_no: int
    day: int
    level: int
    tags: tuple[str, ...]
    comment: str
    language: str


@dataclass(frozen=True, slots=True)
class RatingSum:
    """Levels of one trip over all its days: ``levels[0]`` counts level 1."""

    trip_no: int
    count: int
    levels: tuple[int, ...]


def ratings(
    tx: Connection, *, trip_no: int | None = None, day: int | None = None, limit: int = 200, offset: int = 0
) -> list[RatingLine]:
    """The newest first."""
    column = rating.c
    wanted = [one == value for one, value in ((column.trip_no, trip_no), (column.day, day)) if value is not None]
    rows = tx.execute(sa.select(rating).where(*wanted).order_by(column.pos.desc()).limit(limit).offset(offset))
    return [
        RatingLine(row.pos, row.trip_no, row.day, row.level, tuple(row.tags.split()), row.comment, row.language)
        for row in rows
    ]


def rating_sums(tx: Connection, limit: int = 200, offset: int = 0) -> list[RatingSum]:
    """By trip, the most rated first."""
    column = rating.c
    levels = [sa.func.sum(sa.case((column.level == level, 1), else_=0)) for level in range(1, 6)]
    count = sa.func.count()
    query = sa.select(column.trip_no, count, *levels).group_by(column.trip_no)
    rows = tx.execute(query.order_by(count.desc(), column.trip_no).limit(limit).offset(offset))
    return [RatingSum(trip_no, total, tuple(int(one) for one in counts)) for trip_no, total, *counts in rows]


def rating_count(tx: Connection) -> int:
    """How many there are."""
    return int(tx.execute(sa.select(sa.func.count()).select_from(rating)).scalar_one())
