"""A new paper for a damaged one, at the counter."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import DOCUMENT_FIELDS, once_key, shown_document, words
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from sync.domains.ticketing.office.reissue import CAUSES, DAMAGED
from sync.kernel.errors import Refusal

routes = Blueprint("reissue", __name__, url_prefix="/tickets/<number>/reissue", template_folder="templates")
FIELDS = ("cause", *DOCUMENT_FIELDS)
MAX_KEY = 64


@routes.get("")
@only(*SELLERS)
def ask(number: str) -> ResponseReturnValue:
    errors = {}
    try:
        the_node().reissuing.check(number, CAUSES[0])
    except Refusal as refusal:
        errors = beside_fields(refusal, FIELDS)
    return _page(number, once_key(), errors)


@routes.post("")
@only(*SELLERS)
def confirm(number: str) -> ResponseReturnValue:
    once = words(request.form, "key", MAX_KEY, required=True)
    try:
        cause, document = request.form.get("cause", ""), shown_document(request.form)
        the_node().reissuing.reissue(number, cause, the_clerk().clerk_no, once, document)
    except Refusal as refusal:
        return _page(number, once, beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("clerk.rebook.receipt", number=number), 303)


def _page(number: str, once: str, errors: dict[str, str]) -> str:
    ticket = the_node().ticketing.find(number)
    causes = CAUSES if ticket.traveller else (DAMAGED,)
    return render_template(
        "clerk/reissue.html", ticket=ticket, causes=causes, once=once, errors=errors, typed=request.form
    )
