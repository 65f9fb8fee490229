"""Alembic's way in. The hub hands over the connection on which it holds the lock; a developer gives ``-x url=…``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

import cloud.domains  # noqa: F401  (every domain adds its tables)
from cloud.kernel.tables import metadata


def _run(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=False)
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with sa.create_engine(context.get_x_argument(as_dictionary=True)["url"]).begin() as fresh:
        _run(fresh)
