"""A bad rating opens a case; its operator answers, settles or disputes it; the office decides on disputes, and hides words
for a reason that everybody sees. Every act is kept, and none takes another away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.answers import reading
from cloud.domains.ratings.answers.reading import DENIED, DISPUTE, HIDE, REPLY, RESOLVED, SHOW, UPHELD, Voice
from cloud.domains.ratings.tables import rating, rating_act, rating_case
from cloud.kernel import streams
from cloud.kernel.accounts import ADMIN, OPERATOR, Admin
from cloud.kernel.database import insert_rows
from cloud.kernel.fold import Folded, Received
from cloud.kernel.nodes import NodeInfo
from cloud.kernel.ports import Places, Timetable
from sync.domains.ratings.events import TripRated
from sync.domains.ratings.operations import RatingAnswer
from sync.domains.ratings.rules import BAD, clean_comment
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal
from sync.kernel.operations import operator_stream
from sync.kernel.ports import Clock

# Who does what: the operator answers, the office decides.
BY: Final[Mapping[str, str]] = {
    REPLY: OPERATOR, RESOLVED: OPERATOR, DISPUTE: OPERATOR, UPHELD: ADMIN, DENIED: ADMIN, HIDE: ADMIN, SHOW: ADMIN,
}  # fmt: skip
KINDS: Final = tuple(BY)
# Answers of one operator that its passengers can read on the boxes: the newest.
SHOWN: Final = 20


class Cases:
    """Opens cases, and takes down what is done about them."""

    def __init__(self, timetable: Timetable, places: Places, clock: Clock) -> None:
        self._timetable, self._places, self._clock = timetable, places, clock

    def decide(self, tx: Connection, _info: NodeInfo, folded: Folded) -> None:
        """Open a case for each verified bad rating of a batch: its terms run from now, when somebody can answer."""
        bad = [one.pos for one in folded.events if one.held is None and _is_bad(one)]
        if not bad:
            return
        mine = (rating.c.pos.in_(bad), rating.c.verified)
        rows = [
            (pos, self._clock.wall_ms()) for pos in sorted(tx.execute(sa.select(rating.c.pos).where(*mine)).scalars())
        ]
        insert_rows(tx, rating_case, ("pos", "opened_ms"), rows)

    def act(self, tx: Connection, pos: int, kind: str, text: str, who: Admin) -> None:
        """Take down what ``who`` does about a rating, and tell the operator's nodes what passengers may read of it.

        Raises :class:`Refusal`: ``voice_unknown``, ``not_allowed`` (another operator's, or not this role's), ``voice_text``,
        ``voice_act`` (not at this point of its story), ``rating_comment_long``.
        """
        words, zone = clean_comment(text), self._places.main_zone(tx)
        found = reading.voice(tx, zone, pos)
        self._check_right(tx, found, kind, who)
        if not words and kind != SHOW:
            raise Refusal("voice_text", status=422, field="text")
        if not self.fits(found, kind):
            raise Refusal("voice_act", field="kind")
        number = (tx.execute(sa.select(sa.func.max(rating_act.c.act_no))).scalar() or 0) + 1
        row = {
            "act_no": number,
            "pos": pos,
            "kind": kind,
            "text": words,
            "by": who.name,
            "at_ms": self._clock.wall_ms(),
        }
        tx.execute(sa.insert(rating_act).values(**row))
        self._publish(tx, reading.voice(tx, zone, pos), zone)

    def agency_of(self, tx: Connection, trip_no: int) -> int:
        """The operator that answers for a trip; 0 for one that the timetable never had."""
        facts = self._timetable.trip_facts(tx, trip_no)
        return 0 if facts is None else facts.agency_no

    @staticmethod
    def fits(found: Voice, kind: str) -> bool:
        """Whether an act has its place in the story of a rating now."""
        is_case, waits = found.opened_ms is not None, found.disputed == DISPUTE
        return {
            REPLY: is_case,
            RESOLVED: is_case and found.replied is not None and found.settled is None,
            DISPUTE: is_case and not found.disputed,
            UPHELD: waits,
            DENIED: waits,
            HIDE: not found.hidden,
            SHOW: bool(found.hidden),
        }[kind]

    def _check_right(self, tx: Connection, found: Voice, kind: str, who: Admin) -> None:
        wanted = BY.get(kind, ADMIN)
        agency_no = self.agency_of(tx, found.trip_no)
        if who.role != wanted or (wanted == OPERATOR and (not agency_no or who.agency_no != agency_no)):
            raise Refusal("not_allowed", status=403, role=wanted)

    def _publish(self, tx: Connection, found: Voice, zone: str) -> None:
        """What passengers may read: a rating with its answer, or that one is hidden, and why."""
        agency_no = self.agency_of(tx, found.trip_no)
        if not agency_no:
            return
        stream, reply = operator_stream(agency_no), found.last(REPLY, RESOLVED)
        body = None
        if reply is not None or found.hidden:
            comment = "" if found.hidden else found.comment
            body = RatingAnswer(
                agency_no, self._timetable.way(tx, found.trip_no)[2], found.level, () if found.hidden else found.tags, comment,
                found.language, reply.text if reply else "", found.hidden, found.settled is not None,
                day_at(self._clock.wall_ms(), zone),
            ).to_bytes()  # fmt: skip
        kept = sorted((int(key.split("/")[1]) for key in streams.keys_under(tx, stream, "answer/")), reverse=True)
        gone = [pos for pos in kept if pos != found.pos][SHOWN - 1 :]
        streams.publish_many(tx, stream, [(f"answer/{found.pos}", body), *((f"answer/{pos}", None) for pos in gone)])


def _is_bad(received: Received) -> bool:
    event = received.envelope and received.envelope.event
    return isinstance(event, TripRated) and event.level <= BAD
