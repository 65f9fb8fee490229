"""What all pages of the console share: who asks, in which language, with which headers, and what a refusal looks like."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, g, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cloud.console.formats import Formats
from cloud.console.rights import ANYONE, BEFORE_CHANGE, RIGHTS
from cloud.domains.timetable import service as timetable
from cloud.kernel import guard
from cloud.kernel.accounts import Accounts, Admin
from cloud.kernel.clerks import Clerks
from sync import catalogue
from sync.kernel.days import date_of
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

PAGE: Final = 50
MAX_PAGE: Final = 100_000
NUMBER: Final = "int(max=9223372036854775807)"
DAY: Final = "int(signed=True, max=1000000)"
SECRET_FILE: Final = "console.key"  # noqa: S105 (a file name)
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
T = TypeVar("T")
log = logging.getLogger("cloud.console")


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


def prepare(blueprint: Blueprint, desk: Desk) -> None:
    """Sessions, languages, rights, headers and refusals of everything under ``blueprint``."""

    @blueprint.record_once
    def set_up(state: BlueprintSetupState) -> None:
        _set_up(cast(Flask, state.app), desk)

    @blueprint.before_request
    def check() -> Response | None:
        g.formats = Formats(language(), desk.zone())
        return _choose_language() or _check_rights()

    @blueprint.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint != "console.static":
            response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.context_processor
    def context() -> dict[str, Any]:
        person = guard.person()
        return {
            "person": person,
            "may": lambda role: person is not None and person.may(role),
            "language": language(),
            "languages": catalogue.LANGUAGES,
            "now_ms": desk.now_ms(),
            "t": desk.t,
            "or_code": desk.or_code,
            "f": g.formats,
            "here": here,
            "iso_day": iso_day,
            "desk_page": desk.page_number,
        }

    blueprint.register_error_handler(Refusal, lambda error: _refused(desk, error.code, error.status, error.details))
    blueprint.register_error_handler(CSRFError, lambda _error: _refused(desk, "console_stale_form", 403, {}))
    blueprint.register_error_handler(HTTPException, lambda error: _http_error(desk, error))
    blueprint.register_error_handler(Exception, lambda error: _failed(desk, error))


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


def here(**changes: object) -> str:
    """The address of this page with other arguments."""
    values = {**request.args.to_dict(), **changes}
    query = urlencode({name: value for name, value in values.items() if value not in (None, "")})
    return f"{request.path}?{query}" if query else request.path


def inside(target: str | None) -> str:
    """``target`` if it is a page of the console, else the overview: no link leads elsewhere after signing in."""
    home = url_for("console.overview")
    if not target or "\\" in target:
        return home
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and parts.path.startswith(home) else home


def _set_up(app: Flask, desk: Desk) -> None:
    app.secret_key = load_secret(desk.hub.settings.data, desk.hub.ids.token(32))
    app.session_interface = _Sessions()
    app.config.update(SESSION_COOKIE_NAME="yipiao_hub", SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Strict")
    guard.install(app, desk.accounts)


class _Sessions(SecureCookieSessionInterface):
    """Cookies that came over https never leave it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def load_secret(data: Path, fresh: bytes) -> bytes:
    """The key that signs cookies, from the data folder; ``fresh`` becomes it at the first start (mode 0600)."""
    path = data / SECRET_FILE
    data.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    secret = path.read_bytes()
    if len(secret) < 32 or path.stat().st_mode & 0o077:
        why = "too short" if len(secret) < 32 else "others may read it; chmod 600"
        raise Refusal("settings", status=500, field=path.name, name=path.name, why=why)
    return secret


def _choose_language() -> Response | None:
    chosen = request.args.get("language")
    if chosen not in catalogue.LANGUAGES or request.method != "GET":
        return None
    session["language"] = chosen
    return redirect(here(language=None))


def _check_rights() -> Response | None:
    name = (request.endpoint or "").removeprefix("console.")
    right = RIGHTS.get(name)
    role = None if right is None else right.read if request.method in guard.SAFE else right.send
    if role is None:
        raise Refusal("not_allowed", status=403, role="")
    if request.method not in guard.SAFE:
        guard.csrf.protect()
    if role == ANYONE:
        return None
    person = guard.person()
    if person is None:
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("console.sign_in", back=back))
    if person.must_change and name not in BEFORE_CHANGE:
        return redirect(url_for("console.passphrase"))
    if not person.may(role):
        raise Refusal("not_allowed", status=403, role=role)
    return None


def _refused(desk: Desk, code: str, status: int, args: Mapping[str, object]) -> tuple[str, int]:
    return desk.render("refused.html", status, title=desk.t("console_refused"), sentence=desk.t(code, **args))


def _http_error(desk: Desk, error: HTTPException) -> Response | tuple[str, int]:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    code = error.code or 500
    known = code if code in (404, 405, 413) else 400 if code < 500 else 500
    return _refused(desk, f"console_http_{known}", code, {})


def _failed(desk: Desk, error: Exception) -> tuple[str, int]:
    log.error("%s %s", request.method, request.path, exc_info=error)
    return _refused(desk, "console_http_500", 500, {})


def iso_day(day: int) -> str:
    """A service date as date fields want it."""
    return date_of(min(max(day, -100_000), 2_000_000)).isoformat()
