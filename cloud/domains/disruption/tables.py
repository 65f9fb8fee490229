"""Tables of disruptions: decisions of the hub."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import Big, metadata

disruption = sa.Table(
    "disruption",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
)
