"""What every set of pages of the hub has, the console's and the public ones: headers, texts, and the choice of a language."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, redirect, request, session
from werkzeug.wrappers import Response

from cloud.console.desk import language
from sync import catalogue

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_texts = catalogue.load()


def t(key: str, **args: object) -> str:
    """A text in the language of this request."""
    return _texts.text(key, language(), **args)


def here(**changes: object) -> str:
    """The address of this page with other arguments."""
    values = {**request.args.to_dict(), **changes}
    query = urlencode({name: value for name, value in values.items() if value not in (None, "")})
    return f"{request.path}?{query}" if query else request.path


def choose_language() -> Response | None:
    """Where a page was asked for in another language: remember that, and show the page without saying so again."""
    chosen = request.args.get("language")
    if chosen not in catalogue.LANGUAGES or request.method != "GET":
        return None
    session["language"] = chosen
    return redirect(here(language=None))


def add_headers(blueprint: Blueprint) -> None:
    """On every answer of ``blueprint``; what is no static file is kept nowhere."""

    @blueprint.after_request
    def add(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint != f"{blueprint.name}.static":
            response.headers["Cache-Control"] = "no-store"
        return response
