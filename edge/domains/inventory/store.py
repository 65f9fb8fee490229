"""Rows of seats × legs: grants come by operations, sales and returns by events, holds by orders that wait for cash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from edge.domains.inventory.aboard import cells
from edge.kernel import meta
from edge.kernel.database import mask_in, mask_out
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.duties.operations import open_handover
from sync.domains.inventory import rules
from sync.domains.inventory.events import GrantReturned
from sync.domains.inventory.operations import Recall, read_grant
from sync.domains.ticketing.events import SeatTakenBack, TicketRefunded, TicketSold
from sync.kernel.errors import Malformed
from sync.kernel.events import Stamp
from sync.kernel.keys import VerifyKey

REFERENCE_TABLES = ("seat_grant", "grant_seat", "grant_place", "grant_lap", "recall")
STATE_TABLES = (
    "returned_seat", "returned_place", "sold_seat", "sold_place", "sold_lap", "taken_grant", "taken_seat", "taken_place",
)  # fmt: skip


def keep_grant(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``grant/N``: kept only when the hub's signature holds and it is for this node."""
    grant_id = int(rest[0])
    for table in ("seat_grant", "grant_seat", "grant_place", "grant_lap"):
        connection.execute(f"DELETE FROM {table} WHERE grant_id = ?", (grant_id,))
    if body is None:
        return
    try:
        grant = read_grant(body, VerifyKey(meta.get(connection, "hub_public")))
    except Malformed:
        return
    if grant.grant_id != grant_id or grant.node_no != meta.get(connection, "node_no"):
        return
    where = (grant.trip_no, grant.day)
    connection.execute(
        "INSERT INTO seat_grant (grant_id, trip_no, day, epoch, sell_until_ms) VALUES (?, ?, ?, ?, ?)",
        (grant_id, *where, grant.epoch, grant.sell_until_ms),
    )
    connection.executemany(
        "INSERT INTO grant_seat (trip_no, day, seat, grant_id, mask) VALUES (?, ?, ?, ?, ?)",
        [(*where, seat, grant_id, mask_out(mask)) for seat, mask in grant.seats],
    )
    connection.executemany(
        "INSERT INTO grant_place (trip_no, day, leg, grant_id, places) VALUES (?, ?, ?, ?, ?)",
        [(*where, leg, grant_id, places) for leg, places in grant.counts],
    )
    connection.executemany(
        "INSERT INTO grant_lap (trip_no, day, leg, grant_id, fewer) VALUES (?, ?, ?, ?, ?)",
        [(*where, leg, grant_id, fewer) for leg, fewer in grant.fewer_laps],
    )


def keep_recall(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``recall/TRIP/DAY``."""
    where = (int(rest[0]), int(rest[1]))
    connection.execute("DELETE FROM recall WHERE trip_no = ? AND day = ?", where)
    if body is not None:
        found = Recall.from_bytes(body)
        connection.execute(
            "INSERT INTO recall (trip_no, day, number, count) VALUES (?, ?, ?, ?)", (*where, found.number, found.count)
        )


PROJECTIONS = {"grant": keep_grant, "recall": keep_recall}


def apply_sold(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketSold) -> None:
    """A sale takes its cells; a child on a lap is counted by itself."""
    where = (event.trip_no, event.day)
    if event.seat == rules.LAP:
        connection.executemany(
            "INSERT INTO sold_lap (trip_no, day, leg, children) VALUES (?, ?, ?, 1) "
            "ON CONFLICT (trip_no, day, leg) DO UPDATE SET children = children + 1",
            [(*where, leg) for leg in range(event.from_idx, event.to_idx)],
        )
    else:
        cells.sell(connection, *where, event.seat, event.from_idx, event.to_idx)


def apply_refunded(
    connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketRefunded | SeatTakenBack
) -> None:
    """A refund gives its cells back to what this node holds, but for those that its passenger left on the way before. What
    the node returned to the hub stays returned."""
    where = (event.trip_no, event.day)
    if event.seat == rules.LAP:
        connection.executemany(
            "UPDATE sold_lap SET children = children - 1 WHERE trip_no = ? AND day = ? AND leg = ? AND children > 0",
            [(*where, leg) for leg in range(event.from_idx, event.to_idx)],
        )
    else:
        until = cells.kept_until(connection, event.ticket_id, event.to_idx)
        cells.unsell(connection, *where, event.seat, event.from_idx, until)


def apply_returned(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: GrantReturned) -> None:
    """Cells given back are blocked here for ever."""
    _block(connection, event.grant_id, event.seats, event.counts)


def apply_handed(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TripHandedOver) -> None:
    """So are those that went to another box with a trip."""
    for grant_id, seats, counts in open_handover(event.signed).grants:
        _block(connection, grant_id, seats, counts)


def apply_taken(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TripTakenOver) -> None:
    """What came with a trip is this box's to sell, once."""
    given = open_handover(event.signed)
    known = connection.execute("SELECT 1 FROM taken_grant WHERE grant_id = ?", (given.number,)).fetchone()
    if known is not None or not given.grants:
        return
    row = (given.number, given.trip_no, given.day, given.sell_until_ms)
    connection.execute("INSERT INTO taken_grant (grant_id, trip_no, day, sell_until_ms) VALUES (?, ?, ?, ?)", row)
    masks: dict[int, int] = {}
    places: dict[int, int] = {}
    for _, seats, counts in given.grants:
        for seat, mask in seats:
            masks[seat] = masks.get(seat, 0) | mask
        for leg, count in counts:
            places[leg] = places.get(leg, 0) + count
    connection.executemany(
        "INSERT INTO taken_seat (grant_id, seat, mask) VALUES (?, ?, ?)",
        [(given.number, seat, mask_out(mask)) for seat, mask in sorted(masks.items())],
    )
    connection.executemany(
        "INSERT INTO taken_place (grant_id, leg, places) VALUES (?, ?, ?)",
        [(given.number, leg, count) for leg, count in sorted(places.items())],
    )


def _block(
    connection: sqlite3.Connection, grant_id: int, seats: Iterable[tuple[int, int]], counts: Iterable[tuple[int, int]]
) -> None:
    for seat, mask in seats:
        row = connection.execute(
            "SELECT mask FROM returned_seat WHERE grant_id = ? AND seat = ?", (grant_id, seat)
        ).fetchone()
        connection.execute(
            "INSERT OR REPLACE INTO returned_seat (grant_id, seat, mask) VALUES (?, ?, ?)",
            (grant_id, seat, mask_out((mask_in(row[0]) if row else 0) | mask)),
        )
    connection.executemany(
        "INSERT INTO returned_place (grant_id, leg, places) VALUES (?, ?, ?) "
        "ON CONFLICT (grant_id, leg) DO UPDATE SET places = places + excluded.places",
        [(grant_id, leg, places) for leg, places in counts],
    )


APPLIERS = {
    TicketSold: apply_sold,
    TicketRefunded: apply_refunded,
    SeatTakenBack: apply_refunded,
    GrantReturned: apply_returned,
    TripHandedOver: apply_handed,
    TripTakenOver: apply_taken,
}


def end_log(connection: sqlite3.Connection, _epoch: int) -> None:
    """The log ended, and what it was granted is no longer here: its counted places must not weigh on new grants.

    A seat that it sold stays sold: whatever the hub grants later, this box knows who sits there.
    """
    connection.execute("DELETE FROM sold_place")
    connection.execute("DELETE FROM sold_lap")
    for table in ("taken_grant", "taken_seat", "taken_place"):
        connection.execute(f"DELETE FROM {table}")


@dataclass(frozen=True)
class GrantRow:
    """A grant: ``seats`` seat → mask, ``places`` leg → places."""

    grant_id: int
    sell_until_ms: int
    seats: dict[int, int]
    places: dict[int, int]


def granted(connection: sqlite3.Connection, trip_no: int, day: int) -> tuple[GrantRow, ...]:
    """All grants of a dated trip as the hub or another box gave them, oldest first."""
    where = (trip_no, day)
    found = {
        grant_id: GrantRow(grant_id, until, {}, {})
        for grant_id, until in connection.execute(
            "SELECT grant_id, sell_until_ms FROM seat_grant WHERE trip_no = ?1 AND day = ?2 UNION ALL "
            "SELECT grant_id, sell_until_ms FROM taken_grant WHERE trip_no = ?1 AND day = ?2 ORDER BY 1",
            where,
        )
    }
    for grant_id, seat, mask in connection.execute(
        "SELECT grant_id, seat, mask FROM grant_seat WHERE trip_no = ?1 AND day = ?2 UNION ALL "
        "SELECT t.grant_id, s.seat, s.mask FROM taken_grant t JOIN taken_seat s ON s.grant_id = t.grant_id "
        "WHERE t.trip_no = ?1 AND t.day = ?2",
        where,
    ):
        if grant_id in found:  # else it came between these statements
            found[grant_id].seats[seat] = mask_in(mask)
    for grant_id, leg, places in connection.execute(
        "SELECT grant_id, leg, places FROM grant_place WHERE trip_no = ?1 AND day = ?2 UNION ALL "
        "SELECT t.grant_id, p.leg, p.places FROM taken_grant t JOIN taken_place p ON p.grant_id = t.grant_id "
        "WHERE t.trip_no = ?1 AND t.day = ?2",
        where,
    ):
        if grant_id in found:
            found[grant_id].places[leg] = places
    return tuple(found.values())


def left_of(connection: sqlite3.Connection, grants: tuple[GrantRow, ...]) -> list[GrantRow]:
    """The grants with what is left of each after returns."""
    marks, ids = ",".join("?" * len(grants)), [grant.grant_id for grant in grants]
    rows = connection.execute(f"SELECT grant_id, seat, mask FROM returned_seat WHERE grant_id IN ({marks})", ids)
    seats = {(grant_id, seat): mask_in(mask) for grant_id, seat, mask in rows}
    rows = connection.execute(f"SELECT grant_id, leg, places FROM returned_place WHERE grant_id IN ({marks})", ids)
    places = {(grant_id, leg): count for grant_id, leg, count in rows}
    return [_less(grant, seats, places) for grant in grants] if seats or places else list(grants)


def _less(grant: GrantRow, seats: dict[tuple[int, int], int], places: dict[tuple[int, int], int]) -> GrantRow:
    number = grant.grant_id
    masks = {seat: mask & ~seats.get((number, seat), 0) for seat, mask in grant.seats.items()}
    counts = {leg: count - places.get((number, leg), 0) for leg, count in grant.places.items()}
    return GrantRow(
        number, grant.sell_until_ms, {seat: mask for seat, mask in masks.items() if mask},
        {leg: count for leg, count in counts.items() if count > 0},
    )  # fmt: skip


def sold_seats(connection: sqlite3.Connection, trip_no: int, day: int, seat: int | None = None) -> dict[int, int]:
    """Seat → legs sold here; of one seat if it is given."""
    if seat is None:
        rows = connection.execute("SELECT seat, mask FROM sold_seat WHERE trip_no = ? AND day = ?", (trip_no, day))
    else:
        rows = connection.execute(
            "SELECT seat, mask FROM sold_seat WHERE trip_no = ? AND day = ? AND seat = ?", (trip_no, day, seat)
        )
    return {seat: mask_in(mask) for seat, mask in rows}


def sold_places(connection: sqlite3.Connection, trip_no: int, day: int) -> dict[int, int]:
    """Leg → places sold here."""
    return dict(connection.execute("SELECT leg, places FROM sold_place WHERE trip_no = ? AND day = ?", (trip_no, day)))


def laps_gone(connection: sqlite3.Connection, trip_no: int, day: int) -> dict[int, int]:
    """Leg → children that were sold a ride on a lap here, and those for whom the hub keeps one of this box's tenth."""
    rows = connection.execute(
        "SELECT leg, SUM(children) FROM (SELECT leg, children FROM sold_lap WHERE trip_no = ?1 AND day = ?2 UNION ALL "
        "SELECT leg, fewer FROM grant_lap WHERE trip_no = ?1 AND day = ?2) GROUP BY leg",
        (trip_no, day),
    )
    return dict(rows.fetchall())


def dated_trips(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Dated trips of which this box was granted anything."""
    return connection.execute(
        "SELECT trip_no, day FROM seat_grant UNION SELECT trip_no, day FROM taken_grant ORDER BY 2, 1"
    ).fetchall()


def past_grants(connection: sqlite3.Connection, now_ms: int) -> list[tuple[int, int, int, int]]:
    """``(grant_id, trip_no, day, sell_until_ms)`` of grants whose planned selling time is over and which were not closed yet."""
    rows = connection.execute(
        "SELECT g.grant_id, g.trip_no, g.day, g.sell_until_ms FROM (SELECT grant_id, trip_no, day, sell_until_ms "
        "FROM seat_grant UNION ALL "
        "SELECT grant_id, trip_no, day, sell_until_ms FROM taken_grant) g "
        "LEFT JOIN grant_closed c ON c.grant_id = g.grant_id "
        "WHERE g.sell_until_ms <= ? AND c.grant_id IS NULL ORDER BY g.grant_id",
        (now_ms,),
    )
    return rows.fetchall()


def close_grant(connection: sqlite3.Connection, grant_id: int) -> None:
    """Remember that nothing of a grant is left to give back."""
    connection.execute("INSERT OR IGNORE INTO grant_closed (grant_id) VALUES (?)", (grant_id,))


def reopen_grants(connection: sqlite3.Connection, trip_no: int, day: int) -> None:
    """Something of a dated trip came back: look again whether grants over their selling time have a rest to return."""
    connection.execute(
        "DELETE FROM grant_closed WHERE grant_id IN (SELECT grant_id FROM seat_grant WHERE trip_no = ?1 AND day = ?2 "
        "UNION ALL SELECT grant_id FROM taken_grant WHERE trip_no = ?1 AND day = ?2)",
        (trip_no, day),
    )


def open_recalls(connection: sqlite3.Connection) -> list[tuple[int, int, int, int]]:
    """``(trip_no, day, number, count)`` of recalls that were not answered yet."""
    rows = connection.execute(
        "SELECT r.trip_no, r.day, r.number, r.count FROM recall r LEFT JOIN recall_done d "
        "ON d.trip_no = r.trip_no AND d.day = r.day AND d.number >= r.number WHERE d.number IS NULL"
    )
    return rows.fetchall()


def recall_answered(connection: sqlite3.Connection, trip_no: int, day: int, number: int) -> None:
    """Remember that a recall was answered."""
    connection.execute(
        "INSERT OR REPLACE INTO recall_done (trip_no, day, number) VALUES (?, ?, ?)", (trip_no, day, number)
    )


def held(
    connection: sqlite3.Connection, trip_no: int, day: int, boot: bytes, since_mono_ms: int
) -> list[tuple[int, int, int, int]]:
    """``(hold_id, seat, from_idx, to_idx)`` of holds of this boot that are not older than ``since_mono_ms``."""
    rows = connection.execute(
        "SELECT hold_id, seat, from_idx, to_idx FROM seat_hold WHERE trip_no = ? AND day = ? AND boot = ? AND mono_ms >= ?",
        (trip_no, day, boot, since_mono_ms),
    )
    return rows.fetchall()


def on_leg(rows: list[GrantRow], leg: int) -> int:
    """Seats or places of one leg that were granted and not returned, sold ones included."""
    seats = {seat for row in rows for seat, mask in row.seats.items() if mask >> leg & 1}
    return len(seats) + sum(row.places.get(leg, 0) for row in rows)


def open_places(
    rows: list[GrantRow], live: list[GrantRow], sold: dict[int, int], held: dict[int, int]
) -> dict[int, int]:
    """Leg → places open. Sales count against grants over their time first, so that they block no living one."""
    total: dict[int, int] = {}
    living: dict[int, int] = {}
    for row in rows:
        for leg, places in row.places.items():
            total[leg] = total.get(leg, 0) + places
    for row in live:
        for leg, places in row.places.items():
            living[leg] = living.get(leg, 0) + places
    return {
        leg: max(min(places, total[leg] - sold.get(leg, 0)) - held.get(leg, 0), 0) for leg, places in living.items()
    }
