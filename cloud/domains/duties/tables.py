"""Tables of duties: a fold of what drivers said."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# The words of each trip on each box, as far as they fit each other.
trip_word = sa.Table(
    "trip_word",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("seq", Big, nullable=False),
    sa.Column("at_ms", Big, nullable=False),
    sa.Column("driver_no", Big, nullable=False),
    sa.Column("type", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("ix_trip_word_trip", "day", "trip_no", "node_no"),
    sa.Index("ix_trip_word_driver", "driver_no", "at_ms"),
    info=STATE,
)
