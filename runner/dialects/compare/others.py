"""SQL Server and Oracle Database compared with a model, as far as SQLAlchemy's reflection goes. Floor 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner.dialects.compare.base import ComparingImpl
from runner.dialects.compare.text import normalised

if TYPE_CHECKING:
    from sqlalchemy import Column

__all__ = ["MSSQLComparison", "OracleComparison"]


class MSSQLComparison(ComparingImpl):
    """The part of `MSSQLImpl` that autogenerate asks."""

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Return whether the server defaults differ; the server puts parentheses round every value."""
        if rendered_metadata_default is None or rendered_inspector_default is None:
            return rendered_metadata_default is not rendered_inspector_default
        wanted, stored = normalised(rendered_metadata_default), normalised(rendered_inspector_default)
        return wanted.strip("'") != re.sub(r"^n?'|'$", "", stored)


class OracleComparison(ComparingImpl):
    """The part of `OracleImpl` that autogenerate asks."""
