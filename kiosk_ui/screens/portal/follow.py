"""The second word of a passenger who was not content: how the answer was. By the same ticket, once."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import whole
from kiosk_ui.kernel.language import language
from kiosk_ui.kernel.words import beside_fields
from kiosk_ui.screens.portal.mine import mine
from sync.domains.ratings.rules import LEVELS, MAX_COMMENT
from sync.kernel.errors import Refusal

routes = Blueprint("follow", __name__, url_prefix="/follow", template_folder="templates")
FIELDS = ("level", "comment")


@routes.get("")
def form() -> ResponseReturnValue:
    return _page({})


@routes.post("")
def send() -> ResponseReturnValue:
    shown = mine()
    if shown is None:
        return redirect(url_for("portal.ticket"), 303)
    try:
        level = whole(request.form, "level", max(LEVELS))
        comment = request.form.get("comment", "").replace("\r\n", "\n")
        the_node().ratings.follow(*shown, level, comment, language())
    except Refusal as refusal:
        if refusal.code == "input_whole":
            refusal = Refusal("rating_level", status=422, field="level")
        if refusal.field == "ticket":
            return redirect(url_for("portal.ticket"), 303)
        return _page(beside_fields(refusal, FIELDS), refusal.status)
    return redirect(url_for("portal.thanks"), 303)


def _page(errors: dict[str, str], status: int = 200) -> ResponseReturnValue:
    shown = mine()
    if shown is None:
        return redirect(url_for("portal.ticket"), 303)
    try:
        ticket_id = the_node().ratings.may_follow(*shown)
    except Refusal:
        return redirect(url_for("portal.ticket"), 303)
    page = render_template(
        "portal/follow.html", number=ticket_id.number, levels=LEVELS, most=MAX_COMMENT, typed=request.form, errors=errors,
        tags=(),
    )  # fmt: skip
    return page, status
