"""Addresses that are none, as a browser and as a program meet them."""

from __future__ import annotations

import pytest

from sync.catalogue import LANGUAGES
from tests.console.test_pages import HEADERS
from tests.console.world import ConsoleWorld, Person
from tests.shop.test_shop import UNKNOWN_KEY, person, reserve, world  # noqa: F401

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/shop/nowhere", "/nowhere", "/ratings/no/where", "/wallet/no/where", "/card"])
def test_a_browser_gets_a_page_with_ways_on(world: ConsoleWorld, person: Person, path: str) -> None:  # noqa: F811
    for language in LANGUAGES:
        chosen = person.get(f"{path}?language={language}", headers=BROWSER)
        assert (chosen.status_code, chosen.headers["Location"]) == (302, path)
        answer = person.get(path, headers=BROWSER)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert f'<html lang="{language}">' in answer.text and 'href="/shop/"' in answer.text
        assert ('href="/console/"' in answer.text) == (not path.startswith("/shop/"))
        assert not UNKNOWN_KEY.findall(answer.text) and "<script" not in answer.text
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, name


def test_what_is_only_sent_is_not_opened(world: ConsoleWorld, person: Person) -> None:  # noqa: F811
    address = reserve(world, person)
    answer = person.get(f"{address}/cancel", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (405, "text/html") and "nothing was changed" in answer.text
    assert "POST" in answer.headers["Allow"] and "Reserved, to be paid" in person.get(address).text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/sync/v1/nothing", "/sellers/v1/nothing"])
def test_a_program_gets_a_code_whatever_it_accepts(world: ConsoleWorld, person: Person, path: str) -> None:  # noqa: F811
    for headers in ({}, BROWSER):
        answer = person.get(path, headers=headers)
        assert answer.status_code == 404 and answer.get_json()["code"] in ("not_found", "http_404"), path
    elsewhere = person.get("/nowhere", headers={"Accept": "application/json"})
    assert (elsewhere.status_code, elsewhere.get_json()["code"]) == (404, "not_found")
