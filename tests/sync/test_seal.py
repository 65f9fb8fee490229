"""Sealing: by the vectors of RFC 9180, against another library, and what a blob refuses."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync.kernel import cbor, seal
from sync.kernel.errors import Malformed

# RFC 9180, A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, sequence number 0.
INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
IKM_E = bytes.fromhex("7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234")
IKM_R = bytes.fromhex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037")
PUBLIC_R = bytes.fromhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
ENC = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
PLAIN = bytes.fromhex("4265617574792069732074727574682c20747275746820626561757479")
BOUND = bytes.fromhex("436f756e742d30")
CIPHERTEXT = bytes.fromhex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a")


def sealed_alone(suite: seal.Suite, public: bytes, random: bytes, plain: bytes, info: bytes, bound: bytes) -> bytes:
    return seal.Sealer(suite, public, random, info).seal(plain, bound)


BOTH = pytest.mark.parametrize("suite", [seal.DEFAULT, seal.SM], ids=lambda suite: suite.name)


def test_the_vector_of_rfc_9180_comes_out() -> None:
    assert seal.public_of(seal.DEFAULT, IKM_R) == PUBLIC_R
    sealed = sealed_alone(seal.DEFAULT, PUBLIC_R, IKM_E, PLAIN, INFO, BOUND)
    assert seal.read(sealed) == (seal.DEFAULT, seal.kid_of(seal.DEFAULT, PUBLIC_R), ENC, CIPHERTEXT, 0)
    assert seal.unseal(IKM_R, sealed, INFO, BOUND) == PLAIN


def test_the_messages_behind_the_first_are_those_of_rfc_9180_too() -> None:
    # The same vector, sequence number 1.
    context = seal.Sealer(seal.DEFAULT, PUBLIC_R, IKM_E, INFO)
    made = [context.seal(PLAIN, b"Count-%d" % number) for number in range(3)]
    suite, _, enc, data, number = seal.read(made[1])
    assert (suite, enc, number) == (seal.DEFAULT, ENC, 1)
    assert data.hex() == ("af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84")
    assert [seal.unseal(IKM_R, one, INFO, b"Count-%d" % number) for number, one in enumerate(made)] == [PLAIN] * 3


@BOTH
def test_of_several_messages_each_opens_by_itself_and_none_as_another(suite: seal.Suite) -> None:
    secret = bytes([1]) * 32
    context = seal.Sealer(suite, seal.public_of(suite, secret), bytes([3]) * 32, b"info")
    made = [context.seal(b"the same words", b"") for _ in range(3)]
    assert len({seal.read(one)[3] for one in made}) == 3
    assert [seal.unseal(secret, one, b"info", b"") for one in reversed(made)] == [b"the same words"] * 3
    *rest, number = cbor.decode(made[2])
    for other in ([*rest], [*rest, number - 1], [*rest, number + 1]):
        with pytest.raises(Malformed, match="seal_broken"):
            seal.unseal(secret, cbor.encode(other), b"info", b"")


def test_a_number_is_used_once_whatever_went_wrong_and_there_is_a_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    context = seal.Sealer(seal.DEFAULT, PUBLIC_R, IKM_E, INFO)
    with pytest.raises(TypeError):
        context.seal("no bytes", b"")  # type: ignore[arg-type]
    assert seal.read(context.seal(PLAIN, b""))[4] == 1
    monkeypatch.setattr(seal, "MAX_MESSAGES", 3)
    assert seal.read(context.seal(PLAIN, b""))[4] == 2
    with pytest.raises(ValueError, match="too many"):
        context.seal(PLAIN, b"")


def test_another_library_opens_what_is_sealed_here_and_the_other_way_round() -> None:
    other = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    secret = bytes(range(32))
    public = seal.public_of(seal.DEFAULT, secret)
    _, kid, enc, data, _ = seal.read(sealed_alone(seal.DEFAULT, public, bytes(32), b"hello", b"info", b""))
    private = X25519PrivateKey.from_private_bytes(seal._key_of(seal.DEFAULT, secret).private_bytes_raw())
    assert other.decrypt(enc + data, private, b"info") == b"hello"
    theirs = other.encrypt(b"good day", X25519PublicKey.from_public_bytes(public), b"info")
    assert seal.unseal(secret, cbor.encode([1, kid, theirs[:32], theirs[32:]]), b"info", b"") == b"good day"


def test_the_hash_and_the_cipher_of_the_second_suite_are_sm3_and_sm4() -> None:
    # The examples that stand in RFC 8998 (A.1) and in GB/T 32905 itself.
    key, nonce = bytes.fromhex("0123456789abcdeffedcba9876543210"), bytes.fromhex("00001234567800000000abcd")
    plain = b"".join(bytes([sign]) * 8 for sign in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    sealed = seal.SM.aead(key).encrypt(nonce, plain, bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec"
    )
    digest = hashes.Hash(seal.SM.hash())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert seal.DEFAULT.aead is AESGCM


@BOTH
def test_only_the_key_it_was_sealed_to_opens_it(suite: seal.Suite) -> None:
    mine, other = bytes([1]) * 32, bytes([2]) * 32
    sealed = sealed_alone(suite, seal.public_of(suite, mine), bytes([3]) * 32, b"secret words", b"info", b"ticket 1")
    assert b"secret" not in sealed
    assert seal.unseal(mine, sealed, b"info", b"ticket 1") == b"secret words"
    with pytest.raises(Malformed) as refused:
        seal.unseal(other, sealed, b"info", b"ticket 1")
    assert refused.value.code == "seal_other_key"


@BOTH
def test_a_blob_belongs_to_its_ticket_and_to_its_purpose(suite: seal.Suite) -> None:
    secret = bytes([1]) * 32
    sealed = sealed_alone(suite, seal.public_of(suite, secret), bytes([3]) * 32, b"secret words", b"info", b"ticket 1")
    for info, bound in ((b"info", b"ticket 2"), (b"other", b"ticket 1")):
        with pytest.raises(Malformed, match="seal_broken"):
            seal.unseal(secret, sealed, info, bound)


@BOTH
def test_no_byte_of_a_blob_can_be_another(suite: seal.Suite) -> None:
    secret = bytes([1]) * 32
    sealed = sealed_alone(suite, seal.public_of(suite, secret), bytes([3]) * 32, b"secret words", b"info", b"")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 0x01
        with pytest.raises(Malformed):
            seal.unseal(secret, bytes(changed), b"info", b"")


@BOTH
def test_a_veil_is_lifted_by_the_networks_key_alone(suite: seal.Suite) -> None:
    veiled = seal.Veil(suite, b"k" * 32).cover(b"n" * 12, b"masked", b"bound")
    assert seal.Veil(suite, b"k" * 32).lift(veiled, b"bound") == b"masked"
    for key, data, bound in ((b"x" * 32, veiled, b"bound"), (b"k" * 32, veiled, b"else"), (b"k" * 32, b"", b"bound")):
        with pytest.raises(Malformed, match="seal_broken"):
            seal.Veil(suite, key).lift(data, bound)


@BOTH
def test_a_check_value_is_eight_bytes_that_hang_on_the_key(suite: seal.Suite) -> None:
    first = seal.check_value(suite, b"a" * 32, b"message")
    assert len(first) == seal.CHECK_BYTES
    assert first == seal.check_value(suite, b"a" * 32, b"message")
    assert first != seal.check_value(suite, b"b" * 32, b"message")
    assert first != seal.check_value(suite, b"a" * 32, b"messagf")


def test_the_two_suites_never_give_the_same() -> None:
    assert seal.check_value(seal.DEFAULT, b"a" * 32, b"m") != seal.check_value(seal.SM, b"a" * 32, b"m")


def test_rubbish_is_refused_with_a_code() -> None:
    good = [1, bytes(4), bytes(32), bytes(16)]
    for odd, code in (
        ({}, "seal_shape"),
        ([1, bytes(4), bytes(32)], "seal_shape"),
        ([1, bytes(4), bytes(31), bytes(16)], "seal_shape"),
        ([1, bytes(4), bytes(32), bytes(15)], "seal_shape"),
        ([9, *good[1:]], "seal_suite"),
        ([*good, 0], "seal_shape"),
        ([*good, -1], "seal_shape"),
        ([*good, seal.MAX_MESSAGES], "seal_shape"),
        ([*good, b"1"], "seal_shape"),
        ([*good, 1, 1], "seal_shape"),
    ):
        with pytest.raises(Malformed) as refused:
            seal.unseal(bytes(32), cbor.encode(odd), b"", b"")
        assert refused.value.code == code
