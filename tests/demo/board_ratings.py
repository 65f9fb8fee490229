"""On board with the hub away: phones without a ticket rate the trip, and somebody who was not content speaks a second time."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any, Final

import sqlalchemy as sa

from cloud.domains.ratings import tables
from tests.demo.setup import Demo

PHONES: Final = 3
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')


class Phone:
    """A phone on the box's WiFi: a browser without scripts, with a cookie of its own."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/portal"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def send(self, path: str, form: str = "", **values: str) -> str:
        """Fill in the form of ``form`` (else of ``path``) and send it to ``path``; gives the address where that led."""
        token = _TOKEN.search(self._read(form or path))
        data = urllib.parse.urlencode({"csrf_token": token[1] if token else "", **values}).encode()
        try:
            with self._opener.open(self._base + path, data, timeout=30) as answer:
                return str(answer.url).removeprefix(self._base)
        except urllib.error.HTTPError as refused:
            return f"refused {refused.code}"

    def _read(self, path: str) -> str:
        with self._opener.open(self._base + path, timeout=30) as answer:
            return str(answer.read().decode())


def rate(demo: Demo, unhappy: dict[str, Any]) -> int:
    """What passengers without a ticket say of this trip, each once; and the second word of ``unhappy``, a ticket that gave a
    bad rating. Gives how many rated without a ticket."""
    port, rated = demo.plan.ports["coach-1"], 0
    for number in range(PHONES):
        phone = Phone(port)
        led = phone.send("/rate/open", level=str(number + 2), tags="crowded", comment="人很多")
        rated += led == "/thanks"
        if not phone.send("/rate/open", form="/ticket", level="5").startswith("refused"):
            raise AssertionError("a phone could rate a trip twice")
    follower = Phone(port)
    follower.send("/ticket", ticket=unhappy["number"], short_code=unhappy["short_code"])
    if follower.send("/follow", level="4", comment="司机道歉了") != "/thanks":
        raise AssertionError("who was not content could not speak a second time")
    return rated


def facts(demo: Demo) -> dict[str, Any]:
    """What of it the hub has: its part of ``on_board``."""
    with demo.hub_database.read() as tx:
        verified = sa.select(sa.func.count()).select_from(tables.rating).where(tables.rating.c.verified)
        kept = (tables.session_rating, tables.rating_case, tables.rating_follow)
        counts = [tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in kept]
        return {
            "ratings": tx.execute(verified).scalar_one(),
            "ratings_without_ticket": counts[0],
            "bad_rating_cases": counts[1],
            "second_words": counts[2],
        }
