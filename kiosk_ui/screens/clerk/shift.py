"""A clerk's shift, by keyboard alone: open it over a float, move cash, count the drawer, hand it over, print the slip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk_ui.kernel import pdf
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.forms import amount_minor, once_key, optional_whole, whole, words
from kiosk_ui.kernel.staff import SELLERS, only, the_clerk
from kiosk_ui.kernel.words import beside_fields, t
from kiosk_ui.screens.clerk.slip_sheet import slip_sheet
from sync.domains.shifts.events import CASH_REASONS
from sync.domains.shifts.rules import DENOMINATIONS, MAX_PIECES
from sync.domains.ticketing.events import CASH
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from edge.domains.shifts.service import Slip
    from edge.kernel.accounts import Clerk

routes = Blueprint("shift", __name__, url_prefix="/shift", template_folder="templates")
MAX_KEY = 64
MAX_PIN = 40
FIELDS = ("amount", "reason", "next_clerk", "pin")
NUMBER = "int(max=2147483647)"


@routes.get("")
@only(*SELLERS)
def shift() -> ResponseReturnValue:
    return _page({})


@routes.post("/open")
@only(*SELLERS)
def begin() -> ResponseReturnValue:
    shifts, clerk_no = the_node().shifts, the_clerk().clerk_no
    try:
        if shifts.current(clerk_no) is None:  # else the form was sent twice
            shifts.open(clerk_no, _amounts("float"))
    except Refusal as refusal:
        return _page(beside_fields(refusal, _money_fields("float"))), refusal.status
    return redirect(url_for("clerk.home"), 303)


@routes.post("/cash")
@only(*SELLERS)
def cash() -> ResponseReturnValue:
    once, currency = words(request.form, "key", MAX_KEY, required=True), words(request.form, "currency", 3)
    try:
        amount = amount_minor(request.form, "amount", currency)
        if amount is None:
            raise Refusal("input_missing", status=422, field="amount")
        into, reason = request.form.get("way") == "in", request.form.get("reason", "")
        the_node().shifts.move_cash(the_clerk().clerk_no, into, currency, amount, reason, once)
    except Refusal as refusal:
        return _page(beside_fields(refusal, FIELDS)), refusal.status
    return redirect(url_for("clerk.shift.shift"), 303)


@routes.post(f"/<{NUMBER}:number>/close")
@only(*SELLERS)
def close(number: int) -> ResponseReturnValue:
    currencies = _currencies(the_node().shifts.current(the_clerk().clerk_no))
    try:
        counted = {(currency, CASH): minor for currency, minor in _amounts("sum").items()}
        pieces = [
            (currency, worth, count)
            for currency in currencies
            for worth in DENOMINATIONS.get(currency, ())
            if (count := optional_whole(request.form, f"piece_{currency}_{worth}", MAX_PIECES))
        ]
        the_node().shifts.close(number, the_clerk().clerk_no, counted, pieces, _next_clerk())
    except Refusal as refusal:
        fields = (*FIELDS, *_money_fields("sum"), *(f"piece_{one}_{worth}" for one in currencies
                                                    for worth in DENOMINATIONS.get(one, ())))  # fmt: skip
        return _page(beside_fields(refusal, fields)), refusal.status
    return redirect(url_for("clerk.shift.slip", number=number), 303)


@routes.get(f"/<{NUMBER}:number>/slip")
@only(*SELLERS)
def slip(number: int) -> ResponseReturnValue:
    found = the_node().shifts.slip(number, the_clerk())
    if found.closed_ms is None:
        return redirect(url_for("clerk.shift.shift"), 303)
    roll = request.args.get("roll") == "1"
    return render_template("clerk/slip.html", slip=found, zone=the_node().timetable.zone(), names=_names(), roll=roll)


@routes.get(f"/<{NUMBER}:number>/slip.pdf")
@only(*SELLERS)
def slip_file(number: int) -> ResponseReturnValue:
    """The same as PDF."""
    found = the_node().shifts.slip(number, the_clerk())
    if found.closed_ms is None:
        return redirect(url_for("clerk.shift.shift"), 303)
    zone = the_node().timetable.zone()
    return pdf.answer(f"slip-{number}", f"{t('slip_title')} {number}", lambda: (slip_sheet(found, _names(), zone),))


def _next_clerk() -> Clerk | None:
    """Whoever takes the drawer over has typed number and PIN; None when nobody does."""
    if optional_whole(request.form, "next_clerk") is None:
        return None
    return the_node().accounts.sign_in(whole(request.form, "next_clerk"), words(request.form, "pin", MAX_PIN))


def _amounts(prefix: str) -> dict[str, int]:
    """Amounts typed into fields ``PREFIX_CURRENCY``."""
    found = {}
    for name in _money_fields(prefix):
        currency = name[-3:]
        minor = amount_minor(request.form, name, currency)
        if minor is not None:
            found[currency] = minor
    return found


def _money_fields(prefix: str) -> tuple[str, ...]:
    """Fields of the form that hold amounts, each ending in its currency."""
    known = {*the_node().timetable.currencies(), *DENOMINATIONS}
    return tuple(name for name in request.form if name.startswith(f"{prefix}_") and name.rpartition("_")[2] in known)


def _currencies(open_shift: Slip | None) -> tuple[str, ...]:
    seen = {line.currency for line in open_shift.lines} if open_shift else set()
    return tuple(sorted({*the_node().timetable.currencies(), *seen}))


def _names() -> dict[int, str]:
    return {clerk.clerk_no: clerk.name for clerk in the_node().accounts.clerks()}


def _page(errors: dict[str, str]) -> str:
    """The open shift with its forms, or the form that opens one; what should be in the drawer is shown after the count."""
    node, clerk = the_node(), the_clerk()
    found = node.shifts.current(clerk.clerk_no)
    typed = {name: value[:40] for name, value in request.form.items() if name not in ("pin", "csrf_token", "key")}
    return render_template(
        "clerk/shift.html", shift=found, currencies=_currencies(found), pieces=DENOMINATIONS, reasons=CASH_REASONS,
        past=[one for one in node.shifts.newest(clerk.clerk_no) if one.closed_ms][:10],
        zone=node.timetable.zone(), once=once_key(), typed=typed, errors=errors,
    )  # fmt: skip
