"""Sealing to a key whose owner is far away, and small values under a key that a network shares.

HPKE (RFC 9180, base mode) over X25519, written from the document so that randomness comes in from
outside like everywhere in this room; the tests check it with the document's vectors and with another library. A suite
is chosen by its number, which stands in every blob: :data:`DEFAULT` (HKDF-SHA256, AES-128-GCM) or :data:`SM`
(HKDF-SM3, SM4-GCM; RFC 9180 has no numbers for these, so they carry some of our own).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync.kernel import cbor
from sync.kernel.errors import Malformed

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
CHECK_BYTES: Final = 8
MAX_SEALED_BYTES: Final = 2_048
_TAG_BYTES: Final = 16
_VERSION: Final = b"HPKE-v1"
_BASE: Final = b"\x00"
_KID_BYTES: Final = 4
# Far more than any booking has documents.
MAX_MESSAGES: Final = 1 << 16
_SHAPE: Final = [int, bytes, bytes, bytes]


class Aead(Protocol):
    """Encryption under a key that also guards ``bound``; the tag stands behind the ciphertext."""

    def encrypt(self, nonce: bytes, data: bytes, bound: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, bound: bytes, /) -> bytes:
        """Raises :class:`InvalidTag`."""
        ...


class _Sm4Gcm:
    """SM4 in GCM, for which the library has no class of its own."""

    def __init__(self, key: bytes) -> None:
        self._cipher = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, bound: bytes, /) -> bytes:
        made = Cipher(self._cipher, modes.GCM(nonce)).encryptor()
        made.authenticate_additional_data(bound)
        return made.update(data) + made.finalize() + made.tag

    def decrypt(self, nonce: bytes, data: bytes, bound: bytes, /) -> bytes:
        if len(data) < _TAG_BYTES:
            raise InvalidTag
        opened = Cipher(self._cipher, modes.GCM(nonce, data[-_TAG_BYTES:])).decryptor()
        opened.authenticate_additional_data(bound)
        return opened.update(data[:-_TAG_BYTES]) + opened.finalize()


@dataclass(frozen=True)
class Suite:
    """``kem``, ``kdf``, ``cipher``: numbers of RFC 9180; all keys of the cipher have 16 bytes."""

    number: int
    name: str
    kem: int
    kdf: int
    cipher: int
    hash: Callable[[], hashes.HashAlgorithm]
    aead: Callable[[bytes], Aead]

    def mac(self, key: bytes, message: bytes) -> bytes:
        """HMAC, 32 bytes."""
        made = hmac.HMAC(key or bytes(KEY_BYTES), self.hash())
        made.update(message)
        return made.finalize()

    def expand(self, key: bytes, info: bytes, size: int) -> bytes:
        """HKDF-Expand (RFC 5869), 32 bytes at most."""
        return self.mac(key, info + b"\x01")[:size]


DEFAULT: Final = Suite(1, "default", 0x0020, 0x0001, 0x0001, hashes.SHA256, AESGCM)
SM: Final = Suite(2, "sm", 0xFE20, 0xFE01, 0xFE01, hashes.SM3, _Sm4Gcm)
SUITES: Final = {suite.number: suite for suite in (DEFAULT, SM)}
NAMES: Final = tuple(suite.name for suite in SUITES.values())


def suite_of(number: int) -> Suite:
    """The suite of a number. Raises :class:`Malformed` ``seal_suite``."""
    if number not in SUITES:
        raise Malformed("seal_suite", str(number))
    return SUITES[number]


def public_of(suite: Suite, secret: bytes) -> bytes:
    """The public key (32 bytes) that belongs to a secret (32 random bytes: the ikm of RFC 9180, 7.1.3)."""
    return _key_of(suite, secret).public_key().public_bytes_raw()


@lru_cache(maxsize=8)
def kid_of(suite: Suite, public: bytes) -> bytes:
    """Four bytes that tell one public key from another of the same month."""
    return suite.mac(b"yipiao sealing key", public)[:_KID_BYTES]


class Sealer:
    """Messages for the owner of ``public`` alone: the sender's context of RFC 9180, 5.2, whose point of the curve is made once.

    ``random``: 32 bytes that were never used before. ``info`` says what for. Of one thread only: a number used twice would
    give both messages away.
    """

    def __init__(self, suite: Suite, public: bytes, random: bytes, info: bytes) -> None:
        mine = _key_of(suite, random)
        self._enc = mine.public_key().public_bytes_raw()
        self._suite, self._kid = suite, kid_of(suite, public)
        shared = _shared(suite, mine.exchange(_public(public)), self._enc + public)
        self._aead, self._nonce = _schedule(suite, shared, info)
        self._sent = 0

    def seal(self, plain: bytes, bound: bytes) -> bytes:
        """The next message as the CBOR array ``[suite, key id, enc, ciphertext]``, with its number behind it unless it is
        the first. ``bound`` is what the blob belongs to. Raises ValueError beyond MAX_MESSAGES."""
        number, self._sent = self._sent, self._sent + 1
        if number >= MAX_MESSAGES:
            raise ValueError("too many messages of one sender")
        data = self._aead.encrypt(_nonce_of(self._nonce, number), plain, bound)
        return cbor.encode([self._suite.number, self._kid, self._enc, data, *([number] if number else [])])


def unseal(secret: bytes, sealed: bytes, info: bytes, bound: bytes) -> bytes:
    """What was sealed. Raises :class:`Malformed`: ``seal_shape``, ``seal_suite``, ``seal_other_key``, ``seal_broken``."""
    suite, kid, enc, data, number = read(sealed)
    key = _key_of(suite, secret)
    public = key.public_key().public_bytes_raw()
    if kid != kid_of(suite, public):
        raise Malformed("seal_other_key", kid.hex())
    try:
        mixed = key.exchange(X25519PublicKey.from_public_bytes(enc))
    except ValueError:
        raise Malformed("seal_broken") from None
    aead, nonce = _schedule(suite, _shared(suite, mixed, enc + public), info)
    return _opened(aead, _nonce_of(nonce, number), data, bound)


def read(sealed: bytes) -> tuple[Suite, bytes, bytes, bytes, int]:
    """Suite, key id, enc, ciphertext and number of a blob, none of it believed. Raises :class:`Malformed`."""
    value = cbor.decode(sealed, MAX_SEALED_BYTES)
    if type(value) is not list or [type(item) for item in value] not in (_SHAPE, [*_SHAPE, int]):
        raise Malformed("seal_shape")
    suite, kid, enc, data, number = value if len(value) > len(_SHAPE) else [*value, 0]
    if len(kid) != _KID_BYTES or len(enc) != KEY_BYTES or len(data) < _TAG_BYTES:
        raise Malformed("seal_shape")
    # The first has no number, so that a message has one form only.
    if len(value) > len(_SHAPE) and not 0 < number < MAX_MESSAGES:
        raise Malformed("seal_shape")
    return suite_of(suite), kid, enc, data, number


def check_value(suite: Suite, network_key: bytes, message: bytes) -> bytes:
    """Eight bytes that are the same for the same message and tell nobody without the key anything."""
    return suite.mac(network_key, b"yipiao check value" + message)[:CHECK_BYTES]


class Veil:
    """Hides from all but those who hold the network's key. Whoever keeps one forgets it together with the key."""

    def __init__(self, suite: Suite, network_key: bytes) -> None:
        self._aead = suite.aead(suite.mac(network_key, b"yipiao veil")[:16])

    def cover(self, random: bytes, plain: bytes, bound: bytes) -> bytes:
        """``plain`` under the veil; ``random``: 12 bytes that were never used before."""
        return random + self._aead.encrypt(random, plain, bound)

    def lift(self, data: bytes, bound: bytes) -> bytes:
        """What was covered. Raises :class:`Malformed` ``seal_broken``."""
        return _opened(self._aead, data[:NONCE_BYTES].ljust(NONCE_BYTES), data[NONCE_BYTES:], bound)


def _opened(aead: Aead, nonce: bytes, data: bytes, bound: bytes) -> bytes:
    """Raises :class:`Malformed` ``seal_broken``."""
    try:
        return aead.decrypt(nonce, data, bound)
    except InvalidTag:
        raise Malformed("seal_broken") from None


@lru_cache(maxsize=8)
def _public(public: bytes) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(public)


def _key_of(suite: Suite, secret: bytes) -> X25519PrivateKey:
    """DeriveKeyPair of RFC 9180, 7.1.3."""
    context = b"KEM" + _two(suite.kem)
    extracted = suite.mac(b"", _VERSION + context + b"dkp_prk" + secret)
    return X25519PrivateKey.from_private_bytes(_labelled(suite, context, extracted, b"sk", b"", KEY_BYTES))


def _shared(suite: Suite, mixed: bytes, context: bytes) -> bytes:
    """ExtractAndExpand of RFC 9180, 4.1."""
    named = b"KEM" + _two(suite.kem)
    extracted = suite.mac(b"", _VERSION + named + b"eae_prk" + mixed)
    return _labelled(suite, named, extracted, b"shared_secret", context, KEY_BYTES)


def _schedule(suite: Suite, shared: bytes, info: bytes) -> tuple[Aead, bytes]:
    """KeySchedule of RFC 9180, 5.1, in base mode: the cipher under the key, and the nonce of the first message."""
    named = b"HPKE" + _two(suite.kem) + _two(suite.kdf) + _two(suite.cipher)
    context = _context(suite, named, info)
    secret = suite.mac(shared, _VERSION + named + b"secret")
    return (
        suite.aead(_labelled(suite, named, secret, b"key", context, 16)),
        _labelled(suite, named, secret, b"base_nonce", context, NONCE_BYTES),
    )


@lru_cache(maxsize=8)
def _context(suite: Suite, named: bytes, info: bytes) -> bytes:
    """What a key is made for, the same for every message: no secret is in it."""
    return _BASE + b"".join(
        suite.mac(b"", _VERSION + named + label + value)
        for label, value in ((b"psk_id_hash", b""), (b"info_hash", info))
    )


def _nonce_of(base: bytes, number: int) -> bytes:
    """ComputeNonce of RFC 9180, 5.2."""
    return (int.from_bytes(base, "big") ^ number).to_bytes(NONCE_BYTES, "big")


def _labelled(suite: Suite, named: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    return suite.expand(key, _two(size) + _VERSION + named + label + info, size)


def _two(number: int) -> bytes:
    return number.to_bytes(2, "big")
