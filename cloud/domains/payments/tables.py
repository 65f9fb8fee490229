"""Tables of payments: a fold of the event log, but for the comparisons that were made with a gateway's statement."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# One row a payment that a node asked for. ``state``: asked, taken, ended, back (money, no ticket). ``left_minor``: taken, and
# its tickets have not come; ``back_minor``: what is to go back of it, or went.
payment = sa.Table(
    "payment",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("order_no", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("pos", Big, nullable=False),
    sa.Column("amount_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("gateway_no", sa.Text, nullable=False),
    sa.Column("first_serial", Big, nullable=False),
    sa.Column("left_minor", Big, nullable=False),
    sa.Column("back_minor", Big, nullable=False),
    sa.Column("paid_ms", Big, nullable=False),
    sa.Column("asked_hlc", Big, nullable=False),
    sa.Index("ix_payment_order", "order_no"),
    sa.Index("ix_payment_paid", "paid_ms"),
    sa.Index("ix_payment_left", "node_no", "epoch", "left_minor"),
    info=STATE,
)

# One row for money that goes back by the gateway. ``made``: the gateway told the node that it did.
repayment = sa.Table(
    "repayment",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("refund_no", sa.Text, primary_key=True),
    sa.Column("order_no", sa.Text, nullable=False),
    sa.Column("amount_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("cause", Big, nullable=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False, index=True),
    sa.Column("made", sa.Boolean, nullable=False),
    sa.Column("asked_hlc", Big, nullable=False),
    sa.Index("ix_repayment_order", "order_no"),
    info=STATE,
)

# Which payment a ticket was paid with.
paid_ticket = sa.Table(
    "paid_ticket",
    metadata,
    sa.Column("ticket_id", sa.LargeBinary, primary_key=True),
    sa.Column("order_no", sa.Text, nullable=False),
    info=STATE,
)

# Not a fold: what a comparison with the gateway's statement of a day found.
reconciliation = sa.Table(
    "reconciliation",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("day", Big, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
    sa.Column("found", sa.JSON, nullable=False),
)
