"""Named travellers, and the keys of the months that their documents are sealed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "traveller",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("document_type", BIG, nullable=False),
        sa.Column("period", BIG, nullable=False),
        sa.Column("check_value", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_traveller")),
        info={"fold": True},
    )
    for column in ("ticket_id", "period", "check_value"):
        op.create_index(op.f(f"ix_traveller_{column}"), "traveller", [column], unique=False)
    op.create_table(
        "sealing_period",
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("suite", sa.Integer(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("erased_ms", BIG, nullable=True),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_sealing_period")),
    )
