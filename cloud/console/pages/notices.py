"""What operators have to say to their passengers: on the page of a trip, on the WiFi of each vehicle."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from wtforms.fields.choices import SelectChoice

from cloud.console import forms
from cloud.console.desk import Desk, language
from cloud.console.queries import voices as queries
from cloud.domains.notices import publish
from cloud.domains.timetable import service as timetable
from sync.domains.notices.operations import Notice
from sync.domains.timetable.rules import name_in
from sync.kernel.days import day_at, day_of
from sync.kernel.errors import Refusal

NOTICE = "/notices/<int(max=2147483647):operator_no>/<int(max=9223372036854775807):number>"
TEXTS = {"zh-Hans": "text_zh_hans", "zh-Hant": "text_zh_hant", "en": "text_en"}


def register(blueprint: Blueprint, desk: Desk) -> None:
    """One page for all operators."""

    @blueprint.get("/notices")
    def notices() -> ResponseReturnValue:
        return _page(desk, forms.Announce(formdata=None))

    @blueprint.post("/notices")
    def notice_add() -> ResponseReturnValue:
        form = forms.Announce()
        _offer(desk, form)
        if not form.validate():
            return _page(desk, form, 422)
        try:
            with desk.database.write() as tx:
                _announce(tx, desk, form)
        except Refusal as refusal:
            forms.put_beside(form, refusal, desk)
            return _page(desk, form, refusal.status)
        flash(desk.t("console_notice_added"))
        return redirect(url_for("console.notices"))

    @blueprint.post(NOTICE)
    def notice_withdraw(operator_no: int, number: int) -> ResponseReturnValue:
        with desk.database.write() as tx:
            publish.withdraw(tx, operator_no, number)
            desk.accounts.audit(tx, desk.who().name, "notice_withdrawn", operator=operator_no, notice=number)
        flash(desk.t("console_notice_gone"))
        return redirect(url_for("console.notices"))


def _announce(tx: Connection, desk: Desk, form: forms.Announce) -> None:
    texts = {language: (form[name].data or "").replace("\r\n", "\n") for language, name in TEXTS.items()}
    span, operator_no = (_day(form.from_day.data), _day(form.until_day.data)), int(form.operator.data)
    lines = tuple(sorted(form.lines.data or ()))
    if not set(lines) <= set(queries.lines_of(tx, operator_no, language())):
        raise Refusal("notice_line", status=422, field="lines")
    given = Notice(0, operator_no, texts, *span, bool(form.urgent.data), desk.now_ms(), lines)
    number = publish.announce(tx, given, _today(desk))
    desk.accounts.audit(
        tx, desk.who().name, "notice_added", operator=operator_no, notice=number, texts=texts, lines=lines
    )


def _page(desk: Desk, form: forms.Announce, status: int = 200) -> ResponseReturnValue:
    names, lines = _offer(desk, form)
    with desk.database.read() as tx:
        said = [one for operator_no in names for one in publish.of_operator(tx, operator_no)]
    return desk.render("notices.html", status, form=form, names=names, lines=lines, notices=said, today=_today(desk))


def _offer(desk: Desk, form: forms.Announce) -> tuple[dict[int, dict[str, str]], dict[int, str]]:
    """Operators, and all of their lines, each with its operator's name where there are several."""
    with desk.database.read() as tx:
        names = timetable.operators(tx)
        lines = {number: queries.lines_of(tx, number, language()) for number in names}
    form.operator.choices = [SelectChoice(number, str(number)) for number in names]
    labels = {
        line_no: f"{name_in(names[number], language())} {name}" if len(names) > 1 else name
        for number, own in lines.items()
        for line_no, name in own.items()
    }
    form.lines.choices = [SelectChoice(*one) for one in labels.items()]
    return names, labels


def _today(desk: Desk) -> int:
    return day_at(desk.now_ms(), desk.zone())


def _day(text: str | None) -> int:
    """A service date as a date field sends it. Raises :class:`Refusal` ``notice_days``."""
    try:
        return day_of(date.fromisoformat((text or "").strip()))
    except ValueError:
        raise Refusal("notice_days", status=422, field="until_day", most=400) from None
