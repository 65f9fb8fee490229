"""What every page works with: the hub, the accounts, the texts, and what the request asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flask import render_template, request, session

from cloud.domains.timetable import service as timetable
from cloud.kernel import guard
from cloud.kernel.accounts import Accounts, Admin
from cloud.kernel.clerks import Clerks
from sync import catalogue
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

PAGE: Final = 50
MAX_PAGE: Final = 100_000
NUMBER: Final = "int(max=9223372036854775807)"
TRIP: Final = "int(max=2147483647)"
DAY: Final = "int(signed=True, max=1000000)"
T = TypeVar("T")


class Desk:
    """What the pages work with."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.database = hub.database
        self.accounts = Accounts(hub.database, hub.clock, hub.ids)
        self.clerks = Clerks(hub.clock, hub.ids)
        self.texts = catalogue.load()
        self._zone = (0, "UTC")

    def now_ms(self) -> int:
        """The hub's present time."""
        return self.hub.clock.wall_ms()

    def zone(self) -> str:
        """The time zone that most operators of the timetable keep; looked up once a minute."""
        minute = self.now_ms() // 60_000
        if minute != self._zone[0]:
            with self.database.read() as tx:
                self._zone = (minute, timetable.main_zone(tx))
        return self._zone[1]

    def asked(self, name: str) -> str:
        """A field of the address, trimmed."""
        return request.args.get(name, "").strip()[:200]

    def asked_number(self, name: str) -> int | None:
        """A number in a field of the address; None for none, or what is none."""
        text = self.asked(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def who(self) -> Admin:
        """The person at the console; pages that anyone may open don't ask."""
        person = guard.person()
        if person is None:
            raise Refusal("sign_in_needed", status=401)
        return person

    def t(self, key: str, **args: object) -> str:
        """A text in the language of this request."""
        return self.texts.text(key, language(), **args)

    def or_code(self, prefix: str, code: str) -> str:
        """The text for one of many codes; the code itself where there is none yet."""
        text = self.t(prefix + code)
        return code if text == prefix + code else text

    def explain(self, refusal: Refusal) -> str:
        """A refusal's sentence."""
        return self.t(refusal.code, **refusal.details)

    def render(self, template: str, status: int = 200, **values: Any) -> tuple[str, int]:
        """A page."""
        return render_template(f"console/{template}", **values), status

    def page_number(self) -> int:
        """Which page of a long list is asked for, from 1."""
        text = request.args.get("page", "1")
        return min(max(int(text), 1), MAX_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 1

    def offset(self) -> int:
        """How many rows stand on the pages before."""
        return (self.page_number() - 1) * PAGE

    def cut(self, rows: Sequence[T]) -> tuple[Sequence[T], bool]:
        """This page of ``rows``, and whether there are more."""
        return rows[self.offset() : self.offset() + PAGE], len(rows) > self.offset() + PAGE


def language() -> str:
    """The language that was chosen, else the one that the browser asks for."""
    chosen = session.get("language")
    if chosen in catalogue.LANGUAGES:
        return str(chosen)
    for tag, _quality in request.accept_languages:
        parts = tag.lower().split("-")
        if parts[0] == "zh":
            return "zh-Hant" if {"hant", "tw", "hk", "mo"} & set(parts) else "zh-Hans"
        if parts[0] == "en":
            return "en"
    return catalogue.LANGUAGES[0]
