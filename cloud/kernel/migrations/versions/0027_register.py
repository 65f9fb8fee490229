"""The register of operators, vehicles, drivers and permits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "register_subject",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("operator_no", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("gone_ms", BIG),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_register_subject")),
    )
    op.create_index("ix_register_subject_kind", "register_subject", ["kind", "label"])
    op.create_index("ix_register_subject_operator", "register_subject", ["operator_no", "kind"])
    op.create_table(
        "register_key",
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_register_key")),
    )
    op.create_index(op.f("ix_register_key_number"), "register_key", ["number"])
    op.create_table(
        "register_version",
        sa.Column("version_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version_no", name=op.f("pk_register_version")),
    )
    op.create_index("ix_register_version_number", "register_version", ["number", "from_day"])
