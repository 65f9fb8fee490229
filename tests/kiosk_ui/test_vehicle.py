"""Another vehicle, as passengers, clerks and inspectors see it."""

from __future__ import annotations

from sync.domains.boarding.operations import ManifestEntry
from sync.domains.disruption.operations import Reseated, VehicleChange
from sync.kernel.ticket import TicketId
from tests.kiosk_ui.person import Person
from tests.kiosk_ui.test_clerk import sell
from tests.support.nodes import COACH_TRIP, TODAY, Bench

STREAM = f"trip/{COACH_TRIP}/{TODAY}"


def send(bench: Bench, ticket_id: bytes, seat: int) -> None:
    seats = tuple((n, f"N{n}", (n - 1) // 4, (n - 1) % 4) for n in range(1, 5))
    vehicle = VehicleChange(1_000, "small", "reserved", 4, seats, "抛锚换车", 1)
    bench.operate("operator/1", f"vehicle-change/{COACH_TRIP}/{TODAY}", vehicle.to_bytes())
    said = Reseated(COACH_TRIP, TODAY, 40, seat, bool(seat), not seat)
    bench.operate(STREAM, f"reseat/{ticket_id.hex()}", said.to_bytes())


def test_who_sits_elsewhere_reads_it_on_the_ticket_and_at_the_counter(bench: Bench, clerk: Person) -> None:
    number = sell(clerk).path.rsplit("/", 1)[1]
    found = bench.node.ticketing.find(number)
    send(bench, found.ticket_id.to_bytes(), 2)
    old = found.seat_label
    assert f"请坐 N2 号（票面 {old} 号）" in clerk.see(f"/clerk/tickets/{number}").text
    assert f"请坐 N2 号（票面 {old} 号）" in clerk.see("/clerk/disruptions").text
    assert "N2" in clerk.see(f"/tickets/{number}/print").text
    clerk.see(f"/gate/{COACH_TRIP}/{TODAY}")
    assert f"请坐 N2 号（票面 {old} 号）" in clerk.send(f"/gate/{COACH_TRIP}/{TODAY}", code=found.text).text


def test_one_key_gives_the_money_back_to_who_has_no_seat(bench: Bench, clerk: Person) -> None:
    number = sell(clerk).path.rsplit("/", 1)[1]
    send(bench, bench.node.ticketing.find(number).ticket_id.to_bytes(), 0)
    other = TicketId(9, 1, 4)
    entry = ManifestEntry(0, 4, 40, COACH_TRIP, TODAY).to_bytes()
    bench.operate(STREAM, f"manifest/{other.to_bytes().hex()}", entry)
    assert "换车后没有座位" in clerk.see(f"/clerk/tickets/{number}").text
    assert "手续费 ¥0.00" in clerk.see(f"/clerk/tickets/{number}/refund").text
    page = clerk.see("/clerk/disruptions")
    assert "抛锚换车" in page.text and other.number not in page.text
    send(bench, other.to_bytes(), 0)
    page = clerk.see("/clerk/disruptions")
    assert other.number in page.text
    form = page.form(f"/{number}/refund")
    receipt = clerk.post(form.action, form.values)
    assert "退还旅客 ¥30.00" in receipt.text and "换车后没有座位" in receipt.text
