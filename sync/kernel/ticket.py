"""The ticket that proves itself: a CWT (RFC 8392) in a COSE_Sign1, signed by the node that sold it.

Text form ``Y1:`` + base45 (RFC 9285): only characters of the QR alphanumeric mode, and nothing that a scanner posing as
a keyboard could mistype. Claims: 4 (exp, seconds since 1970), 7 (cti, 8 bytes: node 3, epoch 1, serial 4), and the
private claim -65537: ``[trip_no, day, from_idx, to_idx, seat, rider]`` with, when they are there, the check value
of an identity document and the ids of the tickets that this one supersedes, one behind the other.

A young issuer's certificate travels in the unprotected header -65537: it is itself signed by the hub.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import base45

from sync.kernel import cbor, certificate, cose
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Malformed
from sync.kernel.keys import VerifyKey
from sync.kernel.ports import Signer

PREFIX: Final = "Y1:"
MAX_TEXT: Final = 1_200
CLAIM_EXP: Final = 4
CLAIM_CTI: Final = 7
CLAIM_JOURNEY: Final = -65537
HEADER_CERTIFICATE: Final = -65537
# Beyond these no database takes a number, and no calendar has a date.
_MAX_NUMBER: Final = 1 << 53
_MAX_DAY: Final = 1 << 20
# Three more ids make a QR code one or two versions larger; what does not fit goes by the trip's stream alone.
MAX_SUPERSEDED: Final = 3
RIDERS: Final = ("adult", "child_with_seat", "child_free", "disabled_soldier", "blind")


@dataclass(frozen=True, slots=True)
class TicketId:
    """Who sold it, in which epoch of its log, as which of its tickets (serials start at 1 and have no gaps)."""

    node_no: int
    epoch: int
    serial: int

    def to_bytes(self) -> bytes:
        """8 bytes: the CWT's cti."""
        return self.node_no.to_bytes(3, "big") + self.epoch.to_bytes(1, "big") + self.serial.to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> TicketId:
        """The id again. Raises :class:`Malformed` (``ticket_id``)."""
        if len(data) != 8:
            raise Malformed("ticket_id")
        return cls(int.from_bytes(data[:3], "big"), data[3], int.from_bytes(data[4:], "big"))

    @property
    def number(self) -> str:
        """What stands on paper: ``node-epoch-serial`` with a check digit (ISO 7064 MOD 11-2 would print an X; so mod 97)."""
        digits = f"{self.node_no:05d}{self.epoch:02d}{self.serial:07d}"
        return f"{digits[:5]}-{digits[5:7]}-{digits[7:]}-{98 - int(digits) * 100 % 97:02d}"

    @classmethod
    def from_number(cls, text: str) -> TicketId | None:
        """The id behind a typed number, or None when it has the wrong form or check digits."""
        digits = "".join(letter for letter in text if letter not in " -")
        if len(digits) != 16 or not (digits.isascii() and digits.isdigit()):
            return None
        found = cls(int(digits[:5]), int(digits[5:7]), int(digits[7:14]))
        return found if found.number.replace("-", "") == digits else None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a ticket says. ``until_s``: seconds since 1970; ``seat`` 0 is free seating; ``rider`` indexes RIDERS.

    ``supersedes``: ids, 8 bytes each, of tickets that were refunded before this one was sold.
    """

    ticket_id: TicketId
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    rider: int
    until_s: int
    document_check: bytes = b""
    supersedes: bytes = b""

    @property
    def superseded(self) -> tuple[TicketId, ...]:
        """The tickets in ``supersedes``."""
        return tuple(TicketId.from_bytes(self.supersedes[i : i + 8]) for i in range(0, len(self.supersedes), 8))


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket taken apart: its claims, its issuer's key id, and the certificate that it carries, if any."""

    claims: Claims
    kid: bytes
    signed: cose.Sign1
    carried: bytes | None


def issue(claims: Claims, signer: Signer, carry: bytes | None = None) -> str:
    """The text of a ticket signed by ``signer``, with the issuer's certificate ``carry`` inside if given."""
    journey: list[Any] = [claims.trip_no, claims.day, claims.from_idx, claims.to_idx, claims.seat, claims.rider]
    if claims.document_check or claims.supersedes:
        journey += [claims.document_check, claims.supersedes]
    payload = cbor.encode({CLAIM_EXP: claims.until_s, CLAIM_CTI: claims.ticket_id.to_bytes(), CLAIM_JOURNEY: journey})
    unprotected = {HEADER_CERTIFICATE: carry} if carry else None
    encoded: bytes = base45.b45encode(cose.sign1(payload, signer, unprotected=unprotected))
    return PREFIX + encoded.decode()


def parse(text: str) -> Opened:
    """Take a ticket apart without believing it. Raises :class:`Malformed` (``ticket_damaged``) on anything else."""
    cleaned = text.strip()
    if not cleaned.upper().startswith(PREFIX) or len(cleaned) > MAX_TEXT:
        raise Malformed("ticket_damaged", "no Y1 code")
    try:
        signed = cose.parse(bytes(base45.b45decode(cleaned[len(PREFIX) :].upper())), MAX_TEXT)
        value = cbor.decode(signed.payload, 512)
        carried = signed.unprotected.get(HEADER_CERTIFICATE)
        claims = _claims(value)
    except (Malformed, ValueError, KeyError, TypeError):
        raise Malformed("ticket_damaged") from None
    return Opened(claims, signed.kid, signed, carried if type(carried) is bytes else None)


def verify(text: str, find_key: Callable[[bytes], Certificate | None], hub: VerifyKey) -> tuple[Opened, Certificate]:
    """A ticket and its issuer. Raises :class:`Malformed`: ``ticket_damaged``, ``ticket_unknown_issuer``, ``ticket_forged``.

    The key directory is asked first; the certificate that a ticket carries only serves where the directory has none.
    """
    opened = parse(text)
    issuer = find_key(opened.kid) or _carried(opened, hub)
    if issuer is None:
        raise Malformed("ticket_unknown_issuer", opened.kid.hex())
    if issuer.node_no != opened.claims.ticket_id.node_no or issuer.epoch != opened.claims.ticket_id.epoch:
        raise Malformed("ticket_forged", "issuer and ticket id differ")
    if not opened.signed.verified_by(issuer.key):
        raise Malformed("ticket_forged")
    return opened, issuer


def short_code(text: str) -> str:
    """Four characters from the whole ticket, printed beside its number: knowing them shows that one has the ticket.

    The same for every way of writing that :func:`parse` takes for the same ticket (small letters, spaces around).
    """
    same = text.strip().upper()
    number = int.from_bytes(hashlib.sha256(b"yipiao short code" + same.encode()).digest()[:4], "big")
    alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(alphabet[number // 30**i % 30] for i in range(4))


def _carried(opened: Opened, hub: VerifyKey) -> Certificate | None:
    if opened.carried is None:
        return None
    try:
        found = certificate.read(opened.carried, hub)
    except Malformed:
        return None
    return found if found.key.kid == opened.kid else None


def _claims(value: Any) -> Claims:
    if type(value) is not dict:
        raise Malformed("ticket_damaged")
    journey, cti = value[CLAIM_JOURNEY], value[CLAIM_CTI]
    if type(journey) is not list or len(journey) < 6 or type(cti) is not bytes:
        raise Malformed("ticket_damaged")
    numbers, extra = journey[:6], journey[6:8] or [b"", b""]
    until_s = value[CLAIM_EXP]
    if not all(type(number) is int and 0 <= number < _MAX_NUMBER for number in [*numbers, until_s]):
        raise Malformed("ticket_damaged")
    trip_no, day, from_idx, to_idx, seat, rider = numbers
    if not all(type(item) is bytes for item in extra) or rider >= len(RIDERS) or day >= _MAX_DAY:
        raise Malformed("ticket_damaged")
    document, supersedes = extra
    if len(supersedes) % 8 or len(supersedes) > 8 * MAX_SUPERSEDED:
        raise Malformed("ticket_damaged")
    return Claims(TicketId.from_bytes(cti), trip_no, day, from_idx, to_idx, seat, rider, until_s, document, supersedes)
