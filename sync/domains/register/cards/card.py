"""The trust card: a CWT (RFC 8392) in a COSE_Sign1, signed by the hub, as the address of a page.

Text form: ``HTTP…/CARD/`` + base32 (RFC 4648, without the filling), so that any phone opens a page, with nothing but
signs of the QR alphanumeric mode; where the hub has no address of its own, ``Y1C:`` + base32. A node reads either and
asks nobody: what stands before the signed part is never believed nor opened. Claims: 4 (exp) and 6 (iat) in seconds
since 1970, 7 (cti, 4 bytes: the number of the card), and the private claim -65538: the facts in the order of
:class:`Facts`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

from sync.domains.register.rules import TRUST_LEVELS, over
from sync.kernel import cbor, cose, records
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey
from sync.kernel.ports import Signer

PREFIX: Final = "Y1C:"
PATH: Final = "/CARD/"
MAX_TEXT: Final = 1_500
MAX_URL: Final = 200
CLAIM_EXP: Final = 4
CLAIM_IAT: Final = 6
CLAIM_CTI: Final = 7
CLAIM_FACTS: Final = -65538
BLOCK: Final = 500
VEHICLE, DRIVER = "vehicle", "driver"
KINDS: Final = (VEHICLE, DRIVER)
# Why a card is no good before its end, by the index that travels: somebody took it back, or a newer one was made for
# the same.
VOID_REASONS: Final = ("revoked", "replaced")

GREEN, AMBER, RED = "green", "amber", "red"
FORGED, DAMAGED, REVOKED, EXPIRED, REPLACED, PAPERS_OVER = (
    "card_forged", "card_damaged", "card_revoked", "card_expired", "card_replaced", "card_papers_over",
)  # fmt: skip
REASONS: Final = (FORGED, DAMAGED, REVOKED, EXPIRED, REPLACED, PAPERS_OVER)
CLOCK_UNSURE: Final = "clock_unsure"
_COLOURS: Final = {REPLACED: AMBER, PAPERS_OVER: AMBER}
_MAX_NUMBER: Final = 1 << 31
_MAX_SECONDS: Final = 1 << 40
_BASE32: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card says of its subject on the day of issue.

    ``label``: a plate, the name of a ship, a masked name. ``sort``: kind of vehicle, or class of licence.
    ``permit_until_day``: of the operating permit, or of the driving licence; ``inspection_until_day``: of the
    inspection, or of the qualification. ``trust_level``: of the operator, of a driver his own where there is one.
    ``score_tenths``: mean of the verified ratings × 10, with their ``ratings``; 0: none told.
    """

    kind: int
    subject_no: int
    operator_no: int
    operator: str
    label: str
    colour: str
    sort: str
    capacity: int
    technical_grade: str
    trust_level: str
    permit_until_day: int
    inspection_until_day: int
    score_tenths: int = 0
    ratings: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """One card: its number, its facts, from when to when (seconds since 1970)."""

    card_no: int
    issued_s: int
    until_s: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Verdict:
    """``colour``: green is good, amber wants a look, red is no good. ``reason``: one of :data:`REASONS`, or None;
    ``notes``: what was not checked. ``card``: what it says, of a forged one nothing; ``newer``: what the hub told since,
    where that is other."""

    colour: str
    reason: str | None
    notes: tuple[str, ...] = ()
    card: Card | None = None
    newer: Facts | None = None


def issue(card: Card, hub: Signer, url: str) -> str:
    """The text of a card; ``url``: where its page is, without the path; empty for none."""
    claims = {
        CLAIM_EXP: card.until_s,
        CLAIM_IAT: card.issued_s,
        CLAIM_CTI: card.card_no.to_bytes(4, "big"),
        CLAIM_FACTS: records.short_body(card.facts),
    }
    signed = base64.b32encode(cose.sign1(cbor.encode(claims), hub)).decode().rstrip("=")
    return f"{url.rstrip('/').upper()}{PATH}{signed}" if url else PREFIX + signed


def is_card(text: str) -> bool:
    """Whether a text claims to be a card, so that a gate knows what it was shown."""
    return _signed_part(text) is not None


def verify(text: str, hub: VerifyKey) -> Card:
    """The card that ``hub`` signed. Raises :class:`Malformed`: ``card_damaged``, or ``card_forged`` for one that it
    did not sign."""
    part = _signed_part(text)
    if part is None or not part or len(text) > MAX_TEXT:
        raise Malformed(DAMAGED)
    try:
        data = base64.b32decode(part + "=" * (-len(part) % 8))
        if base64.b32encode(data).decode().rstrip("=") != part:
            raise Malformed(DAMAGED, "not canonical")
        signed = cose.parse(data, MAX_TEXT)
        card = _card(cbor.decode(signed.payload, MAX_TEXT))
    except (Malformed, binascii.Error, ValueError, KeyError, TypeError):
        raise Malformed(DAMAGED) from None
    if not signed.verified_by(hub):
        raise Malformed(FORGED)
    return card


def judge(card: Card, void: int | None, now_s: int | None, today: int, newer: Facts | None = None) -> Verdict:
    """What to make of a good signature. ``void``: index of :data:`VOID_REASONS` when the hub said that the card is no
    good; ``now_s`` None: no clock can be believed; ``today``: a service day; ``newer``: facts that the hub told since."""
    reason: str | None = None
    if void is not None:
        # A word that this software does not know yet is taken for the worse.
        reason = REPLACED if VOID_REASONS[void : void + 1] == ("replaced",) else REVOKED
    late = now_s is not None and now_s > card.until_s
    if late and reason != REVOKED:
        reason = EXPIRED
    if reason is None and now_s is not None and papers_over(newer or card.facts, today):
        reason = PAPERS_OVER
    notes = () if now_s is not None else (CLOCK_UNSURE,)
    colour = _COLOURS.get(reason, RED) if reason else AMBER if notes else GREEN
    return Verdict(colour, reason, notes, card, newer)


def papers_over(facts: Facts, day: int) -> tuple[str, ...]:
    """Which papers of a card's subject are over on ``day``: ``permit``, ``inspection``."""
    ends = (("permit", facts.permit_until_day), ("inspection", facts.inspection_until_day))
    return tuple(name for name, until_day in ends if over(until_day, day))


def unscored(facts: Facts) -> Facts:
    """The facts without the passengers' score."""
    return replace(facts, score_tenths=0, ratings=0)


def mark_of(text: str) -> bytes:
    """Eight bytes that tell one shown text from another, also where nothing of it can be believed."""
    return hashlib.sha256(b"yipiao card" + (_signed_part(text) or text.strip()).encode()).digest()[:8]


def _signed_part(text: str) -> str | None:
    """The signed part of a text in capitals; None when it is no card."""
    plain = text.strip().upper()
    if plain.startswith(PREFIX):
        part = plain[len(PREFIX) :]
    else:
        before, path, part = plain.rpartition(PATH)
        if not path or len(before) > MAX_URL:
            return None
    return part if len(part) <= MAX_TEXT and set(part) <= _BASE32 else None


def _card(value: Any) -> Card:
    cti = value[CLAIM_CTI]
    issued_s, until_s = value[CLAIM_IAT], value[CLAIM_EXP]
    facts = records.from_body(Facts, value[CLAIM_FACTS])
    numbers = (facts.kind, facts.subject_no, facts.operator_no, facts.capacity, facts.permit_until_day,
               facts.inspection_until_day, facts.score_tenths, facts.ratings)  # fmt: skip
    if type(cti) is not bytes or len(cti) != 4 or not all(0 <= number < _MAX_NUMBER for number in numbers):
        raise Malformed(DAMAGED)
    if not all(type(one) is int and 0 <= one < _MAX_SECONDS for one in (issued_s, until_s)):
        raise Malformed(DAMAGED)
    if facts.kind >= len(KINDS) or facts.trust_level not in ("", *TRUST_LEVELS):
        raise Malformed(DAMAGED)
    return Card(int.from_bytes(cti, "big"), issued_s, until_s, facts)
