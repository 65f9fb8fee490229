"""The domains of a node: one line a list. Adding a domain is its folder and its lines here."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

from edge.domains.boarding import store as boarding
from edge.domains.boarding.manifest import store as manifest
from edge.domains.clearance import store as clearance
from edge.domains.disruption import store as disruption
from edge.domains.duties import store as duties
from edge.domains.inventory import store as inventory
from edge.domains.inventory.aboard import store as aboard
from edge.domains.notices import store as notices
from edge.domains.payments import store as payments
from edge.domains.ratings import store as ratings
from edge.domains.register import store as register
from edge.domains.shifts import store as shifts
from edge.domains.ticketing import store as ticketing
from edge.domains.ticketing.office import asked, booked, named, printed, taken
from edge.domains.ticketing.office import store as office
from edge.domains.timetable import store as timetable
from edge.kernel.accounts import keep_clerk
from edge.kernel.database import Migration
from edge.kernel.directory import keep_issuer, keep_revocation
from edge.kernel.fleet import keep_profile
from edge.kernel.log import add_past, add_segments
from edge.kernel.scribe import Apply
from edge.kernel.streams import Project
from sync.kernel.events import Event

DOMAINS: Final = (
    "disruption",
    "register",
    "notices",
    "timetable",
    "inventory",
    "shifts",
    "ticketing",
    "payments",
    "boarding",
    "duties",
    "clearance",
    "ratings",
)
_STORES: Final = (
    disruption,
    register,
    notices,
    timetable,
    inventory,
    aboard,
    shifts,
    ticketing,
    booked,
    office,
    asked,
    taken,
    named,
    printed,
    payments,
    boarding,
    manifest,
    duties,
    clearance,
    ratings,
)

KERNEL_REFERENCE: Final = ("clerk", "issuer", "revoked_issuer")
REFERENCE_TABLES: Final = KERNEL_REFERENCE + tuple(table for store in _STORES for table in store.REFERENCE_TABLES)
STATE_TABLES: Final = tuple(table for store in _STORES for table in store.STATE_TABLES)


# What stands behind the schemas, in order: it brings an older database up to them, and adds what came later.
MIGRATIONS: Final[tuple[tuple[str, Migration], ...]] = (
    ("log_segment", add_segments),
    ("ticket_small", ticketing.make_small),
    ("past_log", add_past),
    ("past_ticket", ticketing.add_past),
    ("unknown_issuer", boarding.add_unknown),
    ("rating_places", ratings.add_places),
)


def projections() -> dict[str, Project]:
    """First part of an operation's key → how it changes the reference tables."""
    return {
        "clerk": keep_clerk,
        "key": keep_issuer,
        "revoked": keep_revocation,
        "profile": keep_profile,
        **disruption.PROJECTIONS,
        **register.PROJECTIONS,
        **notices.PROJECTIONS,
        **timetable.PROJECTIONS,
        **inventory.PROJECTIONS,
        **aboard.PROJECTIONS,
        **shifts.PROJECTIONS,
        **ticketing.PROJECTIONS,
        **asked.PROJECTIONS,
        **named.PROJECTIONS,
        **boarding.PROJECTIONS,
        **ratings.PROJECTIONS,
        **duties.PROJECTIONS,
        **clearance.PROJECTIONS,
    }


def appliers() -> Mapping[type[Event], Apply]:
    """Event class → how it changes the state tables, the domains in the order of :data:`DOMAINS`."""
    found: dict[type[Event], list[Apply]] = {}
    for store in (
        inventory,
        aboard,
        shifts,
        ticketing,
        booked,
        office,
        asked,
        taken,
        named,
        printed,
        payments,
        boarding,
        manifest,
        duties,
        clearance,
        ratings,
    ):
        for kind, apply in store.APPLIERS.items():
            found.setdefault(kind, []).append(apply)
    return {kind: _in_turn(applies) for kind, applies in found.items()}


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """What the end of a log means to the state tables: the step between its fold and that of the next one."""
    for store in (
        inventory,
        aboard,
        shifts,
        ticketing,
        booked,
        office,
        asked,
        taken,
        named,
        payments,
        duties,
        clearance,
        ratings,
    ):
        store.end_log(connection, epoch)


def _in_turn(applies: list[Apply]) -> Apply:
    if len(applies) == 1:
        return applies[0]

    def apply(connection, seq, stamp, event):  # type: ignore[no-untyped-def]
        for one in applies:
            one(connection, seq, stamp, event)

    return apply
