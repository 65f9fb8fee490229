"""Tables of the ratings."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# ``tags``: separated by blanks, in the order in which they were given. ``verified``: the ticket had boarded on that trip when
# it rated: these alone make scores. ``claimed_ms``: when, by the box's word.
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
    sa.Column("verified", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("claimed_ms", Big, nullable=False, server_default="0"),
    sa.Index("ix_rating_trip", "trip_no", "day"),
    sa.Index("ix_rating_day", "day"),
    info=STATE,
)

# Ratings of people who showed no ticket: kept apart, in no score.
session_rating = sa.Table(
    "session_rating",
    metadata,
    sa.Column("session", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False, unique=True),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Index("ix_session_rating_trip", "trip_no", "day"),
    info=STATE,
)

# The second word of a passenger; it may come before the first one, from another box.
rating_follow = sa.Table(
    "rating_follow",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False, unique=True),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    info=STATE,
)

# Decisions. A verified bad rating opens a case when the hub hears of it; ``pos`` is the rating's.
rating_case = sa.Table(
    "rating_case",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("opened_ms", Big, nullable=False),
)

# What people did about a rating, one after the other; nothing is taken away. ``kind``: see answers/deciding.py.
rating_act = sa.Table(
    "rating_act",
    metadata,
    sa.Column("act_no", Big, primary_key=True, autoincrement=False),
    sa.Column("pos", Big, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_ms", Big, nullable=False),
)
