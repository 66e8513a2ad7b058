"""How `runner` (or Alembic) reaches each database, and what it compares it with."""

import re
from contextlib import ExitStack
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import MetaData, engine_from_config, pool

USE_TWOPHASE = False  # True: prepare on every database, then commit on every database

config = context.config

# The logging sections of alembic.ini. A program that has set up its own logging
# passes attributes={"configure_logger": False} to Config.
ini_file = config.config_file_name
if ini_file and config.attributes.get("configure_logger", True):
    fileConfig(ini_file, disable_existing_loggers=False)

databases = config.get_main_option("databases") or ""
engine_names = [name for name in re.split(r",\s*", databases) if name]

# The models: engine name -> MetaData.
target_metadata: dict[str, MetaData] = {}


def options_of(name: str) -> dict[str, Any]:
    """Return what is configured alike online and offline."""
    return {
        "target_metadata": target_metadata.get(name),
        "upgrade_token": f"{name}_upgrades",
        "downgrade_token": f"{name}_downgrades",
    }


def run_migrations_offline() -> None:
    """Write one file of SQL for each database."""
    for name in engine_names:
        with open(f"{name}.sql", "w", encoding="utf-8") as file:
            context.configure(
                url=config.get_section_option(name, "sqlalchemy.url"),
                output_buffer=file,
                literal_binds=True,
                dialect_opts={"paramstyle": "named"},
                **options_of(name),
            )
            with context.begin_transaction():
                context.run_migrations(engine_name=name)


def run_migrations_online() -> None:
    """Run the revisions on each database, on one connection each."""
    if USE_TWOPHASE:
        run_migrations_twophase()
        return
    for name in engine_names:
        with connect(name) as connection:
            context.configure(connection=connection, **options_of(name))
            with context.begin_transaction():
                context.run_migrations(engine_name=name)


def run_migrations_twophase() -> None:
    """Run the revisions on all databases; commit where all of them have succeeded."""
    with ExitStack() as stack:
        transactions = []
        for name in engine_names:
            connection = stack.enter_context(connect(name))
            verify_twophase(name, connection)
            transactions.append(stack.enter_context(connection.begin_twophase()))
            context.configure(connection=connection, **options_of(name))
            context.run_migrations(engine_name=name)
        for transaction in transactions:
            transaction.prepare()
        for transaction in transactions:
            transaction.commit()


def verify_twophase(name: str, connection: Any) -> None:
    """Refuse a database that cannot prepare transactions, before anything is changed."""
    if connection.dialect.name in {"mariadb", "mssql", "mysql", "sqlite"}:
        raise CommandError(f"{name}: no two-phase commit with {connection.dialect.name}. Set USE_TWOPHASE = False.")
    if connection.dialect.name == "postgresql":
        room = connection.exec_driver_sql("SHOW max_prepared_transactions").scalar()
        connection.rollback()  # a two-phase transaction is begun next
        if room == "0":
            raise CommandError(
                f"{name}: the server prepares no transactions. "
                "Set its max_prepared_transactions, or USE_TWOPHASE = False."
            )


def connect(name: str) -> Any:
    """Return an open connection to a database, for a `with` block."""
    section = config.get_section(name, {})
    engine = engine_from_config(section, "sqlalchemy.", poolclass=pool.NullPool)
    return engine.connect()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
