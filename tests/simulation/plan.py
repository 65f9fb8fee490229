"""What is going to happen: a list of steps drawn from the seed before anything does. Each step has its own time and its
own randomness, so that steps can be left out without changing the others."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.simulation import mix as mixes
from tests.simulation.acts.troubles import OUTAGE_MS
from tests.simulation.mix import Mix
from tests.simulation.opening import POSTS
from tests.simulation.times import HOUR_MS, START_MS

STEPS = 900
OFFICE_STEPS = 60
ABOARD_STEPS = 50
SWAPS = 3
CUT_OFF_STEPS = 45
CARD_STEPS = 20
VEHICLE_STEPS = 6
# What happens around a handover: minutes from when it is thought of, act, and who: the giver, the taker or anybody.
GIVER, TAKER, ANYBODY = range(3)
_SWAP = (
    (-75, "visit", GIVER), (-70, "visit", TAKER), (-15, "drive", GIVER), (-12, "get_on", GIVER),
    (-11, "get_on", GIVER), (-8, "drive", GIVER), (-5, "get_on", GIVER), (-2, "drive", GIVER), (0, "hand_over", GIVER),
    (4, "show_again", GIVER), (6, "crowd", GIVER), (9, "take_over", TAKER), (13, "take_over", ANYBODY),
    (15, "get_on", TAKER), (16, "crowd", TAKER), (17, "get_on", TAKER), (18, "crowd", GIVER), (20, "crowd", TAKER),
    (24, "take_told", TAKER), (26, "take_over", ANYBODY), (28, "drive", TAKER), (30, "crowd", TAKER), (32, "get_on", TAKER),
    (36, "hand_over", TAKER), (40, "take_over", GIVER), (42, "take_over", ANYBODY), (43, "get_on", GIVER),
    (44, "crowd", GIVER), (46, "crowd", TAKER),
)  # fmt: skip
# Post of a vehicle, and when its trips leave, in hours from the beginning.
RUNNING = ((4, (2, 7, 12, 26, 31, 36)), (5, (3, 9, 27, 33)))
SPAN_MS = 44 * HOUR_MS
AWAY_MS = 30 * 24 * HOUR_MS

# act → (how often of all, where: weights of the posts)
_SELLERS = (6, 4, 5, 5, 1, 1)
_GATES = (2, 1, 2, 2, 6, 4)
_ALL = (1, 1, 1, 1, 1, 1)
_Acts = dict[str, tuple[int, tuple[int, ...]]]
_ACTS: _Acts = {
    "sell": (280, _SELLERS), "sell_again": (30, _SELLERS), "order": (80, _SELLERS), "confirm": (75, _SELLERS),
    "cancel": (16, _SELLERS), "ask": (60, _SELLERS), "board": (200, _GATES), "scan": (50, (0, 0, 0, 0, 1, 1)),
    "rate": (60, _GATES), "look": (5, _ALL), "visit": (50, _ALL), "future": (8, _ALL), "notice": (4, _ALL),
    "feed": (4, _ALL), "duty": (8, _ALL), "grant": (9, _ALL), "release": (2, _ALL), "contacts": (5, _ALL),
}  # fmt: skip
# What comes to them in the seeds that have it: their share goes off those above.
_FAMILIES: dict[str, _Acts] = {
    "together": {"book": (45, _SELLERS), "journey": (22, _SELLERS), "hold": (25, _SELLERS)},
    "exchanges": {"rebook": (30, _SELLERS), "reissue": (14, _SELLERS)},
    "requests": {"ask_back": (18, _SELLERS), "decide": (14, _ALL), "pay_out": (16, _SELLERS)},
    "phones": {
        "phone": (45, _SELLERS), "phone_pay": (34, _ALL), "callbacks": (16, _ALL), "turn": (45, _SELLERS),
        "gateway_fault": (12, _ALL),
    },
    "shifts": {"shift_open": (8, _SELLERS), "cash": (6, _SELLERS), "shift_close": (12, _SELLERS)},
    "shifts_required": {"shift_close": (12, _SELLERS)},
    "names": {"sell_named": (45, _SELLERS)},
    "sellers": {
        "seller_book": (26, _ALL), "seller_ticket": (8, _ALL), "seller_back": (14, _ALL), "seller_again": (4, _ALL),
        "lapse": (5, _ALL),
    },
    "disruptions": {"disrupt": (6, _ALL)},
}  # fmt: skip


class Step(NamedTuple):
    """``act`` of :data:`tests.simulation.acts.ACTS` at a true time, at post ``who``; ``salt`` is its randomness."""

    at_ms: int
    act: str
    who: int
    salt: int


@dataclass(frozen=True)
class Plan:
    """All of a seed."""

    seed: int
    mix: Mix
    steps: tuple[Step, ...]


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    rng = random.Random(f"plan {seed}")
    chosen, demanded = mixes.families(seed)
    mix = replace(mixes.draw(rng), older=mixes.older(seed), families=chosen, names_demanded=demanded)
    steps = [*_morning(rng), *_people(rng, mix), *_troubles(rng, mix)]
    steps += [*_rotten(seed), *_office(seed), *_aboard(seed), *_swaps(seed), *_cut_off(seed), *_cards(seed)]
    steps += _vehicles(seed)
    steps.sort(key=lambda step: step.at_ms)
    if any(name == "away" for name, _ in mix.troubles):
        steps = _with_thirty_days(steps)
    return Plan(seed, mix, tuple(steps))


def _morning(rng: random.Random) -> list[Step]:
    """Rules are published, duties given, and every box visits the hub for the first time."""
    found = [Step(START_MS + number * 60_000, "duty", 0, rng.getrandbits(40)) for number in range(3)]
    found.insert(0, Step(START_MS, "rules", 0, 0))
    return found + [Step(START_MS + (4 + who) * 60_000, "visit", who, rng.getrandbits(40)) for who in range(len(POSTS))]


def _people(rng: random.Random, mix: Mix) -> list[Step]:
    acts = dict(_ACTS)
    for family in sorted(mix.families):
        acts |= _FAMILIES[family]
    names = rng.choices(list(acts), [often for often, _ in acts.values()], k=STEPS)
    found = []
    for name in names:
        who = rng.choices(range(len(POSTS)), acts[name][1])[0]
        found.append(Step(START_MS + rng.randint(15 * 60_000, SPAN_MS), name, who, rng.getrandbits(40)))
    return found


def _office(seed: int) -> list[Step]:
    """Refunds come out of a randomness of their own: they change nothing of what else was drawn from a seed."""
    rng = random.Random(f"office {seed}")
    names = rng.choices(("refund", "refund_again"), (9, 1), k=OFFICE_STEPS)
    posts = rng.choices(range(len(POSTS)), _SELLERS, k=OFFICE_STEPS)
    times = [START_MS + rng.randint(30 * 60_000, SPAN_MS) for _ in names]
    return [Step(at, name, who, rng.getrandbits(40)) for at, name, who in zip(times, names, posts, strict=True)]


def _aboard(seed: int) -> list[Step]:
    """What happens on the way, in a third of the seeds, out of a randomness of its own as refunds."""
    rng = random.Random(f"aboard {seed}")
    count = ABOARD_STEPS if rng.random() < 0.35 else 0
    names = rng.choices(("leave", "absent", "alight", "undo", "walk_up"), (30, 22, 14, 5, 29), k=count)
    found = []
    for name in names:
        who, hours = rng.choice(RUNNING)
        at = START_MS + rng.choice(hours) * HOUR_MS + rng.randint(-HOUR_MS // 4, 11 * HOUR_MS // 4)
        found.append(Step(at, name, who, rng.getrandbits(40)))
    return found


def _swaps(seed: int) -> list[Step]:
    """Trips that go to the other vehicle and back, in a third of the seeds; one end may die at any of these moments."""
    rng = random.Random(f"swaps {seed}")
    found = []
    count = SWAPS if rng.random() < 0.35 else 0
    if count:
        found = [Step(START_MS + 12 * 60_000 + post, "roster", post, rng.getrandbits(40)) for post, _ in RUNNING]
    for _ in range(count):
        giver, hours = rng.choice(RUNNING)
        ends = (giver, next(post for post, _ in RUNNING if post != giver))
        at = START_MS + rng.choice(hours) * HOUR_MS + rng.randint(-60, 40) * 60_000
        for minutes, name, end in _SWAP:
            who = rng.randrange(len(POSTS)) if end == ANYBODY else ends[end]
            if rng.random() < 0.85:
                found.append(Step(at + minutes * 60_000, name, who, rng.getrandbits(40)))
        for name in ("crash_box", "kill", "visit", "visit"):
            if rng.random() < 0.4:
                found.append(
                    Step(at + rng.randint(-3 * 60, 40 * 60) * 1_000, name, rng.choice(ends), rng.getrandbits(40))
                )
    return found


def _cut_off(seed: int) -> list[Step]:
    """Gates that can't reach their node, in a third of the seeds."""
    rng = random.Random(f"gates {seed}")
    count = CUT_OFF_STEPS if rng.random() < 0.35 else 0
    names = rng.choices(("gate_book", "scan_apart", "rejoin"), (15, 60, 25), k=count)
    found = []
    for name in names:
        who, hours = rng.choice((*RUNNING, (0, RUNNING[0][1])))
        at = START_MS + rng.choice(hours) * HOUR_MS + rng.randint(-HOUR_MS // 2, 2 * HOUR_MS)
        found.append(Step(at, name, who, rng.getrandbits(40)))
    return found


def _cards(seed: int) -> list[Step]:
    """Trust cards, in a quarter of the seeds."""
    rng = random.Random(f"cards {seed}")
    names = rng.choices(
        ("card_issue", "card_revoke", "card_look"), (3, 2, 9), k=CARD_STEPS if rng.random() < 0.25 else 0
    )
    times = sorted(START_MS + rng.randint(10 * 60_000, SPAN_MS) for _ in names)
    return [
        Step(at, name, rng.randrange(len(POSTS)), rng.getrandbits(40)) for at, name in zip(times, names, strict=True)
    ]


def _vehicles(seed: int) -> list[Step]:
    """Other vehicles come, in two seeds of five, and passengers without a seat go to the counter soon after."""
    rng = random.Random(f"vehicles {seed}")
    found = []
    for _ in range(VEHICLE_STEPS if rng.random() < 0.4 else 0):
        at = START_MS + rng.randint(30 * 60_000, SPAN_MS)
        found.append(Step(at, "vehicle", rng.randrange(len(POSTS)), rng.getrandbits(40)))
        for who in rng.choices(range(len(POSTS)), _SELLERS, k=4):
            found.append(Step(at + rng.randint(HOUR_MS // 2, 8 * HOUR_MS), "stand", who, rng.getrandbits(40)))
    return found


def _troubles(rng: random.Random, mix: Mix) -> list[Step]:
    found = []
    for name, count in mix.troubles:
        for _ in range(count):
            at, who = START_MS + rng.randint(SPAN_MS // 12, SPAN_MS), rng.randrange(len(POSTS))
            found += _around(rng, Step(at, name, who, rng.getrandbits(40)))
    return found


def _rotten(seed: int) -> list[Step]:
    """Rows that go bad on the boxes' disks, in half of the seeds."""
    rng = random.Random(f"rotten {seed}")
    count = rng.choice((0, 0, 1, 4))
    moments = [START_MS + rng.randint(SPAN_MS // 12, SPAN_MS) for _ in range(count)]
    return [Step(at, "rotten_row", rng.randrange(len(POSTS)), rng.getrandbits(40)) for at in moments]


def _around(rng: random.Random, step: Step) -> list[Step]:
    """A trouble with what belongs to it: a backup before it is put back, room some time after a disk was full."""
    at, name, who, _ = step
    salt = rng.getrandbits(40)
    if name in ("restore_box", "restore_hub"):
        kept = max(START_MS, at - rng.randint(1, 10) * HOUR_MS)
        return [Step(kept, "backup" if name == "restore_box" else "backup_hub", who, salt), step]
    if name == "full_box":
        # Somebody hopes that switching it off and on will help.
        again = Step(at + HOUR_MS, "kill", who, rng.getrandbits(40))
        return [step, again, Step(at + rng.randint(2, 9) * HOUR_MS, "room_box", who, salt)]
    if name == "full_hub":
        return [step, Step(at + rng.randint(2, 9) * HOUR_MS, "room_hub", who, salt)]
    if name == "outage":
        return [step, Step(at + OUTAGE_MS, "everyone", who, salt)]
    if name == "away":
        return [Step(START_MS + SPAN_MS * 2 // 3, name, who, salt)]
    return [step]


def _with_thirty_days(steps: list[Step]) -> list[Step]:
    """What stands behind the moment when a box is lost sight of happens thirty days later."""
    leave = min(step.at_ms for step in steps if step.act == "away")
    return [step._replace(at_ms=step.at_ms + AWAY_MS) if step.at_ms > leave else step for step in steps]
