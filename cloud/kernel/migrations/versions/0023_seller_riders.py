"""What a seller saw before it booked a concession."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking_item", sa.Column("proof", sa.Integer(), nullable=False, server_default="0"))
