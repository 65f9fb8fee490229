"""Trust cards, and those that inspectors refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "trust_card",
        sa.Column("card_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("owner_version_no", sa.Integer(), nullable=False),
        sa.Column("issued_day", sa.Integer(), nullable=False),
        sa.Column("until_day", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("issued_ms", BIG, nullable=False),
        sa.Column("void", sa.Integer()),
        sa.Column("void_ms", BIG),
        sa.Column("void_note", sa.Text(), nullable=False),
        sa.Column("void_by", sa.Text()),
        sa.PrimaryKeyConstraint("card_no", name=op.f("pk_trust_card")),
    )
    op.create_index(op.f("ix_trust_card_number"), "trust_card", ["number"])
    op.create_table(
        "card_refusal",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("card_no", BIG, nullable=False),
        sa.Column("subject_no", BIG, nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("clock_sure", sa.Boolean(), nullable=False),
        sa.Column("claimed_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_card_refusal")),
    )
    op.create_index(op.f("ix_card_refusal_card_no"), "card_refusal", ["card_no"])
