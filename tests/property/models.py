"""Random models: a few tables with columns, keys, indexes and constraints, by a description that can be shrunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

__all__ = ["SCHEMA", "ColumnSpec", "TableSpec", "build", "create", "models"]

SCHEMA = "else where"
"""Where tables are that are elsewhere, on databases that have schemas."""

TYPES: dict[str, Any] = {
    "integer": sa.Integer,
    "bigint": sa.BigInteger,
    "string": lambda: sa.String(20),
    "longer": lambda: sa.String(40),
    "text": sa.Text,
    "numeric": lambda: sa.Numeric(10, 2),
    "boolean": sa.Boolean,
    "datetime": sa.DateTime,
    "date": sa.Date,
    "enum": lambda: sa.Enum("a", "b", name="e_one"),
    "enum_more": lambda: sa.Enum("x", "y", "z", name="e_two"),
    "numbered": sa.Integer,
}
DEFAULTS: dict[str, str] = {
    "integer": "5",
    "bigint": "7",
    "string": "it's",
    "longer": "word",
    "text": "some text",
    "numeric": "1.50",
    "enum": "a",
    "enum_more": "y",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSpec:
    """A column."""

    type: str
    nullable: bool
    default: bool
    unique: bool
    index: bool
    check: str | None
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table; references are numbers of tables, and of columns without a foreign key where there is no such table."""

    columns: dict[str, ColumnSpec]
    references: dict[str, tuple[int, str | None]]
    unique: tuple[str, ...]
    index: tuple[str, ...]
    partial: bool
    pair_key: bool
    elsewhere: bool
    comment: str | None


_columns = st.builds(
    ColumnSpec,
    type=st.sampled_from(sorted(TYPES)),
    nullable=st.booleans(),
    default=st.booleans(),
    unique=st.booleans(),
    index=st.booleans(),
    check=st.sampled_from([None, None, "named", "unnamed"]),
    comment=st.sampled_from([None, "a note"]),
)
_names = [f"c{number}" for number in range(5)]
_all_names = [*_names, "r0", "r1"]
_tables = st.builds(
    TableSpec,
    columns=st.dictionaries(st.sampled_from(_names), _columns, max_size=4),
    references=st.dictionaries(
        st.sampled_from(["r0", "r1"]),
        st.tuples(st.integers(0, 3), st.sampled_from([None, "CASCADE", "SET NULL"])),
        max_size=2,
    ),
    unique=st.lists(st.sampled_from(_all_names), max_size=2, unique=True).map(tuple),
    index=st.lists(st.sampled_from(_all_names), max_size=2, unique=True).map(tuple),
    partial=st.booleans(),
    pair_key=st.booleans(),
    elsewhere=st.booleans(),
    comment=st.sampled_from([None, "a table"]),
)
models = st.dictionaries(st.integers(0, 3), _tables, max_size=3)
"""Number of the table -> what it is like."""


def build(spec: dict[int, TableSpec], dialect: str) -> sa.MetaData:
    """Return the model; what a database does not have is left out."""
    metadata = sa.MetaData()
    for number, table in sorted(spec.items()):
        _build_table(metadata, number, table, spec, dialect)
    return metadata


def create(metadata: sa.MetaData, connection: sa.Connection) -> None:
    """Make everything the model has, and commit."""
    if any(item.schema for item in (*metadata.tables.values(), *metadata._sequences.values())):
        connection.execute(sa.schema.CreateSchema(SCHEMA))
    metadata.create_all(connection)
    connection.commit()


def _build_table(
    metadata: sa.MetaData, number: int, spec: TableSpec, model: dict[int, TableSpec], dialect: str
) -> None:
    name = f"t{number}"
    key = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    table = sa.Table(name, metadata, key, schema=_schema(spec, dialect))
    table.comment = spec.comment if dialect == "postgresql" else None
    if spec.pair_key:
        table.append_column(sa.Column("key2", sa.Integer, primary_key=True, autoincrement=False))
        table.append_constraint(sa.UniqueConstraint("id", name=f"uq_{name}_id"))
    for column_name, column in sorted(spec.columns.items()):
        _build_column(table, column_name, column, dialect)
    for column_name, (target, ondelete) in sorted(spec.references.items()):
        table.append_column(sa.Column(column_name, sa.Integer))
        if target in model:
            schema = _schema(model[target], dialect)
            referred = f"{schema}.t{target}.id" if schema else f"t{target}.id"
            table.append_constraint(
                sa.ForeignKeyConstraint([column_name], [referred], f"fk_{name}_{column_name}", ondelete=ondelete)
            )
    if spec.unique and all(column in table.c for column in spec.unique) and not _is_said_twice(spec, dialect):
        table.append_constraint(sa.UniqueConstraint(*spec.unique, name=f"uq_{name}"))
    if spec.index and all(column in table.c for column in spec.index):
        partial = spec.partial and dialect in {"postgresql", "sqlite"}
        where: dict[str, Any] = {f"{dialect}_where": sa.text("id > 5")} if partial else {}
        sa.Index(f"ix_{name}", *(table.c[column] for column in spec.index), **where)


def _schema(spec: TableSpec, dialect: str) -> str | None:
    return SCHEMA if spec.elsewhere and dialect == "postgresql" else None


def _is_said_twice(spec: TableSpec, dialect: str) -> bool:
    """Tell whether two UNIQUEs have the same columns: of those SQLAlchemy reflects one on SQLite."""
    first = spec.columns.get(spec.unique[0])
    return dialect == "sqlite" and len(spec.unique) == 1 and first is not None and first.unique


def _build_column(table: sa.Table, name: str, spec: ColumnSpec, dialect: str) -> None:
    default: Any = DEFAULTS.get(spec.type) if spec.default else None
    if spec.type == "numbered" and spec.default and dialect == "postgresql":
        default = sa.Sequence("numbers", schema=SCHEMA if spec.index else None, metadata=table.metadata).next_value()
    table.append_column(
        sa.Column(
            name,
            TYPES["longer" if spec.type == "text" and dialect == "mysql" else spec.type](),  # no key on a TEXT there
            nullable=spec.nullable,
            server_default=default,
            comment=spec.comment if dialect == "postgresql" else None,
        )
    )
    if spec.index:
        sa.Index(f"ix_{table.name}_{name}", table.c[name])
    if spec.unique:
        table.append_constraint(sa.UniqueConstraint(name, name=f"uq_{table.name}_{name}"))
    if spec.check == "named":
        table.append_constraint(sa.CheckConstraint(f"{name} IS NOT NULL OR id > 0", name=f"ck_{table.name}_{name}"))
    elif spec.check == "unnamed" and dialect == "postgresql":
        table.append_constraint(sa.CheckConstraint(f"{name} IS NULL OR id < 100"))
