"""Table of the ratings."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# ``tags``: separated by blanks, in the order in which they were given.
rating = sa.Table(
    "rating",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False, unique=True),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Index("ix_rating_trip", "trip_no", "day"),
    info=STATE,
)
