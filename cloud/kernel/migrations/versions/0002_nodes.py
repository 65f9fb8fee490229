"""Nodes, their keys and their logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _contact()
    _issue()
    _place()
    _node()
    _enrol_code()
    _node_key()
    _subscription()


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_contact_ms", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("floor", BIG, nullable=False),
        sa.Column("behind_streams", sa.Integer(), nullable=False),
        sa.Column("waiting", BIG, nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column("reported", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("node_no", name=op.f("pk_contact")),
    )


def _issue() -> None:
    op.create_table(
        "issue",
        sa.Column("issue_no", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("seen_ms", BIG, nullable=False),
        sa.Column("closed_ms", BIG, nullable=True),
        sa.PrimaryKeyConstraint("issue_no", name=op.f("pk_issue")),
    )
    op.create_index(op.f("ix_issue_node_no"), "issue", ["node_no"], unique=False)


def _place() -> None:
    op.create_table(
        "place",
        sa.Column("place_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("place_no", name=op.f("pk_place")),
    )


def _node() -> None:
    op.create_table(
        "node",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place_no", sa.Integer(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("stop_nos", sa.JSON(), nullable=False),
        sa.Column("low_water", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("provision_due_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["place_no"], ["place.place_no"], name=op.f("fk_node_place_no")),
        sa.PrimaryKeyConstraint("node_no", name=op.f("pk_node")),
        sa.UniqueConstraint("name", name=op.f("uq_node_name")),
    )


def _enrol_code() -> None:
    op.create_table(
        "enrol_code",
        sa.Column("code_id", sa.LargeBinary(), nullable=False),
        sa.Column("code_key", sa.LargeBinary(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("created_ms", BIG, nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=True),
        sa.Column("welcome", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["node_no"], ["node.node_no"], name=op.f("fk_enrol_code_node_no")),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_enrol_code")),
    )
    op.create_index(op.f("ix_enrol_code_node_no"), "enrol_code", ["node_no"], unique=False)


def _node_key() -> None:
    op.create_table(
        "node_key",
        sa.Column("kid", sa.LargeBinary(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("head_seq", BIG, nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_detail", sa.Text(), nullable=False),
        sa.Column("status_ms", BIG, nullable=False),
        sa.Column("safe_seq", BIG, nullable=False),
        sa.Column("enrolled_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["node_no"], ["node.node_no"], name=op.f("fk_node_key_node_no")),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_node_key")),
        sa.UniqueConstraint("node_no", "epoch", name=op.f("uq_node_key_node_no_epoch")),
    )


def _subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("since_pos", BIG, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["node_no"], ["node.node_no"], name=op.f("fk_subscription_node_no")),
        sa.PrimaryKeyConstraint("node_no", "stream", name=op.f("pk_subscription")),
    )
    op.create_index(op.f("ix_subscription_stream"), "subscription", ["stream"], unique=False)
