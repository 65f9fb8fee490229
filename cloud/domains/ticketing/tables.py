"""Tables of ticketing: a fold of the event log, but for the rules that were published."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# One row a sale, also of one that breaks a rule: somebody paid. ``state``: ok or quarantined.
ticket = sa.Table(
    "ticket",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("serial", Big, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("from_idx", Big, nullable=False),
    sa.Column("to_idx", Big, nullable=False),
    sa.Column("seat", Big, nullable=False),
    sa.Column("rider", Big, nullable=False),
    sa.Column("price_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("payment", Big, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("channel", Big, nullable=False),
    sa.Column("sold_hlc", Big, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Index("ix_ticket_trip", "trip_no", "day"),
    sa.Index("ix_ticket_serial", "node_no", "epoch", "serial"),
    info=STATE,
)

# Takings by trip, service day, node and state, with the money of extras.
sale_sum = sa.Table(
    "sale_sum",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("tickets", Big, nullable=False),
    sa.Column("amount_minor", Big, nullable=False),
    info=STATE,
)

# One row a refund, also of one that breaks a rule: the money has left the drawer. ``state``: ok or quarantined.
refund = sa.Table(
    "refund",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("fee_minor", Big, nullable=False),
    sa.Column("refunded_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("payment", Big, nullable=False),
    sa.Column("reason", Big, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("clock_sure", sa.Boolean, nullable=False),
    sa.Column("refunded_hlc", Big, nullable=False),
    sa.Column("approver_no", Big, nullable=False, server_default="0"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Index("ix_refund_trip", "trip_no", "day"),
    info=STATE,
)

# What went back, by the same keys as the takings.
refund_sum = sa.Table(
    "refund_sum",
    metadata,
    sa.Column("trip_no", Big, primary_key=True, autoincrement=False),
    sa.Column("day", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("refunds", Big, nullable=False),
    sa.Column("refunded_minor", Big, nullable=False),
    info=STATE,
)

# A ticket that took the place of another, also where it breaks a rule. ``kind``: the reason of the old one's refund;
# ``reason`` of a reissue: its cause. ``old_minor``: what the old one cost.
replacement = sa.Table(
    "replacement",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("old_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("new_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("kind", sa.Integer, nullable=False),
    sa.Column("old_minor", Big, nullable=False),
    sa.Column("fee_minor", Big, nullable=False),
    sa.Column("reason", Big, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("times", Big, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("made_hlc", Big, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    info=STATE,
)

# One row a booking of several tickets, also of one that breaks a rule.
booking_sold = sa.Table(
    "booking_sold",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("first_serial", Big, nullable=False),
    sa.Column("count", Big, nullable=False),
    sa.Column("total_minor", Big, nullable=False),
    sa.Column("extras_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("payment", Big, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("channel", Big, nullable=False),
    sa.Column("sold_hlc", Big, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Index("ix_booking_sold_serial", "node_no", "epoch", "first_serial"),
    info=STATE,
)

# A refund that a node may not make by itself, also one that breaks a rule.
refund_request = sa.Table(
    "refund_request",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("request_no", Big, nullable=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("reason", Big, nullable=False),
    sa.Column("kind", Big, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("asked_hlc", Big, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Index("ix_refund_request_number", "node_no", "epoch", "request_no"),
    info=STATE,
)

# Decision of the hub on a request, by the position of the request.
refund_decision = sa.Table(
    "refund_decision",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("approved", sa.Boolean, nullable=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("fee_minor", Big, nullable=False),
    sa.Column("refunded_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("made_pos", Big, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
)

# Tickets that were paid out elsewhere on the hub's word, and whose seats their sellers have on sale again.
taken_back = sa.Table(
    "taken_back",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    info=STATE,
)

# How far the serials of a log reach, and how many are missing below that (a sale that never came).
serial_end = sa.Table(
    "serial_end",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_serial", Big, nullable=False),
    sa.Column("missing", Big, nullable=False),
    info=STATE,
)

# Every set of fare rules that was ever published, by its position: which one a sale was made under is asked for ever.
fare_rules = sa.Table(
    "fare_rules",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

# Whose ticket it is: one row an event that names a traveller. What can be shown of the person stands in the event alone,
# under keys that are destroyed with its month (``period``: 202611). ``state``: ok or quarantined.
traveller = sa.Table(
    "traveller",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("document_type", Big, nullable=False),
    sa.Column("period", Big, nullable=False, index=True),
    sa.Column("check_value", sa.LargeBinary, nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    info=STATE,
)

# The keys of a month: ``wrapped`` is the hub's secret under a key that is no row of this database, None once it was
# destroyed. A decision, no fold: erasing changes nothing that is made of the log.
sealing_period = sa.Table(
    "sealing_period",
    metadata,
    sa.Column("period", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("suite", sa.Integer, nullable=False),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("wrapped", sa.LargeBinary),
    sa.Column("made_ms", Big, nullable=False),
    sa.Column("erased_ms", Big),
)

# Tickets that a gate refused as given back before the hub had heard of that; ``reason``: the gate's.
shown_void = sa.Table(
    "shown_void",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    info=STATE,
)

# Tickets that were put on paper, and how often.
printed = sa.Table(
    "printed",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("copies", Big, nullable=False),
    info=STATE,
)
