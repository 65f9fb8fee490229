"""Cards are made, replaced and taken back at the hub; every node hears which are no good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud.cli import main
from cloud.domains.register.tables import card_refusal
from cloud.kernel import streams
from cloud.kernel.settings import Settings, load
from cloud.kernel.tables import alert, quarantine
from sync.domains.ratings.operations import PublicScore
from sync.domains.register.cards import card as cards
from sync.domains.register.events import CardRefused
from sync.domains.register.operations import VoidCards
from sync.kernel.days import DAY_MS
from sync.kernel.errors import Refusal
from sync.kernel.ticket import MAX_TEXT
from tests.cloud.world import Box, World, new_world
from tests.domains.register.files import DRIVERS, OPERATORS, SAMPLE_FILES, VEHICLES, driver, file_of, operator, vehicle
from tests.domains.register.test_importing_cloud import take

MARK = bytes(range(8))


@pytest.fixture
def world(hub_database_url: str, tmp_path: Path) -> Iterator[World]:
    with new_world(hub_database_url, tmp_path) as made:
        take(made, file_of(OPERATORS, operator()))
        take(made, file_of(VEHICLES, vehicle()))
        take(made, file_of(DRIVERS, driver()))
        yield made


def issue(world: World, number: int = 2) -> tuple[int, str]:
    with world.hub.database.write() as tx:
        made = world.hub.cards.issue(tx, number, "somebody")
    return made.card_no, made.text


def due(world: World) -> list[int]:
    with world.hub.database.read() as tx:
        return world.hub.cards.due(tx, 100)


def void_at(box: Box) -> dict[int, int]:
    """Card → why it is no good, as the box heard."""
    box.visit()
    bodies = [body for body in box.keys("void-cards", "net").values() if body is not None]
    return {card_no: reason for body in bodies for card_no, reason, _ in VoidCards.from_bytes(body).cards}


def test_a_card_says_what_the_register_holds_and_no_whole_name(world: World) -> None:
    _, text = issue(world)
    found = cards.verify(text, world.hub.signer.verify_key)
    assert (found.facts.label, found.facts.operator, found.facts.capacity, found.facts.trust_level) == (
        "粤C12345", "横琴客运", 45, "AAA",
    )  # fmt: skip
    _, badge = issue(world, 3)
    person = cards.verify(badge, world.hub.signer.verify_key).facts
    assert (person.label, person.sort, person.trust_level) == ("张**", "A1", "AAA")
    with pytest.raises(Refusal, match="card_kind"):
        issue(world, 1)
    with pytest.raises(Refusal, match="register_unknown"):
        issue(world, 99)


def test_a_vehicle_s_public_score_stands_on_its_card_with_the_count(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.hub.cards, "_agency_numbers", lambda tx: {"A": 4})
    score = PublicScore("vehicle", "粤C12345", 12, 46, 700, 900, 2400)
    with world.hub.database.write() as tx:
        streams.publish(tx, "operator/4", score.key, score.to_bytes())
    found = cards.verify(issue(world)[1], world.hub.signer.verify_key).facts
    assert (found.score_tenths, found.ratings) == (46, 12) and due(world) == [3]
    with world.hub.database.write() as tx:
        streams.publish(tx, "operator/4", score.key, None)
    assert cards.verify(issue(world)[1], world.hub.signer.verify_key).facts.ratings == 0


def test_a_newer_card_replaces_the_older_and_a_revoked_one_stays_revoked(world: World) -> None:
    box = world.box("a")
    first, _ = issue(world)
    assert void_at(box) == {}
    second, _ = issue(world)
    assert second == first + 1 and void_at(box) == {first: 1}
    with world.hub.database.write() as tx:
        world.hub.cards.revoke(tx, second, "copied", "somebody")
        with pytest.raises(Refusal, match="card_revoked_before"):
            world.hub.cards.revoke(tx, second, "copied", "somebody")
        with pytest.raises(Refusal, match="register_reason"):
            world.hub.cards.revoke(tx, first, " ", "somebody")
    assert void_at(box) == {first: 1, second: 0}
    third, _ = issue(world)
    assert void_at(box) == {first: 1, second: 0} and third == second + 1


def test_the_list_of_bad_cards_holds_no_card_whose_own_end_has_passed(world: World) -> None:
    box = world.box("a")
    first, _ = issue(world)
    issue(world)
    assert void_at(box) == {first: 1}
    world.clock.now_ms += 366 * DAY_MS
    second, _ = issue(world)
    assert void_at(box) == {}
    third, _ = issue(world)
    assert void_at(box) == {second: 1} and third == second + 1


def test_making_what_is_due_takes_old_entries_out_of_every_block(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.domains.register.cards.issuing.BLOCK", 1)
    box = world.box("a")
    first, _ = issue(world)
    issue(world)
    assert void_at(box) == {first: 1}
    world.clock.now_ms += 366 * DAY_MS
    with world.hub.database.write() as tx:
        assert len(world.hub.cards.issue_due(tx, 10, "somebody")) == 2
    assert void_at(box) == {}


def test_who_wants_a_card_is_told_and_a_change_of_facts_asks_for_another(world: World) -> None:
    assert due(world) == [3, 2]
    issue(world, 2)
    issue(world, 3)
    assert due(world) == []
    take(world, file_of(VEHICLES, vehicle(inspection="2029-01-31")))
    assert due(world) == [2]
    issue(world, 2)
    take(world, file_of(OPERATORS, operator(trust="B")))
    assert due(world) == [3, 2]
    with world.hub.database.read() as tx:
        assert [one.stale for one in world.hub.cards.of(tx, 3)] == [True]
    issue(world, 2)
    issue(world, 3)
    world.clock.now_ms += 340 * DAY_MS
    assert due(world) == [3, 2]


def test_striking_off_takes_the_cards_back(world: World) -> None:
    box = world.box("a")
    card_no, _ = issue(world)
    with world.hub.database.write() as tx:
        world.hub.register.strike_off(tx, 2, "scrapped", "somebody")
    assert void_at(box) == {card_no: 0} and due(world) == [3]


def test_refused_cards_come_up_and_a_forged_one_is_an_alert(world: World) -> None:
    box = world.box("a")
    box.append(CardRefused("card_forged", 0, 0, MARK, 11, True))
    box.append(CardRefused("card_revoked", 4, 2, MARK, 11, True))
    box.visit()
    with world.hub.database.read() as tx:
        rows = tx.execute(sa.select(card_refusal.c.reason, card_refusal.c.card_no).order_by(card_refusal.c.pos)).all()
        told = tx.execute(sa.select(alert.c.code, alert.c.clerk_no, alert.c.detail)).all()
    assert [tuple(row) for row in rows] == [("card_forged", 0), ("card_revoked", 4)]
    assert [tuple(row) for row in told] == [("forged_card", 11, MARK.hex())]


@pytest.mark.parametrize(
    "event",
    [
        CardRefused("because", 4, 2, MARK, 11, True),
        CardRefused("card_revoked", 4, 2, b"short", 11, True),
        CardRefused("card_revoked", 0, 0, MARK, 11, True),
        CardRefused("card_forged", 4, 2, MARK, 11, True),
        CardRefused("card_revoked", 1 << 40, 2, MARK, 11, True),
    ],
)
def test_what_a_box_can_not_have_met_is_put_aside(world: World, event: CardRefused) -> None:
    box = world.box("a")
    box.append(event)
    box.visit()
    with world.hub.database.read() as tx:
        assert tx.execute(sa.select(quarantine.c.code)).scalars().all() == ["card_check_form"]
        assert tx.execute(sa.select(card_refusal)).all() == []


def test_cards_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = ("--data", str(tmp_path / "hub"), "--json")
    assert main(["import-register", *map(str, SAMPLE_FILES), *hub]) == 0
    assert main(["issue-card", "粤H12341", "望洲 6", *hub]) == 0
    made = json.loads(capsys.readouterr().out.splitlines()[-1])["cards"]
    assert [card["card_no"] for card in made] == [1, 2] and all(len(card["text"]) < MAX_TEXT for card in made)
    monkeypatch.setattr("cloud.cli.cards.AT_ONCE", 7)
    assert main(["issue-card", "--due", *hub]) == 0
    assert len(json.loads(capsys.readouterr().out.splitlines()[-1])["cards"]) == 18
    assert main(["revoke-card", "1", "--reason", "copied", *hub]) == 0
    assert main(["issue-card", "粤H99999", *hub]) == 1
    assert "register_unknown" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["ftp://x", "hub.example", "https://hub.example/sub/path", "https://" + "x" * 300, "https://a b"]
)
def test_an_odd_address_for_cards_refuses_to_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refusal, match="settings"):
        load(tmp_path, {"YIPIAO_HUB_CARD_URL": url})
    assert load(tmp_path, {"YIPIAO_HUB_CARD_URL": "https://hub.example:8443"}).card_url == "https://hub.example:8443"
    assert Settings(tmp_path).card_url == ""
