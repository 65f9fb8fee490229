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

# Dated trips of which it was ever told that they come late, end early or do not run, and since which position: what was given
# back because of them is held against this, whatever was said since.
disruption_told = sa.Table(
    "disruption_told",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("pos", Big, nullable=False),
)
