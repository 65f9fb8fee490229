"""Which language and which size of print a person wants: the address, then a cookie, then what the browser asks for."""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from sync.catalogue import LANGUAGES

COOKIE = "lang"
BIG_COOKIE = "big"
NAMES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
TRADITIONAL = ("zh-hant", "zh-hk", "zh-tw", "zh-mo")
YEAR_S = 31_536_000


def language() -> str:
    """One of LANGUAGES, the same for the whole request."""
    if "language" not in g:
        wishes = (request.args.get("lang"), request.cookies.get(COOKIE), _accepted())
        g.language = next((wish for wish in wishes if wish in LANGUAGES), LANGUAGES[0])
    return str(g.language)


def big_print() -> bool:
    """Whether this person asked for large print."""
    return request.args.get("big", request.cookies.get(BIG_COOKIE)) == "1"


def _accepted() -> str | None:
    for tag in request.accept_languages.values():
        found = _known(tag.lower())
        if found:
            return found
    return None


def _known(tag: str) -> str | None:
    """``zh-HK`` and its neighbours write traditional characters; every other Chinese is shown in simplified ones."""
    if tag.startswith(TRADITIONAL):
        return "zh-Hant"
    if tag.startswith("zh"):
        return "zh-Hans"
    return "en" if tag.startswith("en") else None


def remember(response: Response) -> None:
    """Keep a choice that came in the address."""
    if request.args.get("lang") in LANGUAGES:
        _set(response, COOKIE, request.args["lang"])
    if request.args.get("big") in ("0", "1"):
        _set(response, BIG_COOKIE, request.args["big"])


def forget(response: Response) -> None:
    """The next person starts from the kiosk's own language and size."""
    response.delete_cookie(COOKIE, samesite="Lax", httponly=True)
    response.delete_cookie(BIG_COOKIE, samesite="Lax", httponly=True)


def _set(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", httponly=True)
