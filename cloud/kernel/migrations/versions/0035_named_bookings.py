"""Whose a place of a seller's booking is, sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking_item", sa.Column("named", sa.LargeBinary()))
