"""Who is signed in, and what that lets them see. The role is asked of the node at every page, never kept in a cookie."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec
from urllib.parse import urlsplit

from flask import g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.kernel.accounts import Clerk

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

SELLERS = ("clerk", "agent", "admin")
INSPECTORS = ("gate", "clerk", "agent", "admin")
DRIVERS = ("driver", "admin")
ANYBODY = ("clerk", "agent", "gate", "admin", "driver")
_KEY = "clerk"


def sign_in(clerk: Clerk) -> None:
    """Start a session of this clerk's own: nothing of an earlier one is left in it."""
    session.clear()
    session.permanent = True
    session[_KEY] = clerk.clerk_no
    g.pop("clerk", None)


def sign_out() -> None:
    """End the session."""
    session.clear()
    g.pop("clerk", None)


def signed_in() -> Clerk | None:
    """The clerk of this session, unless the hub has taken the account away since."""
    if "clerk" not in g:
        number = session.get(_KEY)
        g.clerk = the_node().accounts.clerk(number) if isinstance(number, int) else None
    found: Clerk | None = g.clerk
    return found


def the_clerk() -> Clerk:
    """The clerk of a page that only staff reach. Raises :class:`Refusal` ``sign_in_first``."""
    clerk = signed_in()
    if clerk is None:
        raise Refusal("sign_in_first", status=401)
    return clerk


def may(roles: tuple[str, ...]) -> bool:
    """Whether whoever is here holds one of ``roles``."""
    clerk = signed_in()
    return clerk is not None and not set(roles).isdisjoint(clerk.roles)


ROLES = {"clerk": SELLERS, "gate": INSPECTORS, "driver": DRIVERS, "status": ANYBODY}
"""Screen of staff → who may use it."""


def allowed(screen: str) -> bool:
    """Whether whoever is here may use a screen of staff."""
    return may(ROLES[screen])


def first_page() -> str:
    """Where this person's work begins."""
    if may(SELLERS):
        return url_for("clerk.home")
    if may(("driver",)):
        return url_for("driver.duties")
    return url_for("gate.start") if may(INSPECTORS) else url_for("status.overview")


def only(*roles: str) -> Callable[[View[P]], View[P]]:
    """A view for staff with one of ``roles``; others are led to the sign-in, or told which role it takes."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if signed_in() is None:
                wanted = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for("staff.sign_in_form", next=wanted), 303)
            if not may(roles):
                raise Refusal("not_allowed", status=403)
            return view(*args, **kwargs)

        return guarded

    return decorate


def safe_next(target: str | None) -> str | None:
    """``target`` if it is an address on this very node, else None: a sign-in never leads to another place."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable():
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and "\\" not in target else None
