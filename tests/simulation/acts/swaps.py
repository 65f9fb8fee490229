"""A vehicle breaks down: its driver gives the trip to another box, by a code on a screen or with the hub's help."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import base45
import sqlalchemy as sa

from cloud.bootstrap import Hub
from cloud.kernel import nodes
from edge.bootstrap import Node
from edge.domains.duties.service import TripNow, Word
from edge.domains.ticketing.office.travellers import ShownDocument
from sync.domains.duties.rules import HANDED_OVER, PLANNED, RUNNING
from sync.kernel.days import day_at
from sync.kernel.errors import Refusal
from tests.simulation.acts.admin import RUNS
from tests.simulation.acts.counter import PEOPLE, UNSURE, document
from tests.simulation.acts.people import sell_one, show
from tests.simulation.boxes import Answer
from tests.simulation.codes import Shown, read_given
from tests.simulation.times import ZONE
from tests.simulation.trace import Violation

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

DRIVER_NO: Final = 31
HOUR_MS: Final = 3_600_000
Where = tuple[int, int]


def roster(world: World, box: Box, rng: random.Random) -> str:
    """A vehicle is given the trips of today and tomorrow, and some seats of each by hand."""
    if box.name not in RUNS:
        return "no vehicle"
    today, post = day_at(world.time.now_ms, ZONE), world.boxes[RUNS[box.name]]
    rides = [ride for day in (today, today + 1) for ride in post.rides(day) if ride.departs_ms > world.time.now_ms]
    seats = rng.randint(1, 4)

    def assign(hub: Hub, tx: sa.Connection) -> str:
        info, granted = nodes.find(tx, box.name), 0
        for ride in rides:
            hub.duties.assign(tx, info, (ride.trip_no, ride.day), "粤H12345")
            with contextlib.suppress(Refusal):
                hub.inventory.grant(tx, info, (ride.trip_no, ride.day), seats, ride.from_idx)
                granted += 1
        return f"{len(rides)} trips, seats of {granted}"

    found, code = world.hub.admin(f"roster of {box.name}", assign)
    return code or str(found)


def drive(world: World, box: Box, rng: random.Random) -> str:
    """The driver says the next word of the trip: it starts, comes to a stop, leaves it, ends."""
    anywhere = rng.random() < 0.1
    answer = box.ask(lambda node: _next_word(node, world.time.now_ms, anywhere))
    if not answer.code and answer.value:
        box.say(f"trip {answer.value.where} is {answer.value.run.phase} at stop {answer.value.run.idx}")
    return answer.code or ("driven" if answer.value else "no trip")


def hand_over(world: World, box: Box, rng: random.Random) -> str:
    """The trip goes to another box: mostly the other vehicle's, now and then one whose number was misheard."""
    others = [one for one in world.boxes if one is not box and one.kind == "vehicle" and one.copy_of is None]
    other = rng.choice(others or world.boxes) if rng.random() < 0.85 else rng.choice(world.boxes)
    to = other.identity()
    where = _trip(world, box)
    if to is None or where is None:
        return "nobody to take it" if to is None else "no trip"
    return _show(world, box, where, box.ask(lambda node: node.handovers.give(where, DRIVER_NO, to[0])))


def show_again(world: World, box: Box, rng: random.Random) -> str:
    """The picture was gone, or the box was: it is shown again as it was."""
    mine = [one for one in world.codes.shown if one.disk == (box.name, box.renewals)]
    where = rng.choice(mine).given.where if mine else _trip(world, box)
    if where is None:
        return "no trip"
    answer = box.ask(lambda node: node.handovers.frames(where))
    if not answer.code and not answer.value:
        return "nothing to show"
    return _show(world, box, where, answer)


def take_over(world: World, box: Box, rng: random.Random) -> str:
    """Somebody scans a code: mostly whom it is for, mostly all of its parts."""
    shown = _lately(world, rng)
    if shown is None:
        return "no code"
    named = _box_of(world, shown.given.taker[0])
    box = named if named is not None and rng.random() < 0.75 else box
    frames = [*shown.frames, rng.choice(shown.frames)]
    rng.shuffle(frames)
    if rng.random() < 0.1:
        frames.remove(frames[0])
    answer = box.ask(lambda node: node.handovers.take(frames, DRIVER_NO))
    return _taken(world, box, shown, answer)


def take_told(world: World, box: Box, rng: random.Random) -> str:
    """Nobody scanned it; the hub has passed it on."""
    lately = _lately(world, rng)
    box = (_box_of(world, lately.given.taker[0]) if lately else None) or box
    told = box.ask(_told)
    if told.code or not told.value:
        return told.code or "nothing waits"
    given = read_given(rng.choice(told.value))
    giver = _box_of(world, given.giver[0])
    disk, unsure = ((giver.name, giver.renewals), giver.tainted) if giver else (("", 0), True)
    shown = next((one for one in world.codes.shown if one.given.number == given.number), Shown((), given, disk, unsure))
    answer = box.ask(lambda node: node.handovers.take_told(given.number, DRIVER_NO))
    return _taken(world, box, shown, answer)


def crowd(world: World, box: Box, rng: random.Random) -> str:
    """Passengers of a trip that was given away want tickets, on either vehicle."""
    shown = _lately(world, rng)
    if shown is None:
        return "no code"
    ends = [one for one in (_box_of(world, shown.given.giver[0]), _box_of(world, shown.given.taker[0])) if one]
    box, where = rng.choice(ends or [box]), shown.given.where
    trip = box.ask(lambda node: node.timetable.trip(*where))
    if trip.code:
        return trip.code
    ahead, last = (
        [one.idx for one in trip.value.calls[:-1] if one.departs_ms > world.time.now_ms],
        trip.value.calls[-1].idx,
    )
    if not ahead:
        return "departed"
    from_idx, seats = rng.choice(ahead), sorted({seat for seat, _ in shown.given.cells})
    seat = rng.choice(seats) if seats and rng.random() < 0.7 else None
    wanted = (
        *where,
        from_idx,
        rng.randint(from_idx + 1, last),
        seat,
        DRIVER_NO,
        f"crowd-{rng.getrandbits(40):010x}",
    )
    shows: ShownDocument | None = None
    outcome = sell_one(wanted, shows, world, box)
    return outcome if outcome != "document_missing" else sell_one(wanted, document(rng.randrange(PEOPLE)), world, box)


def get_on(world: World, box: Box, rng: random.Random) -> str:
    """Passengers show their tickets on the vehicle; after it was changed also those who were let in on the first one."""
    shown, where = _lately(world, rng), _trip(world, box)
    if shown is not None and (where is None or shown.disk != (box.name, box.renewals)):
        where = shown.given.where
    papers = [paper for paper in world.told.papers if paper.where == where and not paper.asked]
    came = [paper for paper in papers if shown is not None and paper.ticket_id in shown.given.aboard]
    if where is None or not papers:
        return "nobody"
    paper = rng.choice(came if came and rng.random() < 0.6 else papers)
    return show(world, box, paper, paper.code, where)


def _show(world: World, box: Box, where: Where, answer: Answer) -> str:
    if answer.code:
        return answer.code
    given = world.codes.show(box, answer.value, _bytes_of(answer.value))
    own = box.identity()
    if given.where != where or (own is not None and given.giver[0] != own[0]):
        raise Violation("handover_other", f"{box.name} shows a handover of trip {given.where} by {given.giver}")
    box.say(f"gives trip {where} with {len(given.cells)} seats and {len(given.aboard)} passengers to {given.taker}")
    return "shown"


def _told(node: Node) -> list[bytes]:
    """What waits at a box, as the hub passed it on."""
    waiting = {given.number for given in node.handovers.waiting()}
    rows = node.database.read().execute("SELECT number, signed FROM handover_told ORDER BY number")
    return [signed for number, signed in rows if number in waiting]


def _taken(world: World, box: Box, shown: Shown, answer: Answer) -> str:
    if answer.code in ("", *UNSURE):
        world.told.handed(box, shown.given, shown.disk)
        world.codes.perhaps_take(box, shown)
    if answer.code:
        return answer.code
    world.codes.take(box, shown)
    box.say(f"goes on with trip {shown.given.where} of {shown.given.giver}")
    return "taken"


def _next_word(node: Node, now_ms: int, anywhere: bool) -> TripNow | None:
    now = node.duties.current()
    if now is None or (now.run.phase == PLANNED and now.trip.calls[0].departs_ms > now_ms + HOUR_MS):
        return None
    say: Callable[[str, int], TripNow] = lambda kind, idx: node.duties.say(  # noqa: E731
        now.where, DRIVER_NO, Word(kind, idx, anyway=True)
    )
    last = now.calls[-1].idx
    if now.run.phase == PLANNED:
        return say("start", 0)
    if now.run.idx >= last or (anywhere and now.run.idx + 1 >= last):
        return say("end", 0)
    return say("leave", now.run.idx) if now.run.standing else say("reach", now.run.next_idx)


def _trip(world: World, box: Box) -> Where | None:
    """The trip that runs here, or will do so soon."""
    answer = box.ask(lambda node: (node.duties.current(), node.duties.today()))
    if answer.code:
        return None
    current, today = answer.value
    if current is not None and current.run.phase == RUNNING:
        return current.where
    soon = [
        one.where
        for one in today
        if one.run.phase not in (HANDED_OVER, "ended") and one.trip.calls[-1].arrives_ms > world.time.now_ms
    ]
    return soon[0] if soon else None


def _bytes_of(frames: list[str]) -> bytes:
    """What the pictures carry: ``YH1:NUMBER/OF:SUM:PART`` each, base45."""
    return base45.b45decode("".join(frame.split(":", 3)[3] for frame in frames))


def _lately(world: World, rng: random.Random) -> Shown | None:
    recent = world.codes.shown[-3:]
    return recent[-1 - int(len(recent) * rng.random() ** 2)] if recent else None


def _box_of(world: World, node_no: int) -> Box | None:
    found = [box for box in world.boxes if (known := box.identity()) and known[0] == node_no]
    return found[0] if found else None


ACTS: Final[dict[str, Callable[[World, Box, random.Random], str]]] = {
    act.__name__: act for act in (roster, drive, get_on, hand_over, show_again, take_over, take_told, crowd)
}
