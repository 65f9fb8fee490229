"""Law 4: what was told, what a box keeps and what the hub adds up are the same sums, to the minor unit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import cbor2

from tests.simulation.checks.readings import SOLD, Readings
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World


def judge(world: World, found: Readings) -> None:
    """By node and currency at the hub, by disk and currency at the boxes."""
    events: Counter[tuple[int, str]] = Counter()
    for event in found.events:
        if event.type == SOLD:
            events[event.log[0], event.body[8]] += event.body[7]
    sums = Counter({(node, currency): total for node, currency, total in world.hub.rows(
        "SELECT node_no, currency, sum(amount_minor) FROM sale_sum GROUP BY node_no, currency"
    )})  # fmt: skip
    if events != sums:
        raise Violation("money", f"the hub adds up {dict(sums)}, its log {dict(events)}")
    for disk in found.disks:
        if disk.disk is None or disk.disk in world.doubtful:
            continue
        kept = Counter[str]()
        for _, data in disk.events:
            number, _, _, _, _, body = cbor2.loads(data)
            if number == SOLD:
                kept[body[8]] += body[7]
        told = Counter[str]()
        for paper in world.told.of.get(disk.disk, {}).values():
            told[paper.currency] += paper.price_minor
        if any(told[currency] > kept[currency] for currency in told):
            raise Violation("money", f"{disk.name} told {dict(told)} and keeps {dict(kept)}")
        if told != kept and not world.fired["crash_after_commit"] and not world.fired["power_cut"]:
            raise Violation("money", f"{disk.name} keeps {dict(kept)} and told only {dict(told)}")
