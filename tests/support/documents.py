"""Documents of nobody: their birth years lie in 1900–1905."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sync.kernel.documents import check_digit

SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN: Final = "国建志文明永春秀兰玉桂海荣天德福成"


def resident_id(which: int, division: str = "440105") -> str:
    """A good number, another one for each ``which`` up to 900,000."""
    born = date(1900, 1, 1) + timedelta(days=which % 2_000)
    first = f"{division}{born:%Y%m%d}{1 + which // 2_000:03d}"
    return first + check_digit(first)


def full_name(which: int) -> str:
    """A name of three characters that no other ``which`` below 9,000 has."""
    given = GIVEN[which // len(SURNAMES) % len(GIVEN)] + GIVEN[which // len(SURNAMES) // len(GIVEN) % len(GIVEN)]
    return SURNAMES[which % len(SURNAMES)] + given
