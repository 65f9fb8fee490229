"""The scores as the tables have them now, and onto the streams of the operators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.answers.reading import published_rules
from cloud.domains.ratings.scoring.tally import ALL_MONTHS, Crew, Facts, Place, Scores, add_up, public
from cloud.domains.ratings.tables import rating
from cloud.kernel import streams
from cloud.kernel.database import chunks
from sync.domains.ratings.operations import PublicScore
from sync.domains.ratings.rules import rating_rules
from sync.kernel.operations import operator_stream

Lines = Callable[[Connection, Collection[int]], Mapping[int, tuple[int, int]]]
Crews = Callable[[Connection, Collection[Place]], Mapping[Place, Crew]]


class Scoreboard:
    """``lines`` and ``crews`` say whose a trip is and who ran it; other domains know."""

    def __init__(self, lines: Lines, crews: Crews) -> None:
        self._lines, self._crews = lines, crews

    def facts(self, tx: Connection, places: Collection[Place]) -> Facts:
        """By what the ratings of some dated trips are added up."""
        lines: dict[int, tuple[int, int]] = {}
        crews: dict[Place, Crew] = {}
        for some in chunks(sorted({trip_no for trip_no, _ in places})):
            lines |= self._lines(tx, some)
        for chosen in chunks(sorted(places), 200):
            crews |= self._crews(tx, chosen)
        return Facts(lines, crews)

    def scores(self, tx: Connection, until_day: int, among: sa.Select[Any] | None = None) -> Scores:
        """Scores of the ratings of trips up to service day ``until_day``, of all trips or of those ``among``."""
        column = rating.c
        query = sa.select(column.trip_no, column.day, column.level, sa.func.count())
        query = query.where(column.verified, column.day <= until_day)
        query = query if among is None else query.where(column.trip_no.in_(among))
        rows = tx.execute(query.group_by(column.trip_no, column.day, column.level)).all()
        said = [(row[0], row[1], row[2], row[3]) for row in rows]
        return add_up(said, self.facts(tx, {(trip_no, day) for trip_no, day, _, _ in said}))

    def publish(self, tx: Connection, today: int) -> int:
        """Tell each operator's nodes its scores that are public, and take back those that are not; gives their number. What has
        not changed costs nothing on the way."""
        least = rating_rules(published_rules(tx), today).score_least
        told: dict[int, list[PublicScore]] = {}
        for subject, one in sorted(self.scores(tx, 1 << 30).items()):
            for agency_no in sorted(one.agencies):
                mine = told.setdefault(agency_no, [])
                if subject.month == ALL_MONTHS and one.count >= least:
                    mine.append(public(subject, one))
        for agency_no, scores in told.items():
            stream, bodies = operator_stream(agency_no), {one.key: one.to_bytes() for one in scores}
            gone = [key for key in streams.keys_under(tx, stream, "score/") if key not in bodies]
            streams.publish_many(tx, stream, [*bodies.items(), *((key, None) for key in gone)])
        return sum(map(len, told.values()))


def newest(tx: Connection) -> int:
    """Position of the newest rating; 0 for none."""
    return int(tx.execute(sa.select(sa.func.coalesce(sa.func.max(rating.c.pos), 0))).scalar_one())
