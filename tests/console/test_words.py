"""What the console says stands in the language of the page, also what its forms refuse by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.fields.core import UnboundField

from cloud.console import forms
from cloud.console.common import t
from sync.catalogue import LANGUAGES
from tests.console.world import ConsoleWorld

LATIN = re.compile(r"[A-Za-z]{3,}")


def every_form(root: type[forms.Form] = forms.Form) -> Iterator[type[forms.Form]]:
    for one in root.__subclasses__():
        yield one
        yield from every_form(one)


@pytest.mark.parametrize("typed", [None, "", "不是数字"])
def test_whatever_a_form_refuses_is_said_once_and_in_the_language_of_the_page(
    bare: ConsoleWorld, typed: str | None
) -> None:
    refused = 0
    for kind in every_form():
        for language in LANGUAGES:
            names = (
                [] if typed is None else [name for name in dir(kind) if isinstance(getattr(kind, name), UnboundField)]
            )
            data = {name: typed or "" for name in names if name != "file"}
            headers = {"Accept-Language": language}
            with bare.app.test_request_context("/console/", method="POST", data=data, headers=headers):
                form = kind(meta={"csrf": False})
                for field in form:
                    if isinstance(field, SelectField) and field.choices is None:
                        field.choices = [SelectChoice(1, "一")]
                form.validate()
                for name, errors in form.errors.items():
                    where = (kind.__name__, name, language, errors)
                    assert len(errors) == 1, where
                    text = t(errors[0])
                    assert bool(LATIN.search(text)) == (language == "en"), where
                    refused += 1
    assert refused > 20


def test_nothing_chosen_and_a_number_emptied_are_refused_in_chinese_on_the_page(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    page = person.post("/console/nodes/new", name="新站", low_water="")
    assert page.status_code == 422 and "请填写整数。" in page.text and "请从这些选项中选择。" in page.text
    assert "Not a valid" not in page.text
    trip_no, day = world.trip
    vehicle = f"/console/trips/{trip_no}/{day}/vehicle"
    assert "这一栏还没有填" in person.post(vehicle, vehicle, plan="", note="抛锚").text


LISTS = ("nodes", "sales", "trips", "quarantine", "conflicts", "shifts", "stops", "imports", "audit", "sellers", "register",
         "cards", "clerks", "refund-requests", "ratings", "voices", "alerts")  # fmt: skip


def test_a_page_beyond_the_last_says_so_and_leads_back(world: ConsoleWorld) -> None:
    person, wanted = world.add_admin("王敏"), "这一页没有内容"
    trip_no, day = world.trip
    for address in (*(f"/console/{name}" for name in LISTS), f"/console/trips/{trip_no}/{day}"):
        assert wanted not in person.get(address).text
        page = person.get(f"{address}?page=99999")
        assert page.status_code == 200 and wanted in page.text, address
        assert f'<a href="{address}">回到第一页</a>' in page.text, address
    assert "没有班次" not in person.get("/console/trips?page=99999").text


def test_only_people_have_a_persons_name(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    for address in ("stops", "sellers", "sellers/new", "register", "cards", "imports/1"):
        assert "姓名" not in person.get(f"/console/{address}").text, address
    assert all("名称" in person.get(f"/console/{address}").text for address in ("stops", "sellers", "sellers/new"))
    assert all("姓名" in person.get(f"/console/{address}").text for address in ("clerks", "clerks/new"))


def test_a_wrong_sign_in_is_answered_in_the_words_of_its_form(bare: ConsoleWorld) -> None:
    for language, label, passphrase in (("zh-Hans", "姓名", "口令"), ("zh-Hant", "姓名", "口令")):
        stranger = bare.person()
        stranger.get(f"/console/sign-in?language={language}")
        page = stranger.post("/console/sign-in", name="无人", passphrase="wrong").text
        assert page.count(label) == 2 and page.count(passphrase) >= 2 and "密語" not in page, language


def test_the_first_wrong_field_of_a_page_has_the_cursor_and_no_other(world: ConsoleWorld) -> None:
    person = world.add_admin("王敏")
    assert "autofocus" not in person.get("/console/sellers/1").text
    page = person.post("/console/sellers/1/payments", "/console/sellers/1", amount="abc", currency="CNY")
    assert page.status_code == 422
    assert re.findall(r"<[^>]*\bautofocus\b[^>]*>", page.text) == re.findall(r'<input[^>]*id="amount"[^>]*>', page.text)
    page = person.post("/console/nodes/new", name="", low_water="x")
    assert page.text.count("autofocus") == 1 and re.search(r'<input[^>]*autofocus[^>]*id="name"', page.text)
    for data, name in (({"name": "王敏"}, "passphrase"), ({"passphrase": "x"}, "name"), ({}, "name")):
        shown = world.person().post("/console/sign-in", **data).text
        assert re.findall(r"<input[^>]*\bautofocus\b[^>]*name=\"(\w+)\"", shown) == [name], data
    trip_no, day = world.trip
    form = f"/console/trips/{trip_no}/{day}/disruption"
    shown = person.post(form, form, note="雾").text
    assert re.findall(r"<input[^>]*\bautofocus\b[^>]*value=\"(\w+)\"", shown) == ["cancelled"]
