"""The trust card: what the hub signed reads the same everywhere, and nothing else does."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from typing import Any

import cbor2
import cwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pycose.keys import OKPKey
from pycose.messages import Sign1Message

from sync.domains.register.cards import card as cards
from sync.domains.register.cards.card import Card, Facts
from sync.kernel import cbor, cose
from sync.kernel.errors import Malformed
from sync.kernel.keys import Ed25519Signer

HUB = Ed25519Signer(b"hub key of the tests, 32 bytes..")
OTHER = Ed25519Signer(b"key of somebody else, 32 bytes..")
URL = "https://hub.example"
NOW_S, DAY = 1_795_406_400, 2518
FACTS = Facts(0, 12, 1, "横琴客运有限公司", "粤C12345", "yellow", "coach", 45, "一级", "AAA", DAY + 400, DAY + 200)
CARD = Card(7, NOW_S, NOW_S + 365 * 86_400, FACTS)
NUMBERS = st.integers(0, (1 << 31) - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ODD = st.none() | st.integers(-5, 1 << 40) | st.binary(max_size=8) | st.text(max_size=5)
TEXT = cards.issue(CARD, HUB, URL)


def data_of(text: str) -> bytes:
    part = text.rpartition("/")[2] if "/" in text else text[4:]
    return base64.b32decode(part + "=" * (-len(part) % 8))


@pytest.mark.parametrize("url", [URL, "http://192.168.1.5:8600/", ""])
def test_a_card_reads_the_same_with_an_address_and_without(url: str) -> None:
    text = cards.issue(CARD, HUB, url)
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")  # the QR alphanumeric mode
    for typed in (text, text.lower(), f" {text}\n"):
        assert cards.is_card(typed) and cards.verify(typed, HUB.verify_key) == CARD


@given(st.builds(Facts, st.sampled_from([0, 1]), NUMBERS, NUMBERS, TEXTS, TEXTS, TEXTS, TEXTS, NUMBERS, TEXTS,
                 st.sampled_from(["", "AAAA", "B"]), NUMBERS, NUMBERS, NUMBERS, NUMBERS))  # fmt: skip
@settings(max_examples=50)
def test_whatever_the_register_holds_goes_into_a_card_and_out_again(facts: Facts) -> None:
    card = replace(CARD, facts=facts)
    assert cards.verify(cards.issue(card, HUB, URL), HUB.verify_key) == card


def test_other_libraries_read_and_verify_it() -> None:
    """cwt and pycose, with nothing of ours but the address taken off."""
    data = data_of(TEXT)
    key = cwt.COSEKey.new({1: 1, -1: 6, 3: -8, 2: HUB.kid, -2: HUB.public})
    claims: Any = cwt.decode(data, key)
    assert (claims[4], claims[6], claims[7]) == (CARD.until_s, CARD.issued_s, (7).to_bytes(4, "big"))
    assert claims[-65538][3:5] == ["横琴客运有限公司", "粤C12345"]
    message = Sign1Message.decode(data)
    message.key = OKPKey(crv="ED25519", x=HUB.public, optional_params={"ALG": "EDDSA"})
    assert message.verify_signature()
    signed = cbor2.loads(data).value
    Ed25519PublicKey.from_public_bytes(HUB.public).verify(
        signed[3], cbor2.dumps(["Signature1", signed[0], b"", signed[2]], canonical=True)
    )


def test_a_card_of_another_signer_is_forged() -> None:
    with pytest.raises(Malformed, match="card_forged"):
        cards.verify(cards.issue(CARD, OTHER, URL), HUB.verify_key)


def test_no_changed_bit_and_no_changed_sign_passes() -> None:
    data = data_of(TEXT)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << random.Random(place).randrange(8)
        text = cards.PREFIX + base64.b32encode(bytes(changed)).decode().rstrip("=")
        with pytest.raises(Malformed, match="card_forged|card_damaged"):  # noqa: RUF043
            cards.verify(text, HUB.verify_key)
    signs = TEXT[len(URL) + len(cards.PATH) :]
    for place, sign in enumerate(signs):
        other = "A" if sign != "A" else "B"
        with pytest.raises(Malformed):
            cards.verify(cards.PREFIX + signs[:place] + other + signs[place + 1 :], HUB.verify_key)


@given(
    st.text(max_size=80) | st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", max_size=300) | st.binary(max_size=200).map(str)
)
@settings(max_examples=300)
def test_rubbish_is_damaged_and_nothing_worse(rubbish: str) -> None:
    for text in (rubbish, cards.PREFIX + rubbish, f"HTTPS://X{cards.PATH}{rubbish}"):
        with pytest.raises(Malformed, match="card_damaged"):
            cards.verify(text, HUB.verify_key)


@given(st.dictionaries(st.sampled_from([4, 6, 7, -65538, 1]), ODD | st.lists(ODD, max_size=15)))
@settings(max_examples=300)
def test_claims_of_any_shape_under_a_good_signature_are_a_card_or_damaged(claims: dict[int, object]) -> None:
    text = cards.PREFIX + base64.b32encode(cose.sign1(cbor2.dumps(claims, canonical=True), HUB)).decode().rstrip("=")
    with pytest.raises(Malformed, match="card_damaged"):
        cards.verify(text, HUB.verify_key)


def test_what_the_hub_signed_for_another_purpose_is_no_card() -> None:
    claims = cbor.decode(cose.parse(data_of(TEXT)).payload)
    signed = cose.sign1(cbor.encode(claims), HUB, b"yipiao grant 1")
    with pytest.raises(Malformed, match="card_forged"):
        cards.verify(cards.PREFIX + base64.b32encode(signed).decode().rstrip("="), HUB.verify_key)


@pytest.mark.parametrize(
    ("void", "late_s", "ends", "said"),
    [
        (None, 0, (DAY, DAY), ("green", None)),
        (None, 0, (DAY - 1, DAY), ("amber", "card_papers_over")),
        (None, 0, (DAY, 0), ("amber", "card_papers_over")),
        (None, 366 * 86_400, (DAY, DAY), ("red", "card_expired")),
        (0, 0, (DAY, DAY), ("red", "card_revoked")),
        (0, 366 * 86_400, (DAY, DAY), ("red", "card_revoked")),
        (1, 0, (DAY, DAY), ("amber", "card_replaced")),
        (1, 366 * 86_400, (DAY, DAY), ("red", "card_expired")),
        (9, 0, (DAY, DAY), ("red", "card_revoked")),
    ],
)
def test_good_revoked_replaced_expired_and_lapsed_are_told_apart(
    void: int | None, late_s: int, ends: tuple[int, int], said: tuple[str, str | None]
) -> None:
    card = replace(CARD, facts=replace(FACTS, permit_until_day=ends[0], inspection_until_day=ends[1]))
    found = cards.judge(card, void, NOW_S + late_s, DAY)
    assert (found.colour, found.reason) == said


def test_without_a_sure_clock_it_says_that_time_was_not_checked() -> None:
    late = replace(CARD, until_s=NOW_S - 1)
    found = cards.judge(late, None, None, DAY)
    assert (found.colour, found.reason, found.notes) == ("amber", None, ("clock_unsure",))
    assert cards.judge(late, 0, None, DAY).reason == "card_revoked"


def test_what_the_hub_told_since_counts_before_what_the_card_says() -> None:
    old = replace(CARD, facts=replace(FACTS, inspection_until_day=DAY - 1))
    assert cards.judge(old, None, NOW_S, DAY, FACTS).colour == "green"
    assert cards.judge(CARD, None, NOW_S, DAY, old.facts).reason == "card_papers_over"


def test_a_ticket_and_a_plain_address_are_no_cards() -> None:
    for text in ("Y1:6BFOXN", "https://hub.example/", "", "WIFI:S:bus;;"):
        assert not cards.is_card(text)


def test_the_look_at_the_signature_is_what_keeps_a_forged_card_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: without it, the stranger's card is as good as any."""
    monkeypatch.setattr("sync.kernel.cose.Sign1.verified_by", lambda self, key, purpose=b"": True)
    assert cards.verify(cards.issue(CARD, OTHER, URL), HUB.verify_key) == CARD
