"""The numbers by which the register knows its subjects: how they are written, and when they can't be right.

Full-width forms, blanks and dots are how people type; they are taken out before anything is compared.
"""

from __future__ import annotations

import re
from typing import Final

from sync.kernel.errors import Refusal

VEHICLE_KINDS: Final = ("coach", "bus", "charter", "taxi", "ferry")
SHIPS: Final = frozenset({"ferry"})
TRUST_LEVELS: Final = ("AAAA", "AAA", "AA", "A", "B")
COLOURS: Final = ("blue", "yellow", "white", "black", "green", "yellow_green")
LICENCE_CLASSES: Final = ("A1", "A2", "A3", "B1", "B2", "C1", "C2", "C3", "ship")
LINE_CLASSES: Final = (1, 2, 3, 4)
MAX_GRADE: Final = 20

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_IGNORED: Final = re.compile(r"[\s.·•・‧\-]")
# GB 32100-2015: no I O S V Z; the check digit is worked out with powers of 3, modulo 31.
_USCC: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_FORM: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
# GA 36: who gave it, a letter, then five signs without I and O (the last may say what the vehicle is for), or six of
# a vehicle with new energy: of a small one the first sign tells which, of a large one the last.
_PROVINCES: Final = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_COMMON: Final = re.compile(rf"[{_PROVINCES}][A-HJ-Z](?:[A-HJ-NP-Z0-9]{{5}}|[A-HJ-NP-Z0-9]{{4}}[学挂港澳])")
_NEW_ENERGY: Final = re.compile(rf"[{_PROVINCES}][A-HJ-Z](?:[A-HJK][A-HJ-NP-Z0-9][0-9]{{4}}|[0-9]{{5}}[A-HJK])")
_NEW_COLOURS: Final = frozenset({"green", "yellow_green"})
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_VALUES: Final = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def narrow(text: str) -> str:
    """``text`` with plain forms in the place of full-width ones, and no blanks around it."""
    return text.translate(_WIDE).strip()


def read_uscc(text: str) -> str:
    """A unified social credit code in capitals. Raises :class:`Refusal`: ``uscc_form``, ``uscc_check_digit``."""
    code = _IGNORED.sub("", narrow(text)).upper()
    if not _USCC_FORM.fullmatch(code):
        raise Refusal("uscc_form", status=422, field="uscc")
    total = sum(_USCC.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    if _USCC[-total % 31] != code[17]:
        raise Refusal("uscc_check_digit", status=422, field="uscc")
    return code


def read_plate(text: str, colour: str) -> str:
    """A plate in capitals, without dots. Six signs behind the letter go with the colours of new energy, and with no
    other.

    Raises :class:`Refusal`: ``plate_colour``, ``plate_form``.
    """
    if colour not in COLOURS:
        raise Refusal("plate_colour", status=422, field="colour")
    plate = plain_plate(text)
    form = _NEW_ENERGY if colour in _NEW_COLOURS else _COMMON
    if not form.fullmatch(plate):
        raise Refusal("plate_form", status=422, field="plate")
    return plate


def plain_plate(text: str) -> str:
    """A plate as the register writes it, of whatever people wrote: in capitals, without dots, blanks and full-width forms."""
    return _IGNORED.sub("", narrow(text)).upper()


def read_ship(text: str) -> str:
    """The registered name or number of a ship. Raises :class:`Refusal` ``ship_name``."""
    name = " ".join(narrow(text).split()).upper()
    if not 2 <= len(name) <= 40 or not all(sign.isalnum() or sign in " -" for sign in name):
        raise Refusal("ship_name", status=422, field="plate")
    return name


def read_vin(text: str) -> str:
    """A vehicle identification number (GB 16735), whose ninth sign checks the others. Raises :class:`Refusal`:
    ``vin_form``, ``vin_check_digit``."""
    vin = _IGNORED.sub("", narrow(text)).upper()
    if not _VIN.fullmatch(vin):
        raise Refusal("vin_form", status=422, field="vin")
    total = sum(weight * _vin_value(sign) for weight, sign in zip(_VIN_WEIGHTS, vin, strict=True))
    if "0123456789X"[total % 11] != vin[8]:
        raise Refusal("vin_check_digit", status=422, field="vin")
    return vin


def _vin_value(sign: str) -> int:
    return int(sign) if sign.isdigit() else _VIN_VALUES[sign]


def over(until_day: int, day: int) -> bool:
    """Whether what is good until the end of ``until_day`` is over on ``day``; what nobody told of (0) always is."""
    return until_day < day
