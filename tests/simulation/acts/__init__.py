"""Everything that can happen in the world, by name. An act gets the world, a box and the step's own randomness, and
gives one word on how it ended."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from tests.simulation.acts import (
    aboard,
    admin,
    bookings,
    cards,
    days,
    disks,
    drawers,
    exchanges,
    gates,
    named,
    office,
    people,
    phones,
    requests,
    sellers,
    swaps,
    troubles,
    vehicles,
)

if TYPE_CHECKING:
    from tests.simulation.boxes import Box
    from tests.simulation.world import World

Act = Callable[["World", "Box", random.Random], str]
# What happens at the hub or to many boxes: whichever box the plan drew for it has no part in it.
BY_NOBODY: Final = frozenset({
    "notice", "feed", "duty", "release", "contacts", "kill_hub", "crash_hub", "io_error_hub", "full_hub", "room_hub",
    "skew_hub", "newer_hub", "backup_hub", "restore_hub", "everyone", "rules", "disrupt", "decide", "phone_pay", "callbacks",
    "gateway_fault", "seller_book", "seller_ticket", "seller_back", "seller_again", "lapse",
    "take_over", "take_told", "crowd", "card_issue", "card_revoke", "vehicle",
})  # fmt: skip
ACTS: Final[Mapping[str, Act]] = {
    **people.ACTS, **swaps.ACTS, **bookings.ACTS, **exchanges.ACTS, **office.ACTS, **requests.ACTS, **phones.ACTS, **drawers.ACTS,
    **named.ACTS, **sellers.ACTS, **aboard.ACTS, **gates.ACTS, **cards.ACTS, **days.ACTS, **vehicles.ACTS, **admin.ACTS,
    **troubles.ACTS, **disks.ACTS,
}  # fmt: skip
