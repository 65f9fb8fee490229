"""Tables of the inventory. *Cells* are pairs (seat, leg mask), or (leg, places) for free seating."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# Decisions of the hub.

# ``calls_ms``: canonical CBOR list of the departure from each stop, and of the arrival at the last. ``vehicles``: how often
# another vehicle took the place of the planned one.
dated_trip = sa.Table(
    "dated_trip",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("pos", Big, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("legs", sa.Integer, nullable=False),
    sa.Column("departs_ms", Big, nullable=False),
    sa.Column("ends_ms", Big, nullable=False),
    sa.Column("calls_ms", sa.LargeBinary, nullable=False),
    sa.Column("grant_epoch", sa.Integer, nullable=False),
    sa.Column("vehicles", sa.Integer, nullable=False, server_default="0"),
)

# Another vehicle runs on a dated trip; ``number`` is the hub's position. ``before``: the capacity until then.
vehicle_change = sa.Table(
    "vehicle_change",
    metadata,
    sa.Column("number", Big, primary_key=True, autoincrement=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("before", sa.Integer, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
    sa.Index("ix_vehicle_change_trip", "trip_no", "day"),
)

# What another vehicle means to a ticket. ``seat`` 0: none, as in free seating. ``late``: it was sold after the change.
reseat = sa.Table(
    "reseat",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("from_idx", sa.Integer, nullable=False),
    sa.Column("to_idx", sa.Integer, nullable=False),
    sa.Column("was", sa.Integer, nullable=False),
    sa.Column("seat", sa.Integer, nullable=False),
    sa.Column("placed", sa.Boolean, nullable=False),
    sa.Column("fault", sa.Boolean, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Index("ix_reseat_trip", "trip_no", "day"),
)

# Tickets of which it was ever told that another vehicle has no place for them, or for one that was paid with them, and
# since which position: what was given back for it is held against this, whatever was said since.
fault_told = sa.Table(
    "fault_told",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False),
)

# ``grant_id`` is the hub's position at which the grant was made. ``node_epoch``: the log that may sell from it. ``fewer_laps``:
# leg → by how many fewer children on laps than a tenth of its seats that log may sell; null for none.
seat_grant = sa.Table(
    "seat_grant",
    metadata,
    sa.Column("grant_id", Big, primary_key=True, autoincrement=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("node_epoch", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("sell_until_ms", Big, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    sa.Column("fewer_laps", sa.LargeBinary),
    sa.Index("ix_seat_grant_trip", "trip_no", "day"),
    sa.Index("ix_seat_grant_node", "node_no", "node_epoch"),
)

# Cells that went from one box to another with a trip, by a code that the giver signed. ``number`` stands in the place of a
# grant's id; ``pos``: of whichever of both ends was heard first; ``signed``: SHA-256 of what both must have said. ``given``:
# the giver, log ``from_epoch`` of ``from_node_no``, was heard to say so itself.
grant_moved = sa.Table(
    "grant_moved",
    metadata,
    sa.Column("number", Big, primary_key=True, autoincrement=False),
    sa.Column("pos", Big, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("node_epoch", sa.Integer, nullable=False),
    sa.Column("sell_until_ms", Big, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    sa.Column("signed", sa.LargeBinary, nullable=False),
    sa.Column("from_node_no", sa.Integer, nullable=False, server_default="0"),
    sa.Column("from_epoch", sa.Integer, nullable=False, server_default="0"),
    sa.Column("given", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Index("ix_grant_moved_trip", "trip_no", "day"),
    info=STATE,
)

# A person's or a policy's explicit act: seats of a silent node given to others although it may have sold them.
risk_release = sa.Table(
    "risk_release",
    metadata,
    sa.Column("release_id", Big, primary_key=True, autoincrement=False),
    sa.Column("grant_id", Big, sa.ForeignKey("seat_grant.grant_id"), nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    sa.Column("places", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
    sa.Index("ix_risk_release_trip", "trip_no", "day"),
)

seat_recall = sa.Table(
    "seat_recall",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("number", Big, nullable=False),
    sa.Column("places", sa.Integer, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
)

# Seats that a node asked for and that nobody had to give yet; gone once they are granted.
ask_waiting = sa.Table(
    "ask_waiting",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("from_idx", sa.Integer, nullable=False),
    sa.Column("to_idx", sa.Integer, nullable=False),
    sa.Column("places", sa.Integer, nullable=False),
    sa.Index("ix_ask_waiting_trip", "trip_no", "day"),
)

# The one node that is granted seats of a dated trip from ``pos`` on; who was it once may have heard nothing since.
sole_seller = sa.Table(
    "sole_seller",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("pos", Big, nullable=False),
)

# To whom that went on from ``pos`` on: with the trip, to the box of another vehicle.
sole_moved = sa.Table(
    "sole_moved",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
)

# State: a fold of the event log.

# Legs at_idx..to_idx-1 of a ticket's seat (0: of a place) that its passenger left, to be sold on by the box that said so.
# ``deducted``: they were taken out of what the ticket's seller sold.
seat_freed = sa.Table(
    "seat_freed",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("node_epoch", sa.Integer, nullable=False),
    sa.Column("seat", Big, nullable=False),
    sa.Column("from_idx", Big, nullable=False),
    sa.Column("at_idx", Big, nullable=False),
    sa.Column("to_idx", Big, nullable=False),
    sa.Column("deducted", sa.Boolean, nullable=False),
    sa.Index("ix_seat_freed_trip", "trip_no", "day"),
    info=STATE,
)

grant_returned = sa.Table(
    "grant_returned",
    metadata,
    sa.Column("grant_id", Big, primary_key=True, autoincrement=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    info=STATE,
)

# What one log sold of a dated trip; ``free`` tells sales without a seat number from those with one.
seat_sold = sa.Table(
    "seat_sold",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("node_epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("free", sa.Boolean, primary_key=True, autoincrement=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    info=STATE,
)

# Children to whom the hub has promised laps, sold or still held: leg → children. ``node_no``: its own node.
lap_promised = sa.Table(
    "lap_promised",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
)

# Children on laps that one log sold: leg → children.
lap_sold = sa.Table(
    "lap_sold",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("node_epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("cells", sa.LargeBinary, nullable=False),
    info=STATE,
)

seat_clash = sa.Table(
    "seat_clash",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("seat", Big, nullable=False),
    sa.Column("from_idx", sa.Integer, nullable=False),
    sa.Column("to_idx", sa.Integer, nullable=False),
    sa.Column("at_risk", sa.Boolean, nullable=False),
    sa.Index("ix_seat_clash_trip", "trip_no", "day"),
    info=STATE,
)

seat_ask = sa.Table(
    "seat_ask",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("from_idx", Big, nullable=False),
    sa.Column("to_idx", Big, nullable=False),
    sa.Column("count", Big, nullable=False),
    info=STATE,
)
