"""Tables of departure clearance."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# State: a fold of the event log. One row an answer; ``lacks``: codes with blanks between them, empty where it was cleared.
departure_said = sa.Table(
    "departure_said",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("vehicle", sa.Text, nullable=False),
    sa.Column("drivers", Big, nullable=False),
    sa.Column("aboard", Big, nullable=False),
    sa.Column("capacity", Big, nullable=False),
    sa.Column("lacks", sa.Text, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("said_hlc", Big, nullable=False),
    sa.Index("ix_departure_said_trip", "trip_no", "day"),
    info=STATE,
)

# What was counted on a ferry and at its pier: the last word of each.
passenger_count = sa.Table(
    "passenger_count",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("on_board", sa.Boolean, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("counted", Big, nullable=False),
    sa.Column("known", Big, nullable=False),
    info=STATE,
)
