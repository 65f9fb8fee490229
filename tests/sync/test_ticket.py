"""The ticket that proves itself: what it says, how long it is, and that nobody else can make it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import qrcode
from base45 import b45decode, b45encode
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import cbor, certificate, cose, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.errors import Malformed
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId

HUB = Ed25519Signer(b"the hub, and nobody else at all.")
NODE = Ed25519Signer(b"the key of node 7, in its box...")
OTHER = Ed25519Signer(b"somebody with a key of his own..")
OWN = Certificate(7, 1, NODE.public, 2500, 3200)
CLAIMS = Claims(TicketId(7, 1, 1234), 20_123, 2518, 0, 3, 12, 0, 1_795_440_600)
TEXT = ticket.issue(CLAIMS, NODE)
ALPHANUMERIC = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")

numbers = st.integers(0, (1 << 32) - 1)
ids = st.builds(TicketId, st.integers(1, 99_999), st.integers(1, 99), st.integers(1, 9_999_999))
claims = st.builds(
    Claims, ids, numbers, st.integers(0, 40_000), st.integers(0, 300), st.integers(0, 300), st.integers(0, 1_000),
    st.integers(0, 4), st.integers(0, 1 << 34), st.binary(max_size=32),
    st.lists(st.binary(min_size=8, max_size=8), max_size=ticket.MAX_SUPERSEDED).map(b"".join),
)  # fmt: skip


def directory(kid: bytes) -> Certificate | None:
    return OWN if kid == NODE.kid else None


def nobody(kid: bytes) -> Certificate | None:
    return None


def raw(text: str) -> bytes:
    return bytes(b45decode(text[3:]))


def written(data: bytes) -> str:
    return "Y1:" + b45encode(data).decode()


def code(text: str, find: Any = directory) -> str:
    with pytest.raises(Malformed) as raised:
        ticket.verify(text, find, HUB.verify_key)
    return raised.value.code


@given(claims)
def test_a_ticket_says_again_what_was_signed(said: Claims) -> None:
    opened = ticket.parse(ticket.issue(said, NODE))
    assert opened.claims == said
    assert opened.kid == NODE.kid
    assert opened.signed.verified_by(NODE.verify_key)


def travelled(stops: int, seats: int, trips: int) -> st.SearchStrategy[Claims]:
    """Claims of a vehicle with so many stops and seats, in a network of so many trips."""
    return st.builds(
        Claims, ids, st.integers(0, trips), st.integers(0, 9_000), st.integers(0, stops), st.integers(0, stops),
        st.integers(0, seats), st.integers(0, 4), st.integers(1 << 30, (1 << 32) - 1),
    )  # fmt: skip


@given(travelled(stops=23, seats=250, trips=65_535))
def test_a_coach_ticket_is_at_most_119_bytes(said: Claims) -> None:
    assert len(raw(ticket.issue(said, NODE))) <= 119


@given(travelled(stops=255, seats=1_000, trips=(1 << 32) - 1))
def test_the_largest_network_makes_a_ticket_only_a_little_longer(said: Claims) -> None:
    text = ticket.issue(said, NODE)
    assert len(raw(text)) <= 124
    assert set(text) <= ALPHANUMERIC


def test_the_qr_of_a_ticket_is_at_most_version_8_at_level_m() -> None:
    most = Claims(TicketId(99_999, 99, 9_999_999), (1 << 32) - 1, 9_000, 254, 255, 1_000, 4, (1 << 32) - 1)
    for said in (CLAIMS, most):
        picture = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
        picture.add_data(ticket.issue(said, NODE))
        picture.make(fit=True)
        assert picture.version <= 8


def test_a_young_issuers_ticket_stays_below_what_a_reader_takes() -> None:
    carried = ticket.issue(CLAIMS, NODE, certificate.issue(OWN, HUB))
    assert len(carried) < ticket.MAX_TEXT // 2
    assert set(carried) <= ALPHANUMERIC


def test_a_ticket_is_verified_by_the_directory_or_by_the_certificate_inside() -> None:
    assert ticket.verify(TEXT, directory, HUB.verify_key)[1] == OWN
    carried = ticket.issue(CLAIMS, NODE, certificate.issue(OWN, HUB))
    opened, issuer = ticket.verify(carried, nobody, HUB.verify_key)
    assert (opened.claims, issuer) == (CLAIMS, OWN)


def test_without_directory_and_certificate_the_issuer_is_unknown() -> None:
    assert code(TEXT, nobody) == "ticket_unknown_issuer"


@pytest.mark.parametrize(
    "carried",
    [
        b"",
        b"\x00",
        certificate.issue(OWN, OTHER),
        certificate.issue(OWN, NODE),
        certificate.issue(Certificate(7, 1, OTHER.public, 2500, 3200), HUB),
    ],
)
def test_a_carried_certificate_that_the_hub_did_not_give_this_key_is_not_believed(carried: bytes) -> None:
    assert code(ticket.issue(CLAIMS, NODE, carried), nobody) == "ticket_unknown_issuer"


def test_the_directory_counts_more_than_the_certificate_inside() -> None:
    newer = dataclasses.replace(OWN, node_no=8)
    carried = ticket.issue(CLAIMS, NODE, certificate.issue(OWN, HUB))
    assert code(carried, lambda kid: newer) == "ticket_forged"


@pytest.mark.parametrize("change", [{"node_no": 8}, {"epoch": 2}])
def test_a_node_signs_only_tickets_of_its_own_number_and_epoch(change: dict[str, int]) -> None:
    said = dataclasses.replace(CLAIMS, ticket_id=dataclasses.replace(CLAIMS.ticket_id, **change))
    assert code(ticket.issue(said, NODE)) == "ticket_forged"


def test_every_byte_of_a_ticket_counts() -> None:
    """Each byte flipped in two ways: damaged, forged or of nobody, and never good."""
    data = raw(TEXT)
    for at in range(len(data)):
        for flip in (1, 0x40):
            changed = bytearray(data)
            changed[at] ^= flip
            wanted = ("ticket_damaged", "ticket_forged", "ticket_unknown_issuer")
            assert code(written(bytes(changed))) in wanted, at


def test_every_letter_of_a_ticket_counts() -> None:
    for at in range(3, len(TEXT)):
        other = "A" if TEXT[at] != "A" else "B"
        assert code(TEXT[:at] + other + TEXT[at + 1 :]) in ("ticket_damaged", "ticket_forged", "ticket_unknown_issuer")
    for length in range(len(TEXT)):
        assert code(TEXT[:length]) == "ticket_damaged"


def test_a_ticket_signed_for_another_purpose_is_forged() -> None:
    payload = ticket.parse(TEXT).signed.payload
    assert code(written(cose.sign1(payload, NODE, b"yipiao up 1"))) == "ticket_forged"


def test_small_letters_and_spaces_around_are_the_same_ticket() -> None:
    for same in (TEXT.lower(), f"  {TEXT}\r\n", TEXT.replace("Y1:", "y1:")):
        assert ticket.verify(same, directory, HUB.verify_key)[0].claims == CLAIMS
        assert ticket.short_code(same) == ticket.short_code(TEXT)


ODD_JOURNEYS: list[Any] = [
    [], [1, 2], [1] * 5, {}, "abcdefgh", b"abcdefgh", 5, None, [*[1] * 6, b""], [*[1] * 6, "", ""], [-1] * 6, [True] * 6,
    [1, 1, 1, 1, 1, 5], [1, 1, 1, 1, 1, 1 << 90], [1 << 53, 1, 1, 1, 1, 1], [1, 1 << 20, 1, 1, 1, 1], [1, 1, 1, 1, 1, None],
    [[1]] * 6,
]  # fmt: skip
ODD_PAYLOADS: list[Any] = [
    [], {}, 5, "x", b"x", None, [1] * 9, {4: 1}, {7: bytes(8)}, {-65537: [1] * 6},
    {4: -1, 7: bytes(8), -65537: [1] * 6}, {4: 1 << 60, 7: bytes(8), -65537: [1] * 6},
    {4: "1", 7: bytes(8), -65537: [1] * 6}, {4: 1, 7: bytes(7), -65537: [1] * 6},
    {4: 1, 7: "12345678", -65537: [1] * 6}, {4: 1, 7: [1] * 8, -65537: [1] * 6}, {4: 1, 7: None, -65537: [1] * 6},
    *[{4: 1, 7: bytes(8), -65537: journey} for journey in ODD_JOURNEYS],
]  # fmt: skip


@pytest.mark.parametrize("payload", ODD_PAYLOADS, ids=repr)
def test_claims_of_any_other_shape_are_damaged_whoever_signed_them(payload: Any) -> None:
    text = written(cose.sign1(cbor.encode(payload), NODE))
    with pytest.raises(Malformed, match="ticket_damaged"):
        ticket.parse(text)


def test_claims_that_came_later_are_passed_over() -> None:
    payload = {4: 1, 7: CLAIMS.ticket_id.to_bytes(), 9: "new", -65537: [1, 2, 3, 4, 5, 0, b"", b"", "new"]}
    assert ticket.parse(written(cose.sign1(cbor.encode(payload), NODE))).claims.trip_no == 1


@given(
    st.text(max_size=80)
    | st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=200).map(lambda t: "Y1:" + t)
)
def test_any_text_is_damaged_and_nothing_falls(text: str) -> None:
    assert code(text) == "ticket_damaged"


@given(st.binary(max_size=40).filter(lambda data: len(data) % 8 or len(data) > 8 * ticket.MAX_SUPERSEDED))
def test_a_list_of_superseded_tickets_that_is_none_is_damaged(data: bytes) -> None:
    made = Claims(TicketId(7, 1, 1), 1, 1, 0, 1, 0, 0, 1, b"", data)
    assert code(ticket.issue(made, NODE)) == "ticket_damaged"


@given(st.binary(max_size=150))
def test_any_bytes_in_a_ticket_are_damaged_and_nothing_falls(data: bytes) -> None:
    for body in (data, b"\xd2" + data, cose.sign1(data, NODE)):
        assert code(written(body)) == "ticket_damaged"


@pytest.mark.parametrize(
    "text", ["", "Y1:", "Y1", "Y2:" + TEXT[3:], "票" * 9, "\ud800", "Y1:\ud800", "Y1:" + "0" * 5_000, "\x00"]
)
def test_what_is_no_ticket_is_damaged(text: str) -> None:
    assert code(text) == "ticket_damaged"


@given(ids)
def test_a_number_reads_back_however_it_is_typed(ticket_id: TicketId) -> None:
    number = ticket_id.number
    assert len(number) == 19
    for text in (number, number.replace("-", ""), number.replace("-", " "), f" {number} "):
        assert TicketId.from_number(text) == ticket_id
    assert TicketId.from_bytes(ticket_id.to_bytes()) == ticket_id


@given(ids)
def test_one_mistyped_digit_is_always_caught(ticket_id: TicketId) -> None:
    digits = ticket_id.number.replace("-", "")
    for at, digit in enumerate(digits):
        for other in "0123456789":
            if other != digit:
                assert TicketId.from_number(digits[:at] + other + digits[at + 1 :]) is None


@given(ids)
def test_two_neighbouring_digits_that_changed_places_are_always_caught(ticket_id: TicketId) -> None:
    digits = ticket_id.number.replace("-", "")
    for at in range(len(digits) - 1):
        moved = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        assert moved == digits or TicketId.from_number(moved) is None


@pytest.mark.parametrize(
    "text", ["", "0" * 16, "1" * 15, "1" * 17, "０" * 16, "00007-01-0000001-2x", "٠" * 16, "-" * 40]
)
def test_a_number_of_a_wrong_form_is_none(text: str) -> None:
    assert TicketId.from_number(text) is None


@given(claims)
def test_short_codes_have_four_letters_that_nobody_confuses(said: Claims) -> None:
    short = ticket.short_code(ticket.issue(said, NODE))
    assert len(short) == 4
    assert not set(short) & set("01OIL")


def test_a_ticket_id_of_a_wrong_length_is_refused() -> None:
    for data in (b"", bytes(7), bytes(9)):
        with pytest.raises(Malformed, match="ticket_id"):
            TicketId.from_bytes(data)


def test_the_text_is_what_the_library_of_base45_writes() -> None:
    for size in range(130):
        data = bytes((size * 37 + place * 101) % 256 for place in range(size))
        assert ticket.to_text(data) == ticket.PREFIX + b45encode(data).decode()
        assert ticket.to_bytes(ticket.to_text(data)) == data
