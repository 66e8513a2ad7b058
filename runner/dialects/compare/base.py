"""What every database has in common when it is compared with a model. Floor 3.

The names of the methods are those that dialects of third parties override; `DefaultImpl` inherits them.

Source: Alembic's documentation of DefaultImpl and of autogenerate ("What does Autogenerate Detect").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.sql.elements import TextClause

from runner.dialects.compare.requests import CanonicalRequest
from runner.dialects.compare.results import ComparisonResult
from runner.dialects.compare.text import normalised, type_parts

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.reflection import Inspector
    from sqlalchemy.types import TypeEngine

    from runner.operations.replaceable import Replaceable

__all__ = ["ComparingImpl", "StoredDefinition", "StoredEnum", "StoredSequence"]

StoredEnum = tuple[str, str, Sequence[str], Sequence[tuple[str, str, str, bool, str | None]]]
"""(schema, name, values, columns); a column is (schema, table, column, whether it is an array, default)."""

StoredSequence = tuple[str, str, Mapping[str, Any], bool]
"""(schema, name, options, whether a default uses it)."""

StoredDefinition = tuple[str, str | None, str]
"""(kind, name, the database's own text); the kinds are check, exclude, index and computed."""


class ComparingImpl:
    """The part of `DefaultImpl` that autogenerate asks."""

    dialect: Dialect
    type_synonyms: tuple[set[str], ...]
    type_arg_extract: Sequence[str]

    alters_autoincrement: bool = False
    """Whether changing a column writes AUTO_INCREMENT anew."""
    creates_schemas: bool = False
    """Whether a schema is made with CREATE SCHEMA, beside others in one database."""
    foreign_keys_need_indexes: bool = False
    """Whether a foreign key has an index of its own table, made by the server if it must, that cannot be dropped."""
    has_enum_types: bool = False
    """Whether enums are types of their own."""
    names_primary_keys: bool = True
    """Whether the name of a primary key is the model's to choose."""
    reflects_expression_indexes: bool = True
    """Whether SQLAlchemy reflects indexes on expressions; where not, `stored_definitions` has them."""

    # --- types -----------------------------------------------------------------------------------------------------

    def compare_type(self, inspector_column: Column[Any], metadata_column: Column[Any]) -> bool:
        """Return whether the types differ.

        Arguments are compared where both sides have the same number of them: a length that only one of
        them names is no difference.
        """
        stored = self._type_parts(inspector_column.type)
        wanted = self._type_parts(metadata_column.type)
        return not (self._same_type_name(stored[0], wanted[0]) and _same_arguments(stored, wanted))

    def _type_parts(self, type_: TypeEngine[Any]) -> tuple[str, list[str], dict[str, str]]:
        compiled = self.dialect.type_compiler_instance.process(type_)
        return type_parts(compiled, self.type_arg_extract)

    def _same_type_name(self, stored: str, wanted: str) -> bool:
        if stored == wanted:
            return True
        names = {stored.upper(), wanted.upper()}
        return any(names <= synonyms for synonyms in self.type_synonyms)

    # --- defaults --------------------------------------------------------------------------------------------------

    def compare_server_default(
        self,
        inspector_column: Column[Any],
        metadata_column: Column[Any],
        rendered_metadata_default: str | None,
        rendered_inspector_default: str | None,
    ) -> bool:
        """Return whether the server defaults differ."""
        if rendered_metadata_default is None or rendered_inspector_default is None:
            return rendered_metadata_default is not rendered_inspector_default
        return normalised(rendered_metadata_default) != normalised(rendered_inspector_default)

    # --- indexes and constraints -----------------------------------------------------------------------------------

    def compare_indexes(self, metadata_index: Index, reflected_index: Index) -> ComparisonResult:
        """Compare two indexes of one name: uniqueness, columns and expressions."""
        reasons = [*_uniqueness(metadata_index, reflected_index)]
        wanted, stored = self._index_elements(metadata_index), self._index_elements(reflected_index)
        if wanted != stored:
            reasons.append(f"expressions {stored} to {wanted}")
        return ComparisonResult.Different(reasons) if reasons else ComparisonResult.Equal()

    def _index_elements(self, index: Index) -> tuple[str, ...]:
        """Return the columns and expressions of an index as comparable text."""
        return tuple(self._index_element(element) for element in index.expressions)

    def _index_element(self, element: Any) -> str:
        if isinstance(element, Column):
            return str(element.name)
        if isinstance(element, TextClause):
            return normalised(element.text)
        return normalised(self.render_ddl_sql_expr(element, is_index=True))

    def render_ddl_sql_expr(self, expr: Any, is_server_default: bool = False, **kw: Any) -> str:  # noqa: FBT001, FBT002
        """Return an expression as SQL text."""
        raise NotImplementedError

    def compare_unique_constraint(
        self, metadata_constraint: UniqueConstraint, reflected_constraint: UniqueConstraint
    ) -> ComparisonResult:
        """Compare two unique constraints of one name: the set of their columns."""
        wanted = sorted(column.name for column in metadata_constraint.columns)
        stored = sorted(column.name for column in reflected_constraint.columns)
        if wanted != stored:
            return ComparisonResult.Different(f"columns {stored} to {wanted}")
        return ComparisonResult.Equal()

    def compare_check_constraint(
        self, metadata_constraint: CheckConstraint, reflected_constraint: CheckConstraint
    ) -> ComparisonResult:
        """Compare two checks of one name; their texts are compared elsewhere, with the help of the database."""
        return ComparisonResult.Equal()

    def made_check_name(self, name: str, table: str) -> bool:
        """Tell whether a check may have this name from the server, because it was made without one."""
        return False

    def correct_for_autogen_constraints(
        self,
        conn_uniques: set[UniqueConstraint],
        conn_indexes: set[Index],
        metadata_unique_constraints: set[UniqueConstraint],
        metadata_indexes: set[Index],
    ) -> None:
        """Correct the sets in place before they are compared, where reflection says it in another way."""

    def correct_for_autogen_foreignkeys(
        self, conn_fks: set[ForeignKeyConstraint], metadata_fks: set[ForeignKeyConstraint]
    ) -> None:
        """Correct the sets in place before they are compared, where reflection says it in another way."""

    def adjust_reflected_dialect_options(self, reflected_object: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """Return the options of a dialect for a reflected index or unique constraint.

        Args:
            reflected_object: what the inspector gave.
            kind: "index" or "unique_constraint".
        """
        return dict(reflected_object.get("dialect_options") or {})

    # --- what is neither table nor column --------------------------------------------------------------------------

    def stored_sequences(self, inspector: Inspector) -> Sequence[StoredSequence]:
        """Return the sequences that belong to no column."""
        return ()

    def stored_replaceable(self, item: Replaceable) -> Replaceable | None:
        """Return the object of that kind, name and signature; None where there is none, or nothing is known of any."""
        return None

    def canonical_replaceable(self, item: Replaceable) -> Replaceable | None:
        """Return the object as `stored_replaceable` would, if it were there; None where the database refuses it."""
        return None

    # --- names -----------------------------------------------------------------------------------------------------

    def default_constraint_name(self, kind: str, table: str, columns: Sequence[str]) -> str:
        """Return a name for a constraint that the model leaves nameless.

        Args:
            kind: primary, unique, foreignkey or check.
            table: without schema.
            columns: those it is on; none for a check.
        """
        prefix = {"primary": "pk", "unique": "uq", "foreignkey": "fk", "check": "ck"}[kind]
        return "_".join([prefix, table, *columns])[: self.dialect.max_identifier_length - 2]

    # --- enum types and conversions --------------------------------------------------------------------------------

    def enum_of(self, type_: TypeEngine[Any]) -> Any:
        """Return the enum type behind a column type, items of an array included; None where it is no native one."""
        return None

    def stored_enums(self, inspector: Inspector) -> Sequence[StoredEnum]:
        """Return the enum types of the database with the columns that are of them."""
        return ()

    def conversion_options(
        self, column_name: str, existing_type: TypeEngine[Any], type_: TypeEngine[Any]
    ) -> dict[str, Any]:
        """Return the options `alter_column` needs to take a column from one type to another."""
        return {}

    # --- the database's own words ----------------------------------------------------------------------------------

    def stored_definitions(
        self, inspector: Inspector, schema: str | None, table: str
    ) -> Sequence[StoredDefinition] | None:
        """Return how the database writes checks, indexes, exclusions and generated columns of a table.

        Returns:
            None where this database is not asked; such texts are then not compared.
        """
        return None

    def canonical_definitions(self, requests: Sequence[CanonicalRequest]) -> list[str | None]:
        """Return how the database would write these items of the model.

        Nothing is left behind in the database.

        Returns:
            one text for each, None for what the database does not accept or is not asked.
        """
        return [None for _ in requests]


def _same_arguments(
    stored: tuple[str, list[str], dict[str, str]], wanted: tuple[str, list[str], dict[str, str]]
) -> bool:
    if len(stored[1]) == len(wanted[1]) and stored[1] != wanted[1]:
        return False
    return all(stored[2][pattern] == value for pattern, value in wanted[2].items() if pattern in stored[2])


def _uniqueness(wanted: Index, stored: Index) -> list[str]:
    if bool(wanted.unique) == bool(stored.unique):
        return []
    return [f"unique={bool(stored.unique)} to unique={bool(wanted.unique)}"]
