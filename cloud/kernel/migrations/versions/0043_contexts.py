"""No table changes. From here on boxes are told that the hub reads several documents sealed together: software that does not must
not be started on this database again, and by this it isn't."""

from __future__ import annotations

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
