"""Law 4: what was told, what a box keeps and what the hub adds up are the same sums, to the minor unit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import cbor2

from tests.simulation.checks.readings import REFUNDED, SOLD, Readings
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.world import World


def judge(world: World, found: Readings) -> None:
    """By node and currency at the hub, by disk and currency at the boxes."""
    events: Counter[tuple[int, str]] = Counter()
    back: Counter[tuple[int, str]] = Counter()
    for event in found.events:
        if event.type == SOLD:
            events[event.log[0], event.body[8]] += event.body[7]
        elif event.type == REFUNDED:
            back[event.log[0], event.body[8]] += event.body[7]
    sums = Counter({(node, currency): total for node, currency, total in world.hub.rows(
        "SELECT node_no, currency, sum(amount_minor) FROM sale_sum GROUP BY node_no, currency"
    )})  # fmt: skip
    returned = Counter({(node, currency): total for node, currency, total in world.hub.rows(
        "SELECT node_no, currency, sum(refunded_minor) FROM refund_sum GROUP BY node_no, currency"
    )})  # fmt: skip
    if (events, back) != (sums, returned):
        raise Violation(
            "money", f"the hub adds up {dict(sums)} less {dict(returned)}, its log {dict(events)} {dict(back)}"
        )
    for disk in found.disks:
        if disk.disk is None or disk.disk in world.doubtful:
            continue
        kept, kept_back, told_back = Counter[str](), Counter[str](), Counter[str]()
        for data in [*(data for _, data in disk.events), *(one for past in disk.past.values() for one in past)]:
            number, _, _, _, _, body = cbor2.loads(data)
            if number == SOLD:
                kept[body[8]] += body[7]
            elif number == REFUNDED:
                kept_back[body[8]] += body[7]
        told = Counter[str]()
        for paper in world.told.of.get(disk.disk, {}).values():
            told[paper.currency] += paper.price_minor
            told_back[paper.currency] += paper.back_minor
        if any(told[currency] > kept[currency] for currency in told):
            raise Violation("money", f"{disk.name} told {dict(told)} and keeps {dict(kept)}")
        if any(told_back[currency] > kept_back[currency] for currency in told_back):
            raise Violation("money", f"{disk.name} handed {dict(told_back)} back and keeps {dict(kept_back)}")
        if (
            (+told, +told_back) != (+kept, +kept_back)
            and not world.fired["crash_after_commit"]
            and not world.fired["power_cut"]
        ):
            raise Violation(
                "money",
                f"{disk.name} keeps {dict(kept)} {dict(kept_back)} and told only {dict(told)} {dict(told_back)}",
            )
