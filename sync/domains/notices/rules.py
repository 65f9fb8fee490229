"""What an announcement may say, and when it is shown."""

from __future__ import annotations

import unicodedata
from typing import Final

from sync.catalogue import LANGUAGES
from sync.domains.notices.operations import Notice
from sync.kernel.errors import Refusal

MAX_TEXT: Final = 400
MAX_DAYS: Final = 400
MOST_SHOWN: Final = 5
"""So many on one page: a phone on a bus is no notice board."""


def check_notice(given: Notice, today: int) -> Notice:
    """``given`` if it makes sense. Raises :class:`Refusal`: ``notice_text``, ``notice_days``."""
    texts = {language: text for language, text in given.texts.items() if text}
    if not texts or set(texts) - set(LANGUAGES):
        raise Refusal("notice_text", status=422, field="text_zh_hans", most=MAX_TEXT)
    for language, text in texts.items():
        if len(text) > MAX_TEXT or not _plain(text):
            raise Refusal("notice_text", status=422, field=f"text_{language.replace('-', '_').lower()}", most=MAX_TEXT)
    if not today <= given.until_day or not given.from_day <= given.until_day < given.from_day + MAX_DAYS:
        raise Refusal("notice_days", status=422, field="until_day", most=MAX_DAYS)
    return given


def shown(notice: Notice, day: int, route_no: int | None) -> bool:
    """Whether it is shown on a day on a line (None: where no line is known, as in a waiting room)."""
    on_line = not notice.route_nos or route_no is None or route_no in notice.route_nos
    return notice.from_day <= day <= notice.until_day and on_line


def in_turn(notices: list[Notice]) -> list[Notice]:
    """The urgent ones first, then the newest, as many as a page has room for."""
    return sorted(notices, key=lambda one: (not one.urgent, -one.at_ms, -one.number))[:MOST_SHOWN]


def _plain(text: str) -> bool:
    return all(letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cs", "Cf", "Co") for letter in text)
