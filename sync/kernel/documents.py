"""Documents that travellers show: which there are, whether a number can be one, and what may be shown of it.

The number of a resident (GB 11643-1999) is checked to its last digit; of the others the form alone is known. That a
division code is abolished says nothing: who got a number keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sync.kernel import cbor
from sync.kernel.days import day_of
from sync.kernel.errors import Malformed, Refusal

DOCUMENT_TYPES: Final = (
    "resident_id", "passport", "foreign_permanent_id", "hmt_residence_permit", "hk_macao_pass", "taiwan_pass",
)  # fmt: skip
MAX_NAME: Final = 60
MAX_NUMBER: Final = 20
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LAST: Final = "10X98765432"
_RESIDENT: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_FORMS: Final = {
    "passport": re.compile(r"(?=.*[0-9])[A-Z0-9]{5,17}"),
    "foreign_permanent_id": re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]"),
    "hk_macao_pass": re.compile(r"[HM][0-9]{8}([0-9]{2})?"),
    "taiwan_pass": re.compile(r"[0-9]{8}|[0-9]{10}"),
}
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_PART: Final = re.compile(r"[,，·•\s]+")
_COMPOUND: Final = frozenset(
    (
        "欧阳", "歐陽", "上官", "司马", "司馬", "诸葛", "諸葛", "东方", "東方", "皇甫", "尉迟", "尉遲", "公孙", "公孫",
        "慕容", "令狐", "宇文", "长孙", "長孫", "司徒", "夏侯", "端木", "南宫", "南宮",
    )
)  # fmt: skip
_BLOCK: Final = 48


@dataclass(frozen=True, slots=True)
class Document:
    """What a traveller showed. Never written anywhere in clear: not even the repr of an error shows it."""

    document_type: str
    number: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Masked:
    """What may be shown of a document: ``number`` its ends, ``name`` the surname."""

    document_type: str
    number: str
    name: str


def read_document(document_type: str, number: str, name: str, today: int | None) -> Document:
    """A document as it is compared and sealed: capitals, no spaces, no full-width forms.

    ``today``: no birth lies behind it (a service day); None where no clock can be believed. Raises :class:`Refusal`:
    as :func:`read_number`, and ``document_name``, each beside its field.
    """
    plain = read_number(document_type, number, today)
    words = " ".join(name.translate(_WIDE).split())
    if not 1 <= len(words) <= MAX_NAME or any(not (one.isalpha() or one in " ,.'·•-") for one in words):
        raise Refusal("document_name", status=422, field="document_name")
    return Document(document_type, plain, words)


def read_number(document_type: str, number: str, today: int | None) -> str:
    """A document's number as it is compared. Raises :class:`Refusal`: ``document_type``, ``document_form``,
    ``document_check_digit``, ``document_birth``, each beside its field."""
    if document_type not in DOCUMENT_TYPES:
        raise Refusal("document_type", status=422, field="document_type")
    plain = "".join(number.translate(_WIDE).split()).upper().replace("-", "")
    _CHECKS[document_type](document_type, plain, today)
    return plain


def mask(document: Document) -> Masked:
    """The first four and the last four signs, and of a short number fewer: half of it at most; of the name the surname."""
    number = document.number
    shown = min(4, len(number) // 4)
    hidden = "*" * (len(number) - 2 * shown)
    return Masked(
        document.document_type, number[:shown] + hidden + number[len(number) - shown :], _surname(document.name)
    )


def to_plain(document: Document) -> bytes:
    """What is sealed: filled up, so that the length tells little of the name."""
    data = cbor.encode([DOCUMENT_TYPES.index(document.document_type), document.number, document.name])
    return len(data).to_bytes(2, "big") + data + bytes(-(len(data) + 2) % _BLOCK)


def from_plain(plain: bytes) -> Document:
    """What was sealed. Raises :class:`Malformed` ``document_shape``."""
    value = cbor.decode(plain[2 : 2 + int.from_bytes(plain[:2], "big")], len(plain))
    if type(value) is not list or [type(item) for item in value] != [int, str, str]:
        raise Malformed("document_shape")
    index, number, name = value
    if not 0 <= index < len(DOCUMENT_TYPES):
        raise Malformed("document_shape")
    return Document(DOCUMENT_TYPES[index], number, name)


def compared(document: Document, trip_no: int, day: int) -> bytes:
    """What a check value is made of. The trip is in it, so that two tickets of one traveller tell nobody that they are."""
    return cbor.encode([DOCUMENT_TYPES.index(document.document_type), document.number, trip_no, day])


def check_digit(first: str) -> str:
    """The eighteenth sign behind seventeen digits (ISO 7064, MOD 11-2)."""
    return _LAST[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first, strict=True)) % 11]


def _check_resident(_document_type: str, number: str, today: int | None) -> None:
    if not _RESIDENT.fullmatch(number):
        raise Refusal("document_form", status=422, field="document_number")
    if check_digit(number[:17]) != number[17]:
        raise Refusal("document_check_digit", status=422, field="document_number")
    try:
        born = day_of(date(int(number[6:10]), int(number[10:12]), int(number[12:14])))
    except ValueError:
        raise Refusal("document_birth", status=422, field="document_number") from None
    if today is not None and born > today:
        raise Refusal("document_birth", status=422, field="document_number")


def _check_form(document_type: str, number: str, _today: int | None) -> None:
    if not _FORMS[document_type].fullmatch(number):
        raise Refusal("document_form", status=422, field="document_number")


_CHECKS: Final[dict[str, Callable[[str, str, int | None], None]]] = {
    name: _check_form if name in _FORMS else _check_resident for name in DOCUMENT_TYPES
}


def _surname(name: str) -> str:
    """Chinese names begin with it, and so do passports; of a single word its first letter."""
    parts = [part for part in _PART.split(name) if part]
    first = parts[0] if parts else "*"
    if not first.isascii() and len(parts) == 1:
        return (first[:2] if first[:2] in _COMPOUND and len(first) > 2 else first[0]) + "**"
    return (first if len(parts) > 1 else first[0]) + "**"
