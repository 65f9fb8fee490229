"""Law 4: what was told, what a box keeps and what the hub adds up are the same sums, to the minor unit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import cbor2

from tests.simulation.checks.readings import BOOKED, CASH, PAID_OUT, REFUNDED, SOLD, OnDisk, Readings
from tests.simulation.told import Disk
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World

# Direction, amount, currency, way of payment: what an event did to the money.
Moved = tuple[str, int, str, int]
IN, BACK = "in", "back"


def moved(number: int, body: list[Any]) -> Moved | None:
    """The money of an event; None for one that moves none."""
    if number == SOLD:
        return IN, body[7], body[8], body[9]
    if number == BOOKED:
        return IN, sum(price for _, _, price in body[7]), body[3], body[4]
    if number == REFUNDED:
        return BACK, body[7], body[8], body[9]
    if number == PAID_OUT:
        return BACK, body[6], body[7], body[10] if len(body) > 10 else CASH
    return None


def judge(world: World, found: Readings) -> None:
    """By node and currency at the hub, by disk and currency at the boxes."""
    sums: dict[str, Counter[tuple[int, str]]] = {IN: Counter(), BACK: Counter()}
    for event in found.events:
        money = moved(event.type, event.body)
        if money is not None and money[1]:
            sums[money[0]][event.log[0], money[2]] += money[1]
    kept = {
        IN: _sums(world, "SELECT node_no, currency, sum(amount_minor) FROM sale_sum GROUP BY node_no, currency"),
        BACK: _sums(world, "SELECT node_no, currency, sum(refunded_minor) FROM refund_sum GROUP BY node_no, currency"),
    }
    for way in (IN, BACK):
        if sums[way] != kept[way]:
            raise Violation("money", f"{way}: the hub adds up {dict(kept[way])}, its log {dict(sums[way])}")
    for disk in found.disks:
        if disk.disk is not None and disk.disk not in world.doubtful:
            _judge_disk(world, disk, disk.disk)


def _sums(world: World, query: str) -> Counter[tuple[int, str]]:
    return +Counter({(node, currency): total for node, currency, total in world.hub.rows(query)})


def _judge_disk(world: World, disk: OnDisk, name: Disk) -> None:
    """Cash: what was paid by phone may be kept before anybody looks."""
    kept: dict[str, Counter[str]] = {IN: Counter(), BACK: Counter()}
    for data in [*(data for _, data in disk.events), *(one for past in disk.past.values() for one in past)]:
        number, _, _, _, _, body = cbor2.loads(data)
        money = moved(number, body)
        if money is not None and money[3] == CASH:
            kept[money[0]][money[2]] += money[1]
    told = _told(world, name)
    for way in (IN, BACK):
        if any(told[way][currency] > kept[way][currency] for currency in told[way]):
            raise Violation("money", f"{disk.name} told {dict(told[way])} {way} and keeps {dict(kept[way])}")
        sure = not (world.fired["crash_after_commit"] or world.fired["power_cut"])
        if sure and +told[way] != +kept[way]:
            raise Violation("money", f"{disk.name} keeps {dict(kept[way])} {way} and told only {dict(told[way])}")


def _told(world: World, name: Disk) -> dict[str, Counter[str]]:
    told: dict[str, Counter[str]] = {IN: Counter(), BACK: Counter()}
    for paper in world.told.of.get(name, {}).values():
        if paper.payment == "cash":
            told[IN][paper.currency] += paper.price_minor
            told[BACK][paper.currency] += paper.back_minor
    for minor, currency, payment in world.told.extras.get(name, {}).values():
        told[IN][currency] += minor if payment == "cash" else 0
    for _, minor, currency in world.told.paid.get(name, {}).values():
        told[BACK][currency] += minor
    return told
