"""Reading what people typed. Everything is bounded; what does not fit is a refusal that names its field.

Full-width digits, letters and points (as Chinese input methods type them) count as their plain forms.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import request

from edge.domains.ticketing.office.travellers import ShownDocument
from sync.kernel import days, money
from sync.kernel.errors import Malformed, Refusal

MAX_WHOLE = 2**53 - 1
MAX_DAY = 36_524
MAX_STOPS = 10_000
MAX_CODE = 1_400
MAX_PICTURE = 8 * 2**20
MAX_DOCUMENT = 80
DOCUMENT_FIELDS = ("document_type", "document_number", "document_name")
_WHOLE = re.compile(r"\d{1,16}", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::?(\d{2}))?", re.ASCII)
_MONEY = re.compile(r"(?:[A-Z]{0,3}[¥$€£]?)\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d[\d.]*)\s*(?:元|[A-Z]{3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class RideKey:
    """Which ride: a dated trip from one of its stops to another."""

    trip_no: int
    day: int
    from_idx: int
    to_idx: int

    def arguments(self) -> dict[str, int]:
        """The same as parameters of an address."""
        return {"trip": self.trip_no, "day": self.day, "from": self.from_idx, "to": self.to_idx}


def plain(text: str) -> str:
    """NFKC and trimmed: ``１２`` becomes ``12``."""
    return unicodedata.normalize("NFKC", text).strip()


def whole(source: Mapping[str, str], name: str, most: int = MAX_WHOLE) -> int:
    """A whole number from 0 to ``most``. Raises :class:`Refusal` ``input_whole``."""
    text = plain(source.get(name, "")[:64])
    if _WHOLE.fullmatch(text) is None or int(text) > most:
        raise Refusal("input_whole", status=422, field=name)
    return int(text)


def signed(source: Mapping[str, str], name: str, most: int = MAX_WHOLE) -> int:
    """A whole number from -``most`` to ``most``. Raises :class:`Refusal` ``input_whole``."""
    text = source.get(name, "")[:64]
    return -whole({name: text[1:]}, name, most) if text.startswith("-") else whole(source, name, most)


def optional_whole(source: Mapping[str, str], name: str, most: int = MAX_WHOLE) -> int | None:
    """The same, or None when nothing was filled in."""
    return whole(source, name, most) if plain(source.get(name, "")[:64]) else None


def words(source: Mapping[str, str], name: str, most: int, *, required: bool = False) -> str:
    """A text of at most ``most`` characters. Raises :class:`Refusal` ``input_missing`` or ``input_long``."""
    text = source.get(name, "").strip()
    if len(text) > most:
        raise Refusal("input_long", status=422, field=name, most=most)
    if required and not text:
        raise Refusal("input_missing", status=422, field=name)
    return text.replace("\x00", "")


def amount_minor(source: Mapping[str, str], name: str, currency: str) -> int | None:
    """Cash in minor units, or None when nothing was typed. Raises :class:`Refusal` ``input_money``."""
    text = plain(source.get(name, "")[:64]).upper()
    if not text:
        return None
    amount = _MONEY.fullmatch(text)
    try:
        return money.parse_minor(amount[1].replace(",", "") if amount else "", currency)
    except Malformed:
        raise Refusal("input_money", status=422, field=name) from None


def clock_s(source: Mapping[str, str], name: str) -> int | None:
    """A time of day as seconds, typed ``8:05``, ``0805`` or ``8``; None when nothing was typed. Raises ``input_time``."""
    text = plain(source.get(name, "")[:16]).replace("：", ":").replace(".", ":")
    if not text:
        return None
    found = _CLOCK.fullmatch(text)
    hours, minutes = (int(found[1]), int(found[2] or 0)) if found else (24, 0)
    if hours > 23 or minutes > 59:
        raise Refusal("input_time", status=422, field=name)
    return hours * 3_600 + minutes * 60


def iso_day(source: Mapping[str, str], name: str) -> int:
    """A date as a day's number, 0 when nothing was filled in. Raises :class:`Refusal` ``input_date``."""
    text = plain(source.get(name, "")[:64])
    try:
        day = days.day_of(date.fromisoformat(text)) if text else 0
    except ValueError:
        raise Refusal("input_date", status=422, field=name) from None
    if not 0 <= day <= MAX_DAY:
        raise Refusal("input_date", status=422, field=name)
    return day


def ride_key(source: Mapping[str, str]) -> RideKey:
    """The ride that an address or a form names. Raises :class:`Refusal` ``input_ride``."""
    try:
        return RideKey(
            whole(source, "trip"),
            whole(source, "day", MAX_DAY),
            whole(source, "from", MAX_STOPS),
            whole(source, "to", MAX_STOPS),
        )
    except Refusal:
        raise Refusal("input_ride", status=422) from None


def picture(name: str) -> bytes | None:
    """The picture that was sent along, or None. Raises :class:`Refusal` ``picture_size``."""
    sent = request.files.get(name)
    data = sent.read(MAX_PICTURE + 1) if sent else b""
    if len(data) > MAX_PICTURE:
        raise Refusal("picture_size", status=413, field=name)
    return data or None


def once_key() -> str:
    """Drawn with a form and sent with it: the same form sent twice does its work once."""
    return secrets.token_urlsafe(16)


def shown_document(source: Mapping[str, str], field: str = "") -> ShownDocument | None:
    """The document that a form holds, or None where neither number nor name was typed. ``field``: what its names end with
    where a form holds several. Raises ``input_long``."""
    number = words(source, f"document_number{field}", MAX_DOCUMENT)
    name = words(source, f"document_name{field}", MAX_DOCUMENT)
    if not number and not name:
        return None
    return ShownDocument(source.get(f"document_type{field}", ""), number, name)


def shown_number(source: Mapping[str, str]) -> tuple[str, str] | None:
    """Kind and number of the document that a gate's form holds; None where no number was typed. Raises ``input_long``."""
    number = words(source, "document_number", MAX_DOCUMENT)
    return (source.get("document_type", ""), number) if number else None
