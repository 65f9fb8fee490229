"""What every page gets: words, formats and links for its template, and the headers that keep it to itself."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Flask, Response, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from kiosk_ui.kernel import formats, pdf
from kiosk_ui.kernel.context import is_page, the_node
from kiosk_ui.kernel.language import NAMES, big_print, language, remember
from kiosk_ui.kernel.linemap import line_map
from kiosk_ui.kernel.parties import leg_text
from kiosk_ui.kernel.staff import ROLES, allowed, first_page, signed_in
from kiosk_ui.kernel.words import known, listed, rule_words, t
from sync.kernel.documents import DOCUMENT_TYPES

STATIC = Path(__file__).parents[1] / "static"
TEMPLATES = Path(__file__).parents[1] / "templates"
CONTENT_POLICY = "; ".join(
    ("default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "object-src 'none'")
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
SCREENS = {
    "kiosk": "/kiosk",
    "clerk": "/clerk",
    "gate": "/gate",
    "driver": "/driver",
    "portal": "/portal",
    "status": "/status",
}
KEPT_FOR_S = 31_536_000

assets = Blueprint(
    "assets", __name__, static_folder=str(STATIC), static_url_path="/assets", template_folder=str(TEMPLATES)
)


def install(app: Flask) -> None:
    """Give ``app``'s pages their template words, and its answers their headers."""
    app.register_blueprint(assets)
    app.context_processor(_template_words)
    app.after_request(_finish)


def screen() -> str:
    """Which screen the address belongs to; ``home`` for those of none."""
    first = request.path.split("/", 2)[1]
    if first == "tickets":
        return "clerk" if signed_in() else "kiosk"
    return first if first in SCREENS else "home"


def start_of_screen() -> str:
    """Where this screen begins: never a way out of the kiosk, nor to a page that this person may not open."""
    name = screen()
    if name in ROLES and signed_in() and not allowed(name):
        return first_page()
    return SCREENS.get(name, "/")


def _template_words() -> dict[str, Any]:
    return {
        "t": t,
        "known": known,
        "listed": listed,
        "rule_words": rule_words,
        "language": language(),
        "big": big_print(),
        "screen": screen(),
        "start": start_of_screen(),
        "csrf": _csrf_field,
        "asset": asset,
        "languages": NAMES,
        "document_types": DOCUMENT_TYPES,
        "leg_text": leg_text,
        "here": _here,
        "staff": signed_in,
        "allowed": allowed,
        "pdf_offered": pdf.offered,
        "hub_age": _hub_age,
        "place": the_node().timetable.place,
        "today": the_node().timetable.today,
        "line_of": lambda ride: line_map(the_node(), ride, language()),
        "now_ms": the_node().clock.wall_ms,
        **_formats(language()),
    }


def _formats(chosen: str) -> dict[str, Any]:
    return {
        "money": lambda amount, currency: formats.money_text(amount, currency, chosen),
        "date": lambda day: formats.date_text(day, chosen),
        "short_date": lambda day: formats.short_date(day, chosen),
        "weekday": lambda day: formats.weekday(day, chosen),
        "month_day": lambda day: formats.month_day(day, chosen),
        "clock": formats.clock_text,
        "calendar_day": formats.calendar_day,
        "moment": lambda wall_ms, zone: formats.moment_text(wall_ms, zone, chosen),
        "span": lambda seconds: formats.span_text(seconds, chosen),
        "minutes": formats.ride_minutes,
        "name": lambda names: formats.name_markup(names, chosen),
        "name_text": lambda names: formats.chosen_name(names, chosen)[0],
    }


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def _hub_age() -> int | None:
    return the_node().fleet.hub_age_s()


def _here(**changes: str) -> str:
    """This page with other parameters; where a page answers only to a form, the start of its screen."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return f"{start_of_screen()}?{urlencode(changes)}"
    kept = {name: value for name, value in request.args.items() if name not in changes}
    return f"{quote(request.path)}?{urlencode(kept | changes)}"


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """Address of a shipped file that changes with its content, so that a browser may keep it for ever."""
    return url_for("assets.static", filename=name, v=_fingerprint(name))


def _finish(response: Response) -> Response:
    if not is_page():
        return response
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.blueprint == "assets" and response.status_code == 200 and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={KEPT_FOR_S}, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        remember(response)
    return response
