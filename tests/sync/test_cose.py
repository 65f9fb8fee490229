"""COSE_Sign1: what is signed is what is read, by the right key, for the right purpose, with an allowed algorithm."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import cbor, cose
from sync.kernel.errors import Malformed
from sync.kernel.keys import EDDSA, Ed25519Signer, VerifyKey, kid_of

HUB = Ed25519Signer(b"the hub, and nobody else at all.")
OTHER = Ed25519Signer(b"somebody with a key of his own..")
PAYLOAD = b"twenty seats of the coach of nine"
GRANT, BATCH = b"yipiao grant 1", b"yipiao up 1"


def find(kid: bytes) -> VerifyKey | None:
    return {HUB.kid: HUB.verify_key, OTHER.kid: OTHER.verify_key}.get(kid)


def code(data: bytes, find_key: Any = find, purpose: bytes = GRANT, **more: int) -> str:
    with pytest.raises(Malformed) as raised:
        cose.verify1(data, find_key, purpose, **more)
    return raised.value.code


def made(header: Any, unprotected: Any = None, payload: Any = PAYLOAD, signer: Ed25519Signer = HUB) -> bytes:
    """A COSE_Sign1 with any header, properly signed over that very header."""
    protected = header if isinstance(header, bytes) else cbor2.dumps(header, canonical=True)
    signature = signer.sign(cbor2.dumps(["Signature1", protected, GRANT, payload], canonical=True))
    return b"\xd2" + cbor2.dumps(
        [protected, {} if unprotected is None else unprotected, payload, signature], canonical=True
    )


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_what_is_signed_verifies_for_its_purpose(payload: bytes, purpose: bytes) -> None:
    found = cose.verify1(cose.sign1(payload, HUB, purpose), find, purpose)
    assert (found.payload, found.kid, found.alg) == (payload, HUB.kid, EDDSA)


def test_every_byte_counts() -> None:
    data = cose.sign1(PAYLOAD, HUB, GRANT)
    for at in range(len(data)):
        for flip in (1, 0x80):
            changed = bytearray(data)
            changed[at] ^= flip
            assert code(bytes(changed)) in ("cose_damaged", "cose_signature", "cose_unknown_key", "cose_algorithm"), at


def test_every_cut_and_anything_behind_is_refused() -> None:
    data = cose.sign1(PAYLOAD, HUB, GRANT)
    for length in range(len(data)):
        assert code(data[:length]) == "cose_damaged"
    assert code(data + b"\x00") == "cose_damaged"


def test_a_signature_for_one_purpose_is_none_for_another() -> None:
    data = cose.sign1(PAYLOAD, HUB, GRANT)
    for purpose in (b"", BATCH, GRANT + b" ", GRANT[:-1]):
        assert code(data, purpose=purpose) == "cose_signature"


def test_a_key_that_is_not_known_is_named() -> None:
    assert code(cose.sign1(PAYLOAD, HUB, GRANT), lambda kid: None) == "cose_unknown_key"


def test_a_key_under_another_keys_name_does_not_verify() -> None:
    """Whoever looks keys up wrongly is not believed either."""
    assert code(cose.sign1(PAYLOAD, HUB, GRANT), lambda kid: OTHER.verify_key) == "cose_signature"
    assert code(made({1: EDDSA, 4: HUB.kid}, signer=OTHER)) == "cose_signature"


@pytest.mark.parametrize(
    "alg", [0, None, "none", -7, -35, -257, 5, 1, True, [], {}, [EDDSA], b"\xf8", "EdDSA", 1 << 70]
)
def test_an_algorithm_outside_the_list_is_refused(alg: Any) -> None:
    assert code(made({1: alg, 4: HUB.kid})) == "cose_algorithm"


def test_no_algorithm_and_no_signature_is_no_signature() -> None:
    assert code(b"\xd2" + cbor2.dumps([b"", {}, PAYLOAD, b""])) == "cose_damaged"
    assert (
        code(b"\xd2" + cbor2.dumps([b"\xa0", {1: EDDSA, 4: HUB.kid}, PAYLOAD, b""], canonical=True)) == "cose_damaged"
    )


def test_the_unprotected_header_may_hold_anything_and_proves_nothing() -> None:
    found = cose.verify1(cose.sign1(PAYLOAD, HUB, GRANT, {1: 0, 4: OTHER.kid, 99: [b"rubbish"]}), find, GRANT)
    assert (found.kid, found.alg, found.unprotected[99]) == (HUB.kid, EDDSA, [b"rubbish"])


@pytest.mark.parametrize(
    "header",
    [
        b"", b"\x00", b"\xff", [], [0, EDDSA, 0, 0, HUB.kid], [[], EDDSA, 0, 0, HUB.kid], 5, "abcde", {},
        {1: EDDSA}, {4: HUB.kid}, {1: EDDSA, 4: "text"}, {1: EDDSA, 4: None}, {1: EDDSA, 4: HUB.kid, 2: [1]},
        {1: EDDSA, 4: HUB.kid, 16: 5}, {"1": EDDSA, "4": HUB.kid}, {1: EDDSA, 4: bytes(80)},
    ],
)  # fmt: skip
def test_a_header_that_is_not_just_algorithm_and_key_is_refused(header: Any) -> None:
    assert code(made(header)) == "cose_damaged"


@pytest.mark.parametrize("unprotected", [[], 5, b"", "x"])
def test_an_unprotected_header_that_is_no_map_is_refused(unprotected: Any) -> None:
    assert code(made({1: EDDSA, 4: HUB.kid}, unprotected)) == "cose_damaged"


@pytest.mark.parametrize("payload", [5, "text", [1], None])
def test_a_payload_that_is_no_byte_string_is_refused(payload: Any) -> None:
    assert code(made({1: EDDSA, 4: HUB.kid}, payload=payload)) == "cose_damaged"


@pytest.mark.parametrize("item", [[], [1, 2, 3], [1] * 4, [1] * 5, {1: 1, 2: 2, 3: 3, 4: 4}, "abcd", b"abcd", 4, None])
def test_what_is_no_array_of_four_is_refused(item: Any) -> None:
    assert code(b"\xd2" + cbor2.dumps(item, canonical=True)) == "cose_damaged"


@pytest.mark.parametrize("head", [b"", b"\x84", b"\xd1", b"\xd8\x12", b"\xd9\x00\x12", b"\xd8\x62", b"\xd2\xd2"])
def test_only_the_one_tag_in_its_one_writing_is_read(head: bytes) -> None:
    untagged = cose.sign1(PAYLOAD, HUB, GRANT)[1:]
    assert code(head + untagged) == "cose_damaged"


def test_size_is_bounded_before_anything_is_read() -> None:
    data = cose.sign1(PAYLOAD, HUB, GRANT)
    assert cose.verify1(data, find, GRANT, len(data)).payload == PAYLOAD
    assert code(data, max_bytes=len(data) - 1) == "cose_size"


@given(st.binary(max_size=120))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    for text in (data, b"\xd2" + data, made(data)):
        assert code(text).startswith("cose_")


@given(
    st.recursive(
        st.none() | st.integers(-9, 9) | st.binary(max_size=9) | st.text("ab", max_size=3),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(-2, 5), inner, max_size=4),
    )
)
def test_any_header_and_any_body_is_refused_in_words(value: Any) -> None:
    data = b"\xd2" + cbor2.dumps([cbor2.dumps(value, canonical=True), {}, b"", b""], canonical=True)
    assert code(data).startswith("cose_")
    assert code(b"\xd2" + cbor2.dumps(value, canonical=True)).startswith("cose_")


def test_a_signature_is_deterministic_and_kids_are_of_the_key() -> None:
    assert cose.sign1(PAYLOAD, HUB, GRANT) == cose.sign1(PAYLOAD, HUB, GRANT)
    assert HUB.kid == kid_of(HUB.public) == HUB.verify_key.kid
    assert len(HUB.kid) == 8


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33), bytes(32), b"\xff" * 32])
def test_a_key_that_is_none_verifies_nothing(public: bytes) -> None:
    assert not VerifyKey(public).verifies(bytes(64), b"message")
    assert not VerifyKey(HUB.public, alg=-7).verifies(HUB.sign(b"message"), b"message")
    for signature in (b"", bytes(63), bytes(64), bytes(65)):
        assert not HUB.verify_key.verifies(signature, b"message")


def test_what_is_signed_is_what_the_standard_says() -> None:
    """RFC 9052 §4.4, put together by hand."""
    data = cose.sign1(PAYLOAD, HUB, GRANT)
    protected, _, payload, signature = cbor.decode(data[1:])
    message = b"\x84\x6aSignature1" + cbor2.dumps(protected) + cbor2.dumps(GRANT) + cbor2.dumps(payload)
    assert HUB.verify_key.verifies(signature, message)
