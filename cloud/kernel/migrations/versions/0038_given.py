"""Whether the giver of a trip was heard to say so itself, or its taker alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grant_moved", sa.Column("from_node_no", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("grant_moved", sa.Column("from_epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("grant_moved", sa.Column("given", sa.Boolean(), nullable=False, server_default=sa.true()))
