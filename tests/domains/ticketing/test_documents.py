"""Documents: what is accepted, what is shown of it, and what is sealed. All birth years lie in 1900–1905."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import cbor, documents
from sync.kernel.days import day_of
from sync.kernel.documents import Document, check_digit, compared, mask, read_document
from sync.kernel.errors import Malformed, Refusal
from tests.support.documents import resident_id

TODAY = 2518


def refused(document_type: str, number: str, name: str = "张三丰", today: int | None = TODAY) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as found:
        read_document(document_type, number, name, today)
    return found.value.code, found.value.field


@pytest.mark.parametrize("number", ["11010519491231002X", "34052419800101001X", "370101190102039973"])
def test_the_examples_of_the_standard_are_good(number: str) -> None:
    assert read_document("resident_id", number, "张三丰", TODAY).number == number


def test_a_small_x_spaces_and_full_width_signs_are_the_same_number() -> None:
    for typed in ("11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"):
        assert read_document("resident_id", typed, "张三丰", TODAY).number == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("23023019950212522X", "document_check_digit"),
        ("110105194912310021", "document_check_digit"),
        ("1101051949123100", "document_form"),
        ("11010519491231002XX", "document_form"),
        ("X10105194912310021", "document_form"),
        ("", "document_form"),
        ("11010519000230001", "document_form"),
    ],
)
def test_a_wrong_number_of_a_resident_is_refused_beside_its_field(number: str, code: str) -> None:
    assert refused("resident_id", number) == (code, "document_number")


def test_a_date_that_does_not_exist_or_lies_ahead_is_refused() -> None:
    for day in ("19000229", "19010431", "19021301", "19030100"):
        first = f"440105{day}001"
        assert refused("resident_id", first + check_digit(first))[0] == "document_birth"
    tomorrow = "44010520261124001"  # TODAY is 2026-11-23
    assert day_of(date(2026, 11, 24)) == TODAY + 1
    assert refused("resident_id", tomorrow + check_digit(tomorrow))[0] == "document_birth"
    assert read_document("resident_id", tomorrow + check_digit(tomorrow), "张三丰", TODAY + 1)
    assert read_document("resident_id", tomorrow + check_digit(tomorrow), "张三丰", None), "no clock to believe"


@given(st.integers(0, 17), st.sampled_from("0123456789X"), st.integers(0, 999))
def test_one_wrong_sign_never_passes(place: int, sign: str, which: int) -> None:
    good = resident_id(which)
    typed = good[:place] + sign + good[place + 1 :]
    if typed == good:
        assert read_document("resident_id", typed, "张三丰", TODAY)
    else:
        assert refused("resident_id", typed)[1] == "document_number"


@pytest.mark.parametrize(
    ("document_type", "number"),
    [
        ("passport", "E12345678"), ("passport", "k1234567"), ("foreign_permanent_id", "USA110190000001"),
        ("hmt_residence_permit", "81000019010101" + "003" + check_digit("81000019010101003")), ("hk_macao_pass", "H12345678"),
        ("hk_macao_pass", "M1234567801"), ("taiwan_pass", "12345678"), ("taiwan_pass", "1234567890"),
    ],
)  # fmt: skip
def test_other_documents_are_taken_by_their_form(document_type: str, number: str) -> None:
    assert read_document(document_type, number, "CHAN TAI MAN", TODAY).number == number.upper()


@pytest.mark.parametrize(
    ("document_type", "number"),
    [
        ("passport", "ABCDEFG"), ("passport", "E123"), ("passport", "护照12345"), ("foreign_permanent_id", "US110190000001"),
        ("hmt_residence_permit", "810000190101010039"), ("hk_macao_pass", "T12345678"), ("taiwan_pass", "1234567"),
    ],
)  # fmt: skip
def test_and_refused_by_it(document_type: str, number: str) -> None:
    assert refused(document_type, number)[1] == "document_number"


def test_the_kind_must_be_said_and_the_name_be_one() -> None:
    assert refused("", "11010519491231002X") == ("document_type", "document_type")
    assert refused("driving_licence", "11010519491231002X") == ("document_type", "document_type")
    for name in ("", "   ", "张3", "x" * 61, "张\n三\x00", "<b>"):
        assert refused("resident_id", "11010519491231002X", name) == ("document_name", "document_name")
    assert read_document("resident_id", "11010519491231002X", " 阿卜杜拉·  买买提 ", TODAY).name == "阿卜杜拉· 买买提"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三丰", "张**"), ("张三", "张**"), ("欧阳锋", "欧阳**"), ("欧阳", "欧**"), ("SMITH, JOHN", "SMITH**"),
        ("CHAN TAI MAN", "CHAN**"), ("MADONNA", "M**"), ("阿卜杜拉·买买提", "阿卜杜拉**"), ("·", "***"),
    ],
)  # fmt: skip
def test_of_a_name_the_surname_is_shown(name: str, shown: str) -> None:
    assert mask(Document("passport", "E12345678", name)).name == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("440105190001014619", "4401**********4619"), ("E12345678", "E1*****78"), ("12345678", "12****78"),
     ("USA110190000001", "USA*********001"), ("A1234", "A***4")],
)  # fmt: skip
def test_of_a_number_the_ends_are_shown_and_never_more_than_half(number: str, shown: str) -> None:
    masked = mask(Document("passport", number, "张三丰"))
    assert masked.number == shown
    assert len(masked.number) == len(number)
    assert masked.number.count("*") * 2 >= len(number)


def test_what_is_sealed_comes_back_and_its_length_says_little() -> None:
    short, long = (Document("resident_id", resident_id(1), name) for name in ("李四", "欧阳娜娜"))
    assert documents.from_plain(documents.to_plain(short)) == short
    assert documents.from_plain(documents.to_plain(long)) == long
    assert len(documents.to_plain(short)) == len(documents.to_plain(long))
    odd: object
    for odd in ([9, "x", "y"], [0, 1, "y"], {}, [0, "x"]):
        data = cbor.encode(odd)
        with pytest.raises(Malformed):
            documents.from_plain(len(data).to_bytes(2, "big") + data)


def test_what_is_compared_hangs_on_kind_number_trip_and_day_and_not_on_the_name() -> None:
    one = Document("passport", "E12345678", "张三丰")
    assert compared(one, 7, TODAY) == compared(Document("passport", "E12345678", "ZHANG SANFENG"), 7, TODAY)
    others = [
        compared(one, 8, TODAY), compared(one, 7, TODAY + 1), compared(Document("taiwan_pass", "E12345678", "张"), 7, TODAY),
        compared(Document("passport", "E12345679", "张三丰"), 7, TODAY),
    ]  # fmt: skip
    assert len({compared(one, 7, TODAY), *others}) == 5


def test_nothing_that_prints_a_document_shows_it() -> None:
    document = Document("resident_id", resident_id(5), "张三丰")
    assert document.number not in repr(document)
    assert "张" not in f"{document}"
