"""Looking at a trust card with nobody to ask: the hub's signature, the cards that it took back, and a clock if one is
sure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge.domains.register import store
from edge.domains.register.service import Register
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe
from sync.domains.register.cards import card as cards
from sync.domains.register.cards.card import Facts, Verdict
from sync.domains.register.events import CardRefused
from sync.kernel.errors import Malformed, Refusal


class Cards:
    """``today`` gives the service day that it is here."""

    def __init__(
        self, database: Database, scribe: Scribe, keeper: TimeKeeper, register: Register, today: Callable[[], int]
    ) -> None:
        self._database, self._scribe, self._keeper = database, scribe, keeper
        self._register, self._today = register, today

    def look(self, text: str) -> Verdict:
        """What to make of a card; writes nothing, so that anybody may look. Raises :class:`Refusal`
        ``not_enrolled``."""
        identity = meta.known_identity(self._database)
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        try:
            found = cards.verify(text, identity.hub_key)
        except Malformed as error:
            return Verdict(cards.RED, error.code)
        row = store.void(self._database.read(), found.card_no)
        now_s = self._keeper.wall_ms() // 1000 if self._keeper.sure() else None
        return cards.judge(found, row[0] if row else None, now_s, self._today(), self._newer(found.facts))

    def inspect(self, text: str, clerk_no: int) -> Verdict:
        """As :meth:`look`, for somebody on duty: that a card is no good is on the disk when this returns."""
        verdict = self.look(text)
        if verdict.reason is not None:
            card_no = verdict.card.card_no if verdict.card else 0
            subject_no = verdict.card.facts.subject_no if verdict.card else 0
            sure = cards.CLOCK_UNSURE not in verdict.notes and self._keeper.sure()
            event = CardRefused(verdict.reason, card_no, subject_no, cards.mark_of(text), clerk_no, sure)
            self._scribe.record(lambda unit: unit.append(event))
        return verdict

    def as_of_ms(self) -> int:
        """The last hub time that this node saw: so old is the list of cards that were taken back. 0: it never saw
        one."""
        return max(meta.get(self._database.read(), "last_hub_ms", 0), self._scribe.hub_ms)

    def _newer(self, facts: Facts) -> Facts | None:
        """What the hub told of the same subject since, if that is other than what the card says."""
        told = self._told(facts)
        return None if told is None or told == facts else told

    def _told(self, facts: Facts) -> Facts | None:
        if cards.KINDS[facts.kind] == cards.VEHICLE:
            seen = self._register.vehicle(facts.subject_no)
            if seen is None or seen.operator_no != facts.operator_no:
                return None
            ends = (seen.permit_until_day, seen.inspection_until_day)
            grade, level = seen.technical_grade, facts.trust_level
            owner = self._register.operator(seen.operator_no)
            level = owner.trust_level if owner else level
        else:
            person = self._register.driver(facts.subject_no)
            if person is None or person.operator_no != facts.operator_no:
                return None
            ends, grade = (person.licence_until_day, person.qualification_until_day), facts.technical_grade
            level = person.trust_level or facts.trust_level
        dated = replace(facts, permit_until_day=ends[0], inspection_until_day=ends[1])
        return replace(dated, technical_grade=grade, trust_level=level)
