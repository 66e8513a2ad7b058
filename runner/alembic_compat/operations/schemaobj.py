"""`alembic.operations.schemaobj`: makes SQLAlchemy's schema objects out of names."""

from __future__ import annotations

from runner.operations.schemaobj import SchemaObjects

__all__ = ["SchemaObjects"]
