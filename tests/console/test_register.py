"""The register and its cards at the console: every act is audited, names of drivers are whole for admins alone."""

from __future__ import annotations

import io

import pytest

from cloud.kernel import audit
from cloud.kernel.accounts import VIEWER
from sync.domains.register.cards import card as cards
from sync.domains.register.events import CardRefused
from tests.console.world import ConsoleWorld, Person
from tests.domains.register.files import OPERATORS, VEHICLES, file_of, operator, vehicle

pytestmark = pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
SUBJECT = "/console/register/{}"


@pytest.fixture
def admin(world: ConsoleWorld) -> Person:
    return world.add_admin("王敏")


def acts(world: ConsoleWorld) -> list[str]:
    with world.hub.database.read() as tx:
        return [row.act for row in audit.entries(tx, 100) if row.act.startswith(("register", "card"))]


def number_of(world: ConsoleWorld, text: str) -> int:
    with world.hub.database.read() as tx:
        return world.hub.register.search(tx, text)[0].number


def send_file(person: Person, data: bytes) -> str:
    return person.post("/console/register/import", file=(io.BytesIO(data), "list.csv")).text


def test_a_search_finds_by_plate_name_and_paper_and_leads_to_the_facts(world: ConsoleWorld, admin: Person) -> None:
    for text in ("粤H12341", "lzytbtd67r1000001", "441200000001"):
        assert "粤H12341" in admin.get(f"/console/register?q={text}&kind=vehicle").text, text
    assert "粤H12341" not in admin.get("/console/register?q=望洲").text
    page = admin.get(SUBJECT.format(number_of(world, "粤H12341"))).text
    assert "星湖客运有限公司" in page and "2030-06-30" in page and "vehicles.csv:2" in page


def test_a_correction_needs_a_reason_and_keeps_what_was_true_before(world: ConsoleWorld, admin: Person) -> None:
    number = number_of(world, "粤H12342")
    with world.hub.database.read() as tx:
        one = world.hub.register.subject(tx, number)
        owner = world.hub.register.subject(tx, one.operator_no)
    typed = {
        "operator_uscc": owner.body["uscc"], "kind": "coach", "plate": "粤H12342", "colour": "yellow",
        "vin": one.body["vin"], "capacity": "39", "permit_no": "44", "permit_until": "2031-01-31",
        "inspection_until": "2031-01-31",
    }  # fmt: skip
    address = SUBJECT.format(number)
    assert "register_reason" not in admin.post(address, **typed).text
    wrong = admin.post(address, **typed | {"capacity": "many", "reason": "typed wrong"})
    assert wrong.status_code == 422 and 'id="capacity-error"' in wrong.text and 'value="many"' in wrong.text
    assert admin.post(address, **typed, reason="typed wrong").status_code == 302
    page = admin.get(address).text
    assert "typed wrong" in page and "capacity: 39" in page and "capacity: 45" in page
    assert acts(world) == ["register_corrected"]


def test_a_file_with_faults_is_shown_line_by_line_and_a_good_one_is_taken(world: ConsoleWorld, admin: Person) -> None:
    page = send_file(admin, file_of(OPERATORS, operator(uscc="91440101MA59UQXX0T")))
    assert "uscc" in page and "校验位不符" in page and "does not fit" not in page and acts(world) == []
    assert "新增 1" in send_file(admin, file_of(OPERATORS, operator()))
    assert "新增 1" in send_file(admin, file_of(VEHICLES, vehicle()))
    assert acts(world) == ["register_imported", "register_imported"]
    table = admin.get("/console/register/table.csv?kind=vehicle")
    assert table.mimetype == "text/csv" and "粤C12345" in table.text and acts(world)[0] == "register_exported"


def test_cards_are_made_printed_and_taken_back(world: ConsoleWorld, admin: Person) -> None:
    number = number_of(world, "粤H12343")
    address = SUBJECT.format(number)
    assert admin.post(f"{address}/card", address).status_code == 302
    with world.hub.database.read() as tx:
        made = world.hub.cards.of(tx, number)[0]
    paper = admin.get(f"/console/cards/{made.card_no}/print").text
    assert "粤H12343" in paper and "code.svg" in paper and " style=" not in paper
    assert "<svg" in admin.get(f"/console/cards/{made.card_no}/code.svg").text
    assert admin.post(f"/console/cards/{made.card_no}/revoke", address, reason=" ").status_code == 422
    assert admin.post(f"/console/cards/{made.card_no}/revoke", address, reason="copied").status_code == 302
    assert "已撤销" in admin.get(address).text and "copied" in admin.get(address).text
    assert acts(world) == ["card_revoked", "cards_issued"]
    assert "粤H12343" in admin.get("/console/cards").text
    assert admin.post("/console/cards").status_code == 302
    with world.hub.database.read() as tx:
        assert world.hub.cards.due(tx, 100) == []


def test_striking_off_needs_a_reason_and_takes_the_cards_back(world: ConsoleWorld, admin: Person) -> None:
    number = number_of(world, "粤H12341")
    address = SUBJECT.format(number)
    assert admin.post(f"{address}/strike", address, reason="").status_code == 422
    assert admin.post(f"{address}/strike", address, reason="scrapped").status_code == 302
    page = admin.get(address).text
    assert "已注销" in page and "已撤销" in page and admin.post(address, reason="x").status_code == 404


def test_a_viewer_sees_surnames_and_no_button(world: ConsoleWorld) -> None:
    viewer = world.add_admin("审计员", VIEWER)
    number = number_of(world, "吴文国")
    page = viewer.get("/console/register?kind=driver").text + viewer.get(SUBJECT.format(number)).text
    assert "吴**" in page and "吴文国" not in page and "4401**********0012" in page
    assert f"/console/register/{number}/card" not in page


def test_refused_cards_are_listed_with_their_mark(world: ConsoleWorld, admin: Person) -> None:
    box = world.boxes["肇庆站-1"]
    box.append(CardRefused("card_forged", 0, 0, bytes(range(8)), 1, True))
    box.append(CardRefused("card_revoked", 1, number_of(world, "粤H12341"), bytes(8), 1, True))
    box.visit()
    page = admin.get("/console/cards").text
    assert "伪造" in page and bytes(range(8)).hex() in page and "已撤销" in page
    assert "伪造的诚信公示卡" in admin.get("/console/alerts").text


def test_what_is_printed_is_what_the_hub_signed(world: ConsoleWorld) -> None:
    with world.hub.database.read() as tx:
        card = world.hub.cards.card(tx, 1)
    assert cards.verify(card.text, world.hub.signer.verify_key).facts.label == "粤H12341"
