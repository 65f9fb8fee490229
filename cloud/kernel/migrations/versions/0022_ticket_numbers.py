"""Division and station that stand in printed ticket numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("area_code", "station_code"):
        op.add_column("node", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
