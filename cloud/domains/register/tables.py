"""Tables of the register: decisions of the hub, but for what inspectors met. Versions are added and never changed, so
that every past day can be told.

What stands in ``body`` of a version is what the columns of :mod:`cloud.domains.register.importing.columns` read; of a
document there is a mask and a keyed check value in it, never the number.
"""

from __future__ import annotations

import sqlalchemy as sa

from cloud.kernel.tables import STATE, Big, metadata

# One number a subject, whatever its kind, never given twice. ``version_no``: the facts that hold today; ``gone_ms``:
# since when it is struck off.
register_subject = sa.Table(
    "register_subject",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("operator_no", sa.Integer, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("version_no", sa.Integer, nullable=False),
    sa.Column("gone_ms", Big),
    sa.Index("ix_register_subject_kind", "kind", "label"),
    sa.Index("ix_register_subject_operator", "operator_no", "kind"),
)

# By what a subject is found: ``uscc:…``, ``plate:…/colour``, ``vin:…``, ``document:…`` (a check value), ``clerk:…``,
# ``permit:…``.
register_key = sa.Table(
    "register_key",
    metadata,
    sa.Column("key", sa.String(120), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, index=True),
)

# ``from_day``: the facts hold from then on, until another version's day. ``source``: the file and line, or why it was
# corrected.
register_version = sa.Table(
    "register_version",
    metadata,
    sa.Column("version_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("from_day", sa.Integer, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("made_ms", Big, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Index("ix_register_version_number", "number", "from_day"),
)

# ``void``: index of VOID_REASONS, null for a good one. The versions are those of the facts that it shows.
trust_card = sa.Table(
    "trust_card",
    metadata,
    sa.Column("card_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, nullable=False, index=True),
    sa.Column("version_no", sa.Integer, nullable=False),
    sa.Column("owner_version_no", sa.Integer, nullable=False),
    sa.Column("issued_day", sa.Integer, nullable=False),
    sa.Column("until_day", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("issued_ms", Big, nullable=False),
    sa.Column("void", sa.Integer),
    sa.Column("void_ms", Big),
    sa.Column("void_note", sa.Text, nullable=False),
    sa.Column("void_by", sa.Text),
)

# Cards that inspectors refused: a fold of the log.
card_refusal = sa.Table(
    "card_refusal",
    metadata,
    sa.Column("pos", Big, primary_key=True, autoincrement=False),
    sa.Column("node_no", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("card_no", Big, nullable=False, index=True),
    sa.Column("subject_no", Big, nullable=False),
    sa.Column("mark", sa.LargeBinary, nullable=False),
    sa.Column("clerk_no", Big, nullable=False),
    sa.Column("clock_sure", sa.Boolean, nullable=False),
    sa.Column("claimed_ms", Big, nullable=False),
    info=STATE,
)

# What is given numbers in order, by the column of the number.
NUMBERED = (register_subject.c.number, register_version.c.version_no, trust_card.c.card_no)
