"""What is true afterwards, looked at from outside: the databases of hub, nodes and gate against what people were told."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from cloud.domains.boarding import tables as boarding
from cloud.domains.ratings import tables as ratings
from cloud.domains.shifts import tables as shifts
from cloud.domains.ticketing import tables as ticketing
from cloud.kernel import streams as hub_streams
from cloud.kernel import tables as kernel
from sync.domains.inventory import rules
from sync.domains.ticketing.events import EXCHANGED, REBOOKED, REISSUED
from sync.kernel.ticket import RIDERS, TicketId
from tests.demo import board_ratings, board_trip, phone
from tests.demo.board_cards import FORGED_ALERT
from tests.demo.client import Client
from tests.demo.setup import Demo
from tests.demo.story import GIVEN_NAME, NUMBER_PART, Story
from tests.support.traces import Traces

CONVERGE_S = 60.0


def converge(demo: Demo, clients: Mapping[str, Client]) -> bool:
    """Wait for the exchanges: nothing waits at any node and every stream's digest is the hub's."""
    end = time.monotonic() + CONVERGE_S
    while time.monotonic() < end:
        if all(clients[name].status()["waiting"] == 0 for name in demo.plan.clerks) and same_digests(demo):
            return True
        time.sleep(0.5)
    return False


def facts(demo: Demo, story: Story) -> dict[str, Any]:
    """The object that `demo --check` prints, but for `converged` and `seconds`."""
    told = story.told
    with demo.hub_database.read() as tx:
        held = [row._asdict() for row in tx.execute(sa.select(ticketing.ticket))]
        back = [row._asdict() for row in tx.execute(sa.select(ticketing.refund))]
        booked = [row._asdict() for row in tx.execute(sa.select(ticketing.booking_sold))]
        boarded = {bytes(row.ticket_id) for row in tx.execute(sa.select(boarding.boarded.c.ticket_id))}
        rated = {bytes(row.ticket_id) for row in tx.execute(sa.select(ratings.rating.c.ticket_id))}
        heads = {row[0]: row[1] for row in tx.execute(sa.select(kernel.node_key.c.node_no, kernel.node_key.c.head_seq))}
        named = tx.execute(sa.select(sa.func.count()).select_from(ticketing.traveller)).scalar_one()
        quarantined = tx.execute(sa.select(sa.func.count()).select_from(kernel.quarantine)).scalar_one()
        codes = sa.select(kernel.alert.c.code).where(kernel.alert.c.code != FORGED_ALERT)
        alerts = tx.execute(codes.order_by(kernel.alert.c.code)).scalars().all()
        states = tx.execute(sa.select(shifts.shift.c.state)).scalars().all()
        drawers = tx.execute(sa.select(shifts.shift_line.c.expected_minor, shifts.shift_line.c.counted_minor)).all()
    hub_sold = {TicketId(row["node_no"], row["epoch"], row["serial"]).number: row for row in held}
    lost = sum(number not in hub_sold for number in told.sold)
    lost += sum(_id(number) not in boarded for number in told.boarded)
    lost += sum(_id(number) not in rated for number in told.rated)
    refunded = {bytes(row["ticket_id"]) for row in back}
    gone = refunded | board_trip.absent(demo)
    lost += sum(_id(number) not in refunded for number in told.refunded)
    lost += _events_missing(demo, heads)
    opened = _openings(demo)
    return {
        "feed": demo.plan.feed.rsplit("/", 1)[-1],
        "nodes": len(demo.plan.clerks),
        "hub_offline_s": told.hub_offline_s,
        "sold": len(hub_sold),
        "boarded": len(boarded),
        "rated": len(rated),
        "refused": {reason: told.refused[reason] for reason in ("already_used", "wrong_trip", "wrong_date", "forged")},
        "gate_opened": sum(opened.values()),
        "gate_opened_twice": sum(count > 1 for count in opened.values()),
        "seats_sold_twice": double_seats([row for row in held if bytes(row["ticket_id"]) not in gone]),
        "events_lost": lost,
        "fen_difference": difference(told.sold, held, told.refunded, back),
        "office": {
            "sold": len(held),
            "riders": dict(Counter(RIDERS[row["rider"]] for row in held)),
            "through_journeys": through_journeys(held, booked),
            "refunded": sum(row["reason"] not in EXCHANGED for row in back),
            "rebooked": sum(row["reason"] == REBOOKED for row in back),
            "reissued": sum(row["reason"] == REISSUED for row in back),
            "resold": len(told.resold),
            "superseded_refused": told.refused["superseded"],
            "shifts_closed": min(len(told.shifts), states.count("closed")),
            "no_shift_refused": told.refused["no_shift"],
            "fen_difference": sum(told.shifts.values()) + sum(abs(must - (there or 0)) for must, there in drawers),
            "alerts": list(alerts),
            "named": named,
            "clear_personal_data_found": clear_personal_data(demo, story),
            **phone.facts(demo, story.phone),
        },
        "on_board": {
            **board_ratings.facts(demo),
            **story.gates.facts(demo),
            **story.cards.facts(),
            **story.drive.facts(),
            "phones_on_wifi": told.on_wifi,
            **board_trip.facts(demo),
        },
        "quarantined": quarantined,
        "retried_after_kill": told.retried,
    }


def _id(number: str) -> bytes:
    found = TicketId.from_number(number)
    return found.to_bytes() if found else b""


def clear_personal_data(demo: Demo, story: Story) -> int:
    """How often a number or a name that was typed stands in clear anywhere: files, databases, logs, tickets' codes."""
    traces = Traces((NUMBER_PART, GIVEN_NAME))
    traces.look_into(demo.folder)
    for number, sold in story.told.sold.items():
        traces.look_at_code(number, sold["text"])
    for found in traces.found:
        demo.say(f"in clear: {found}")
    return len(traces.found)


def difference(
    told: dict[str, dict[str, Any]],
    held: list[dict[str, Any]],
    refunded: Mapping[str, int] = MappingProxyType({}),
    back: Sequence[dict[str, Any]] = (),
) -> int:
    """Minor units by which sales less refunds as told differ from those that the hub holds, over nodes and currencies.

    ``refunded``: ticket number → minor units handed back, as told; ``back``: the hub's refunds.
    """
    ours: Counter[tuple[str, int]] = Counter()
    theirs: Counter[tuple[str, int]] = Counter()
    for sold in told.values():
        found = TicketId.from_number(sold["number"])
        paid = sold["price_minor"] - refunded.get(sold["number"], 0)
        ours[(sold["currency"], found.node_no if found else 0)] += paid
    for row in held:
        theirs[(row["currency"], row["node_no"])] += row["price_minor"]
    for row in back:
        theirs[(row["currency"], row["node_no"])] -= row["refunded_minor"]
    return sum(abs(ours[key] - theirs[key]) for key in {*ours, *theirs})


def through_journeys(held: list[dict[str, Any]], booked: list[dict[str, Any]]) -> int:
    """Bookings with tickets of several trips, as the hub holds them."""
    trips = {(row["node_no"], row["epoch"], row["serial"]): row["trip_no"] for row in held}
    spans = (
        {trips.get((row["node_no"], row["epoch"], row["first_serial"] + n)) for n in range(row["count"])}
        for row in booked
    )
    return sum(len(span) > 1 for span in spans)


def double_seats(held: list[dict[str, Any]]) -> int:
    """Pairs of tickets that overlap on a seat and a leg, worked out from the tickets alone."""
    taken: dict[tuple[int, int, int], int] = {}
    clashes = 0
    for row in held:
        if row["seat"] in (0, rules.LAP):
            continue
        key = (row["trip_no"], row["day"], row["seat"])
        mask = rules.legs_mask(row["from_idx"], row["to_idx"])
        clashes += bool(taken.get(key, 0) & mask)
        taken[key] = taken.get(key, 0) | mask
    return clashes


def _events_missing(demo: Demo, heads: dict[int, int]) -> int:
    missing = 0
    for name, node_no in demo.plan.nodes.items():
        with sqlite3.connect(f"file:{demo.node_data(name) / 'node.sqlite'}?mode=ro", uri=True) as connection:
            own = connection.execute("SELECT coalesce(max(seq), 0) FROM event_log").fetchone()[0]
        missing += abs(own - heads.get(node_no, 0))
    return missing


def _openings(demo: Demo) -> Counter[str]:
    """Verdict → how often the gate's arm moved, from the lines that the gate printed when it did."""
    found: Counter[str] = Counter()
    for line in (demo.folder / "logs" / "gate.log").read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if said.get("event") == "opened":
            found[said.get("verdict_id", "?")] += 1
    return found


def same_digests(demo: Demo) -> bool:
    """Whether every node holds of each of its streams what the hub published."""
    with demo.hub_database.read() as tx:
        for name in demo.plan.nodes:
            path = demo.node_data(name) / "node.sqlite"
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                for stream, digest in connection.execute("SELECT stream, digest FROM stream_digest"):
                    if hub_streams.digest(tx, stream).hex() != digest:
                        return False
    return True
