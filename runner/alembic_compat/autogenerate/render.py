"""`alembic.autogenerate.render`: the registry of renderers, and the functions extensions build theirs upon.

The names with an underscore are no public API of Alembic's, but dialect packages import them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.autogenerate.render import render_op, render_op_text, render_python_code, renderers
from runner.autogenerate.render import render_python_into_templatevars as _render_python_into_templatevars
from runner.autogenerate.render.alterations import add_column as _add_column
from runner.autogenerate.render.alterations import alter_column as _alter_column
from runner.autogenerate.render.alterations import create_check_constraint as _add_check_constraint
from runner.autogenerate.render.alterations import create_foreign_key as _add_fk_constraint
from runner.autogenerate.render.alterations import create_index as _add_index
from runner.autogenerate.render.alterations import create_primary_key as _add_pk_constraint
from runner.autogenerate.render.alterations import create_unique_constraint as _add_unique_constraint
from runner.autogenerate.render.alterations import drop_column as _drop_column
from runner.autogenerate.render.alterations import drop_constraint as _drop_constraint
from runner.autogenerate.render.alterations import drop_index as _drop_index
from runner.autogenerate.render.columns import render_column, render_server_default
from runner.autogenerate.render.constraints import render_constraint
from runner.autogenerate.render.containers import modify_table as _render_modify_table
from runner.autogenerate.render.data import execute as _execute_sql
from runner.autogenerate.render.scope import op_prefix as _alembic_autogenerate_prefix
from runner.autogenerate.render.scope import sa_prefix as _sqlalchemy_autogenerate_prefix
from runner.autogenerate.render.scope import user_rendering
from runner.autogenerate.render.tables import create_table as _add_table
from runner.autogenerate.render.tables import create_table_comment as _render_create_table_comment
from runner.autogenerate.render.tables import drop_table as _drop_table
from runner.autogenerate.render.tables import drop_table_comment as _render_drop_table_comment
from runner.autogenerate.render.types import render_type

if TYPE_CHECKING:
    from sqlalchemy.schema import Column, Constraint
    from sqlalchemy.types import TypeEngine

__all__ = [
    "_add_check_constraint",
    "_add_column",
    "_add_fk_constraint",
    "_add_index",
    "_add_pk_constraint",
    "_add_table",
    "_add_unique_constraint",
    "_alembic_autogenerate_prefix",
    "_alter_column",
    "_drop_column",
    "_drop_constraint",
    "_drop_index",
    "_drop_table",
    "_execute_sql",
    "_render_create_table_comment",
    "_render_drop_table_comment",
    "_render_modify_table",
    "_render_python_into_templatevars",
    "_sqlalchemy_autogenerate_prefix",
    "default_renderers",
    "render_op",
    "render_op_text",
    "render_python_code",
    "renderers",
]

default_renderers = renderers


def _repr_type(type_: TypeEngine[Any], autogen_context: Any, _skip_variants: bool = False) -> str:  # noqa: FBT001, FBT002
    return render_type(autogen_context, type_)


def _render_column(column: Column[Any], autogen_context: Any) -> str | None:
    return render_column(autogen_context, column)


def _render_constraint(constraint: Constraint, autogen_context: Any, namespace_metadata: Any) -> str | None:
    del namespace_metadata  # Alembic's signature
    return render_constraint(autogen_context, constraint)


def _render_server_default(default: Any, autogen_context: Any, repr_: bool = True) -> str | None:  # noqa: FBT001, FBT002
    del repr_  # Alembic's signature
    return render_server_default(autogen_context, default)


def _user_defined_render(type_: str, object_: Any, autogen_context: Any) -> Any:
    return user_rendering(autogen_context, type_, object_)
