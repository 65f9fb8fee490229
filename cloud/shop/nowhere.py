"""What a browser gets where the hub has no page, or none that is opened like that: a page with ways on. Programs get a code."""

from __future__ import annotations

from typing import Final

from flask import make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cloud.console.common import HEADERS, choose_language, here, t
from cloud.console.desk import language
from sync import catalogue

# Under these, programs ask.
_PROGRAMS: Final = ("/api/", "/sync/", "/sellers/")
_JSON: Final = "application/json"
_HTML: Final = "text/html"


def page(error: HTTPException) -> Response | None:
    """The page for an address that is none (404), or for a way of asking that it does not know (405). None for a program."""
    if request.path.startswith(_PROGRAMS) or request.accept_mimetypes.best_match([_HTML, _JSON], _HTML) == _JSON:
        return None
    if (again := choose_language()) is not None:
        return again
    made: Response = make_response(
        render_template(
            "shop/nowhere.html", sentence=t(f"shop_http_{error.code}"), inside=request.path.startswith("/shop/"),
            language=language(), languages=catalogue.LANGUAGES, t=t, here=here,
        ),
        error.code,
    )  # fmt: skip
    made.headers.update(HEADERS)
    made.headers["Cache-Control"] = "no-store"
    return made
