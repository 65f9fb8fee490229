"""An order that its passenger pays by phone at the counter: a QR to show, and a page that waits for the gateway's word."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from edge.kernel import qr
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import sentence
from sync.kernel.errors import Refusal

routes = Blueprint(
    "phone", __name__, url_prefix="/orders/<int(max=9007199254740991):number>/phone", template_folder="templates"
)


@routes.get("")
@only(*SELLERS)
def page(number: int) -> ResponseReturnValue:
    order = the_node().ticketing.order_view(number)
    if order.state == "sold" and order.ticket_number:
        return redirect(url_for("clerk.ticket", number=order.ticket_number), 303)
    return _page(number, "")


@routes.post("")
@only(*SELLERS)
def ask(number: int) -> ResponseReturnValue:
    try:
        the_node().payments.ask(number, the_clerk().clerk_no)
    except Refusal as refusal:
        return _page(number, sentence(refusal)), refusal.status
    the_node().rounds.soon()
    return redirect(url_for("clerk.phone.page", number=number), 303)


@routes.get("/code.svg")
@only(*SELLERS)
def code(number: int) -> Response:
    return picture(number)


def picture(number: int) -> Response:
    """The QR of an order's payment. Raises :class:`Refusal` ``no_such_payment`` where none waits."""
    found = the_node().payments.of_sale(number)
    if found is None or not found.code_url:
        raise Refusal("no_such_payment", status=404)
    return Response(qr.svg(found.code_url), mimetype="image/svg+xml")


def _page(number: int, problem: str) -> str:
    node = the_node()
    return render_template(
        "clerk/phone.html", order=node.ticketing.order_view(number), payment=node.payments.of_sale(number),
        refused=node.payments.refused(), problem=problem,
    )  # fmt: skip
