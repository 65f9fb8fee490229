"""From a document to the event that names a traveller, and back for those who hold the keys.

Three readers, three forms: who compares (any node, and a gate) has the check value, who has to recognise a person (the
counter) the mask under the network's key of the month, the hub alone the sealed document. When a month is erased its
keys are destroyed, and with them all three, wherever the logs have gone.
"""

from __future__ import annotations

from typing import Final

from sync.domains.ticketing.events import TravellerNamed
from sync.domains.ticketing.operations import SealingKey
from sync.kernel import cbor, documents, seal
from sync.kernel.documents import DOCUMENT_TYPES, Document, Masked
from sync.kernel.errors import Malformed
from sync.kernel.ports import Ids
from sync.kernel.seal import Sealer, Veil

INFO: Final = b"yipiao traveller"
MAX_MASKED_BYTES: Final = 400


def sealer_to(key: SealingKey, ids: Ids) -> Sealer:
    """What seals documents to the hub's key of a month. Making one costs some 0.15 ms, each document less than 0.02."""
    return Sealer(seal.suite_of(key.suite), key.public, ids.token(seal.KEY_BYTES), INFO)


def name_traveller(
    document: Document, trip_no: int, day: int, key: SealingKey, ids: Ids, sealer: Sealer | None = None,
    veil: Veil | None = None,
) -> TravellerNamed:  # fmt: skip
    """The event for a ride on a trip; its serial is 0 until there is a sale. ``sealer`` and ``veil``: of the same ``key``,
    where they are there already."""
    suite = seal.suite_of(key.suite)
    check = seal.check_value(suite, key.check_key, documents.compared(document, trip_no, day))
    bound = _bound(key.period, trip_no, day, check)
    shown = documents.mask(document)
    plain = cbor.encode([shown.number, shown.name])
    masked = (veil or veil_of(key)).cover(ids.token(seal.NONCE_BYTES), plain, bound)
    sealed = (sealer or sealer_to(key, ids)).seal(documents.to_plain(document), bound)
    kind = DOCUMENT_TYPES.index(document.document_type)
    return TravellerNamed(0, trip_no, day, kind, key.period, check, masked, sealed)


def check_of(document: Document, trip_no: int, day: int, key: SealingKey) -> bytes:
    """The check value alone, to compare a document with a ticket."""
    return seal.check_value(seal.suite_of(key.suite), key.check_key, documents.compared(document, trip_no, day))


def veil_of(key: SealingKey) -> Veil:
    """What the masks of a month are hidden under. Making one costs as much as hiding a mask."""
    return Veil(seal.suite_of(key.suite), key.check_key)


def masked_of(named: TravellerNamed, veil: Veil) -> Masked:
    """What may be shown. Raises :class:`Malformed`."""
    plain = veil.lift(named.masked, _bound_of(named))
    value = cbor.decode(plain, MAX_MASKED_BYTES)
    if type(value) is not list or [type(item) for item in value] != [str, str] or not _known(named.document_type):
        raise Malformed("document_shape")
    return Masked(DOCUMENT_TYPES[named.document_type], *value)


def document_of(named: TravellerNamed, secret: bytes) -> Document:
    """The document itself, with the hub's secret of the month. Raises :class:`Malformed`."""
    return documents.from_plain(seal.unseal(secret, named.sealed, INFO, _bound_of(named)))


def wrong_form(named: TravellerNamed) -> str | None:
    """What of an event can't be right, as far as anybody can say who holds no key; None for nothing."""
    if not _known(named.document_type):
        return "document_type"
    if len(named.check) != seal.CHECK_BYTES:
        return "check"
    if not seal.NONCE_BYTES < len(named.masked) <= MAX_MASKED_BYTES:
        return "masked"
    try:
        seal.read(named.sealed)
    except Malformed as error:
        return error.code
    return None


def _known(document_type: int) -> bool:
    return 0 <= document_type < len(DOCUMENT_TYPES)


def _bound_of(named: TravellerNamed) -> bytes:
    return _bound(named.period, named.trip_no, named.day, named.check)


def _bound(period: int, trip_no: int, day: int, check: bytes) -> bytes:
    return cbor.encode([period, trip_no, day, check])
