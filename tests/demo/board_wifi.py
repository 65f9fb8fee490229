"""On board with the hub away: phones join the WiFi, are shown the trip, open their ticket by its link and rate in English."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any, Final

from sync.catalogue import load
from tests.demo.setup import Demo

PROBES: Final = {
    "captive.apple.com": "/hotspot-detect.html",
    "connectivitycheck.gstatic.com": "/generate_204",
    "connectivitycheck.platform.hicloud.com": "/generate_204",
    "www.msftconnecttest.com": "/connecttest.txt",
}
_TOKEN: Final = re.compile(r'action="([^"]*)">(?:\s*)<input type="hidden" name="csrf_token" value="([^"]+)"')


class Joining:
    """A phone without scripts, with cookies of its own."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.path = self.page = ""

    def see(self, path: str, host: str = "") -> str:
        """Open an address, under another name if one is given, and go where that leads; the words of the page."""
        headers = {"Accept-Language": "en"} | ({"Host": host} if host else {})
        return self._open(urllib.request.Request(self._base + path, headers=headers))

    def send(self, action: str, **values: str) -> str:
        """Fill in the form of the page that goes to ``action``."""
        token = dict(_TOKEN.findall(self.page))[action]
        data = urllib.parse.urlencode({"csrf_token": token, **values}).encode()
        return self._open(urllib.request.Request(self._base + action, data, {"Accept-Language": "en"}))

    def _open(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=30) as answer:
            self.path = urllib.parse.urlsplit(answer.url).path
            self.page = answer.read().decode()
        return self.page


def join(demo: Demo, tickets: list[dict[str, Any]]) -> list[str]:
    """One phone a maker, each with a ticket that was boarded and has not rated; gives the numbers of those that rated."""
    phones = [
        _joined(demo.plan.ports["portal"], *one) for one in PROBES.items()
    ]  # before one has rated: here all share an address
    rated = []
    for phone, ticket in zip(phones, tickets, strict=False):
        mine = phone.see(f"/t/{ticket['number']}/{ticket['short_code']}")
        _expect(ticket["number"] in mine, "the link on the paper did not show its ticket")
        phone.see("/portal/rate")
        phone.send("/portal/rate", level="5", tags="clean", comment="Nice page, no signal needed.")
        _expect(phone.path == "/portal/thanks", "a phone on the WiFi could not rate")
        rated.append(ticket["number"])
    return rated


def _joined(port: int, host: str, probe: str) -> Joining:
    words, phone = load(), Joining(port)
    shown = phone.see(probe, host)
    coming = any(words.text(key, "en") in shown for key in ("portal_next_stop", "portal_at_stop", "portal_arrived"))
    _expect(phone.path == "/portal" and coming, f"{host} did not open the page of the trip")
    for page in ("/clerk", "/api/v1/status"):
        phone.see(page)
        _expect(phone.path == "/portal", f"{page} is open to phones on the WiFi")
    return phone


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
