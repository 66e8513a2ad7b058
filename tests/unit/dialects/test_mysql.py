"""What MySQL and MariaDB are asked so that nothing is lost when a column is written again."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from runner.dialects.base import DefaultImpl
from runner.errors import OfflineUnsupported, OperationError
from tests.unit.dialects.standin import dialect_named, offline_impl


class Server:
    """Answers every question with one value and remembers the statements."""

    def __init__(self, name: str, answer: object) -> None:
        self.dialect = dialect_named(name)
        self.answer = answer
        self.statements: list[str] = []

    def execute(self, construct: Any, parameters: Any = None, execution_options: Any = None) -> Any:
        compiled = construct.compile(dialect=self.dialect)
        self.statements.append(" ".join(str(compiled).split()))
        return self

    def scalar(self) -> object:
        return self.answer


def online(name: str, answer: object) -> tuple[Any, Server]:
    server = Server(name, answer)
    impl_class: Any = DefaultImpl.get_by_dialect(server.dialect)
    return impl_class(server.dialect, server, False, None, None, {}), server


@pytest.mark.parametrize(("answer", "kept"), [("NO", "NOT NULL"), ("YES", "NULL")])
def test_a_column_written_again_keeps_its_nullability(answer: str, kept: str) -> None:
    """The database is asked when the revision does not say; Alembic writes NULL (DI-3)."""
    impl, server = online("mysql", answer)

    impl.alter_column("t", "c", type_=sa.BigInteger(), schema="s")

    assert "information_schema" in server.statements[0]
    assert "is_nullable" in server.statements[0]
    assert server.statements[1:] == [f"ALTER TABLE s.t MODIFY c BIGINT {kept}"]


@pytest.mark.parametrize("keywords", [{"existing_nullable": False}, {"nullable": False}])
def test_nothing_is_asked_when_the_revision_says(keywords: dict[str, Any]) -> None:
    """`existing_nullable` and `nullable` are enough (DI-3)."""
    impl, server = online("mysql", "YES")

    impl.alter_column("t", "c", name="d", existing_type=sa.Integer(), **keywords)

    assert server.statements == ["ALTER TABLE t CHANGE c d INTEGER NOT NULL"]


def test_offline_the_revision_must_say() -> None:
    """Without a database NOT NULL would be lost, so the revision is refused (DI-3)."""
    impl, buffer = offline_impl("mariadb")

    with pytest.raises(OfflineUnsupported, match=r"alter_column t\.c: .* Add existing_nullable="):
        impl.alter_column("t", "c", comment="x", existing_type=sa.Integer())

    assert buffer.getvalue() == ""


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
