"""Tables of shifts: all of it a fold of the event log."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# ``state``: open, closed, or differs (the slip is not what its events add up to). ``rule``: the office rules that asked.
shift = sa.Table(
    "shift",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("shift_no", Big, primary_key=True, autoincrement=False),
    sa.Column("clerk_no", Big, nullable=False, index=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("opened_pos", Big, nullable=False),
    sa.Column("opened_seq", Big, nullable=False),
    sa.Column("opened_ms", Big, nullable=False),
    sa.Column("closed_pos", Big),
    sa.Column("closed_ms", Big),
    sa.Column("taken_from", Big, nullable=False),
    sa.Column("taken_by", Big, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    info=STATE,
)

# Of a closed shift: what its events add up to, what the box said, and what was counted.
shift_line = sa.Table(
    "shift_line",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("shift_no", Big, primary_key=True, autoincrement=False),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("payment", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sold", Big, nullable=False),
    sa.Column("sold_minor", Big, nullable=False),
    sa.Column("refunds", Big, nullable=False),
    sa.Column("refunded_minor", Big, nullable=False),
    sa.Column("expected_minor", Big, nullable=False),
    sa.Column("claimed_minor", Big, nullable=False),
    sa.Column("counted_minor", Big),
    info=STATE,
)

# The last shift of a clerk in a log, and whether it is open: what a sale is held against.
shift_now = sa.Table(
    "shift_now",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("clerk_no", Big, primary_key=True, autoincrement=False),
    sa.Column("shift_no", Big, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    info=STATE,
)

# How often a clerk sold and refunded in all closed shifts: what one is measured by against the others.
clerk_sum = sa.Table(
    "clerk_sum",
    metadata,
    sa.Column("clerk_no", Big, primary_key=True, autoincrement=False),
    sa.Column("sold", Big, nullable=False),
    sa.Column("refunds", Big, nullable=False),
    info=STATE,
)
