"""Whose ticket it is: a mask for who looks, the document for who writes down why, and the months until they are erased."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cloud.console import forms
from cloud.console.desk import Desk, language
from cloud.domains.timetable import service as timetable
from sync.kernel.documents import Document
from sync.kernel.errors import Refusal


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Named travellers."""

    @blueprint.get("/travellers")
    def travellers() -> ResponseReturnValue:
        form = forms.Reveal(formdata=None, number=desk.asked("number"))
        return _page(desk, form)

    @blueprint.post("/travellers")
    def traveller_reveal() -> ResponseReturnValue:
        """The act is written down before anything is shown; the document stands in the answer to this request alone."""
        form = forms.Reveal()
        if not form.validate():
            return _page(desk, form, 422)
        number, reason = form.number.data.strip(), form.reason.data.strip()[:200]
        try:
            with desk.database.write() as tx:
                document = desk.hub.sealing.reveal(tx, number)
                desk.accounts.audit(tx, desk.who().name, "identity_revealed", ticket=number, reason=reason)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, form, refusal.status)
        return _page(desk, form, document=document)


def _page(desk: Desk, form: forms.Reveal, status: int = 200, document: Document | None = None) -> ResponseReturnValue:
    values: dict[str, Any] = {"form": form, "document": document, "named": None}
    with desk.database.read() as tx:
        values["periods"] = desk.hub.sealing.periods(tx)
        number = (form.number.data or "").strip()
        if number and not form.errors:
            try:
                values["named"] = named = desk.hub.sealing.named(tx, number)
                values["trip"] = timetable.trip_label(tx, named.trip_no, named.day, language())
            except Refusal as refusal:
                forms.put_beside(form, refusal, desk)
                status = refusal.status
    return desk.render("travellers.html", status, **values)
