"""What phones show at the gate is read for ever: tickets bound to a key of either kind, alone and signed by the phone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sync.kernel import holder, ticket
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId
from tests.golden.test_wire import HUB, NODE, OWN

KEPT = json.loads((Path(__file__).parent / "v3" / "phones.json").read_text())
PHONE = Ed25519Signer(b"a phone of the golden files ....")
AT_S = 1_795_406_400


def claims(serial: int, key: bytes) -> Claims:
    return Claims(TicketId(7, 1, serial), 20_123, 2518, 0, 3, 12, 0, 1_795_440_600, holder=key)


BOUND = {"": claims(1236, PHONE.public), "_p256": claims(1237, bytes.fromhex(KEPT["holder_p256"]))}


@pytest.mark.parametrize("kind", BOUND)
def test_a_bound_ticket_and_its_phones_word_verify(kind: str) -> None:
    for form in ("bound", "shown"):
        opened, issuer = ticket.verify(KEPT[form + kind], lambda kid: OWN if kid == NODE.kid else None, HUB.verify_key)
        assert (opened.claims, issuer) == (BOUND[kind], OWN)
        assert (opened.shown and opened.shown.at_s) == (AT_S if form == "shown" else None)


@pytest.mark.parametrize("kind", BOUND)
def test_a_bound_ticket_is_signed_the_same_way_today(kind: str) -> None:
    assert ticket.issue(BOUND[kind], NODE) == KEPT["bound" + kind]


def test_a_phone_with_ed25519_signs_the_same_way_today() -> None:
    data = holder.show(ticket.to_bytes(KEPT["bound"]), AT_S, PHONE.alg, PHONE.sign)
    assert ticket.to_text(data) == KEPT["shown"]
