"""What counts as the gateway's word, and what it means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.payments import rules
from sync.kernel.errors import Malformed

KEY = b"a key of thirty-two characters.."
PAID: dict[str, Any] = {
    "kind": rules.CALLBACK, "order_no": "7-1-ab", "state": "paid", "gateway_no": "G1", "paid_minor": 3000,
    "currency": "CNY", "paid_ms": 5,
}  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MESSAGES = st.dictionaries(TEXT, st.integers(-5, 1 << 60) | TEXT | st.booleans() | st.none(), max_size=5)


@given(MESSAGES)
def test_what_was_sealed_opens_again_and_nothing_else_does(message: dict[str, Any]) -> None:
    message = {**message, "kind": "query", "nonce": "n"}
    data = rules.seal(message, KEY)
    opened = rules.unseal(data, KEY, "query", "n")
    assert {name: value for name, value in opened.items() if name != "sign"} == {
        name: value for name, value in message.items() if name != "sign"
    }
    for key, kind, nonce in ((KEY + b".", "query", "n"), (KEY, "create", "n"), (KEY, "query", "m")):
        with pytest.raises(Malformed):
            rules.unseal(data, key, kind, nonce)


@given(st.integers(0, 400), st.integers(1, 255))
def test_one_changed_byte_is_seen(place: int, change: int) -> None:
    data = bytearray(rules.seal(PAID, KEY))
    data[place % len(data)] ^= change
    with pytest.raises(Malformed):
        rules.unseal(bytes(data), KEY, rules.CALLBACK)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"null", b'{"sign": 1}', b"{" * 5_000, b" " * (rules.MAX_MESSAGE + 1)]
)
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed, match="gateway_shape"):
        rules.unseal(data, KEY, rules.CALLBACK)


@pytest.mark.parametrize(
    "wrong",
    [{"paid_minor": 0}, {"paid_minor": -1}, {"paid_minor": True}, {"paid_minor": 30.0}, {"paid_minor": "3000"}, {"order_no": ""},
     {"currency": None}, {"gateway_no": "a\nb"}, {"paid_minor": 1 << 53}, {"state": 1}, {"order_no": "x" * 201}],
)  # fmt: skip
def test_a_word_with_a_field_that_makes_no_sense_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=next(iter(wrong))):
        rules.said_of({**PAID, **wrong})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, rules.GOOD), ({"paid_minor": 2999}, rules.ODD), ({"paid_minor": 3001}, rules.ODD), ({"currency": "HKD"}, rules.ODD),
        ({"state": "closed"}, rules.OVER), ({"state": "created"}, rules.OPEN), ({"state": "unknown"}, rules.OPEN),
        ({"state": "something newer"}, rules.OPEN),
    ],
)  # fmt: skip
def test_only_the_money_that_was_asked_for_is_good(said: dict[str, Any], meant: str) -> None:
    assert rules.meaning(rules.said_of({**PAID, **said}), 3000, "CNY") == meant
