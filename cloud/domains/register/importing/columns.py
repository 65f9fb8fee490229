"""What a line of each kind of file says: its columns, under their names in English or Chinese, and how each is read.

A reader takes a text without blanks around it and in plain forms; what it gives stands in a version's body. It raises
:class:`Refusal` with the code of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sync.domains.register import rules
from sync.kernel.days import day_of
from sync.kernel.documents import DOCUMENT_TYPES
from sync.kernel.errors import Refusal

OPERATOR, VEHICLE, DRIVER, PERMIT = "operator", "vehicle", "driver", "permit"
KINDS: Final = (OPERATOR, VEHICLE, DRIVER, PERMIT)
FROM: Final = "from"
MAX_TEXT: Final = 120
MAX_CAPACITY: Final = 5_000
MAX_CLERK_NO: Final = 9_999_999
_DATE: Final = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
_FIRST_YEAR, _LAST_YEAR = 1950, 2119
_MARKS: Final = re.compile(r"[;；、|]")
_KINDS_BY_WORD: Final = {"客车": "coach", "班线客车": "coach", "公交": "bus", "公交车": "bus", "包车": "charter",
                         "旅游包车": "charter", "出租车": "taxi", "船": "ferry", "客船": "ferry", "渡船": "ferry"}  # fmt: skip
_COLOURS_BY_WORD: Final = {"蓝": "blue", "黄": "yellow", "白": "white", "黑": "black", "绿": "green", "渐变绿": "green",
                           "黄绿": "yellow_green", "黄绿双拼": "yellow_green"}  # fmt: skip
_DOCUMENTS_BY_WORD: Final = {"居民身份证": "resident_id", "身份证": "resident_id", "护照": "passport",
                             "港澳台居民居住证": "hmt_residence_permit", "外国人永久居留身份证": "foreign_permanent_id",
                             "港澳居民来往内地通行证": "hk_macao_pass", "台湾居民来往大陆通行证": "taiwan_pass"}  # fmt: skip
_CLASSES_BY_WORD: Final = {
    "一类": "1",
    "二类": "2",
    "三类": "3",
    "四类": "4",
    "一": "1",
    "二": "2",
    "三": "3",
    "四": "4",
}

Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """``hanzi``: its name in a Chinese file. ``secret``: what stands there is repeated to nobody."""

    name: str
    hanzi: str
    read: Reader
    needed: bool = True
    secret: bool = False


def text(most: int = MAX_TEXT) -> Reader:
    """Words for people."""

    def read(value: str) -> str:
        if len(value) > most or not value.isprintable():
            raise Refusal("register_text", status=422, most=most)
        return value

    return read


def choice(allowed: tuple[str, ...], words: dict[str, str] | None = None, capitals: bool = False) -> Reader:
    """One of a few words, or what is said for it in Chinese."""

    def read(value: str) -> str:
        plain = (words or {}).get(value, value.upper() if capitals else value.lower())
        if plain not in allowed:
            raise Refusal("register_choice", status=422, allowed=", ".join(allowed))
        return plain

    return read


def whole(most: int) -> Reader:
    """A number from 1 to ``most``."""

    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= most):
            raise Refusal("register_number", status=422, most=most)
        return int(value)

    return read


def day(value: str) -> int:
    """``2026-11-27``, ``2026/11/27``, ``20261127``, ``2026年11月27日`` as days since 2020-01-01."""
    match = _DATE.fullmatch(value)
    try:
        found = date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        found = None
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Refusal("register_date", status=422)
    return day_of(found)


def several(value: str) -> list[str]:
    """Ids with semicolons between them."""
    return sorted({part.strip() for part in _MARKS.split(value)} - {""})


def line_class(value: str) -> int:
    """Class of a line: 1 to 4."""
    return int(choice(tuple(map(str, rules.LINE_CLASSES)), _CLASSES_BY_WORD)(value))


_OF: Final = Column("operator_uscc", "经营者统一社会信用代码", rules.read_uscc)
_FROM: Final = Column(FROM, "生效日期", day, needed=False)
_TRUST: Final = Column("trust_level", "信用等级", choice(rules.TRUST_LEVELS, capitals=True), needed=False)

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    OPERATOR: (
        Column("uscc", "统一社会信用代码", rules.read_uscc),
        Column("name", "名称", text()),
        Column("name_en", "英文名称", text(), needed=False),
        Column("licence_no", "经营许可证号", text(40)),
        Column("licence_until", "经营许可证有效期至", day),
        _TRUST,
        Column("agencies", "时刻表编号", several, needed=False),
        _FROM,
    ),
    VEHICLE: (
        _OF,
        Column("kind", "类别", choice(rules.VEHICLE_KINDS, _KINDS_BY_WORD)),
        Column("plate", "车牌号", text(40)),
        Column("colour", "车牌颜色", choice(rules.COLOURS, _COLOURS_BY_WORD), needed=False),
        Column("vin", "车辆识别代号", rules.read_vin, needed=False),
        Column("capacity", "核定载客", whole(MAX_CAPACITY)),
        Column("technical_grade", "技术等级", text(rules.MAX_GRADE), needed=False),
        Column("permit_no", "道路运输证号", text(40)),
        Column("permit_until", "道路运输证有效期至", day),
        Column("inspected", "检验日期", day, needed=False),
        Column("inspection_until", "检验有效期至", day),
        Column("review_until", "年审有效期至", day, needed=False),
        _FROM,
    ),
    DRIVER: (
        _OF,
        Column("name", "姓名", text(60)),
        Column("document_type", "证件类型", choice(DOCUMENT_TYPES, _DOCUMENTS_BY_WORD)),
        Column("document_number", "证件号码", text(40), secret=True),
        Column("licence_class", "准驾车型", choice(rules.LICENCE_CLASSES, {"船员": "ship", "ship": "ship"}, capitals=True)),
        Column("licence_until", "驾驶证有效期至", day),
        Column("qualification_no", "从业资格证号", text(40), secret=True),
        Column("qualification_until", "从业资格证有效期至", day),
        _TRUST,
        Column("clerk_no", "工号", whole(MAX_CLERK_NO), needed=False),
        _FROM,
    ),
    PERMIT: (
        _OF,
        Column("permit_no", "班线许可证号", text(40)),
        Column("route", "线路", text()),
        Column("line_class", "班线类别", line_class),
        Column("permit_until", "班线许可有效期至", day),
        _FROM,
    ),
}  # fmt: skip
# By one of its columns a file says what it is.
TELLING: Final = {"uscc": OPERATOR, "plate": VEHICLE, "document_number": DRIVER, "line_class": PERMIT}
