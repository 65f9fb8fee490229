"""Tables of the kernel, and the one :data:`metadata` that all domains add theirs to.

Three sorts of table, never mixed: *decisions* (what the hub said and did), *state* (a fold of the event log, which
``hub rebuild`` makes again to the same bytes) and *soft* (may be lost). Every state table carries :data:`STATE`.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite's own integers are 64 bits wide, and only INTEGER makes a primary key that needs no second index.
Big: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATE: Final[dict[str, Any]] = {"fold": True}


def state_tables(among: sa.MetaData = metadata) -> list[sa.Table]:
    """The tables that are a fold of the event log, in an order that does not depend on imports."""
    return sorted((table for table in among.tables.values() if table.info.get("fold")), key=lambda table: table.name)


# One row. Operations and received events share ``pos``; see cloud/kernel/streams.py. The rest is of the present
# generation: see cloud/kernel/recovery.py.
counter = sa.Table(
    "counter",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("pos", Big, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
    sa.Column("base_pos", Big, nullable=False, server_default="0"),
    sa.Column("recovering", sa.Boolean, nullable=False, server_default=sa.false()),
)

# Each time that the hub was restored from an older backup. ``since_pos``: all that the backup knew of;
# ``base_pos``: above all that was said before.
hub_generation = sa.Table(
    "hub_generation",
    metadata,
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("since_pos", Big, nullable=False),
    sa.Column("base_pos", Big, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("started_ms", Big, nullable=False),
    sa.Column("ended_ms", Big),
    sa.Column("ended_by", sa.Text, nullable=False),
)

# Numbers up to ``least`` may have been given by a hub that was lost: they are not given again. ``name``: of the table.
number_floor = sa.Table(
    "number_floor",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("least", Big, nullable=False),
)

stream = sa.Table(
    "stream",
    metadata,
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("head", Big, nullable=False),
    sa.Column("live", Big, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
)

operation = sa.Table(
    "operation",
    metadata,
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("pos", Big, nullable=False),
    sa.Column("body", sa.LargeBinary),
    sa.Index("ix_operation_stream_pos", "stream", "pos", unique=True),
)

place = sa.Table(
    "place",
    metadata,
    sa.Column("place_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("names", sa.JSON, nullable=False),
)

node = sa.Table(
    "node",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("place_no", sa.Integer, sa.ForeignKey("place.place_no"), nullable=False),
    sa.Column("names", sa.JSON, nullable=False),
    sa.Column("stop_nos", sa.JSON, nullable=False),
    sa.Column("low_water", sa.Integer, nullable=False),
    sa.Column("area_code", sa.Integer, nullable=False, server_default="0"),
    sa.Column("station_code", sa.Integer, nullable=False, server_default="0"),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("created_ms", Big, nullable=False),
    sa.Column("provision_due_ms", Big, nullable=False),
)

# One row a log: a box that is enrolled again starts a new epoch with a new key.
# ``generation``: the last one of the hub to which this log has presented what it holds; ``written_off``: the last one
# in which somebody decided not to wait for it; ``enrolled_in``: the one that gave the epoch.
node_key = sa.Table(
    "node_key",
    metadata,
    sa.Column("kid", sa.LargeBinary, primary_key=True),
    sa.Column("node_no", sa.Integer, sa.ForeignKey("node.node_no"), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("certificate", sa.LargeBinary, nullable=False),
    sa.Column("head_seq", Big, nullable=False),
    sa.Column("head_hash", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("status_detail", sa.Text, nullable=False),
    sa.Column("status_ms", Big, nullable=False),
    sa.Column("safe_seq", Big, nullable=False),
    sa.Column("enrolled_ms", Big, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
    sa.Column("written_off", sa.Integer, nullable=False, server_default="0"),
    sa.Column("enrolled_in", sa.Integer, nullable=False, server_default="1"),
    sa.UniqueConstraint("node_no", "epoch"),
)

enrol_code = sa.Table(
    "enrol_code",
    metadata,
    sa.Column("code_id", sa.LargeBinary, primary_key=True),
    sa.Column("code_key", sa.LargeBinary, nullable=False),
    sa.Column("node_no", sa.Integer, sa.ForeignKey("node.node_no"), nullable=False, index=True),
    sa.Column("created_ms", Big, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("public", sa.LargeBinary),
    sa.Column("welcome", sa.LargeBinary),
)

# ``active`` False: taken away. The row stays, because a node that has not heard of it still stands where it stood.
subscription = sa.Table(
    "subscription",
    metadata,
    sa.Column("node_no", sa.Integer, sa.ForeignKey("node.node_no"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True, index=True),
    sa.Column("since_pos", Big, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
)

# Soft: written every few seconds from memory, and lost without harm.
contact = sa.Table(
    "contact",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_contact_ms", Big, nullable=False),
    sa.Column("number", Big, nullable=False),
    sa.Column("floor", Big, nullable=False),
    sa.Column("behind_streams", sa.Integer, nullable=False),
    sa.Column("waiting", Big, nullable=False),
    sa.Column("software", sa.Text, nullable=False),
    sa.Column("reported", sa.JSON, nullable=False),
    sa.Column("turn_ms", Big, nullable=False, server_default="0"),
    sa.Column("longest_gap_ms", Big, nullable=False, server_default="0"),
)

event_log = sa.Table(
    "event_log",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", Big, nullable=False),
    sa.Column("type", sa.Integer, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("bytes", sa.LargeBinary, nullable=False),
    sa.Index("ix_event_log_node", "node_no", "epoch", "seq", unique=True),
)

# Ends of logs that no log took in, as they came: refused ones of forked logs (``handed_by`` null), and what a box that was
# enrolled anew handed in of its older log (``handed_by``: the epoch of the log that did).
held_tail = sa.Table(
    "held_tail",
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("node_no", sa.Integer, nullable=False, index=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("first_seq", Big, nullable=False),
    sa.Column("prev_hash", sa.LargeBinary, nullable=False),
    sa.Column("events", sa.LargeBinary, nullable=False),
    sa.Column("held_ms", Big, nullable=False),
    sa.Column("handed_by", sa.Integer),
)

# What a person decided about one of them: ``accepted`` with how many events were new to the books, or ``rejected``.
tail_verdict = sa.Table(
    "tail_verdict",
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("events", Big, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("decided_ms", Big, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("node_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", Big, primary_key=True, autoincrement=False),
    sa.Column("pos", Big, nullable=False, unique=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    info=STATE,
)

# What a person decided about a quarantined event; the event itself stays where it is.
quarantine_note = sa.Table(
    "quarantine_note",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("resolved_ms", Big, nullable=False),
)

# What looks like fraud: events that break no rule by themselves, or break one that people break. ``amount_minor``: what it
# is about, below zero where it is missing.
alert = sa.Table(
    "alert",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("node_no", sa.Integer, nullable=False, index=True),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("amount_minor", Big, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("claimed_ms", Big, nullable=False),
    info=STATE,
)

# Who looked at an alert, and what they found.
alert_note = sa.Table(
    "alert_note",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("seen_ms", Big, nullable=False),
)

unknown_event = sa.Table(
    "unknown_event",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False, index=True),
    sa.Column("type", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    info=STATE,
)

node_start = sa.Table(
    "node_start",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False, index=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("seq", Big, nullable=False),
    sa.Column("boot_id", sa.LargeBinary, nullable=False),
    sa.Column("software", sa.Text, nullable=False),
    info=STATE,
)

clerk_lock = sa.Table(
    "clerk_lock",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False, index=True),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("attempts", Big, nullable=False),
    sa.Column("until_ms", Big, nullable=False),
    info=STATE,
)

# Things that a person should look at: a fork, a rewind, a hub that was behind.
issue = sa.Table(
    "issue",
    metadata,
    sa.Column("issue_no", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False, index=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("seen_ms", Big, nullable=False),
    sa.Column("closed_ms", Big),
)
