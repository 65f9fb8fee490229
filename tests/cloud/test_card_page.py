"""The page of a trust card at the hub, as a phone opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cloud.app import create_app
from sync.domains.register.cards import card as cards
from sync.kernel.days import DAY_MS
from sync.kernel.keys import Ed25519Signer
from tests.cloud.world import World, new_world
from tests.domains.register.files import DRIVERS, OPERATORS, VEHICLES, driver, file_of, operator, vehicle
from tests.domains.register.test_cards_cloud import issue
from tests.domains.register.test_importing_cloud import take


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        take(made, file_of(OPERATORS, operator()))
        take(made, file_of(VEHICLES, vehicle()))
        take(made, file_of(DRIVERS, driver()))
        yield made


def seen(client: FlaskClient, text: str, language: str = "zh-CN", folder: str = "/card/") -> str:
    part = text.rpartition("/")[2].removeprefix("Y1C:")
    answer = client.get(folder + part, headers={"Accept-Language": language})
    assert answer.status_code == 200 and "script" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.text


def test_a_phone_reads_the_card_in_three_languages(world: World) -> None:
    client = create_app(world.hub).test_client()
    _, text = issue(world)
    for language, words in (
        ("zh-CN", "营运许可有效期至"),
        ("zh-TW", "營運許可有效期至"),
        ("en", "Operating permit until"),
    ):
        for folder in ("/card/", "/CARD/"):
            page = seen(client, text, language, folder)
            assert words in page and "粤C12345" in page and "AAA" in page and 'class="verdict green"' in page
    _, badge = issue(world, 3)
    assert "张**" in seen(client, badge) and "张建国" not in seen(client, badge)
    chosen = client.get(f"/card/{text[4:]}?language=en", headers={"Accept-Language": "zh-CN"}, follow_redirects=True)
    assert "Operating permit until" in chosen.text


def test_the_hub_says_at_once_what_is_no_good_and_what_changed(world: World) -> None:
    client = create_app(world.hub).test_client()
    card_no, text = issue(world)
    take(world, file_of(VEHICLES, vehicle(inspection="2026-01-31")))
    page = seen(client, text)
    assert 'class="verdict amber"' in page and "有证件已过期" in page and "登记情况在发卡后有变更" in page
    second, newer = issue(world)
    assert "已换发" in seen(client, text)
    with world.hub.database.write() as tx:
        world.hub.cards.revoke(tx, second, "copied", "somebody")
    assert "已撤销" in seen(client, newer)
    _, badge = issue(world, 3)
    world.clock.now_ms += 400 * DAY_MS
    assert "已过期：请" in seen(client, badge) and card_no == 1


def test_of_a_forged_card_nothing_is_repeated(world: World) -> None:
    client = create_app(world.hub).test_client()
    found = cards.verify(issue(world)[1], world.hub.signer.verify_key)
    page = seen(client, cards.issue(found, Ed25519Signer(bytes(32)), ""))
    assert "伪造" in page and "粤C12345" not in page
    assert "读不出" in seen(client, "Y1C:AAAA") and client.get("/card/").status_code == 404
