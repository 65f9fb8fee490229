"""What is true afterwards: the logs of nodes and hub against what people were told, looked at from outside."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from cloud.domains.ticketing import tables as ticketing
from cloud.kernel import tables as kernel
from edge.kernel.log import events_after
from sync.domains import EVENTS
from sync.domains.boarding.events import TicketBoarded
from sync.domains.ratings.events import TripRated
from sync.domains.ticketing.events import TicketSold
from sync.kernel import chain
from sync.kernel.ticket import TicketId
from tests.demo import checker
from tests.demo.client import Client
from tests.demo.world import command
from tests.torture.people import Told
from tests.torture.world import World

Log = dict[tuple[int, int], bytes]
NOTHING_OF = ("acknowledged_lost", "events_missing", "seats_sold_twice", "fen_difference", "quarantined", "differing")


def converge(world: World) -> bool:
    """Wait for the exchanges of the production protocol, and for nothing else."""
    clients = {name: Client(world.plan.ports[name]) for name in world.plan.clerks}
    for name, client in clients.items():
        client.sign_in(*world.plan.clerks[name][:2])
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if checker.converge(world, clients):
            return True
    return False


def look(world: World, told: Told) -> dict[str, Any]:
    """What was acknowledged and is not there, and everything else that may not be. Nothing runs any more."""
    nodes, (hub, heads, quarantined, held) = _node_logs(world), _hub_log(world)
    missing = {key for key in {*nodes, *hub} if nodes.get(key) != hub.get(key)}
    for node_no in world.plan.nodes.values():
        mine = [data for (number, _), data in sorted(hub.items()) if number == node_no]
        if chain.head(chain.GENESIS, mine) != heads[node_no]:
            missing.add((node_no, 0))
    lost = _lost(world, told, nodes) | _lost(world, told, hub)
    return {
        "acknowledged": told.count,
        "acknowledged_lost": len(lost),
        "events": len(hub),
        "events_missing": len(missing),
        "seats_sold_twice": checker.double_seats(held),
        "fen_difference": checker.difference(told.sold, held),
        "quarantined": quarantined,
    }


def differing(world: World) -> list[str]:
    """Tables that are not the fold of their log, of every node and of the hub, by the production commands."""
    found = []
    for name in world.plan.nodes:
        words = ["-m", "edge.cli", "node", "rebuild", "--check", "--data", str(world.node_data(name))]
        found += [f"{name}: {table}" for table in command(words)["differing"]]
    words = ["-m", "cloud.cli", "rebuild", "--check", "--json", "--data", str(world.hub_data)]
    return found + [f"hub: {table}" for table in command(words)["differing"]]


def place_of(world: World, ticket: dict[str, Any]) -> tuple[int, int]:
    """Node and sequence of a sale in the log of its node."""
    wanted = "sold", world.plan.nodes[ticket["node"]], _id(ticket["number"])
    return next(key for key, data in _node_logs(world).items() if wanted in _facts({key: data}))


def _lost(world: World, told: Told, log: Log) -> set[tuple[str, int, bytes]]:
    """What was acknowledged and is not in this log: (what, node, ticket)."""
    nodes = world.plan.nodes
    wanted = {("sold", nodes[ticket["node"]], _id(number)) for number, ticket in told.sold.items()}
    wanted |= {("boarded", nodes[name], _id(number)) for number, name in told.boarded.items()}
    wanted |= {("rated", nodes[name], _id(number)) for number, name in told.rated.items()}
    return wanted - set(_facts(log))


def _facts(log: Log) -> Iterable[tuple[str, int, bytes]]:
    for (node_no, _), data in log.items():
        event = EVENTS.decode(data).event
        if isinstance(event, TicketSold):
            yield "sold", node_no, TicketId(node_no, 1, event.serial).to_bytes()
        elif isinstance(event, TicketBoarded):
            yield "boarded", node_no, event.ticket_id
        elif isinstance(event, TripRated):
            yield "rated", node_no, event.ticket_id


def _id(number: str) -> bytes:
    found = TicketId.from_number(number)
    return found.to_bytes() if found else b""


def _node_logs(world: World) -> Log:
    found: Log = {}
    for name, node_no in world.plan.nodes.items():
        path = world.node_data(name) / "node.sqlite"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            found |= {(node_no, seq): data for seq, data in events_after(connection)}
        connection.close()
    return found


def _hub_log(world: World) -> tuple[Log, dict[int, bytes], int, list[dict[str, Any]]]:
    """Its log, the chain's end of each node, how many events are held back, and all tickets."""
    with world.hub_database.read() as tx:
        log = kernel.event_log.c
        rows = tx.execute(sa.select(log.node_no, log.seq, log.bytes))
        events = {(row.node_no, row.seq): bytes(row.bytes) for row in rows}
        keys = kernel.node_key.c
        heads = {row.node_no: bytes(row.head_hash) for row in tx.execute(sa.select(keys.node_no, keys.head_hash))}
        held = [row._asdict() for row in tx.execute(sa.select(ticketing.ticket))]
        quarantined = tx.execute(sa.select(sa.func.count()).select_from(kernel.quarantine)).scalar_one()
    return events, heads, quarantined, held
