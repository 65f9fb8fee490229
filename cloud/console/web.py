"""What all pages of the console share: who asks, in which language, with which headers, and what a refusal looks like."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, g, redirect, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response
from wtforms.fields.core import Field

from cloud.console.common import add_headers, choose_language, here
from cloud.console.desk import Desk, language
from cloud.console.rights import ANYONE, BEFORE_CHANGE, RIGHTS, SECTIONS
from cloud.kernel import guard
from cloud.kernel.accounts import OPERATOR
from cloud.kernel.formats import Formats
from sync import catalogue
from sync.domains.timetable.rules import name_in
from sync.kernel.days import date_of
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    pass

SECRET_FILE: Final = "console.key"  # noqa: S105 (a file name)
log = logging.getLogger("cloud.console")


def prepare(blueprint: Blueprint, desk: Desk) -> None:
    """Sessions, languages, rights, headers and refusals of everything under ``blueprint``."""

    @blueprint.record_once
    def set_up(state: BlueprintSetupState) -> None:
        _set_up(cast(Flask, state.app), desk)

    @blueprint.before_request
    def check() -> Response | None:
        g.formats = Formats(language(), desk.zone())
        return choose_language() or _check_rights()

    @blueprint.get("/<path:anything>")
    def unknown(anything: str) -> ResponseReturnValue:
        raise NotFound

    add_headers(blueprint)

    @blueprint.context_processor
    def context() -> dict[str, Any]:
        person = guard.person()
        return {
            "person": person,
            "may": lambda role: person is not None and person.may(role),
            "sections": _sections,
            "language": language(),
            "languages": catalogue.LANGUAGES,
            "now_ms": desk.now_ms(),
            "t": desk.t,
            "or_code": desk.or_code,
            "f": g.formats,
            "here": here,
            "iso_day": iso_day,
            "name_in": name_in,
            "desk_page": desk.page_number,
            "first_wrong": first_wrong,
        }

    blueprint.register_error_handler(Refusal, lambda error: _refused(desk, error.code, error.status, error.details))
    blueprint.register_error_handler(CSRFError, lambda _error: _refused(desk, "console_stale_form", 403, {}))
    blueprint.register_error_handler(HTTPException, lambda error: _http_error(desk, error))
    blueprint.register_error_handler(Exception, lambda error: _failed(desk, error))


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
        if name == "overview" and person.role == OPERATOR:
            return redirect(url_for("console.voices"))  # the first page of an operator's office
        raise Refusal("not_allowed", status=403, role=role)
    return None


def _sections() -> list[tuple[str, list[str]]]:
    """What stands at the side, for whoever is here."""
    person = guard.person()
    if person is None:
        return []
    found = [
        (group, [one for one in names if one in RIGHTS and person.may(RIGHTS[one].read)]) for group, names in SECTIONS
    ]
    return [(group, names) for group, names in found if names]


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


def first_wrong(field: Field) -> bool:
    """Whether ``field`` is the first of the page with an error: a browser begins there, however far below it stands."""
    if not field.errors or g.get("wrong_field", field) is not field:
        return False
    g.wrong_field = field
    return True


def iso_day(day: int) -> str:
    """A service date as date fields want it."""
    return date_of(min(max(day, -100_000), 2_000_000)).isoformat()
