"""Hashes of PINs."""

from __future__ import annotations

import pytest

from sync.kernel import pins

STORED = pins.hash_pin("2580", b"sixteen bytes ..")


@pytest.mark.parametrize("text", ["2580", "123456789012", "0001"])
def test_four_to_twelve_digits_are_a_pin(text: str) -> None:
    assert pins.is_pin(text)


@pytest.mark.parametrize(
    "text", ["", "123", "1234567890123", "1111", "000000", "12a4", "１２３４", "12 34", "-123", "٠١٢٣", "²³¹⁴"]
)
def test_anything_else_is_none(text: str) -> None:
    assert not pins.is_pin(text)


def test_the_pin_opens_and_no_other_does() -> None:
    assert pins.pin_matches("2580", STORED)
    assert not any(pins.pin_matches(text, STORED) for text in ("2581", "258", "25800", "", "\ud800", "2" * 2_000))


def test_the_same_pin_with_another_salt_is_another_hash() -> None:
    other = pins.hash_pin("2580", b"another salt....")
    assert other != STORED
    assert pins.pin_matches("2580", other)
    assert "2580" not in STORED


@pytest.mark.parametrize(
    "stored",
    [
        "", "scrypt", "plain$2580", "scrypt$1$8$1$c2FsdA$aGFzaA", "scrypt$16384$8$1$!!$!!", "scrypt$x$8$1$c2FsdA$aGFzaA",
        "scrypt$-16384$8$1$c2FsdA$aGFzaA", "scrypt$999999999$8$1$c2FsdA$aGFzaA", "scrypt$131072$16$4$c2FsdA$aGFzaA",
        "scrypt$16384$8$1$c2FsdA", "$$$$$", "scrypt$16384$8$1$票$票", STORED + "$", STORED[:-4],
    ],
)  # fmt: skip
def test_a_stored_text_that_can_not_be_read_opens_nothing(stored: str) -> None:
    assert not pins.pin_matches("2580", stored)
