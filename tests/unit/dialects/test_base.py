"""The implementation: registry, override points, sinks, flags."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles

from runner.dialects import base, ddl
from runner.dialects.base import DefaultImpl
from runner.dialects.postgresql import PostgresqlImpl
from runner.dialects.sqlite import SQLiteImpl
from runner.errors import EnvironmentFailed, OperationError
from tests.programs import ROOT, run_program
from tests.unit.dialects.standin import dialect_named, offline_impl


@pytest.fixture
def registry() -> Iterator[None]:
    """Forget the implementations a test registers."""
    before = dict(base._impls)
    yield
    base._impls.clear()
    base._impls.update(before)


class ThirdPartyDialect(DefaultDialect):
    """A dialect nobody has heard of."""

    name = "thirdparty"
    supports_statement_cache = True


@pytest.mark.parametrize("name", ["postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle"])
def test_the_rules_of_a_dialect_are_found_by_its_name(name: str) -> None:
    """The class registered for the dialect's name is used, and loaded when first asked for (DI-10)."""
    assert DefaultImpl.get_by_dialect(dialect_named(name)).__dialect__ == name


def test_a_dialect_without_rules_is_its_own_error() -> None:
    """Alembic raises a bare KeyError here (TX-6)."""
    with pytest.raises(
        OperationError, match=r"no migration rules for the dialect 'thirdparty' \(known: mariadb, mssql"
    ):
        DefaultImpl.get_by_dialect(ThirdPartyDialect())


@pytest.mark.usefixtures("registry")
def test_a_third_party_class_registers_itself() -> None:
    """`__dialect__` is all it takes (DI-10, TP-21)."""

    class ThirdPartyImpl(PostgresqlImpl):
        __dialect__ = "thirdparty"

    assert DefaultImpl.get_by_dialect(ThirdPartyDialect()) is ThirdPartyImpl


@pytest.mark.usefixtures("registry")
def test_a_class_from_env_py_wins_over_ours() -> None:
    """What the user registers comes after ours (TP-21)."""

    class OwnOracle(DefaultImpl):
        __dialect__ = "oracle"

    assert DefaultImpl.get_by_dialect(dialect_named("oracle")) is OwnOracle


def test_sql_of_a_user_is_not_overwritten_by_loading_ours() -> None:
    """`@compiles` in env.py runs before the first context, and stays in force (TP-22)."""
    program = (
        "from sqlalchemy.ext.compiler import compiles\n"
        "from runner.dialects.ddl import RenameTable\n"
        "compiles(RenameTable, 'postgresql')(lambda element, compiler, **kw: 'MINE')\n"
        "from tests.unit.dialects.standin import offline_impl\n"
        "impl, buffer = offline_impl('postgresql')\n"
        "impl.rename_table('a', 'b')\n"
        "assert buffer.getvalue() == 'MINE;\\n\\n', buffer.getvalue()\n"
    )

    finished = run_program([sys.executable, "-c", program], cwd=ROOT)

    assert finished.returncode == 0, finished.stderr


@pytest.mark.usefixtures("registry")
def test_overrides_of_a_third_party_class_are_called() -> None:
    """`_exec`, `static_output`, `emit_begin` and the constructor are override points with Alembic's signatures."""
    seen: list[str] = []

    class ThirdPartyImpl(DefaultImpl):
        __dialect__ = "thirdparty"
        command_terminator = "!"

        def __init__(self, *args: Any, **kw: Any) -> None:
            super().__init__(*args, **kw)
            self.batch_separator = self.context_opts["separator"]

        def _exec(self, construct: Any, *args: Any, **kw: Any) -> Any:
            seen.append("exec")
            return super()._exec(construct, *args, **kw)

        def static_output(self, text: str) -> None:
            seen.append(text)

    impl = ThirdPartyImpl(ThirdPartyDialect(), None, True, None, io.StringIO(), {"separator": "--"})
    impl.bind.execute(sa.text("SELECT 1"))
    impl.emit_begin()

    assert seen == ["exec", "SELECT 1!", "--", "BEGIN!"]


@pytest.mark.usefixtures("registry")
def test_third_party_sql_for_our_elements_is_used() -> None:
    """`@compiles` on our DDL elements works for any dialect (TP-22)."""

    class ThirdPartyImpl(DefaultImpl):
        __dialect__ = "thirdparty"

    @compiles(ddl.AddColumn, "thirdparty")
    def add(element: ddl.AddColumn, compiler: Any, **kw: Any) -> str:
        table = ddl.format_table_name(compiler, element.table_name, element.schema)
        return f"GROW {table} BY {ddl.format_column_name(compiler, element.column.name)}"

    buffer = io.StringIO()
    impl = ThirdPartyImpl(ThirdPartyDialect(), None, True, None, buffer, {})
    impl.add_column("My T", sa.Column("c", sa.Integer()), schema="a.b")

    assert buffer.getvalue() == 'GROW a.b."My T" BY c;\n\n'


def test_literal_binds_online_is_refused() -> None:
    """The setting is for offline mode only (ENV-29)."""
    with pytest.raises(EnvironmentFailed, match="literal_binds is for offline mode"):
        PostgresqlImpl(dialect_named("postgresql"), None, False, None, None, {"literal_binds": True})


@pytest.mark.parametrize("given", [None, True, False])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("postgresql", True), ("sqlite", True), ("mysql", False), ("mssql", True), ("oracle", False)],
)
def test_whether_the_database_rolls_ddl_back(name: str, given: bool | None, expected: bool) -> None:
    """That is a fact of the database; `transactional_ddl` of env.py frames scripts (TX-1 to TX-5, ENV-22)."""
    impl_class = DefaultImpl.get_by_dialect(dialect_named(name))

    impl = impl_class(dialect_named(name), None, False, given, io.StringIO(), {})

    assert impl.ddl_in_transaction is expected
    assert given is None or impl.transactional_ddl is given


def test_the_sqlite_hack_of_many_env_py_files_keeps_working(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting the class attribute frames scripts too, as it does with Alembic (TP-21)."""
    monkeypatch.setattr(SQLiteImpl, "transactional_ddl", True)

    impl, _ = offline_impl("sqlite")

    assert impl.transactional_ddl


def test_the_connection_is_replaceable() -> None:
    """An autocommit block continues on another connection object (TX-13)."""
    engine = sa.create_engine("sqlite://")
    impl = SQLiteImpl(engine.dialect, None, False, None, None, {})
    with engine.connect() as connection:
        impl.connection = connection

        result = impl._exec("SELECT 5")

        assert result is not None
        assert result.scalar() == 5
        assert impl.bind is connection
    engine.dispose()


def test_the_output_buffer_is_replaceable() -> None:
    """An env.py that writes one file per database sets the attribute (OFF-5)."""
    impl, first = offline_impl("sqlite")
    second = io.StringIO()

    impl.output_buffer = second
    impl.static_output("-- x")

    assert (first.getvalue(), second.getvalue()) == ("", "-- x\n\n")
    assert impl.output_buffer is second


def test_parameters_are_one_set_or_several() -> None:
    """Both at once is a mistake of the caller."""
    impl, _ = offline_impl("sqlite")

    with pytest.raises(TypeError, match="one set of parameters or several"):
        impl._exec("SELECT :a", params={"a": 1}, multiparams=[{"a": 1}])


def test_a_string_with_parameters_has_placeholders() -> None:
    """Colons are literal only where no parameters are given."""
    impl, buffer = offline_impl("sqlite")

    impl._exec("SELECT :a", params={"a": "x"})

    assert buffer.getvalue() == "SELECT 'x';\n\n"


@pytest.mark.parametrize(
    ("schema", "primary_key", "expected"),
    [
        (None, True, "CREATE TABLE v ( version_num VARCHAR(32) NOT NULL, CONSTRAINT v_pkc PRIMARY KEY (version_num) )"),
        ("s", False, "CREATE TABLE s.v ( version_num VARCHAR(32) NOT NULL )"),
    ],
)
def test_the_version_table_has_the_shared_layout(schema: str | None, primary_key: bool, expected: str) -> None:
    """Both tools can share a database (REV-40, ENV-31, ENV-32)."""
    impl, _ = offline_impl("postgresql")

    table = impl.version_table_impl(version_table="v", version_table_schema=schema, version_table_pk=primary_key)

    assert " ".join(str(sa.schema.CreateTable(table)).split()) == expected


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({"a": 1}, "takes a list of rows, not dict"),
        ("ab", "takes a list of rows, not str"),
        ([(1,)], "not tuple"),
        ([{"z": 1}], "no column 'z'"),
    ],
)
def test_rows_that_are_none_are_refused(rows: Any, sentence: str) -> None:
    """Malformed rows are refused before anything is written (OP-17)."""
    impl, buffer = offline_impl("sqlite")

    with pytest.raises(OperationError, match=sentence):
        impl.bulk_insert(sa.table("t", sa.column("a", sa.Integer())), rows)

    assert buffer.getvalue() == ""


def test_none_in_a_json_column_is_what_the_online_run_stores() -> None:
    """JSON null by default, SQL NULL where the type says so (OFF-3)."""
    impl, buffer = offline_impl("postgresql")
    table = sa.table("t", sa.column("a", sa.JSON()), sa.column("b", sa.JSON(none_as_null=True)))

    impl.bulk_insert(table, [{"a": None, "b": None}])

    assert buffer.getvalue() == "INSERT INTO t (a, b) VALUES ('null', NULL);\n\n"


def test_separators_come_from_the_configuration() -> None:
    """`mssql_batch_separator` and `oracle_batch_separator` replace or remove them (ENV-46)."""
    outputs = []
    for name, options in (
        ("mssql", {"mssql_batch_separator": "NEXT"}),
        ("mssql", {"mssql_batch_separator": None}),
        ("oracle", {"oracle_batch_separator": ""}),
    ):
        impl, buffer = offline_impl(name, **options)
        impl.execute("SELECT 1")
        impl.emit_commit()
        outputs.append(buffer.getvalue().split())

    assert outputs == [
        ["SELECT", "1;", "NEXT", "COMMIT;", "NEXT"],
        ["SELECT", "1;", "COMMIT;"],
        ["SELECT", "1", "COMMIT"],
    ]


def test_autoincrement_outside_mysql_warns() -> None:
    """The keyword means nothing elsewhere (OP-2)."""
    impl, _ = offline_impl("postgresql")

    with pytest.warns(UserWarning, match="autoincrement"):
        impl.alter_column("t", "c", autoincrement=True, nullable=False)


def test_tables_announce_themselves() -> None:
    """before_create and after_create fire around CREATE TABLE, before_drop and after_drop around DROP (OP-4)."""
    table = sa.Table("t", sa.MetaData(), sa.Column("c", sa.Integer()))
    seen: list[str] = []
    for name in ("before_create", "after_create", "before_drop", "after_drop"):
        sa.event.listen(table, name, lambda *_, name=name, **__: seen.append(name))
    impl, _ = offline_impl("postgresql")

    impl.create_table(table)
    impl.drop_table(table)

    assert seen == ["before_create", "after_create", "before_drop", "after_drop"]


def test_indexes_come_in_the_order_of_their_names() -> None:
    """A set decides nothing: the text is the same under any hash seed."""
    columns = [sa.Column(name, sa.Integer(), index=True) for name in "dbca"]
    impl, buffer = offline_impl("postgresql")

    impl.create_table(sa.Table("t", sa.MetaData(), *columns))

    assert [line for line in buffer.getvalue().splitlines() if "INDEX" in line] == [
        f"CREATE INDEX ix_t_{name} ON t ({name});" for name in "abcd"
    ]


def test_identities_compare_by_what_was_asked_for() -> None:
    """Options left at their default are not a difference, ALWAYS is (AG-10)."""
    impl, _ = offline_impl("postgresql")

    changed = impl._compare_identity_default(sa.Identity(always=True, increment=4), sa.Identity(start=2))
    removed = impl._compare_identity_default(None, sa.Identity())
    same = impl._compare_identity_default(sa.Identity(start=2), sa.Identity(start=2, always=False))

    assert changed == ({"always", "increment"}, {"start"}, True)
    assert removed[2] is True
    assert same == (set(), set(), False)
