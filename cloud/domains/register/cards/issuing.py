"""Making trust cards and taking them back. Each has a number that no other gets; of one subject the newest is the
good one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.register.importing.columns import DRIVER, VEHICLE
from cloud.domains.register.publish import AgencyNumbers, agency_nos, masked_name
from cloud.domains.register.tables import card_refusal, register_subject, register_version, trust_card
from cloud.kernel import nodes, streams
from cloud.kernel.database import chunks
from sync.domains.ratings.operations import PublicScore
from sync.domains.register.cards import card as cards
from sync.domains.register.cards.card import BLOCK, VOID_REASONS, Card, Facts
from sync.domains.register.operations import VoidCards
from sync.kernel.days import day_at, instant_ms
from sync.kernel.errors import Refusal
from sync.kernel.keys import VerifyKey
from sync.kernel.operations import NET, operator_stream
from sync.kernel.ports import Clock, Signer

CARD_DAYS: Final = 365
# So long before its end a card is due for another.
DUE_DAYS: Final = 30
REVOKED, REPLACED = map(VOID_REASONS.index, ("revoked", "replaced"))
_SUBJECTS: Final = sa.select(
    register_subject.c.number, register_subject.c.kind, register_subject.c.operator_no, register_subject.c.version_no,
    register_version.c.body,
).join(register_version, register_version.c.version_no == register_subject.c.version_no)  # fmt: skip
_LIVE: Final = register_subject.c.gone_ms.is_(None)


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A card as the hub knows it. ``void``: index of VOID_REASONS, None for a good one; ``stale``: its subject's facts
    are others now."""

    card_no: int
    number: int
    issued_day: int
    until_day: int
    text: str
    by: str
    issued_ms: int
    void: int | None
    void_ms: int | None
    void_note: str
    stale: bool


class TrustCards:
    """``url``: where the pages of cards are, as it is printed; empty: cards that nodes alone can read."""

    def __init__(
        self, clock: Clock, zone: Callable[[Connection], str], signer: Signer, url: str, agency_numbers: AgencyNumbers
    ) -> None:
        self._clock, self._zone, self._signer, self._url = clock, zone, signer, url
        self._agency_numbers = agency_numbers

    def issue(self, tx: Connection, number: int, by: str) -> IssuedCard:
        """A card of a vehicle, ship or driver with the facts of today, good for a year; earlier ones of the same are no
        good any more. Raises :class:`Refusal`: ``register_unknown``, ``card_kind``."""
        row = tx.execute(_SUBJECTS.where(register_subject.c.number == number, _LIVE)).first()
        if row is None:
            raise Refusal("register_unknown", status=404, number=number)
        if row.kind not in (VEHICLE, DRIVER):
            raise Refusal("card_kind", status=422)
        owner = tx.execute(_SUBJECTS.where(register_subject.c.number == row.operator_no)).one()
        now, zone = self._clock.wall_ms(), self._zone(tx)
        today = day_at(now, zone)
        self._void(tx, (trust_card.c.number == number,), REPLACED, "", by)
        card_no = nodes.following(tx, trust_card.c.card_no)
        until_s = instant_ms(today + CARD_DAYS + 1, 0, zone) // 1000 - 1
        text = cards.issue(Card(card_no, now // 1000, until_s, self._scored(tx, row, owner)), self._signer, self._url)
        values = {
            "card_no": card_no,
            "number": number,
            "version_no": row.version_no,
            "owner_version_no": owner.version_no,
        }
        values |= {"issued_day": today, "until_day": today + CARD_DAYS, "text": text, "by": by, "issued_ms": now}
        tx.execute(sa.insert(trust_card).values(**values, void_note=""))
        return self.card(tx, card_no)

    def revoke(self, tx: Connection, card_no: int, reason: str, by: str) -> None:
        """Take a card back: it was lost, copied, or nobody should trust it any more. One that was replaced may be
        taken back, too.

        Raises :class:`Refusal`: ``card_unknown``, ``register_reason``, ``card_revoked_before``.
        """
        if not reason.strip():
            raise Refusal("register_reason", status=422, field="reason")
        if self.card(tx, card_no).void == REVOKED:
            raise Refusal("card_revoked_before")
        self._void(tx, (trust_card.c.card_no == card_no,), REVOKED, reason.strip()[:200], by)

    def withdraw(self, tx: Connection, number: int, reason: str, by: str) -> None:
        """Take back all cards of a subject that is struck off."""
        self._void(tx, (trust_card.c.number == number,), REVOKED, reason.strip()[:200], by)

    def card(self, tx: Connection, card_no: int) -> IssuedCard:
        """One card. Raises :class:`Refusal` ``card_unknown``."""
        row = tx.execute(_issued().where(trust_card.c.card_no == card_no)).first()
        if row is None:
            raise Refusal("card_unknown", status=404, card=card_no)
        return _card(row)

    def of(self, tx: Connection, number: int) -> list[IssuedCard]:
        """All cards of a subject, the newest first."""
        rows = tx.execute(_issued().where(trust_card.c.number == number).order_by(trust_card.c.card_no.desc()))
        return [_card(row) for row in rows]

    def due(self, tx: Connection, limit: int, offset: int = 0) -> list[int]:
        """Vehicles, ships and drivers that want a card: they have none that is good, it ends soon, or their facts are
        others since it was made."""
        today = day_at(self._clock.wall_ms(), self._zone(tx))
        owner = register_subject.alias("owner")
        column = trust_card.c
        good = (
            sa.select(column.card_no)
            .where(
                column.number == register_subject.c.number, column.void.is_(None), column.until_day > today + DUE_DAYS
            )
            .where(column.version_no == register_subject.c.version_no, column.owner_version_no == owner.c.version_no)
        )
        query = sa.select(register_subject.c.number).join(owner, owner.c.number == register_subject.c.operator_no)
        query = query.where(register_subject.c.kind.in_((VEHICLE, DRIVER)), _LIVE, ~good.exists())
        order = (register_subject.c.operator_no, register_subject.c.kind, register_subject.c.label)
        return list(tx.execute(query.order_by(*order).limit(limit).offset(offset)).scalars())

    def issue_due(self, tx: Connection, most: int, by: str) -> list[IssuedCard]:
        """Cards for up to ``most`` of those that want one. Fewer: all have one, and cards whose own end has passed leave the
        lists of bad ones."""
        made = [self.issue(tx, number, by) for number in self.due(tx, most)]
        if len(made) == most:
            return made
        self._publish(tx, tx.execute(sa.select(trust_card.c.card_no).where(trust_card.c.void.is_not(None))).scalars())
        return made

    def facts_of(self, tx: Connection, number: int) -> Facts | None:
        """What a card made now would say of a subject; None for one that is struck off."""
        row = tx.execute(_SUBJECTS.where(register_subject.c.number == number, _LIVE)).first()
        if row is None or row.kind not in (VEHICLE, DRIVER):
            return None
        owner = tx.execute(_SUBJECTS.where(register_subject.c.number == row.operator_no)).one()
        return self._scored(tx, row, owner)

    def _scored(self, tx: Connection, row: Any, owner: Any) -> Facts:
        """The facts with the public score, if there is one among those of the operator: of a vehicle by its plate, of a driver
        by the number that he or she drives with."""
        facts = _facts(row, owner)
        rated = facts.label if row.kind == VEHICLE else str(row.body.get("clerk_no", ""))
        if not rated:
            return facts
        key = PublicScore(row.kind, rated, 0, 0, 0, 0, 0).key
        for agency_no in agency_nos(owner.body, self._agency_numbers(tx)):
            body = streams.body(tx, operator_stream(agency_no), key)
            if body is not None:
                score = PublicScore.from_bytes(body)
                return replace(facts, score_tenths=score.mean_tenths, ratings=score.count)
        return facts

    def _void(self, tx: Connection, which: Iterable[sa.ColumnElement[bool]], reason: int, note: str, by: str) -> None:
        open_ones = (
            trust_card.c.void.is_(None) if reason == REPLACED else sa.func.coalesce(trust_card.c.void, -1) != REVOKED
        )
        chosen = list(tx.execute(sa.select(trust_card.c.card_no).where(*which, open_ones)).scalars())
        values = {"void": reason, "void_ms": self._clock.wall_ms(), "void_note": note, "void_by": by}
        for some in chunks(chosen):
            tx.execute(sa.update(trust_card).where(trust_card.c.card_no.in_(some)).values(**values))
        self._publish(tx, chosen)

    def _publish(self, tx: Connection, card_nos: Iterable[int]) -> None:
        zone = self._zone(tx)
        today, column = day_at(self._clock.wall_ms(), zone), trust_card.c
        for block in sorted({card_no // BLOCK for card_no in card_nos}):
            span = (column.card_no >= block * BLOCK, column.card_no < (block + 1) * BLOCK)
            query = sa.select(column.card_no, column.void, column.void_ms).where(*span, column.void.is_not(None))
            rows = tx.execute(query.where(column.until_day >= today).order_by(column.card_no)).all()
            listed = tuple((row.card_no, row.void, max(day_at(row.void_ms, zone), 0)) for row in rows)
            body = VoidCards(listed).to_bytes() if listed else None
            streams.publish(tx, NET, f"{VoidCards.PREFIX}/{block}", body)


def refusals(tx: Connection, limit: int) -> list[Any]:
    """Cards that inspectors refused, the newest first: the rows of ``card_refusal``."""
    return list(tx.execute(sa.select(card_refusal).order_by(card_refusal.c.pos.desc()).limit(limit)))


def facts_on(card: IssuedCard, hub: VerifyKey) -> Facts:
    """What stands on a card that was made here."""
    return cards.verify(card.text, hub).facts


def void_of(tx: Connection, card_no: int) -> int | None:
    """Why a card is no good, as the hub itself knows it."""
    found: int | None = tx.execute(sa.select(trust_card.c.void).where(trust_card.c.card_no == card_no)).scalar()
    return found


def _facts(row: Any, owner: Any) -> Facts:
    body: dict[str, Any] = row.body
    level: str = owner.body.get("trust_level", "")
    kind = cards.KINDS.index(row.kind)
    if row.kind == VEHICLE:
        return Facts(
            kind, row.number, row.operator_no, owner.body["name"], body["plate"], body.get("colour", ""), body["kind"],
            body["capacity"], body.get("technical_grade", ""), level, _day(body, "permit_until"),
            _day(body, "inspection_until"),
        )  # fmt: skip
    level = body.get("trust_level") or level
    return Facts(
        kind, row.number, row.operator_no, owner.body["name"], masked_name(body), "", body["licence_class"], 0, "", level,
        _day(body, "licence_until"), _day(body, "qualification_until"),
    )  # fmt: skip


def _day(body: Any, name: str) -> int:
    return max(int(body.get(name, 0)), 0)


def _issued() -> sa.Select[Any]:
    owner = register_subject.alias("owner")
    mine = trust_card.join(register_subject, register_subject.c.number == trust_card.c.number)
    query = sa.select(
        trust_card, register_subject.c.version_no.label("now_no"), owner.c.version_no.label("owner_now_no")
    )
    return query.select_from(mine.join(owner, owner.c.number == register_subject.c.operator_no))


def _card(row: Any) -> IssuedCard:
    stale = (row.version_no, row.owner_version_no) != (row.now_no, row.owner_now_no)
    when = (row.issued_day, row.until_day)
    gone = (row.void, row.void_ms, row.void_note)
    return IssuedCard(row.card_no, row.number, *when, row.text, row.by, row.issued_ms, *gone, stale)
