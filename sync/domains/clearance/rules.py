"""What keeps a vehicle in the station: 三不进站, 六不出站, as data. Both ends come to the same answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sync.domains.clearance.operations import ClearanceRules
from sync.kernel.errors import Refusal
from sync.kernel.rulesets import newest

INSPECTION_FAILED: Final = "inspection_failed"
INSPECTION_OVER: Final = "inspection_over"
PERMIT_OVER: Final = "permit_over"
LICENCE_OVER: Final = "licence_over"
QUALIFICATION_OVER: Final = "qualification_over"
DRIVERS_SHORT: Final = "drivers_short"
OVERLOADED: Final = "overloaded"
BELTS_OPEN: Final = "belts_open"
CHECKS: Final = (
    INSPECTION_FAILED, INSPECTION_OVER, PERMIT_OVER, LICENCE_OVER, QUALIFICATION_OVER, DRIVERS_SHORT, OVERLOADED, BELTS_OPEN,
)  # fmt: skip
MAX_TEXT: Final = 200
MAX_KM: Final = 10_000
MAX_PEOPLE: Final = 5_000
MAX_DRIVERS: Final = 4
_SIX: Final = "station gate rules (六不出站), Ministry of Transport"

DEFAULT_RULES: Final = ClearanceRules(
    "default",
    0,
    (
        (INSPECTION_FAILED, _SIX),
        (INSPECTION_OVER, _SIX),
        (PERMIT_OVER, _SIX),
        (LICENCE_OVER, _SIX),
        (QUALIFICATION_OVER, _SIX),
        (DRIVERS_SHORT, "广东省道路运输条例 (2021), article 45"),
        (OVERLOADED, "广东省道路运输条例 (2021), article 28"),
        (BELTS_OPEN, _SIX),
    ),
    600,
    400,
)


@dataclass(frozen=True, slots=True)
class Papers:
    """A driver's papers: days until which they are good; 0: not shown."""

    licence_until_day: int
    qualification_until_day: int


@dataclass(frozen=True, slots=True)
class Departure:
    """What an inspector found. ``checked``: the safety inspection before this trip was passed; ``belts``: all are fastened.

    Days are those until which a paper is good, 0 for one that was not shown.
    """

    day: int
    checked: bool
    inspection_until_day: int
    permit_until_day: int
    drivers: tuple[Papers, ...]
    motorway_km: int
    other_km: int
    aboard: int
    capacity: int
    belts: bool


def lacks(found: Departure, given: ClearanceRules) -> tuple[str, ...]:
    """What keeps a vehicle from leaving, in the order of CHECKS; what no rule of the set asks for is not looked at."""
    wrong = {
        INSPECTION_FAILED: not found.checked,
        INSPECTION_OVER: found.inspection_until_day < found.day,
        PERMIT_OVER: found.permit_until_day < found.day,
        LICENCE_OVER: any(one.licence_until_day < found.day for one in found.drivers),
        QUALIFICATION_OVER: any(one.qualification_until_day < found.day for one in found.drivers),
        DRIVERS_SHORT: len(found.drivers) < drivers_needed(found.motorway_km, found.other_km, given),
        OVERLOADED: found.aboard > found.capacity,
        BELTS_OPEN: not found.belts,
    }
    asked = {code for code, _ in given.checks}
    return tuple(code for code in CHECKS if code in asked and wrong[code])


def drivers_needed(motorway_km: int, other_km: int, given: ClearanceRules) -> int:
    """How many drivers one way of a trip takes."""
    return 2 if motorway_km >= given.two_motorway_km or other_km >= given.two_other_km else 1


def good_until(found: Departure) -> int:
    """The first day on which one of the papers is over."""
    papers = [day for one in found.drivers for day in (one.licence_until_day, one.qualification_until_day)]
    return min([found.inspection_until_day, found.permit_until_day, *papers])


def clearance_rules(published: Iterable[ClearanceRules], day: int) -> ClearanceRules:
    """The newest set that holds on ``day``."""
    return newest(published, day, DEFAULT_RULES)


def check_clearance_rules(given: ClearanceRules) -> None:
    """Refuse (``clearance_rules_odd``) a set that makes no sense, naming the field."""
    codes = [code for code, _ in given.checks]
    wrong = []
    if not 1 <= len(given.name) <= MAX_TEXT:
        wrong.append("name")
    if (
        len(set(codes)) != len(codes)
        or not set(codes) <= set(CHECKS)
        or not all(1 <= len(source) <= MAX_TEXT for _, source in given.checks)
    ):
        wrong.append("checks")
    if not (1 <= given.two_motorway_km <= MAX_KM and 1 <= given.two_other_km <= MAX_KM):
        wrong.append("two_motorway_km")
    if wrong:
        raise Refusal("clearance_rules_odd", status=422, field=wrong[0])
