"""MySQL and MariaDB compared with a model: what reflection says in another way than a model does. Floor 3.

Source: MySQL manual, CREATE TABLE and FOREIGN KEY constraints; Alembic's documentation of what it detects.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Enum, Float, ForeignKeyConstraint, String

from runner.dialects.compare.base import ComparingImpl
from runner.dialects.compare.text import is_constant, normalised

__all__ = ["MySQLComparison"]

_NOW = re.compile(r"\b(?:current_timestamp|now|localtime|localtimestamp)\b(?:\s*\(\s*\))?", re.IGNORECASE)

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_MADE_NAME = re.compile(r"CONSTRAINT_\d+")


class MySQLComparison(ComparingImpl):
    """The part of `MySQLImpl` that autogenerate asks."""

    alters_autoincrement = True
    foreign_keys_need_indexes = True
    names_primary_keys = False

    def compare_type(self, inspector_column: Column[Any], metadata_column: Column[Any]) -> bool:
        """Return whether the types differ; of two enums, whether their values do, in whatever order."""
        stored, wanted = inspector_column.type, metadata_column.type.dialect_impl(self.dialect)
        if isinstance(stored, Enum) and isinstance(wanted, Enum) and wanted.native_enum:
            return set(stored.enums) != set(wanted.enums)
        if stored.__visit_name__ == "DOUBLE" and isinstance(wanted, Float) and (wanted.precision or 0) > 24:
            return False  # that is what the server makes of it
        return super().compare_type(inspector_column, metadata_column)

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Return whether the server defaults differ, `5` and `'5'` being the same, and all names of now."""
        wanted, stored = rendered_metadata_default, rendered_inspector_default
        if metadata_column.primary_key and metadata_column is metadata_column.table.autoincrement_column:
            return False
        if wanted is None or stored is None:
            return wanted is not stored
        if is_constant(wanted) and is_constant(stored):
            read = _word if isinstance(metadata_column.type, String) else _value
            return read(wanted) != read(stored)
        return normalised(_NOW.sub("current_timestamp", wanted)) != normalised(_NOW.sub("current_timestamp", stored))

    def made_check_name(self, name: str, table: str) -> bool:
        """Tell whether the server has given this name: MariaDB and MySQL each in their way."""
        return _MADE_NAME.fullmatch(name) is not None or re.fullmatch(rf"{re.escape(table)}_chk_\d+", name) is not None

    def correct_for_autogen_foreignkeys(
        self, conn_fks: set[ForeignKeyConstraint], metadata_fks: set[ForeignKeyConstraint]
    ) -> None:
        """Take RESTRICT for what it is here, the same as nothing."""
        for key in (*conn_fks, *metadata_fks):
            for option in ("onupdate", "ondelete"):
                if (getattr(key, option) or "").lower() == "restrict" and key in conn_fks:
                    setattr(key, option, None)


def _word(constant: str) -> str:
    return constant.strip(" ()'")


def _value(constant: str) -> str | Decimal:
    """Return what a constant says: a number is the same with and without quotes and zeros, true is 1."""
    word = _word(constant)
    word = {"true": "1", "false": "0"}.get(word.lower(), word)
    return Decimal(word) if _NUMBER.fullmatch(word) else word
