"""The second word at the hub: a passenger shows the ticket by its number and short code, reads what was done about the bad
rating, and says once how that was. It goes through the log of the hub's own node, like what is said at a box."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.answers import reading
from cloud.domains.ratings.answers.reading import Voice
from cloud.domains.ratings.tables import rating
from cloud.kernel.ownnode import OwnNode
from cloud.kernel.tables import event_log
from sync.catalogue import LANGUAGES
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings.events import RatingFollowed
from sync.domains.ratings.rules import BAD, check_level, clean_comment
from sync.kernel.errors import Refusal
from sync.kernel.events import Registry
from sync.kernel.ticket import TicketId

# Tickets → (position of the boarding, trip_no, day), as the gates say.
BoardedOn = Callable[[Connection, Sequence[bytes]], Mapping[bytes, tuple[int, int, int]]]


class SecondWords:
    """Proves and records them."""

    def __init__(self, own: OwnNode, registry: Registry, boarded_on: BoardedOn) -> None:
        self._own, self._registry, self._boarded_on = own, registry, boarded_on

    def story(self, tx: Connection, zone: str, number: str, short_code: str) -> Voice:
        """The bad rating that a ticket gave, for whoever has its number and short code.

        Raises :class:`Refusal`: ``ticket_form``, ``rating_no_case`` (no such ticket, or no bad rating), ``short_code_wrong``.
        """
        ticket_id = self._proven(tx, number, short_code)
        pos = tx.execute(sa.select(rating.c.pos).where(rating.c.ticket_id == ticket_id, rating.c.level <= BAD)).scalar()
        if pos is None:
            raise Refusal("rating_no_case", field="number")
        return reading.voice(tx, zone, pos)

    def follow(
        self, tx: Connection, zone: str, shown: tuple[str, str], level: int, comment: str, language: str
    ) -> None:
        """Record the second word. Raises as :meth:`story`, and ``rating_followed``, ``rating_level``, ``rating_comment_long``,
        ``hub_recovering``, ``hub_barred``."""
        chosen, words = check_level(level), clean_comment(comment)
        if self.story(tx, zone, *shown).follow_level is not None:
            raise Refusal("rating_followed", field="number")
        ticket_id = self._proven(tx, *shown)
        spoken = language if language in LANGUAGES else LANGUAGES[0]
        self._own.record(tx, self._own.open(tx), [RatingFollowed(ticket_id, chosen, words, spoken)])

    def _proven(self, tx: Connection, number: str, short_code: str) -> bytes:
        """The ticket, once its short code was compared with the one that the gate had seen."""
        found = TicketId.from_number(number)
        if found is None:
            raise Refusal("ticket_form", status=422, field="number")
        ticket_id = found.to_bytes()
        boarded = self._boarded_on(tx, [ticket_id]).get(ticket_id)
        if boarded is None:
            raise Refusal("rating_no_case", field="number")
        data = tx.execute(sa.select(event_log.c.bytes).where(event_log.c.pos == boarded[0])).scalar_one()
        event = self._registry.decode(bytes(data)).event
        right = event.short_code if isinstance(event, TicketBoarded) else ""
        if not right or not hmac.compare_digest(right.encode(), short_code.strip().upper().encode()):
            raise Refusal("short_code_wrong", status=422, field="short_code")
        return ticket_id
