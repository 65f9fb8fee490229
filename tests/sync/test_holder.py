"""A ticket bound to a phone: its size, whose word counts, and that other libraries check it without us."""

from __future__ import annotations

import cwt
import pytest
from base45 import b45decode
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from pycose.keys import EC2Key, OKPKey
from pycose.keys.curves import P256, Ed25519
from pycose.messages import Sign1Message

from sync.kernel import cbor, holder, qr, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Malformed
from sync.kernel.keys import EDDSA, Ed25519Signer
from sync.kernel.ticket import Claims, TicketId
from tests.support.phones import Phone

NODE = Ed25519Signer(b"the key of node 7, in its box...")
HUB = Ed25519Signer(b"the hub, and nobody else at all.")
OWN = Certificate(7, 1, NODE.public, 2500, 3200)
AT_S = 1_795_406_400
KINDS = {"Ed25519": Phone(EDDSA), "P-256": Phone(holder.ES256)}


def bound(phone: Phone) -> str:
    claims = Claims(TicketId(7, 1, 1234), 20_123, 2518, 0, 3, 12, 0, 4_000_000_000, holder=phone.holder)
    return ticket.issue(claims, NODE)


def verified(text: str) -> ticket.Opened:
    return ticket.verify(text, lambda kid: OWN if kid == NODE.kid else None, HUB.verify_key)[0]


def refused(text: str) -> str:
    with pytest.raises(Malformed) as found:
        verified(text)
    return found.value.code


@pytest.mark.parametrize("phone", KINDS.values(), ids=KINDS)
def test_a_bound_ticket_verifies_alone_and_as_its_phone_shows_it(phone: Phone) -> None:
    text = bound(phone)
    alone, shown = verified(text), verified(phone.show(text, AT_S))
    assert alone.claims == shown.claims and alone.claims.holder == phone.holder
    assert alone.shown is None and shown.shown is not None and shown.shown.at_s == AT_S
    assert ticket.short_code(phone.show(text, AT_S)) == ticket.short_code(text)


def test_sizes_are_those_of_the_design() -> None:
    phone = KINDS["Ed25519"]
    text = bound(phone)
    paper = ticket.issue(Claims(TicketId(7, 1, 1234), 20_123, 2518, 0, 3, 12, 0, 4_000_000_000), NODE)
    sizes = [len(ticket.to_bytes(one)) for one in (paper, text, phone.show(text, AT_S))]
    assert sizes == [118, 161, 235]
    assert sizes[1] - sizes[0] == 43 and sizes[2] - sizes[1] == 74
    assert 'viewBox="0 0 69 69"' in qr.svg(phone.show(text, AT_S))  # version 11, and its quiet zone


@pytest.mark.parametrize("phone", KINDS.values(), ids=KINDS)
def test_another_phones_word_another_time_and_another_ticket_are_forged(phone: Phone) -> None:
    text, other = bound(phone), Phone(phone.alg)
    good = ticket.parse(phone.show(text, AT_S)).shown
    assert good is not None
    paper = ticket.issue(Claims(TicketId(7, 1, 9), 1, 2, 0, 1, 1, 0, 4_000_000_000), NODE)
    forged = (
        other.show(text, AT_S),
        ticket.to_text(cbor.encode([good.ticket, AT_S + 1, good.signature])),
        ticket.to_text(cbor.encode([good.ticket, AT_S, good.signature[:-1]])),
        phone.show(bound(other), AT_S),
        phone.show(paper, AT_S),
    )
    assert [refused(code) for code in forged] == ["ticket_forged"] * len(forged)


def test_a_phones_word_about_a_forged_ticket_is_forged() -> None:
    phone = KINDS["Ed25519"]
    own = ticket.issue(Claims(TicketId(7, 1, 1), 1, 2, 0, 1, 1, 0, 4_000_000_000, holder=phone.holder), HUB)
    assert refused(phone.show(own, AT_S)) == "ticket_unknown_issuer"


def test_other_libraries_check_the_phones_signature() -> None:
    for name, phone in KINDS.items():
        text = bound(phone)
        shown = ticket.parse(phone.show(text, AT_S)).shown
        assert shown is not None
        if name == "Ed25519":
            key: OKPKey | EC2Key = OKPKey(crv=Ed25519, x=phone.holder)
        else:
            numbers = phone.point.public_numbers()
            key = EC2Key(crv=P256, x=numbers.x.to_bytes(32, "big"), y=numbers.y.to_bytes(32, "big"))
        for about, holds in ((shown.ticket, True), (shown.ticket[:-1], False)):
            aad = b"yipiao shown 1" + about
            message = Sign1Message(phdr={1: phone.alg}, payload=cbor.encode(shown.at_s), external_aad=aad)
            message._signature, message.key = shown.signature, key
            assert message.verify_signature() is holds


def test_the_library_cwt_reads_the_key_that_a_ticket_is_bound_to() -> None:
    phone = KINDS["Ed25519"]
    key = cwt.COSEKey.new({1: 1, 2: NODE.kid, 3: -8, -1: 6, -2: NODE.public})
    found = cwt.decode(bytes(b45decode(bound(phone)[3:])), keys=[key])
    assert found[8] == {1: {1: 1, -1: 6, -2: phone.holder}}


@pytest.mark.parametrize("key", [b"", b"short", bytes(34), b"\x05" + bytes(32), b"\x02" + b"\xff" * 32])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(Malformed, match="holder_key"):
        holder.check_key(key)


@given(st.binary(max_size=300))
def test_no_bytes_stop_a_gate(data: bytes) -> None:
    for text in (ticket.to_text(b"\x83" + data), ticket.to_text(cbor.encode([data, 5, data]))):
        assert refused(text) == "ticket_damaged"


def test_a_signature_of_another_purpose_is_no_phones_word() -> None:
    """Nobody can make a phone sign something else and pass it for its code: the purpose stands in what is signed."""
    phone = KINDS["P-256"]
    text = bound(phone)
    data = ticket.to_bytes(text)
    plain = cbor.encode(["Signature1", cbor.encode({1: holder.ES256}), data, cbor.encode(AT_S)])
    phone.point.verify(phone.point_signed(plain), plain, ec.ECDSA(SHA256()))
    code = ticket.to_text(cbor.encode([data, AT_S, phone.sign(plain)]))
    assert refused(code) == "ticket_forged"
