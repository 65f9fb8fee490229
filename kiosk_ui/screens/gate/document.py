"""Ticket = person = document: whether a ticket was sold to the document that is shown with it. That it was not, is recorded."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_CODE, shown_number, words
from kiosk_ui.kernel.staff import INSPECTORS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.kernel.errors import Refusal

routes = Blueprint("document", __name__, url_prefix="/document", template_folder="templates")
FIELDS = ("code", "document_type", "document_number")
GATE = "page"


@routes.get("")
@only(*INSPECTORS)
def ask() -> ResponseReturnValue:
    return _page({})


@routes.post("")
@only(*INSPECTORS)
def compare() -> ResponseReturnValue:
    """The answer is the page itself: what was typed is neither kept nor shown again."""
    try:
        code, shown = words(request.form, "code", MAX_CODE, required=True), shown_number(request.form)
        if shown is None:
            raise Refusal("input_missing", status=422, field="document_number")
        return _page({}, the_node().boarding.compare(code, shown, GATE, the_clerk().clerk_no))
    except Refusal as refusal:
        return _page(beside_fields(refusal, FIELDS)), refusal.status


def _page(errors: dict[str, str], fits: bool | None = None) -> str:
    return render_template("gate/document.html", errors=errors, fits=fits, typed=request.form)
