"""Amounts are whole minor units with an ISO 4217 code; nothing here ever sees a float.

Exponents are those of ISO 4217 (list one, 2024). A currency outside the table has two decimals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sync.kernel.errors import Malformed

_EXPONENTS: Final = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
_DECIMAL: Final = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?")


def exponent(currency: str) -> int:
    """Number of decimals of ``currency``."""
    return _EXPONENTS.get(currency, 2)


def parse_minor(text: str, currency: str) -> int:
    """Minor units of a decimal text such as ``71.40``. Raises :class:`Malformed` (``money_text``, ``money_decimals``)."""
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        raise Malformed("money_text", text)
    places = exponent(currency)
    fraction = (match[2] or "").rstrip("0")
    if len(fraction) > places:
        raise Malformed("money_decimals", text)
    scale: int = 10**places
    return int(match[1]) * scale + int(fraction.ljust(places, "0") or "0")


def decimal_text(amount_minor: int, currency: str) -> str:
    """``7140`` HKD as ``71.40``; the sign stands first."""
    places = exponent(currency)
    sign, digits = ("-" if amount_minor < 0 else ""), str(abs(amount_minor)).rjust(places + 1, "0")
    return sign + (digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}")


def split(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Parts of ``total_minor`` in proportion to ``weights`` (largest remainder), whose sum is exactly the whole."""
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0 or total_minor < 0:
        raise Malformed("money_split")
    parts = [total_minor * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total_minor * weights[i] % whole), i))
    for i in order[: total_minor - sum(parts)]:
        parts[i] += 1
    return parts
