"""People at the hub and at the nodes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _admin()
    _audit_entry()
    _clerk()
    _guess()
    _admin_session()
    _api_token()


def _admin() -> None:
    op.create_table(
        "admin",
        sa.Column("admin_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("passphrase", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("disabled_ms", BIG, nullable=True),
        sa.PrimaryKeyConstraint("admin_no", name=op.f("pk_admin")),
        sa.UniqueConstraint("name", name=op.f("uq_admin_name")),
    )


def _audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("audit_no", BIG, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("audit_no", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_at_ms"), "audit_entry", ["at_ms"], unique=False)


def _clerk() -> None:
    op.create_table(
        "clerk",
        sa.Column("clerk_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("node_nos", sa.JSON(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("left_ms", BIG, nullable=True),
        sa.PrimaryKeyConstraint("clerk_no", name=op.f("pk_clerk")),
    )


def _guess() -> None:
    op.create_table(
        "guess",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ms", BIG, nullable=False),
        sa.Column("locked_until_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_guess")),
    )


def _admin_session() -> None:
    op.create_table(
        "admin_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("admin_no", sa.Integer(), nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("seen_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["admin_no"], ["admin.admin_no"], name=op.f("fk_admin_session_admin_no")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_admin_session")),
    )
    op.create_index(op.f("ix_admin_session_admin_no"), "admin_session", ["admin_no"], unique=False)


def _api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("admin_no", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["admin_no"], ["admin.admin_no"], name=op.f("fk_api_token_admin_no")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_api_token")),
    )
    op.create_index(op.f("ix_api_token_admin_no"), "api_token", ["admin_no"], unique=False)
