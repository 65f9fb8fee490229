"""What the hub says of seats: grants (signed one by one) and requests to give some back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from sync.kernel import cbor, cose, records
from sync.kernel.keys import VerifyKey
from sync.kernel.operations import Record
from sync.kernel.ports import Signer

PURPOSE: Final = b"yipiao grant 1"


@dataclass(frozen=True, slots=True)
class Grant(Record):
    """Key ``grant/N``: ``node_no`` alone may sell these cells until it returns them.

    ``epoch`` grows with each grant of one dated trip. ``sell_until_ms`` stops the node and frees nothing at the hub.
    ``seats`` are (seat, leg mask); ``counts`` are (leg, places) of a free-seating trip. ``fewer_laps``: (leg, children), so many
    fewer children on laps than a tenth of all its seats may this node sell, because others were promised them.
    """

    PREFIX: ClassVar[str] = "grant"
    grant_id: int
    node_no: int
    trip_no: int
    day: int
    epoch: int
    seats: tuple[tuple[int, int], ...]
    counts: tuple[tuple[int, int], ...]
    sell_until_ms: int
    fewer_laps: tuple[tuple[int, int], ...] = ()

    def to_bytes(self) -> bytes:
        """Canonical body, as it was before grants said anything of laps where this one says nothing of them."""
        return cbor.encode(records.short_body(self))


@dataclass(frozen=True, slots=True)
class Recall(Record):
    """Key ``recall/TRIP/DAY``: return up to ``count`` unsold seats (0: all) of this trip. ``number`` tells requests apart."""

    PREFIX: ClassVar[str] = "recall"
    number: int
    count: int


@dataclass(frozen=True, slots=True)
class SoleSeller(Record):
    """Key ``sole/TRIP/DAY`` on the trip's stream: from here on the hub grants seats of this dated trip to ``node_no`` alone.

    It stands behind every ``void/…`` of refunds that came before it, so whoever holds it knows of those. ``left``: tickets
    whose seats another box took over before, which had the trip until then: they stay that box's.
    """

    PREFIX: ClassVar[str] = "sole"
    node_no: int
    left: tuple[bytes, ...] = ()


def sign_grant(grant: Grant, hub: Signer) -> bytes:
    """The grant as the operation's body: a COSE_Sign1 of the hub."""
    return cose.sign1(grant.to_bytes(), hub, PURPOSE)


def read_grant(body: bytes, hub: VerifyKey) -> Grant:
    """A grant that ``hub`` signed. Raises :class:`sync.kernel.errors.Malformed`."""
    signed = cose.verify1(body, lambda kid: hub if kid == hub.kid else None, PURPOSE)
    return records.from_body(Grant, cbor.decode(signed.payload))
