"""Enrolment: the code, its proof both ways, and the certificate that comes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import cbor, certificate, cose, enrolment
from sync.kernel.certificate import YOUNG_DAYS, Certificate
from sync.kernel.enrolment import Welcome
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.keys import Ed25519Signer

HUB = Ed25519Signer(b"the hub, and nobody else at all.")
SECRET, OTHER = bytes(range(10)), bytes(range(1, 11))
PUBLIC = bytes(range(64, 96))
KEY = enrolment.code_key(SECRET)
WELCOME = Welcome(7, 1, HUB.public, b"certificate", 1_795_406_400_000, "端州汽车站")
secrets = st.binary(min_size=10, max_size=10)


def refused(data: bytes, secret: bytes = SECRET, public: bytes = PUBLIC) -> str:
    with pytest.raises(Malformed) as raised:
        enrolment.decode_welcome(data, secret, public)
    return raised.value.code


@given(secrets)
def test_a_code_reads_back_however_it_is_typed(secret: bytes) -> None:
    code = enrolment.code_text(secret)
    assert len(code) == 19
    mixed_up = code.replace("0", "o").replace("1", "l")
    for typed in (
        code,
        code.lower(),
        code.replace("-", ""),
        f" {code}\n",
        mixed_up,
        code.replace("-", " ").replace("1", "I"),
    ):
        assert enrolment.secret_of(typed) == secret


@pytest.mark.parametrize(
    "code", ["", "7KQ2-M4TD-P9XA-0RZ", "7KQ2-M4TD-P9XA-0RZEE", "7KQ2-M4TD-P9XA-0RZU", "票" * 16, "\ud800" * 16]
)
def test_a_code_of_a_wrong_form_is_refused(code: str) -> None:
    with pytest.raises(Refusal, match="enrol_code_form"):
        enrolment.secret_of(code)


def test_neither_the_code_nor_its_key_crosses_the_line() -> None:
    request = enrolment.encode_request(SECRET, PUBLIC)
    answer = enrolment.encode_welcome(WELCOME, KEY, PUBLIC)
    for data in (request, answer):
        assert SECRET not in data
        assert KEY not in data


def test_the_hub_sees_who_has_the_code() -> None:
    code_id, public, proof = enrolment.decode_request(enrolment.encode_request(SECRET, PUBLIC))
    assert (code_id, public) == (enrolment.code_id(SECRET), PUBLIC)
    assert enrolment.proof_holds(KEY, public, proof)
    assert not enrolment.proof_holds(enrolment.code_key(OTHER), public, proof)


def test_a_request_played_again_with_another_key_proves_nothing() -> None:
    _, _, proof = enrolment.decode_request(enrolment.encode_request(SECRET, PUBLIC))
    assert not enrolment.proof_holds(KEY, bytes(32), proof)


@given(secrets, secrets)
def test_ids_of_codes_do_not_tell_the_code(first: bytes, second: bytes) -> None:
    assert (enrolment.code_id(first) == enrolment.code_id(second)) == (first == second)
    assert enrolment.code_id(first) != enrolment.code_key(first)[:8]


def test_the_node_believes_only_a_hub_that_knows_the_code() -> None:
    answer = enrolment.encode_welcome(WELCOME, KEY, PUBLIC)
    assert enrolment.decode_welcome(answer, SECRET, PUBLIC) == WELCOME
    assert refused(enrolment.encode_welcome(WELCOME, enrolment.code_key(OTHER), PUBLIC)) == "enrol_hub_unproven"
    assert refused(answer, public=bytes(32)) == "enrol_hub_unproven"
    assert refused(answer, secret=OTHER) == "enrol_hub_unproven"


def test_every_byte_of_the_answer_counts() -> None:
    answer = enrolment.encode_welcome(WELCOME, KEY, PUBLIC)
    for at in range(len(answer)):
        changed = answer[:at] + bytes([answer[at] ^ 2]) + answer[at + 1 :]
        assert refused(changed).startswith(("enrol_", "cbor_"))


@given(st.binary(max_size=150))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    assert refused(data).startswith(("enrol_", "cbor_"))
    with pytest.raises(Malformed):
        enrolment.decode_request(data)


@pytest.mark.parametrize(
    "body",
    [
        [],
        [bytes(8), bytes(32)],
        [bytes(7), bytes(32), bytes(32)],
        [bytes(8), bytes(33), bytes(32)],
        ["12345678", bytes(32), bytes(32)],
        {},
        None,
        [bytes(8), bytes(32), bytes(32), b""],
    ],
)
def test_a_request_of_any_other_shape_is_refused(body: object) -> None:
    with pytest.raises(Malformed, match="enrol_shape"):
        enrolment.decode_request(cbor.encode(body))


@pytest.mark.parametrize(
    "plain",
    [
        [],
        [1, 2, 3],
        5,
        [1, 1, "x", b"", 1, ""],
        ["7", 1, bytes(32), b"", 1, ""],
        {},
        None,
        [7, 1, bytes(32), b"", -1, ""],
        [7, 1, bytes(31), b"", 1, ""],
        [-7, 1, bytes(32), b"", 1, ""],
    ],
)
def test_an_answer_of_any_other_shape_is_refused_though_it_is_proven(plain: object) -> None:
    inner = cbor.encode(plain)
    proof = enrolment._mac(KEY, b"welcome", PUBLIC + inner)
    assert refused(cbor.encode([inner, proof])) == "enrol_shape"


OWN = Certificate(7, 1, PUBLIC, 2500, 3200)


def test_a_certificate_is_the_hubs_word_and_nobody_elses() -> None:
    assert certificate.read(certificate.issue(OWN, HUB), HUB.verify_key) == OWN
    stranger = Ed25519Signer(bytes(32))
    for data in (
        certificate.issue(OWN, stranger),
        cose.sign1(OWN.to_bytes(), HUB),
        cose.sign1(b"\x80", HUB, certificate.PURPOSE),
    ):
        with pytest.raises(Malformed):
            certificate.read(data, HUB.verify_key)


def test_every_byte_of_a_certificate_counts() -> None:
    data = certificate.issue(OWN, HUB)
    for at in range(len(data)):
        with pytest.raises(Malformed):
            certificate.read(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], HUB.verify_key)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33)])
def test_a_certificate_of_a_key_that_is_none_is_refused(public: bytes) -> None:
    with pytest.raises(Malformed, match="certificate_key"):
        certificate.read(certificate.issue(Certificate(7, 1, public, 1, 2), HUB), HUB.verify_key)


def test_a_certificate_is_young_for_thirty_days() -> None:
    young = [OWN.young_on(2500 + day) for day in (0, YOUNG_DAYS - 1, YOUNG_DAYS)]
    assert young == [True, True, False]
