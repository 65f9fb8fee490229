"""What nodes were ever told of carriers' faults. What was claimed before anybody looked counts as told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "fault_told",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_fault_told")),
    )
    op.create_table(
        "disruption_told",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", name=op.f("pk_disruption_told")),
    )
    # 4: rebooked, 6: another vehicle, 7: a missed connection, as in sync/domains/ticketing/events.py.
    op.execute(
        "INSERT INTO fault_told (ticket_id, pos) "
        "SELECT ticket_id, 0 FROM reseat WHERE fault "
        "UNION SELECT ticket_id, 0 FROM refund WHERE reason IN (6, 7) "
        "UNION SELECT old_id, 0 FROM replacement WHERE kind = 4 AND reason IN (6, 7)"
    )
    op.execute("INSERT INTO disruption_told (trip_no, day, pos) SELECT trip_no, day, 0 FROM disruption")
