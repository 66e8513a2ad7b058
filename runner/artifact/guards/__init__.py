"""What stands in an SQL file beside the revisions' statements, one module per database."""

from __future__ import annotations

from runner.artifact.guards.base import PhaseWriter
from runner.errors import OperationError

__all__ = ["writer_for"]


def writer_for(dialect_name: str) -> PhaseWriter:
    """Return what writes the files for a database.

    Raises:
        OperationError: nobody knows how to guard SQL for it.
    """
    if dialect_name == "postgresql":
        from runner.artifact.guards.postgresql import PostgresWriter

        return PostgresWriter()
    raise OperationError(
        f"There are no guarded SQL files for {dialect_name}. Write the plain script with `runner upgrade --sql`.",
        dialect=dialect_name,
    )
