"""Rating the trip that this box runs, by somebody who has no ticket at hand: once a phone, and kept apart."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import whole
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.words import beside_fields, sentence
from sync.domains.ratings.rules import LEVELS, MAX_COMMENT
from sync.kernel.errors import Refusal

routes = Blueprint("anybody", __name__, url_prefix="/rate/open", template_folder="templates")
FIELDS = ("level", "tags", "comment")
_KEY = "phone"
_PHONE_BYTES = 16


@routes.get("")
def form() -> ResponseReturnValue:
    return _page({})


@routes.post("")
def send() -> ResponseReturnValue:
    try:
        level = whole(request.form, "level", max(LEVELS))
        comment = request.form.get("comment", "").replace("\r\n", "\n")
        the_node().ratings.rate_without_ticket(_phone(), level, request.form.getlist("tags"), comment, language())
    except Refusal as refusal:
        if refusal.code == "input_whole":
            refusal = Refusal("rating_level", status=422, field="level")
        return _page(beside_fields(refusal, FIELDS), refusal.status)
    return redirect(url_for("portal.thanks"), 303)


def _phone() -> str:
    """What this phone's cookie holds: drawn at its first word, kept nowhere else."""
    kept = session.get(_KEY)
    if not isinstance(kept, str):
        kept = session[_KEY] = the_node().ids.token(_PHONE_BYTES).hex()
    return kept


def _page(errors: dict[str, str], status: int = 200) -> ResponseReturnValue:
    node = the_node()
    current = node.boarding.current()
    if current is None:
        return redirect(url_for("portal.trip"), 303)
    done = node.ratings.rated_without_ticket(_phone()) and sentence(Refusal("rating_session_done"))
    page = render_template(
        "portal/rate_open.html", trip=node.timetable.trip(*current), tags=node.ratings.tags(current[0]), levels=LEVELS,
        most=MAX_COMMENT, typed=request.form, errors=errors, done=done,
    )  # fmt: skip
    return page, status
