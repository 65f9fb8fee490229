"""A trip that goes from one box to another: signed by the giver, for one taker alone, on the hub's stream or from screen to
screen in QR codes.

``YH1:NUMBER/OF:SUM:PART``: a handover cut into parts, base45, with the first characters of its SHA-256 in each, so that parts
of different ones are told apart. Only characters of the QR alphanumeric mode.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from sync.kernel import base45, cbor, certificate, cose, records
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.keys import VerifyKey
from sync.kernel.operations import Record
from sync.kernel.ports import Signer

PURPOSE: Final = b"yipiao handover 1"
PREFIX: Final = "YH1:"
HEADER_CERTIFICATE: Final = -65537
MAX_BYTES: Final = 14 * 1024
MAX_FRAMES: Final = 60
# Above every grant of a hub, whose ids are its positions: so one number is enough to say where a seat came from.
LEAST_NUMBER: Final = 1 << 60
# What a phone's or a scanner's camera reads from a tablet without being held still: version 20 or so.
_PART: Final = 640
_SUM: Final = 6

GrantPart = tuple[int, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
Aboard = tuple[bytes, int, int, int, str, int]


@dataclass(frozen=True, slots=True)
class Handover(Record):
    """Key ``handover/NUMBER`` on the taker's stream, signed by the giver (log ``from_epoch`` of ``from_node_no``).

    Log ``to_epoch`` of ``to_node_no`` alone may take it. ``number`` was drawn by the giver; it stands for the taker's grant.
    Where the trip stands: as in :class:`sync.domains.duties.rules.Run`, ``started_ms`` 0 and ``ends_idx`` -1 for none.
    ``grants``: (grant of the giver's, (seat, leg mask), (leg, places)) that nobody sells any more but the taker, until
    ``sell_until_ms``. ``boarded``: (ticket id, from_idx, to_idx, seat, short code, rider) of those aboard.
    """

    PREFIX: ClassVar[str] = "handover"
    number: int
    trip_no: int
    day: int
    from_node_no: int
    from_epoch: int
    to_node_no: int
    to_epoch: int
    started_ms: int
    idx: int
    standing: bool
    ends_idx: int
    delay_minutes: int
    reason: str
    note: str
    grants: tuple[GrantPart, ...]
    sell_until_ms: int
    boarded: tuple[Aboard, ...]


def sign_handover(given: Handover, giver: Signer, own_certificate: bytes) -> bytes:
    """Signed bytes, with the giver's certificate beside them for a taker who never heard of it.

    Raises :class:`Refusal` ``handover_large``: more are aboard than an event or a row of pictures holds.
    """
    payload = cbor.encode(records.to_body(given))
    signed = cose.sign1(payload, giver, PURPOSE, {HEADER_CERTIFICATE: own_certificate})
    if len(signed) > MAX_BYTES:
        raise Refusal("handover_large", status=422)
    return signed


def open_handover(signed: bytes) -> Handover:
    """What stands in a handover, believed by nobody yet. Raises :class:`Malformed`."""
    parsed = cose.parse(signed, MAX_BYTES)
    found = records.from_body(Handover, cbor.decode(parsed.payload, MAX_BYTES))
    if found.number < LEAST_NUMBER or found.number >= 1 << 63:
        raise Malformed("handover_number")
    return found


def read_handover(signed: bytes, find_key: cose.FindKey) -> Handover:
    """The same once its signature holds. Raises :class:`Malformed`."""
    cose.verify1(signed, find_key, PURPOSE, MAX_BYTES)
    return open_handover(signed)


def carried_key(signed: bytes, hub: VerifyKey) -> certificate.Certificate | None:
    """The giver's certificate that travels with a handover, if ``hub`` signed it and it is the key that signed."""
    parsed = cose.parse(signed, MAX_BYTES)
    carried = parsed.unprotected.get(HEADER_CERTIFICATE)
    try:
        found = certificate.read(carried, hub) if type(carried) is bytes else None
    except Malformed:
        return None
    return found if found is not None and found.key.kid == parsed.kid else None


def to_frames(signed: bytes) -> list[str]:
    """Texts of the QR codes, in order."""
    text = base45.encode(signed)
    parts = [text[at : at + _PART] for at in range(0, len(text), _PART)]
    return [f"{PREFIX}{number}/{len(parts)}:{_sum(signed)}:{part}" for number, part in enumerate(parts, 1)]


def from_frames(texts: Iterable[str]) -> bytes:
    """The signed bytes again, from frames in any order, each as often as it was scanned.

    Raises :class:`Refusal`: ``handover_frames`` (which are still missing), ``handover_damaged``.
    """
    found: dict[int, str] = {}
    heads: set[tuple[str, str]] = set()
    for text in texts:
        number, of, digest, part = _frame(text)
        heads.add((of, digest))
        found[number] = part
    if len(heads) != 1:
        raise Refusal("handover_damaged", status=422, field="frames")
    of, digest = heads.pop()
    missing = [str(number) for number in range(1, int(of) + 1) if number not in found]
    if missing:
        raise Refusal("handover_frames", status=422, field="frames", missing=", ".join(missing), of=of)
    try:
        signed = base45.decode("".join(found[number] for number in sorted(found)))
    except ValueError:
        signed = b""
    if _sum(signed) != digest:
        raise Refusal("handover_damaged", status=422, field="frames")
    return signed


def _frame(text: str) -> tuple[int, str, str, str]:
    prefix, _, rest = text.strip().upper().partition(":")
    place, _, rest = rest.partition(":")
    digest, _, part = rest.partition(":")
    number, _, of = place.partition("/")
    whole = number.isascii() and number.isdigit() and of.isascii() and of.isdigit() and len(number) < 4 and len(of) < 4
    if prefix + ":" != PREFIX or not whole or not 1 <= int(number) <= int(of) <= MAX_FRAMES:
        raise Refusal("handover_damaged", status=422, field="frames")
    return int(number), of, digest, part


def _sum(signed: bytes) -> str:
    return hashlib.sha256(signed).hexdigest()[:_SUM].upper()
