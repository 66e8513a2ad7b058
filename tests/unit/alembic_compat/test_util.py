"""alembic.util: small helpers, compared with Alembic's where they return something (API-10)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import util as oracle
from alembic.util import sqla_compat as oracle_compat
from sqlalchemy.dialects import postgresql

from runner.alembic_compat import util
from runner.alembic_compat.util import sqla_compat


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("to_tuple", ("a",)),
        ("to_tuple", (None,)),
        ("to_tuple", (None, ())),
        ("to_tuple", (["a", "b"],)),
        ("to_tuple", (3,)),
        ("to_list", (None,)),
        ("to_list", ("a",)),
        ("to_list", (["a"],)),
        ("dedupe_tuple", (("b", "a", "b"),)),
        ("not_none", (0,)),
        ("asbool", ("true",)),
        ("unique_list", ([2, 1, 2],)),
        ("format_as_comma", (None,)),
        ("format_as_comma", ("a",)),
        ("format_as_comma", (["a", "b"],)),
        ("obfuscate_url_pw", ("postgresql://scott:tiger@db/test",)),
    ],
)
def test_helpers_return_what_alembics_do(function: str, arguments: tuple[Any, ...]) -> None:
    """A helper gives Alembic's answer."""
    assert getattr(util, function)(*arguments) == getattr(oracle, function)(*arguments)


def test_new_identifiers() -> None:
    """rev_id() is twelve hexadecimal digits, each time others."""
    made = {util.rev_id() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch("[0-9a-f]{12}", one) for one in made)


def test_messages(capsys: pytest.CaptureFixture[str]) -> None:
    """msg, status and err write to standard output; quiet silences them (CLI-E7)."""
    util.msg("one")
    util.msg("two", newline=False, flush=True)
    util.msg("never", quiet=True)
    with util.status("Working"):
        pass
    with pytest.raises(ZeroDivisionError), util.status("Failing"):
        raise ZeroDivisionError
    with pytest.raises(SystemExit) as stop:
        util.err("bad")
    assert stop.value.code == -1
    assert capsys.readouterr().out == "one\ntwoWorking ...  done\nFailing ...  FAILED\nFAILED: bad\n"


def test_warnings_point_at_the_caller() -> None:
    """warn() and warn_deprecated() name the line that called them."""
    with pytest.warns(UserWarning, match="w") as caught:
        util.warn("w")
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="d") as caught:
        util.warn_deprecated("d")
    assert caught[0].filename == __file__


def test_loading_a_python_file(tmp_path: Path) -> None:
    """load_python_file() imports by path; what the file raises is raised as it is (TP-17)."""
    (tmp_path / "a file-1.py").write_text("value = 1")
    (tmp_path / "broken.py").write_text("value = ")
    assert util.load_python_file(tmp_path, "a file-1.py").value == 1
    with pytest.raises(SyntaxError):
        util.load_python_file(tmp_path, "broken.py")
    with pytest.raises(ImportError):
        util.load_python_file(str(tmp_path), "missing.py")


@pytest.fixture
def table() -> sa.Table:
    """A table with a constraint of each kind."""
    return sa.Table(
        "t",
        sa.MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s"}),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("other", sa.Integer, sa.ForeignKey("t.id", name="fk")),
        sa.Column("flag", sa.Boolean(create_constraint=True, name="flag_check")),
        sa.UniqueConstraint("other"),
        sa.Index("by_other", "other"),
        sa.Index("by_expression", sa.text("lower(other)")),
        sa.Index("by_sum", sa.column("other") + 1),
    )


def test_constraints_and_indexes(table: sa.Table) -> None:
    """What extensions ask sqla_compat about constraints and indexes has Alembic's answers (TP-23)."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    items: list[Any] = [*table.constraints, *table.indexes]
    for item in sorted(items, key=lambda one: str(one.name)):
        for check in ("constraint_name_or_none", "constraint_name_string"):
            assert getattr(sqla_compat, check)(item.name) == getattr(oracle_compat, check)(item.name)
        final = oracle_compat._get_constraint_final_name(item, dialect)
        assert sqla_compat._get_constraint_final_name(item, dialect) == final
        if isinstance(item, sa.Index):
            assert sqla_compat.is_expression_index(item) == oracle_compat.is_expression_index(item), item.name
        else:
            assert sqla_compat._table_for_constraint(item) is table
            assert sqla_compat._is_type_bound(item) == oracle_compat._is_type_bound(item)
            expected = oracle_compat._columns_for_constraint(item)  # type: ignore[no-untyped-call]
            assert set(sqla_compat._columns_for_constraint(item)) == set(expected)


def test_defaults_and_copies(table: sa.Table) -> None:
    """Computed and identity defaults are told apart; columns and constraints are copied."""
    assert sqla_compat._server_default_is_computed(None, sa.Computed("1"))
    assert not sqla_compat._server_default_is_identity(sa.Computed("1"), None)
    assert sqla_compat._server_default_is_identity(sa.Identity())
    assert sqla_compat._copy(table.c.other).name == "other"
    assert sqla_compat._copy(next(one for one in table.constraints if one.name == "fk")).name == "fk"
    assert sqla_compat._get_table_key("t", None) == "t"
    assert sqla_compat._get_table_key("t", "s") == "s.t"
    assert sqla_compat.AUTOINCREMENT_DEFAULT == oracle_compat.AUTOINCREMENT_DEFAULT
    assert sqla_compat.sqla_2_1 == oracle_compat.sqla_2_1
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        assert not sqla_compat._connectable_has_table(connection, "t", None)
    engine.dispose()
