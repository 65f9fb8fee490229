"""Sellers at the console: every act is audited, keys are shown once, the statement is the ledger's."""

from __future__ import annotations

import csv
import io
import re

import pytest

from cloud.domains.sellers.books import accounts
from cloud.kernel import audit
from tests.console.world import ConsoleWorld, Person

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
KEY = re.compile(r"yps_[0-9a-f]{64}")


@pytest.fixture
def admin(world: ConsoleWorld) -> Person:
    return world.add_admin("王敏")


def acts(world: ConsoleWorld) -> list[str]:
    with world.hub.database.read() as tx:
        return [row.act for row in audit.entries(tx, 100) if row.act.startswith("seller")]


def test_a_seller_is_added_and_its_key_works_and_is_shown_once(world: ConsoleWorld, admin: Person) -> None:
    page = admin.post("/console/sellers/new", name="山海旅行", limit="1200.50", commission="30")
    (key,) = KEY.findall(page.text)
    client = world.app.test_client()
    assert client.get("/sellers/v1/places", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert not KEY.findall(admin.get("/console/sellers/2").text)
    assert acts(world) == ["seller_added"]
    wrong = admin.post("/console/sellers/new", name="山海旅行", limit="x", commission="30")
    assert wrong.status_code == 422 and "input_money" not in wrong.text
    assert admin.post("/console/sellers/new", name="山海旅行", limit="1", commission="1").status_code == 409


def test_limit_keys_payments_and_the_bar_are_acts_of_an_admin(world: ConsoleWorld, admin: Person) -> None:
    admin.post("/console/sellers/1", limit="99.00", commission="20")
    made = admin.post("/console/sellers/1/keys", "/console/sellers/1", label="app", scopes=["read"])
    (key,) = KEY.findall(made.text)
    admin.post("/console/sellers/1/payments", "/console/sellers/1", amount="-5.00", currency="CNY", reference="slip 2")
    with world.hub.database.read() as tx:
        found, (line,) = accounts.find(tx, 1), accounts.balances(tx, 1)
        name = accounts.keys_of(tx, 1)[-1].name
    assert (found.limit_minor, found.commission_per_mille, line.paid_minor) == (9_900, 20, 500)
    client, headers = world.app.test_client(), {"Authorization": f"Bearer {key}"}
    admin.post(f"/console/sellers/1/keys/{name}/end", "/console/sellers/1")
    assert client.get("/sellers/v1/places", headers=headers).status_code == 401
    admin.post("/console/sellers/1/bar", "/console/sellers/1")
    with world.hub.database.read() as tx:
        assert accounts.find(tx, 1).closed_ms is not None
    admin.post("/console/sellers/1/bar", "/console/sellers/1")
    said = ["seller_let_in", "seller_barred", "seller_key_ended", "seller_paid", "seller_key_added", "seller_changed"]
    assert acts(world) == said


def test_a_viewer_reads_and_changes_nothing(world: ConsoleWorld) -> None:
    viewer = world.add_admin("李强", "viewer")
    assert '<button class="danger"' not in viewer.get("/console/sellers/1").text
    assert viewer.post("/console/sellers/1/bar", "/console/account").status_code == 403
    assert viewer.get("/console/sellers/new").status_code == 403
    assert acts(world) == []


def test_the_table_has_the_entries_of_the_days_asked_for(world: ConsoleWorld, admin: Person) -> None:
    answer = admin.get("/console/sellers/1/statement.csv?from=2020-01-01&to=2030-01-01")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["kind"] for row in rows] == ["sale", "sale", "refund"]
    nothing = admin.get("/console/sellers/1/statement.csv?from=2020-01-01&to=2020-01-02")
    assert list(csv.DictReader(io.StringIO(nothing.text))) == []
