"""What keeps a page's forms from being sent by somebody else's page, and a session in its own browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

from kiosk_ui.kernel.context import is_page
from kiosk_ui.kernel.forms import MAX_PICTURE

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SHIFT = timedelta(hours=12)
MAX_BODY = MAX_PICTURE + 2**16


class _Sessions(SecureCookieSessionInterface):
    """Signed cookies, whose key is worked out once and not for each request."""

    _signing: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        if self._signing is None:
            self._signing = super().get_signing_serializer(app)
        return self._signing


def install(app: Flask, session_key: bytes, cookie_name: str) -> None:
    """Signed cookie of this node's own name (ports share cookies), and a token in every form."""
    app.secret_key = session_key
    app.session_interface = _Sessions()
    app.config.update(
        SESSION_COOKIE_NAME=cookie_name,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=SHIFT,
        # A kiosk page stays open for days; the token is bound to the session instead of the clock.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    if app.config.get("MAX_CONTENT_LENGTH") is None:
        app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    csrf = CSRFProtect(app)

    @app.before_request
    def check() -> None:
        if is_page() and request.method not in SAFE_METHODS:
            check_sender()
            csrf.protect()


def check_sender() -> None:
    """Refuse (403) what a browser itself says came from another site. Older browsers say nothing: the token decides.

    With ``Referrer-Policy: no-referrer`` a browser sends ``Origin: null`` from our own forms, so null says nothing.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    origin = request.headers.get("Origin", "null")
    if origin != "null" and urlsplit(origin).netloc != request.host:
        abort(403)
