"""Tables of other sellers. At the hub's own node the clerk of a sale is the seller: ``seller_no`` is its ``clerk_no``."""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# Decisions of the hub.

# ``limit_minor``: what a seller may owe at most, in each currency. ``closed_ms``: since when it sells no more.
seller = sa.Table(
    "seller",
    metadata,
    sa.Column("seller_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("limit_minor", Big, nullable=False),
    sa.Column("created_ms", Big, nullable=False),
    sa.Column("closed_ms", Big),
)

# What a seller keeps of each sale made since ``from_ms``, until newer terms.
seller_terms = sa.Table(
    "seller_terms",
    metadata,
    sa.Column("seller_no", sa.Integer, sa.ForeignKey("seller.seller_no"), primary_key=True),
    sa.Column("from_ms", Big, primary_key=True, autoincrement=False),
    sa.Column("commission_per_mille", sa.Integer, nullable=False),
)

# The secret itself is shown once and stored nowhere.
seller_key = sa.Table(
    "seller_key",
    metadata,
    sa.Column("key_hash", sa.LargeBinary, primary_key=True),
    sa.Column("seller_no", sa.Integer, sa.ForeignKey("seller.seller_no"), nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_ms", Big, nullable=False),
    sa.Column("ended_ms", Big),
)

# Money that a seller paid to the network (or got back, below zero).
seller_payment = sa.Table(
    "seller_payment",
    metadata,
    sa.Column("payment_no", Big, primary_key=True, autoincrement=False),
    sa.Column("seller_no", sa.Integer, sa.ForeignKey("seller.seller_no"), nullable=False, index=True),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("amount_minor", Big, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("paid_ms", Big, nullable=False),
)

# ``state``: held, ticketed, cancelled or lapsed. ``booking_id`` is what outsiders know it by, and can't be guessed.
booking = sa.Table(
    "booking",
    metadata,
    sa.Column("booking_no", Big, primary_key=True, autoincrement=False),
    sa.Column("booking_id", sa.Text, nullable=False, unique=True),
    sa.Column("seller_no", sa.Integer, sa.ForeignKey("seller.seller_no"), nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
    sa.Column("expires_ms", Big, nullable=False),
    sa.Index("ix_booking_seller", "seller_no", "booking_no"),
    sa.Index("ix_booking_state", "state", "expires_ms"),
)

# One place of a booking. ``epoch``: the log of the hub's own node that holds its grant. ``departs_ms``: from the ride's
# first stop; ``ends_ms``: arrival at the trip's last. What comes of its sale is null until then;
# ``supersedes``: ids of tickets for the same place that were refunded before, as the ticket says.
# ``holder``: public key of the phone that it is bound to. ``named``: what names its traveller, sealed before it came here.
booking_item = sa.Table(
    "booking_item",
    metadata,
    sa.Column("booking_no", Big, sa.ForeignKey("booking.booking_no"), primary_key=True, autoincrement=False),
    sa.Column("idx", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("grant_id", Big, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("from_idx", sa.Integer, nullable=False),
    sa.Column("to_idx", sa.Integer, nullable=False),
    sa.Column("seat", sa.Integer, nullable=False),
    sa.Column("rider", sa.Integer, nullable=False),
    sa.Column("price_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("departs_ms", Big, nullable=False),
    sa.Column("ends_ms", Big, nullable=False),
    sa.Column("ticket_id", sa.LargeBinary, unique=True),
    sa.Column("sold_ms", Big),
    sa.Column("supersedes", sa.LargeBinary),
    sa.Column("refunded_minor", Big),
    sa.Column("fee_minor", Big),
    sa.Column("rule", sa.Text),
    sa.Column("refunded_ms", Big),
    sa.Column("proof", sa.Integer, nullable=False, server_default="0"),
    sa.Column("holder", sa.LargeBinary),
    sa.Column("named", sa.LargeBinary),
    sa.Index("ix_booking_item_seat", "trip_no", "day", "seat"),
)

# What was answered under an idempotency key: the same key gets the same answer, for the same request only.
seller_answer = sa.Table(
    "seller_answer",
    metadata,
    sa.Column("seller_no", sa.Integer, sa.ForeignKey("seller.seller_no"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request", sa.LargeBinary, nullable=False),
    sa.Column("booking_no", Big, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
)

# State: a fold of the event log.

# Each sale and each refund on a seller's account. ``amount_minor``: the price, or what went back.
seller_entry = sa.Table(
    "seller_entry",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("seller_no", Big, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("ticket_id", sa.LargeBinary, nullable=False),
    sa.Column("trip_no", Big, nullable=False),
    sa.Column("day", Big, nullable=False),
    sa.Column("amount_minor", Big, nullable=False),
    sa.Column("fee_minor", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("sold_ms", Big, nullable=False),
    sa.Column("at_ms", Big, nullable=False),
    sa.Index("ix_seller_entry_seller", "seller_no", "at_ms"),
    sa.Index("ix_seller_entry_ticket", "ticket_id"),
    info=STATE,
)

seller_sum = sa.Table(
    "seller_sum",
    metadata,
    sa.Column("seller_no", Big, primary_key=True, autoincrement=False),
    sa.Column("currency", sa.Text, primary_key=True),
    sa.Column("tickets", Big, nullable=False),
    sa.Column("sold_minor", Big, nullable=False),
    sa.Column("refunds", Big, nullable=False),
    sa.Column("refunded_minor", Big, nullable=False),
    info=STATE,
)
