"""Telling the log what was found. Floor 4."""

from __future__ import annotations

from runner.events import emit

__all__ = ["found", "not_compared", "qualified"]


def qualified(schema: str | None, table: str) -> str:
    """Return the name of a table with its schema, where it has one."""
    return f"{schema}.{table}" if schema else table


def found(difference: str, on: str, *, item: str | None = None, detail: str | None = None) -> None:
    """Report one difference.

    Args:
        difference: what happened: "added table", "removed column", "changed type".
        on: the table, or the object where it belongs to none.
        item: the column, index or constraint.
        detail: what is different.
    """
    keys = {key: value for key, value in {"item": item, "detail": detail}.items() if value}
    emit("difference.found", difference=difference, on=on, **keys)


def not_compared(on: str, *, item: str | None, reason: str) -> None:
    """Report that something could not be compared, and so counts as no difference."""
    emit("difference.not_compared", level="warning", on=on, item=item, reason=reason)
