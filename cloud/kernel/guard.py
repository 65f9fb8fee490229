"""Who asks: the session of a person at the console, or the bearer token of a program; and what they may.

The console asks :func:`person` itself; API routes of the hub stand behind :func:`require`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from flask import Flask, g, request, session
from flask_wtf.csrf import CSRFProtect

from cloud.kernel.accounts import Accounts, Admin
from sync.kernel.errors import Refusal

BEARER: Final = "Bearer "
SESSION_TOKEN: Final = "token"  # noqa: S105 (the name of a field)
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
csrf = CSRFProtect()
P = ParamSpec("P")
R = TypeVar("R")


def install(app: Flask, accounts: Accounts) -> None:
    """Make ``accounts`` known to every request of ``app``; nothing is looked up before somebody asks."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf.init_app(app)

    @app.before_request
    def remember() -> None:
        g.accounts = accounts


def person() -> Admin | None:
    """Who sent this request; None when nobody is signed in. A token wins over a session."""
    if "person" not in g:
        header = request.headers.get("Authorization", "")
        g.by_token = header.startswith(BEARER)
        if g.by_token:
            g.person = g.accounts.bearer(header.removeprefix(BEARER).strip())
        else:
            token = session.get(SESSION_TOKEN)
            g.person = g.accounts.session(token) if isinstance(token, str) else None
    found: Admin | None = g.person
    return found


def demand(role: str) -> Admin:
    """The person, who must have at least ``role``; a change by session needs its form token.

    Raises :class:`Refusal`: ``sign_in_needed`` (401), ``not_allowed`` (403), or the 400 of a missing form token.
    """
    found = person()
    if found is None:
        raise Refusal("sign_in_needed", status=401)
    if found.must_change or not found.may(role):
        raise Refusal("not_allowed", status=403, role=role)
    if not g.by_token and request.method not in SAFE:
        csrf.protect()
    return found


def require(role: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator for API routes: :func:`demand` comes first."""

    def around(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            demand(role)
            return view(*args, **kwargs)

        return checked

    return around
