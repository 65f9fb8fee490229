"""What admins do at the hub, and what boxes do by themselves: visit the hub, do what was asked of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from cloud.bootstrap import Hub
from cloud.domains.timetable.publish import import_feed
from cloud.kernel import nodes, streams
from edge.kernel.enrolment import enrol as introduce
from sync.kernel.days import day_at
from sync.kernel.operations import NET
from tests.simulation import feeds
from tests.simulation.acts import recovering
from tests.simulation.boxes import Ride
from tests.simulation.events import FUTURE, record
from tests.simulation.times import ZONE
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

BARRED = ("log_forked", "log_rewound", "revoked", "log_replaced")
# vehicle → the post whose departures it runs
RUNS = {"coach": 0, "boat": 3}


def visit(world: World, box: Box, _rng: random.Random) -> str:
    """The box's turn to talk to the hub."""
    box.line.posts = 0
    answer = box.ask(lambda node: node.schedule.turn())
    if answer.code or answer.value.error or answer.value.operations_down:
        box.forget_rides()
    if answer.code:
        return answer.code
    outcome = answer.value
    if outcome.error in ("exchange_failed", "broken_invariant"):
        why = box.node.scribe.stopped if box.node is not None else ""
        raise Violation("visit_failed", f"{box.name}: {outcome} {why}")
    world.visits += 1
    return outcome.error or f"{outcome.events_up} up, {outcome.operations_down} down"


def future(world: World, box: Box, rng: random.Random) -> str:
    """The box runs a newer version and records what this hub does not know yet."""
    answer = box.ask(lambda node: record(node, FUTURE[rng.randrange(len(FUTURE))]))
    world.fired["newer_event"] += not answer.code
    return answer.code or "recorded"


def notice(world: World, _box: Box, rng: random.Random) -> str:
    """The hub is newer than the boxes and says something that they don't know."""
    key, body = f"notice/{rng.randint(1, 5)}", rng.randbytes(12) if rng.random() < 0.8 else None
    _, code = world.hub.admin("notice", lambda _hub, tx: streams.publish(tx, NET, key, body))
    world.fired["newer_operation"] += not code
    return code or "said"


def feed(world: World, _box: Box, rng: random.Random) -> str:
    """A new version of the timetable, or an older one again."""
    version = rng.randint(1, feeds.VERSIONS)
    running = world.hub.up()
    if not running:
        return "hub_away"

    def bring(hub: Hub) -> str:
        now = hub.clock.wall_ms()
        report = import_feed(hub.database, feeds.compiled(version), now_ms=now, pinned_days=hub.inventory.pinned_days)
        with hub.database.write() as tx:
            hub.nodes.provision_at(tx, 0)
        return f"{report.operations} operations"

    found, code = world.hub.command(bring)
    if not code:
        world.fired["new_timetable"] += 1
        world.fired["other_vehicle"] += feeds.VEHICLES[version] != feeds.VEHICLES[world.timetable]
        world.timetable = version
    world.hub.say(f"timetable version {version}: {code or found}")
    return code or "imported"


def duty(world: World, box: Box, rng: random.Random) -> str:
    """A vehicle gets, or loses, a trip of today or tomorrow."""
    name = rng.choice(sorted(RUNS))
    away, rides = rng.random() < 0.15, _near(world, world.boxes[RUNS[name]], rng)

    def assign(hub: Hub, tx: sa.Connection) -> str:
        info = nodes.find(tx, name)
        if away:
            known = hub.boarding.duties_of(tx, info.node_no)
            if not known:
                return "none to take"
            hub.boarding.remove_duty(tx, info, *known[rng.randrange(len(known))])
            return "taken"
        if rides is None:
            return "no trip"
        hub.boarding.assign_duty(tx, info, rides.trip_no, rides.day, "粤H12345")
        return f"trip {rides.trip_no} day {rides.day}"

    found, code = world.hub.admin(f"duty of {name}", assign)
    return code or str(found)


def grant(world: World, box: Box, rng: random.Random) -> str:
    """Seats by hand."""
    if box.kind == "vehicle":
        box = world.boxes[0]
    count, ride = rng.randint(1, 4), _near(world, box, rng)
    if ride is None:
        return "no trip"

    def give(hub: Hub, tx: sa.Connection) -> str:
        where = ride.trip_no, ride.day
        made = hub.inventory.grant(tx, nodes.find(tx, (box.copy_of or box).name), where, count, ride.from_idx)
        return f"grant {made.grant_id} of trip {ride.trip_no} day {ride.day}"

    found, code = world.hub.admin(f"grant to {box.name}", give)
    return code or str(found)


def _near(world: World, box: Box, rng: random.Random) -> Ride | None:
    """A departure of today or tomorrow that has not left, as the box knows it."""
    today = day_at(world.time.now_ms, ZONE)
    rides = [ride for day in (today, today + 1) for ride in box.rides(day) if ride.departs_ms > world.time.now_ms]
    return rng.choice(rides) if rides else None


def release(world: World, _box: Box, rng: random.Random) -> str:
    """A person gives seats of a silent box to others at their own risk."""
    pick, places = rng.random(), rng.randint(1, 2)

    def dare(hub: Hub, tx: sa.Connection) -> str:
        suspects = hub.seats.suspect_grants(tx)
        if not suspects:
            return "nothing suspect"
        line = suspects[int(pick * len(suspects))]
        return f"{hub.seats.release_at_risk(tx, line.grant_id, places, 'drill', 'admin')} of grant {line.grant_id}"

    found, code = world.hub.admin("release at risk", dare)
    world.told.risks(world.hub)
    return code or str(found)


def contacts(world: World, _box: Box, _rng: random.Random) -> str:
    """A hub process writes down who was in touch; and an operator looks after a recovery."""
    recovering.look(world)
    _, code = world.hub.command(lambda hub: hub.contacts.flush(hub.database))
    return code or "written"


def enrol(world: World, box: Box, _rng: random.Random) -> str:
    """An admin makes a code, and somebody types it in at the box: again when the answer was lost."""
    found, code = world.hub.admin(
        f"code for {box.name}", lambda hub, tx: hub.enrolment.new_code(tx, nodes.find(tx, box.name).node_no)
    )
    if code or box.node is None:
        return code or "off"
    for _ in range(4):
        answer = box.ask(lambda node: introduce(found, node.signer, box.line, node.scribe))
        if not answer.code:
            box.say(f"is node {answer.value.node_no} with log {answer.value.epoch}")
            return "enrolled"
    return answer.code


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    "visit": visit,
    "future": future,
    "notice": notice,
    "feed": feed,
    "duty": duty,
    "grant": grant,
    "release": release,
    "contacts": contacts,
    "enrol": enrol,
}
