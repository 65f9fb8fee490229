"""Ratings that are verified, ratings without a ticket, and second words.

Ratings from before are kept out of the scores until ``hub rebuild`` has folded them again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("rating", sa.Column("verified", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("rating", sa.Column("claimed_ms", BIG, nullable=False, server_default="0"))
    op.create_index(op.f("ix_rating_day"), "rating", ["day"], unique=False)
    op.create_table(
        "session_rating",
        sa.Column("session", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("session", name=op.f("pk_session_rating")),
        sa.UniqueConstraint("pos", name=op.f("uq_session_rating_pos")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_session_rating_trip"), "session_rating", ["trip_no", "day"], unique=False)
    op.create_table(
        "rating_follow",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_rating_follow")),
        sa.UniqueConstraint("pos", name=op.f("uq_rating_follow_pos")),
        info={"fold": True},
    )
