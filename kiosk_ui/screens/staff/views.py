"""Sign-in by clerk number and PIN. The node counts wrong PINs and locks; the page only says so."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import plain, whole, words
from kiosk_ui.kernel.staff import first_page, safe_next, sign_in, sign_out
from kiosk_ui.kernel.words import beside_fields
from sync.kernel.errors import Refusal

blueprint = Blueprint("staff", __name__, template_folder="templates")
MAX_PIN = 64


@blueprint.get("/sign-in")
def sign_in_form() -> ResponseReturnValue:
    return _form({}, request.args.get("next"))


@blueprint.post("/sign-in")
def sign_in_now() -> ResponseReturnValue:
    try:
        number = whole(request.form, "clerk_no")
        clerk = the_node().accounts.sign_in(number, plain(words(request.form, "pin", MAX_PIN, required=True)))
    except Refusal as refusal:
        errors = beside_fields(refusal, ("clerk_no", "pin"))
        return _form(errors, request.form.get("next")), refusal.status
    sign_in(clerk)
    return redirect(safe_next(request.form.get("next")) or first_page(), 303)


@blueprint.post("/sign-out")
def sign_out_now() -> ResponseReturnValue:
    sign_out()
    return redirect(url_for("staff.sign_in_form"), 303)


def _form(errors: dict[str, str], target: str | None) -> str:
    return render_template("staff/sign_in.html", errors=errors, next=safe_next(target) or "")
