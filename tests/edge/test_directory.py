"""Who may sign tickets: only what the hub signed is believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.kernel import certificate
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.keys import Ed25519Signer
from tests.support.nodes import NOON_MS, TODAY, Bench, make_bench

OTHER = Ed25519Signer(b"the key of another node, box 8..")
KEY = f"key/{OTHER.kid.hex()}"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def own(public: bytes = OTHER.public) -> Certificate:
    return Certificate(8, 1, public, TODAY, TODAY + 9)


def test_a_certificate_of_the_hub_is_believed(bench: Bench) -> None:
    bench.operate("net", KEY, certificate.issue(own(), bench.hub))
    assert bench.node.directory.issuer(OTHER.kid) == own()


def test_a_certificate_of_anybody_else_is_not(bench: Bench) -> None:
    for signer in (OTHER, Ed25519Signer(b"a hub that signs for another hub")):
        bench.operate("net", KEY, certificate.issue(own(), signer))
        assert bench.node.directory.issuer(OTHER.kid) is None


def test_a_certificate_under_another_keys_name_is_not_believed(bench: Bench) -> None:
    bench.operate("net", f"key/{bench.hub.kid.hex()}", certificate.issue(own(), bench.hub))
    assert bench.node.directory.issuer(OTHER.kid) is None
    assert bench.node.directory.issuer(bench.hub.kid) is None


def test_a_certificate_of_a_shorter_key_is_not_believed(bench: Bench) -> None:
    bench.operate("net", KEY, certificate.issue(own(public=OTHER.public[:31]), bench.hub))
    assert bench.node.directory.issuer(OTHER.kid) is None


@pytest.mark.parametrize("at", range(0, 180, 11))
def test_a_certificate_with_any_byte_changed_is_not_believed(bench: Bench, at: int) -> None:
    data = bytearray(certificate.issue(own(), bench.hub))
    data[at % len(data)] ^= 4
    bench.operate("net", KEY, bytes(data))
    assert bench.node.directory.issuer(OTHER.kid) is None


def test_a_certificate_that_is_taken_back_is_gone(bench: Bench) -> None:
    bench.operate("net", KEY, certificate.issue(own(), bench.hub))
    assert bench.node.directory.issuer(OTHER.kid) is not None
    bench.operate("net", KEY, None)
    assert bench.node.directory.issuer(OTHER.kid) is None


def test_a_revocation_is_seen_at_once_and_can_be_taken_back(bench: Bench) -> None:
    key = f"revoked/{OTHER.kid.hex()}"
    assert bench.node.directory.revoked_after(OTHER.kid) is None
    bench.operate("net", key, Revocation(8, 41, NOON_MS, "stolen").to_bytes())
    assert bench.node.directory.revoked_after(OTHER.kid) == 41
    bench.operate("net", key, Revocation(8, 0, NOON_MS, "stolen").to_bytes())
    assert bench.node.directory.revoked_after(OTHER.kid) == 0
    bench.operate("net", key, None)
    assert bench.node.directory.revoked_after(OTHER.kid) is None
