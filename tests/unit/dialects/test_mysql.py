"""What MySQL and MariaDB are asked so that nothing is lost when a column is written again."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from runner.dialects.base import DefaultImpl
from runner.errors import OfflineUnsupported, OperationError
from tests.unit.dialects.standin import dialect_named, offline_impl

STORED = """CREATE TABLE `t` (
  `c` varchar(20) CHARACTER SET latin1 NOT NULL DEFAULT 'x' COMMENT '5%',
  `n` int unsigned DEFAULT NULL,
  PRIMARY KEY (`c`)
) ENGINE=InnoDB"""


class Server:
    """Answers every question with one value, shows one table, and remembers the statements."""

    def __init__(self, name: str, answer: object = None) -> None:
        self.dialect = dialect_named(name)
        self.answer = answer
        self.statements: list[str] = []

    def execute(self, construct: Any, parameters: Any = None, execution_options: Any = None) -> Any:
        compiled = construct.compile(dialect=self.dialect)
        self.statements.append(" ".join(str(compiled).split()))
        return self

    def exec_driver_sql(self, statement: str) -> Any:
        self.statements.append(statement)
        return self

    def scalars(self, column: int) -> Any:
        return self

    def one(self) -> str:
        return STORED

    def scalar(self) -> object:
        return self.answer


def online(name: str, answer: object = None) -> tuple[Any, Server]:
    server = Server(name, answer)
    impl_class: Any = DefaultImpl.get_by_dialect(server.dialect)
    return impl_class(server.dialect, server, False, None, None, {}), server


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_a_column_written_again_keeps_what_the_revision_leaves_out(dialect: str) -> None:
    """The server is asked; Alembic loses NOT NULL, default, character set and comment (DI-3)."""
    impl, server = online(dialect)

    impl.alter_column("t", "C", type_=sa.Text(), schema="s")
    impl.alter_column("t", "n", name="m")

    assert server.statements == [
        "SHOW CREATE TABLE s.t",
        "ALTER TABLE s.t MODIFY `C` TEXT CHARACTER SET latin1 NOT NULL DEFAULT 'x' COMMENT '5%%'",
        "SHOW CREATE TABLE t",
        "ALTER TABLE t CHANGE n m int unsigned NULL",
    ]


def test_what_the_revision_says_wins() -> None:
    """Every existing_* that is given is written as it is given, as Alembic does (DI-3)."""
    impl, server = online("mysql")
    known = {"existing_nullable": True, "existing_server_default": None, "existing_comment": "y"}

    impl.alter_column("t", "c", name="d", existing_type=sa.String(9), **known)

    assert server.statements[1:] == ["ALTER TABLE t CHANGE c d VARCHAR(9) CHARACTER SET latin1 NULL COMMENT 'y'"]


def test_a_default_alone_needs_no_question() -> None:
    """SET DEFAULT and DROP DEFAULT repeat nothing."""
    impl, server = online("mysql")

    impl.alter_column("t", "c", server_default="5")
    impl.alter_column("t", "c", server_default=None)

    assert server.statements == [
        "ALTER TABLE t ALTER COLUMN c SET DEFAULT '5'",
        "ALTER TABLE t ALTER COLUMN c DROP DEFAULT",
    ]


def test_a_column_that_is_not_there() -> None:
    """Asking reveals a wrong name before anything is sent."""
    impl, server = online("mysql")

    with pytest.raises(OperationError, match=r"alter_column t\.z: the table has no such column"):
        impl.alter_column("t", "z", nullable=True)

    assert server.statements == ["SHOW CREATE TABLE t"]


def test_offline_the_revision_must_say() -> None:
    """Without a database NOT NULL would be lost, so the revision is refused (DI-3)."""
    impl, buffer = offline_impl("mariadb")

    with pytest.raises(OfflineUnsupported, match=r"alter_column t\.c: .* Add existing_nullable="):
        impl.alter_column("t", "c", comment="x", existing_type=sa.Integer())

    assert buffer.getvalue() == ""


def test_offline_a_generated_column_keeps_its_expression() -> None:
    """What the revision calls the existing expression is written again."""
    impl, buffer = offline_impl("mysql")
    known = {"existing_type": sa.Integer(), "existing_server_default": sa.Computed("a + 1", persisted=True)}

    impl.alter_column("t", "c", comment="x", existing_nullable=True, **known)

    assert buffer.getvalue() == "ALTER TABLE t MODIFY c INTEGER GENERATED ALWAYS AS (a + 1) STORED COMMENT 'x';\n\n"


def test_the_type_must_be_known() -> None:
    """A column is written again with its type (ERR-27)."""
    impl, _ = offline_impl("mysql")

    with pytest.raises(OperationError, match=r"alter_column t\.c: .* Add existing_type="):
        impl.alter_column("t", "c", name="d")


def test_a_constraint_without_kind_is_refused_as_alembic_refuses_it() -> None:
    """Revisions catch NotImplementedError here (ERR-27, DI-4)."""
    impl, _ = offline_impl("mysql")
    table = sa.Table("t", sa.MetaData())

    constraint = sa.schema.Constraint(name="k")
    table.append_constraint(constraint)

    with pytest.raises(NotImplementedError, match=r"drop_constraint 'k' on 't': .* type_=.foreignkey"):
        impl.drop_constraint(constraint)


def unique() -> sa.UniqueConstraint:
    constraint = sa.UniqueConstraint("a", name="k")
    sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer()), constraint)
    return constraint


@pytest.mark.parametrize(("count", "dropped"), [(1, ["ALTER TABLE t DROP INDEX k"]), (0, [])])
def test_if_exists_is_answered_by_the_catalogue_on_mysql(count: int, dropped: list[str]) -> None:
    """MySQL has no IF EXISTS for constraints, so the run looks first (DI-4)."""
    impl, server = online("mysql", count)

    impl.drop_constraint(unique(), if_exists=True)

    assert "table_constraints" in server.statements[0]
    assert server.statements[1:] == dropped


def test_if_exists_is_a_keyword_on_mariadb() -> None:
    """MariaDB has IF EXISTS for constraints (DI-4)."""
    impl, server = online("mariadb", None)

    impl.drop_constraint(unique(), if_exists=True)

    assert server.statements == ["ALTER TABLE t DROP INDEX IF EXISTS k"]


def type_check() -> sa.CheckConstraint:
    flag: Any = sa.Boolean(create_constraint=True, name="k")
    table = sa.Table("t", sa.MetaData(), sa.Column("flag", flag))
    return next(constraint for constraint in table.constraints if isinstance(constraint, sa.CheckConstraint))


@pytest.mark.parametrize(
    ("dialect", "count", "sent"),
    [
        ("mariadb", None, ["ALTER TABLE t DROP CONSTRAINT IF EXISTS k"]),
        ("mysql", 1, ["ALTER TABLE t DROP CHECK k"]),
        ("mysql", 0, []),
    ],
)
def test_the_check_of_a_type_goes_with_it(dialect: str, count: int | None, sent: list[str]) -> None:
    """It is dropped if it is there: servers before MySQL 8.0.16 made none; Alembic always leaves it."""
    impl, server = online(dialect, count)

    impl.drop_constraint(type_check())

    assert [statement for statement in server.statements if not statement.startswith("SELECT")] == sent


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_a_named_check_is_beside_the_column(dialect: str) -> None:
    """MariaDB takes no name for a CHECK inside a column; the revision's own objects stay as they are."""
    impl, buffer = offline_impl(dialect)
    column: Any = sa.Column("c", sa.Integer(), sa.CheckConstraint("c > 0", name="k"))
    table = sa.Table("t", sa.MetaData(), column)

    impl.create_table(table)
    impl.add_column("u", column, if_not_exists=True)

    created, added = " ".join(buffer.getvalue().split()).rstrip(";").split("; ")
    assert created == "CREATE TABLE t ( c INTEGER, CONSTRAINT k CHECK (c > 0) )"
    assert added == "ALTER TABLE u ADD COLUMN IF NOT EXISTS c INTEGER, ADD CONSTRAINT IF NOT EXISTS k CHECK (c > 0)"
    assert [check.name for check in column.constraints] == ["k"]
    assert [type(constraint) for constraint in table.constraints] == [sa.PrimaryKeyConstraint]


def test_a_check_is_dropped_in_words_that_both_know() -> None:
    """A script for MySQL's URL may well be for MariaDB, which has no DROP CHECK."""
    impl, buffer = offline_impl("mysql")
    check = sa.CheckConstraint("a > 0", name="k")
    sa.Table("t", sa.MetaData(), check)

    impl.drop_constraint(check)

    assert buffer.getvalue() == "ALTER TABLE t DROP CONSTRAINT k;\n\n"
