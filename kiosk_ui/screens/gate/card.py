"""An inspector looks at the trust card of a vehicle, a ship or a driver; what is no good is recorded."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import MAX_CODE, picture, words
from kiosk_ui.kernel.staff import INSPECTORS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields
from kiosk_ui.screens.card.views import card_values
from sync.kernel.errors import Refusal

routes = Blueprint("card", __name__, url_prefix="/card", template_folder="templates")
FIELDS = ("code", "picture")


@routes.get("")
@only(*INSPECTORS)
def ask() -> str:
    return render_template("gate/card.html", errors={}, verdict=None)


@routes.post("")
@only(*INSPECTORS)
def inspect() -> ResponseReturnValue:
    try:
        sent = picture("picture")
        code = the_node().boarding.read_picture(sent) if sent else words(request.form, "code", MAX_CODE, required=True)
        return look_at(code)
    except Refusal as refusal:
        errors = beside_fields(refusal, FIELDS)
        return render_template("gate/card.html", errors=errors, verdict=None), refusal.status


def look_at(code: str) -> str:
    """The page of a card that was shown, here or at the gate, once it is on record if it is no good."""
    verdict = the_node().cards.inspect(code, the_clerk().clerk_no)
    return render_template("gate/card.html", errors={}, **card_values(verdict))
