"""How `runner` (or Alembic) reaches the database, and what it compares it with."""

import asyncio
from logging.config import fileConfig

from alembic import context
from sqlalchemy import pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import async_engine_from_config

config = context.config

# The logging sections of alembic.ini. A program that has set up its own logging
# passes attributes={"configure_logger": False} to Config.
ini_file = config.config_file_name
if ini_file and config.attributes.get("configure_logger", True):
    fileConfig(ini_file, disable_existing_loggers=False)

# The model. For example: from myapp.models import Base, then Base.metadata here.
target_metadata = None


def run_migrations_offline() -> None:
    """Write the SQL of the revisions; no database is needed, only its dialect."""
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


def run_on(connection: Connection) -> None:
    """Run the revisions. One connection holds the lock, the DDL and the version row."""
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()


async def run_migrations_online() -> None:
    """Open a connection and run the revisions on it."""
    section = config.get_section(config.config_ini_section, {})
    engine = async_engine_from_config(section, "sqlalchemy.", poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run_on)
    await engine.dispose()


if context.is_offline_mode():
    run_migrations_offline()
else:
    asyncio.run(run_migrations_online())
