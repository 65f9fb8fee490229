"""Other sellers: accounts, keys, bookings, and what they owe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _seller()
    _seller_terms()
    _seller_key()
    _seller_payment()
    _booking()
    _booking_item()
    _seller_answer()
    _seller_entry()
    _seller_sum()


def _seller() -> None:
    op.create_table(
        "seller",
        sa.Column("seller_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("limit_minor", BIG, nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("closed_ms", BIG, nullable=True),
        sa.PrimaryKeyConstraint("seller_no", name=op.f("pk_seller")),
        sa.UniqueConstraint("name", name=op.f("uq_seller_name")),
    )


def _seller_terms() -> None:
    op.create_table(
        "seller_terms",
        sa.Column("seller_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_ms", BIG, autoincrement=False, nullable=False),
        sa.Column("commission_per_mille", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["seller_no"], ["seller.seller_no"], name=op.f("fk_seller_terms_seller_no")),
        sa.PrimaryKeyConstraint("seller_no", "from_ms", name=op.f("pk_seller_terms")),
    )


def _seller_key() -> None:
    op.create_table(
        "seller_key",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seller_no", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("ended_ms", BIG, nullable=True),
        sa.ForeignKeyConstraint(["seller_no"], ["seller.seller_no"], name=op.f("fk_seller_key_seller_no")),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_seller_key")),
    )
    op.create_index(op.f("ix_seller_key_seller_no"), "seller_key", ["seller_no"], unique=False)


def _seller_payment() -> None:
    op.create_table(
        "seller_payment",
        sa.Column("payment_no", BIG, autoincrement=False, nullable=False),
        sa.Column("seller_no", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("paid_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["seller_no"], ["seller.seller_no"], name=op.f("fk_seller_payment_seller_no")),
        sa.PrimaryKeyConstraint("payment_no", name=op.f("pk_seller_payment")),
    )
    op.create_index(op.f("ix_seller_payment_seller_no"), "seller_payment", ["seller_no"], unique=False)


def _booking() -> None:
    op.create_table(
        "booking",
        sa.Column("booking_no", BIG, autoincrement=False, nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("seller_no", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("expires_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["seller_no"], ["seller.seller_no"], name=op.f("fk_booking_seller_no")),
        sa.PrimaryKeyConstraint("booking_no", name=op.f("pk_booking")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_booking_booking_id")),
    )
    op.create_index(op.f("ix_booking_seller"), "booking", ["seller_no", "booking_no"], unique=False)
    op.create_index(op.f("ix_booking_state"), "booking", ["state", "expires_ms"], unique=False)


def _booking_item() -> None:
    op.create_table(
        "booking_item",
        sa.Column("booking_no", BIG, autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("grant_id", BIG, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("from_idx", sa.Integer(), nullable=False),
        sa.Column("to_idx", sa.Integer(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("rider", sa.Integer(), nullable=False),
        sa.Column("price_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("departs_ms", BIG, nullable=False),
        sa.Column("ends_ms", BIG, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=True),
        sa.Column("sold_ms", BIG, nullable=True),
        sa.Column("supersedes", sa.LargeBinary(), nullable=True),
        sa.Column("refunded_minor", BIG, nullable=True),
        sa.Column("fee_minor", BIG, nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("refunded_ms", BIG, nullable=True),
        sa.ForeignKeyConstraint(["booking_no"], ["booking.booking_no"], name=op.f("fk_booking_item_booking_no")),
        sa.PrimaryKeyConstraint("booking_no", "idx", name=op.f("pk_booking_item")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_booking_item_ticket_id")),
    )
    op.create_index(op.f("ix_booking_item_seat"), "booking_item", ["trip_no", "day", "seat"], unique=False)


def _seller_answer() -> None:
    op.create_table(
        "seller_answer",
        sa.Column("seller_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("booking_no", BIG, nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["seller_no"], ["seller.seller_no"], name=op.f("fk_seller_answer_seller_no")),
        sa.PrimaryKeyConstraint("seller_no", "key", name=op.f("pk_seller_answer")),
    )


def _seller_entry() -> None:
    op.create_table(
        "seller_entry",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("seller_no", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("fee_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("sold_ms", BIG, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_seller_entry")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_seller_entry_seller"), "seller_entry", ["seller_no", "at_ms"], unique=False)
    op.create_index(op.f("ix_seller_entry_ticket"), "seller_entry", ["ticket_id"], unique=False)


def _seller_sum() -> None:
    op.create_table(
        "seller_sum",
        sa.Column("seller_no", BIG, autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("tickets", BIG, nullable=False),
        sa.Column("sold_minor", BIG, nullable=False),
        sa.Column("refunds", BIG, nullable=False),
        sa.Column("refunded_minor", BIG, nullable=False),
        sa.PrimaryKeyConstraint("seller_no", "currency", name=op.f("pk_seller_sum")),
        info={"fold": True},
    )
