"""What version 1 signed verifies for ever: tickets on paper, certificates, grants, requests and answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sync.domains.inventory.operations import read_grant, sign_grant
from sync.kernel import certificate, enrolment, exchange, ticket, wire
from sync.kernel.enrolment import Welcome
from sync.kernel.exchange import Request, Response
from sync.kernel.keys import Ed25519Signer, VerifyKey
from sync.kernel.operations import Operation
from sync.kernel.ticket import Claims, TicketId
from tests.golden import samples

FILE = Path(__file__).parent / "v1" / "signed.json"
HUB = Ed25519Signer(b"the hub of the golden files ....")
NODE = Ed25519Signer(b"node 7 of the golden files .....")
SECRET = bytes(range(10))
OWN = certificate.Certificate(7, 1, NODE.public, 2515, 3215)
CLAIMS = Claims(TicketId(7, 1, 1234), 20_123, 2518, 0, 3, 12, 0, 1_795_440_600)
FULL = Claims(TicketId(7, 1, 1235), 20_123, 2518, 0, 3, 12, 0, 1_795_440_600, bytes(range(16)), bytes(range(8)))
SOLD = tuple(b"an event, number %d of the golden files" % number for number in range(20))
TOLD = tuple(Operation("net", 78 + n, f"stop/{n}", b"a body, number %d" % n if n % 5 else None) for n in range(20))
REQUEST = Request(1, 9, 5, bytes(range(32)), SOLD, 77, {"trip/1/2518": 0}, {"software": "0.1.0"})
RESPONSE = Response(0, 24, ((5, "seat_taken"),), TOLD, 97, {"trip/1/2518": 40}, True, 1_795_406_400_000, 60_000)
WELCOME = Welcome(7, 1, HUB.public, certificate.issue(OWN, HUB), 1_795_406_400_000, "端州汽车站")


def find(kid: bytes) -> VerifyKey | None:
    return {HUB.kid: HUB.verify_key, NODE.kid: NODE.verify_key}.get(kid)


def made() -> dict[str, str]:
    """Everything as this software signs it, without packing where packing may differ from one library to the next."""
    request = exchange.encode_request(REQUEST, NODE, wire.RAW)
    return {
        "ticket": ticket.issue(CLAIMS, NODE),
        "ticket_with_certificate": ticket.issue(CLAIMS, NODE, certificate.issue(OWN, HUB)),
        "ticket_with_document": ticket.issue(FULL, NODE),
        "certificate": certificate.issue(OWN, HUB).hex(),
        "grant": sign_grant(samples.RECORDS["grant"], HUB).hex(),
        "request": request.hex(),
        "response": exchange.encode_response(RESPONSE, request, HUB, wire.RAW).hex(),
        "enrolment": enrolment.encode_request(SECRET, NODE.public).hex(),
        "welcome": enrolment.encode_welcome(WELCOME, enrolment.code_key(SECRET), NODE.public).hex(),
        "code": enrolment.code_text(SECRET),
    }


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def test_what_was_signed_is_signed_the_same_way_today(kept: dict[str, Any]) -> None:
    assert {name: text for name, text in made().items() if name in kept} == {k: kept[k] for k in made() if k in kept}
    assert set(made()) <= set(kept)


@pytest.mark.parametrize(
    ("name", "claims"), [("ticket", CLAIMS), ("ticket_with_certificate", CLAIMS), ("ticket_with_document", FULL)]
)
def test_a_ticket_on_paper_verifies(kept: dict[str, Any], name: str, claims: Claims) -> None:
    opened, issuer = ticket.verify(kept[name], lambda kid: OWN if kid == NODE.kid else None, HUB.verify_key)
    assert (opened.claims, issuer) == (claims, OWN)
    assert ticket.short_code(kept[name]) == kept["short_codes"][name]
    assert claims.ticket_id.number == kept["numbers"][name]


def test_a_ticket_with_its_certificate_needs_no_directory(kept: dict[str, Any]) -> None:
    assert ticket.verify(kept["ticket_with_certificate"], lambda kid: None, HUB.verify_key)[1] == OWN


def test_what_the_hub_signed_verifies(kept: dict[str, Any]) -> None:
    assert certificate.read(bytes.fromhex(kept["certificate"]), HUB.verify_key) == OWN
    assert read_grant(bytes.fromhex(kept["grant"]), HUB.verify_key) == samples.RECORDS["grant"]


@pytest.mark.parametrize("packing", ["", "_zstd", "_gzip"])
def test_requests_and_answers_in_every_packing_are_read(kept: dict[str, Any], packing: str) -> None:
    request = bytes.fromhex(kept[f"request{packing}"])
    assert exchange.decode_request(request, find) == (NODE.kid, REQUEST)
    assert exchange.decode_response(bytes.fromhex(kept[f"response{packing}"]), request, find) == RESPONSE


def test_an_enrolment_is_understood(kept: dict[str, Any]) -> None:
    code_id, public, proof = enrolment.decode_request(bytes.fromhex(kept["enrolment"]))
    assert (code_id, public) == (enrolment.code_id(enrolment.secret_of(kept["code"])), NODE.public)
    assert enrolment.proof_holds(enrolment.code_key(SECRET), public, proof)
    assert enrolment.decode_welcome(bytes.fromhex(kept["welcome"]), SECRET, NODE.public) == WELCOME
