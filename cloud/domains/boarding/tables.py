"""Tables of boarding."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# Decision of the hub: this vehicle's box runs this trip.
duty = sa.Table(
    "duty",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("vehicle", sa.Text, nullable=False),
    sa.Column("drivers", sa.JSON, nullable=False, server_default="[]"),
    sa.Index("ix_duty_trip", "trip_no", "day"),
)

# Decision of the hub: this ticket belongs to a phone since it was sold.
bound_ticket = sa.Table(
    "bound_ticket",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("at_ms", Big, nullable=False),
    sa.Index("ix_bound_ticket_trip", "trip_no", "day"),
)

# Decision of a person: what comes of the conflict whose second event stands at ``pos``.
conflict_word = sa.Table(
    "conflict_word",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("decided_ms", Big, nullable=False),
)

# State: a fold of the event log.

boarded = sa.Table(
    "boarded",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("from_idx", Big, nullable=False),
    sa.Column("to_idx", Big, nullable=False),
    sa.Column("seat", Big, nullable=False),
    sa.Column("gate", sa.Text, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("clock_sure", sa.Boolean, nullable=False),
    sa.Column("boarded_hlc", Big, nullable=False),
    sa.Index("ix_boarded_trip", "trip_no", "day"),
    info=STATE,
)

# A ticket that two gates let in without knowing of each other.
boarded_twice = sa.Table(
    "boarded_twice",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("first_pos", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("gate", sa.Text, nullable=False),
    info=STATE,
)

# A ticket that was refunded where it was sold: the boxes that check it are told.
void_ticket = sa.Table(
    "void_ticket",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("at_ms", Big, nullable=False),
    sa.Index("ix_void_ticket_trip", "trip_no", "day"),
    info=STATE,
)

# A ticket that was refunded and boarded, by boxes that did not know of each other; ``pos``: the later of both events.
void_boarded = sa.Table(
    "void_boarded",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("first_pos", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    info=STATE,
)

# Who did not come (``kind`` ABSENCE of the events), and who got off early (ALIGHTING); ``frees`` as in the event.
ticket_mark = sa.Table(
    "ticket_mark",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("kind", Big, nullable=False),
    sa.Column("at_idx", Big, nullable=False),
    sa.Column("frees", Big, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Index("ix_ticket_mark_trip", "trip_no", "day"),
    info=STATE,
)

refusal_sum = sa.Table(
    "refusal_sum",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Text, primary_key=True),
    sa.Column("count", Big, nullable=False),
    info=STATE,
)

gate_opening = sa.Table(
    "gate_opening",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("gate", sa.Text, nullable=False),
    info=STATE,
)
