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
