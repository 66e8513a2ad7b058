"""Operations survive being written: text, executed again, asks the database for the same."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql, postgresql

from runner.operations import Operations, ops
from tests.render_cases import CASES, Money, RenderCase, Upper, case_parameters
from tests.rendering import executed, file_of
from tests.unit.dialects.standin import StandInContext, offline_impl

NAMES = st.one_of(
    st.sampled_from(
        ["a", "b", "c", "id", "Mixed", "with space", "select", "it's", 'say "x"', "50%", "naïve", "a:b", "%s"]
    ),
    st.text("abcXYZ_é% :'\"\\", min_size=1, max_size=8),
)
SQL_STRINGS = st.sampled_from(["it's", "50%", "a:b", "::", '{"k":1}', "back\\slash", "\\:x", "new\nline", "ñ", ""])
TABLES = st.sampled_from(["t", "Table", "u v"])
SCHEMAS = st.sampled_from([None, None, "shop", "My Schema"])
FLAGS = st.sampled_from([None, True, False])


def quoted(value: str) -> str:
    """Return a string as SQL inside of text(), colons escaped."""
    return "'" + value.replace("'", "''").replace(":", "\\:") + "'"


SCALAR_TYPES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [sa.Integer(), sa.BigInteger(), sa.Text(), sa.Date(), sa.Boolean(), sa.JSON(), sa.Uuid(), sa.Float(53)]
    ),
    st.builds(sa.String, st.one_of(st.none(), st.integers(1, 200))),
    st.builds(sa.Numeric, st.integers(5, 20), st.integers(0, 5)),
    st.builds(sa.DateTime, timezone=st.booleans()),
    st.builds(sa.LargeBinary, st.one_of(st.none(), st.integers(1, 50))),
    st.builds(lambda n: sa.Enum("a", "it's", "50%", "x:y", name=n, native_enum=False, create_constraint=True), NAMES),
    st.builds(lambda n: sa.Boolean(create_constraint=True, name=n), NAMES),
    st.builds(Upper, st.integers(1, 30)),
    st.builds(Money, st.just("EUR"), digits=st.integers(0, 6)),
)
TYPES = {
    "postgresql": st.one_of(
        SCALAR_TYPES,
        st.builds(postgresql.ARRAY, st.sampled_from([sa.Integer(), sa.String(5), postgresql.UUID()])),
        st.sampled_from([postgresql.JSONB(), postgresql.INET(), postgresql.TSTZRANGE(), postgresql.HSTORE()]),
        st.builds(postgresql.TIMESTAMP, timezone=st.booleans(), precision=st.integers(0, 6)),
        st.builds(postgresql.INTERVAL, fields=st.sampled_from([None, "DAY TO SECOND"]), precision=st.integers(0, 6)),
        st.builds(
            lambda n, s: postgresql.ENUM("a", "b'c", name=n, schema=s, create_type=False),
            NAMES,
            st.sampled_from([None, "s"]),
        ),
        st.builds(lambda: sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
    ),
    "mysql": st.one_of(
        SCALAR_TYPES.filter(lambda type_: not isinstance(type_, (sa.LargeBinary, sa.String)) or bool(type_.length)),
        st.builds(mysql.ENUM, st.just("a"), st.just("it's"), charset=st.sampled_from([None, "utf8mb4"])),
        st.builds(mysql.SET, st.just("x"), st.just("y"), collation=st.sampled_from([None, "utf8mb4_bin"])),
        st.builds(mysql.DATETIME, fsp=st.integers(1, 6)),
        st.builds(mysql.INTEGER, unsigned=st.booleans(), zerofill=st.booleans()),
        st.builds(mysql.VARCHAR, st.integers(1, 50), charset=st.sampled_from([None, "latin1"])),
    ),
    "sqlite": SCALAR_TYPES,
}

DEFAULTS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    SQL_STRINGS,
    SQL_STRINGS.map(lambda value: sa.text(quoted(value))),
    st.sampled_from([sa.text("0"), sa.func.now(), sa.func.mod(7, 3), sa.literal("x"), sa.func.concat("a:b", "50%")]),
)
CONDITIONS: st.SearchStrategy[Any] = st.one_of(
    SQL_STRINGS.map(lambda value: sa.text(f"a <> {quoted(value)}")),
    SQL_STRINGS.map(lambda value: sa.column("a") != value),
    st.just(sa.text("a % 2 = 0")),
)


@st.composite
def generated_columns(draw: st.DrawFn, dialect: str, name: str) -> sa.Column[Any]:
    """Draw a column that belongs to no table, with everything a column can bring along."""
    items: list[Any] = []
    kw: dict[str, Any] = {}
    kind = draw(st.sampled_from(["plain", "plain", "plain", "computed", "identity"]))
    type_ = sa.Integer() if kind == "identity" else draw(TYPES[dialect])
    if kind == "computed":
        items.append(sa.Computed(draw(SQL_STRINGS.map(quoted)), persisted=draw(FLAGS)))
    elif kind == "identity" and dialect == "postgresql":
        items.append(sa.Identity(always=draw(st.booleans()), start=draw(st.integers(1, 9)), cycle=draw(FLAGS)))
    else:
        kw["server_default"] = draw(DEFAULTS)
    if draw(st.booleans()) and kind == "plain":
        options: dict[str, Any] = {"ondelete": draw(st.sampled_from([None, "CASCADE"])), "deferrable": draw(FLAGS)}
        items.append(sa.ForeignKey("other.u.id", name=draw(st.one_of(st.none(), NAMES)), **options))
    if draw(st.booleans()):
        condition = draw(CONDITIONS.filter(lambda value: isinstance(value, sa.TextClause)))
        items.append(sa.CheckConstraint(condition, name=draw(NAMES)))
    if draw(st.booleans()) and kind == "plain":
        kw |= {"unique": draw(FLAGS), "index": draw(FLAGS)}
    comment = draw(st.one_of(st.none(), SQL_STRINGS))
    return sa.Column(name, type_, *items, nullable=draw(st.booleans()), comment=comment, **kw)


@st.composite
def tables(draw: st.DrawFn, dialect: str) -> sa.Table:
    """Draw a table with constraints and indexes of every kind."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    drawn = [draw(generated_columns(dialect, name)) for name in names]
    items: list[Any] = [sa.UniqueConstraint(*names, name=draw(st.one_of(st.none(), NAMES)), deferrable=draw(FLAGS))]
    if draw(st.booleans()):
        items.append(sa.PrimaryKeyConstraint(names[0], name=draw(st.one_of(st.none(), NAMES))))
    metadata = sa.MetaData()
    sa.Table("u", metadata, sa.Column("id", sa.Integer()), schema="other")
    return sa.Table(
        draw(TABLES), metadata, *drawn, *items, schema=draw(SCHEMAS), comment=draw(st.one_of(st.none(), SQL_STRINGS))
    )


@st.composite
def operations(draw: st.DrawFn, dialect: str) -> ops.MigrateOperation:
    """Draw an operation."""
    table, schema, name = draw(TABLES), draw(SCHEMAS), draw(NAMES)
    build = draw(st.sampled_from(_BUILDERS))
    built: ops.MigrateOperation = build(draw, dialect, table, schema, name)
    return built


def _create_table(draw: st.DrawFn, dialect: str, *_: Any) -> Any:
    op = ops.CreateTableOp.from_table(draw(tables(dialect)))
    op.if_not_exists = draw(FLAGS)
    return op


def _add_column(draw: st.DrawFn, dialect: str, table: str, schema: str | None, name: str) -> Any:
    column = draw(generated_columns(dialect, name))
    return ops.AddColumnOp(table, column, schema=schema, if_not_exists=draw(FLAGS) if dialect == "postgresql" else None)


def _alter_column(draw: st.DrawFn, dialect: str, table: str, schema: str | None, name: str) -> Any:
    type_ = st.one_of(st.none(), TYPES[dialect])
    default: st.SearchStrategy[Any] = st.one_of(st.just(False), DEFAULTS)
    return ops.AlterColumnOp(
        table,
        name,
        schema=schema,
        existing_type=draw(TYPES[dialect]),
        modify_type=draw(type_),
        existing_nullable=draw(st.booleans()),
        modify_nullable=draw(FLAGS),
        existing_server_default=draw(default.filter(lambda value: value is not None)),
        modify_server_default=draw(default),
        existing_comment=draw(st.one_of(st.none(), SQL_STRINGS)),
        modify_comment=draw(st.one_of(st.just(False), st.none(), SQL_STRINGS)),
        modify_name=draw(st.one_of(st.none(), NAMES)),
    )


def _index(draw: st.DrawFn, dialect: str, table: str, schema: str | None, name: str) -> Any:
    column: Any = sa.column(draw(NAMES))
    element = draw(
        st.sampled_from([column.name, column.desc(), sa.func.lower(column), sa.text("lower(a)"), column.op("%")(3)])
    )
    kw: dict[str, Any] = {}
    if dialect == "postgresql":
        kw = {
            "postgresql_where": draw(st.one_of(st.none(), CONDITIONS)),
            "postgresql_using": draw(st.sampled_from([None, "hash"])),
        }
    kw = {key: value for key, value in kw.items() if value is not None}
    return ops.CreateIndexOp(name, table, [element], schema=schema, unique=draw(st.booleans()), **kw)


def _constraint(draw: st.DrawFn, dialect: str, table: str, schema: str | None, name: str) -> Any:
    columns = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    options = {
        key: value
        for key, value in {"deferrable": draw(FLAGS), "initially": draw(st.sampled_from([None, "DEFERRED"]))}.items()
        if value is not None
    }
    key = ops.CreateForeignKeyOp(
        name, table, "u", columns, columns, source_schema=schema, referent_schema=draw(SCHEMAS), match="FULL", **options
    )
    choices: list[ops.MigrateOperation] = [
        ops.CreateUniqueConstraintOp(name, table, columns, schema=schema, **options),
        ops.CreatePrimaryKeyOp(name, table, columns, schema=schema),
        ops.CreateCheckConstraintOp(name, table, draw(CONDITIONS), schema=schema, **options),
        key,
        ops.DropConstraintOp(name, table, type_="unique", schema=schema),
    ]
    return draw(st.sampled_from(choices))


def _small(draw: st.DrawFn, dialect: str, table: str, schema: str | None, name: str) -> Any:
    choices: list[ops.MigrateOperation] = [
        ops.DropTableOp(table, schema=schema),
        ops.DropColumnOp(table, name, schema=schema),
        ops.RenameTableOp(table, name, schema=schema),
        ops.DropIndexOp(name, table, schema=schema),
        ops.ExecuteSQLOp(draw(SQL_STRINGS.map(lambda value: f"SELECT '{value}'"))),
        ops.ExecuteSQLOp(sa.text(draw(SQL_STRINGS.map(lambda value: f"SELECT {quoted(value)}")))),
        ops.CreateTableCommentOp(table, draw(SQL_STRINGS), schema=schema, existing_comment=draw(SQL_STRINGS)),
        ops.BulkInsertOp(
            sa.table(table, sa.column(name, sa.String()), schema=schema), [{name: draw(SQL_STRINGS)}, {name: None}]
        ),
    ]
    return draw(st.sampled_from(choices))


_BUILDERS = [_create_table, _create_table, _add_column, _add_column, _alter_column, _index, _constraint, _small]


def script(dialect: str, operation: ops.MigrateOperation) -> str:
    """Return the SQL of an operation, or what refuses it."""
    impl, buffer = offline_impl(dialect, literal_binds=True)
    context: Any = StandInContext(impl)
    try:
        Operations(context).invoke(operation)
    except Exception as exc:  # noqa: BLE001  # what cannot be done is refused before and after
        return f"{type(exc).__name__}"
    return _sorted_lines(buffer.getvalue())


def _sorted_lines(sql: str) -> str:
    """Return SQL with its lines in alphabetical order: constraints are written in an order of their own."""
    plain = sql.replace("(CURRENT_TIMESTAMP)", "CURRENT_TIMESTAMP")  # the same default, on SQLite in parentheses
    return "\n".join(sorted(line.strip(" \t,") for line in plain.splitlines()))


def scripts(dialect: str, operation: ops.MigrateOperation) -> list[str]:
    """Return the SQL of an operation and, where all that it knows is written, of its reverse."""
    found = [script(dialect, operation)]
    if isinstance(operation, (ops.AlterColumnOp, ops.CreateTableCommentOp)):
        found.append(script(dialect, operation.reverse()))
    # Older SQLAlchemy puts literals that are no text() into parentheses, on SQLite alone; they mean the same.
    return [re.sub(r"DEFAULT \(('x'|CURRENT_TIMESTAMP)\)", r"DEFAULT \1", text) for text in found]


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
@settings(suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@given(data=st.data())
def test_nothing_is_lost(dialect: str, data: st.DataObject) -> None:
    """The SQL of an operation is that of its text executed again, whatever names and strings it holds (AG-55)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        operation = data.draw(operations(dialect))
        text = file_of([operation], dialect=dialect)
        again = executed(text, dialect=dialect)

        assert [type(one) for one in again] == [type(operation)], text
        assert scripts(dialect, again[0]) == scripts(dialect, operation), text


_DIFFERENT_ALONE = {"enum_created_by_the_script": "one operation of the script says what another must not do"}


@pytest.mark.parametrize("case", case_parameters(c for c in CASES if c.name not in _DIFFERENT_ALONE))
def test_every_case_is_what_it_was(case: RenderCase) -> None:
    """What the golden files show does what the operations do."""
    built = [inner for op in case.build(ops) for inner in (op.ops if isinstance(op, ops.ModifyTableOps) else [op])]
    again = executed(file_of(case.build(ops), dialect=case.dialect), dialect=case.dialect)

    assert [type(op) for op in again] == [type(op) for op in built]
    for before, after in zip(built, again, strict=True):
        if not isinstance(before, ops.AddColumnOp) or before.column.table is None:
            assert scripts(case.dialect, after) == scripts(case.dialect, before)
