"""How `runner` (or Alembic) reaches the database that DATABASE_URL names."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

# `runner` has read DATABASE_URL, or a mounted secret, into the configuration already.
url = context.config.get_main_option("sqlalchemy.url") or os.environ["DATABASE_URL"]

# The model. For example: from myapp.models import Base, then Base.metadata here.
target_metadata = None


def run_migrations_offline() -> None:
    """Write the SQL of the revisions; no database is needed, only its dialect."""
    context.configure(
        url=url,
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Run the revisions. One connection holds the lock, the DDL and the version row."""
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
