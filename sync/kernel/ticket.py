"""The ticket that proves itself: a CWT (RFC 8392) in a COSE_Sign1, signed by the node that sold it.

Text form ``Y1:`` + base45 (RFC 9285): only characters of the QR alphanumeric mode, and nothing that a scanner posing as
a keyboard could mistype. Claims: 4 (exp, seconds since 1970), 7 (cti, 8 bytes: node 3, epoch 1, serial 4), and the
private claim -65537: ``[trip_no, day, from_idx, to_idx, seat, rider]`` with, when they are there, the check value
of an identity document and the ids of the tickets that this one supersedes, one behind the other. A ticket that is bound
to a phone has 8 (cnf), and is shown by that phone (:mod:`sync.kernel.holder`).

A young issuer's certificate travels in the unprotected header -65537: it is itself signed by the hub.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sync.kernel import base45, cbor, certificate, cose, holder
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.holder import CLAIM_CNF, Shown
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


NUMBER_DIGITS: Final = 16
PRINTED_DIGITS: Final = 25
# The first two digits of a division code of GB/T 2260: provinces, and what has their rank.
PROVINCES: Final = frozenset((*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66),
                              71, 81, 82))  # fmt: skip


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
        return f"{digits[:5]}-{digits[5:7]}-{digits[7:]}-{_check_digits(digits)}"

    def printed(self, area_code: int, station_code: int) -> str:
        """The number with the division and the station that sold it in front: ``area-station-node-epoch-serial`` and check
        digits over all of it. Where no area is known (0), :attr:`number`."""
        if not area_code:
            return self.number
        digits = f"{area_code:06d}{station_code:03d}{self.node_no:05d}{self.epoch:02d}{self.serial:07d}"
        parts = (digits[:6], digits[6:9], digits[9:14], digits[14:16], digits[16:])
        return f"{'-'.join(parts)}-{_check_digits(digits)}"

    @classmethod
    def from_number(cls, text: str) -> TicketId | None:
        """The id behind a typed number, with area and station or without; None when it has the wrong form or check
        digits."""
        digits = _digits(text)
        if len(digits) not in (NUMBER_DIGITS, PRINTED_DIGITS) or digits[-2:] != _check_digits(digits[:-2]):
            return None
        own = digits[-NUMBER_DIGITS:]
        return cls(int(own[:5]), int(own[5:7]), int(own[7:14]))


def mistyped(text: str) -> bool:
    """Whether ``text`` is meant as a ticket number, but a digit of it is wrong, missing or too many."""
    digits = _digits(text)
    plain = digits.isascii() and digits.isdigit()
    return plain and len(digits) >= NUMBER_DIGITS - 1 and TicketId.from_number(text) is None


def check_codes(area_code: int, station_code: int) -> None:
    """Refuse (``area_code``, ``station_code``) what can't stand in a ticket number. Both 0: none."""
    if (area_code or station_code) and not (area_code < 1_000_000 and area_code // 10_000 in PROVINCES):
        raise Refusal("area_code", status=422, field="area_code", area=area_code)
    if not 0 <= station_code < 1_000:
        raise Refusal("station_code", status=422, field="station_code", station=station_code)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter not in " -")


def _check_digits(digits: str) -> str:
    """Two digits (ISO 7064 MOD 97-10): they find every wrong digit, and all but one in a hundred of other slips."""
    return f"{98 - int(digits) * 100 % 97:02d}" if digits.isascii() and digits.isdigit() else ""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a ticket says. ``until_s``: seconds since 1970; ``seat`` 0 is free seating; ``rider`` indexes RIDERS.

    ``supersedes``: ids, 8 bytes each, of tickets that were refunded before this one was sold. ``holder``: public key of the
    phone that it is bound to; empty for paper.
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
    holder: bytes = b""

    @property
    def superseded(self) -> tuple[TicketId, ...]:
        """The tickets in ``supersedes``."""
        return tuple(TicketId.from_bytes(self.supersedes[i : i + 8]) for i in range(0, len(self.supersedes), 8))


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket taken apart: its claims, its issuer's key id, the certificate that it carries, and the word of the phone that
    shows it, if any."""

    claims: Claims
    kid: bytes
    signed: cose.Sign1
    carried: bytes | None
    shown: Shown | None = None

    @property
    def from_its_phone(self) -> bool:
        """Whether the phone that shows it, if any, is the one that it is bound to."""
        return self.shown is None or self.shown.signed_by(self.claims.holder)


def issue(claims: Claims, signer: Signer, carry: bytes | None = None) -> str:
    """The text of a ticket signed by ``signer``, with the issuer's certificate ``carry`` inside if given."""
    journey: list[Any] = [claims.trip_no, claims.day, claims.from_idx, claims.to_idx, claims.seat, claims.rider]
    if claims.document_check or claims.supersedes:
        journey += [claims.document_check, claims.supersedes]
    said = {CLAIM_EXP: claims.until_s, CLAIM_CTI: claims.ticket_id.to_bytes(), CLAIM_JOURNEY: journey}
    payload = cbor.encode(said | ({CLAIM_CNF: holder.to_cnf(claims.holder)} if claims.holder else {}))
    unprotected = {HEADER_CERTIFICATE: carry} if carry else None
    return to_text(cose.sign1(payload, signer, unprotected=unprotected))


def to_text(data: bytes) -> str:
    """Bytes as they stand in a QR."""
    return PREFIX + base45.encode(data)


def to_bytes(text: str) -> bytes:
    """The bytes again. Raises :class:`Malformed` ``ticket_damaged``."""
    cleaned = text.strip().upper()
    if not cleaned.startswith(PREFIX) or len(cleaned) > MAX_TEXT:
        raise Malformed("ticket_damaged", "no Y1 code")
    try:
        return base45.decode(cleaned[len(PREFIX) :])
    except ValueError:
        raise Malformed("ticket_damaged") from None


def parse(text: str) -> Opened:
    """Take a ticket apart without believing it, alone or as a phone shows it. Raises :class:`Malformed`
    (``ticket_damaged``) on anything else."""
    try:
        data, shown = to_bytes(text), None
        if holder.is_shown(data):
            shown = holder.read(data, MAX_TEXT)
            data = shown.ticket
        signed = cose.parse(data, MAX_TEXT)
        value = cbor.decode(signed.payload, 512)
        carried = signed.unprotected.get(HEADER_CERTIFICATE)
        claims = _claims(value)
    except (Malformed, ValueError, KeyError, TypeError):
        raise Malformed("ticket_damaged") from None
    return Opened(claims, signed.kid, signed, carried if type(carried) is bytes else None, shown)


def verify(text: str, find_key: Callable[[bytes], Certificate | None], hub: VerifyKey) -> tuple[Opened, Certificate]:
    """A ticket and its issuer. Raises :class:`Malformed`: ``ticket_damaged``, ``ticket_unknown_issuer``, ``ticket_forged``.

    The key directory is asked first; the certificate that a ticket carries only serves where the directory has none. What
    a phone showed was signed by the phone that the ticket is bound to; when, is for the gate to judge.
    """
    opened = parse(text)
    issuer = find_key(opened.kid) or _carried(opened, hub)
    if issuer is None:
        raise Malformed("ticket_unknown_issuer", opened.kid.hex())
    if issuer.node_no != opened.claims.ticket_id.node_no or issuer.epoch != opened.claims.ticket_id.epoch:
        raise Malformed("ticket_forged", "issuer and ticket id differ")
    if not opened.signed.verified_by(issuer.key):
        raise Malformed("ticket_forged")
    if not opened.from_its_phone:
        raise Malformed("ticket_forged", "another phone")
    return opened, issuer


def short_code(text: str) -> str:
    """Four characters from the whole ticket, printed beside its number: knowing them shows that one has the ticket.

    The same for every way of writing that :func:`parse` takes for the same ticket (small letters, spaces around, shown by
    its phone).
    """
    same = text.strip().upper()
    if (data := _shown_ticket(same)) is not None:
        same = to_text(data)
    number = int.from_bytes(hashlib.sha256(b"yipiao short code" + same.encode()).digest()[:4], "big")
    alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(alphabet[number // 30**i % 30] for i in range(4))


def _shown_ticket(text: str) -> bytes | None:
    """The ticket inside what a phone shows; None where ``text`` is the ticket itself, or nothing."""
    try:
        # The first three signs are two bytes, and tell which of both it is.
        if not holder.is_shown(to_bytes(text[: len(PREFIX) + 3])):
            return None
        return holder.read(to_bytes(text), MAX_TEXT).ticket
    except Malformed:
        return None


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
    bound = holder.from_cnf(value[CLAIM_CNF]) if CLAIM_CNF in value else b""
    ride = (trip_no, day, from_idx, to_idx, seat, rider)
    return Claims(TicketId.from_bytes(cti), *ride, until_s, document, supersedes, bound)
