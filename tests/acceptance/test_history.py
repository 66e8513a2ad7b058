"""Every step leaves a row: what ran, when, by whom, with what outcome (runner_history)."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from tests.directories import RevisionFile, chain, make_directory
from tests.postgres import PostgresServer
from tests.preloaded import run_runner
from tests.programs import run_alembic, run_program
from tests.tcp_proxy import proxied

CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"


def rows(url: str, table: str = "runner_history") -> list[dict[str, Any]]:
    """Return the rows of the history, oldest first; none where there is no table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found: list[dict[str, Any]] = []
        schema, _, name = table.rpartition(".")
        if inspect(connection).has_table(name, schema=schema or None):
            found = [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings()]
    engine.dispose()
    return found


def told(url: str) -> list[tuple[str, str, str, str | None]]:
    """Return revision, direction, outcome and error code of each row."""
    return [(row["revision"], row["direction"], row["outcome"], row["error_code"]) for row in rows(url)]


def aware(value: Any) -> datetime:
    """Return a time of the history; only PostgreSQL has kept the zone."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'database.sqlite'}"
    found: str = request.getfixturevalue({"postgresql": "pg_url", "mariadb": "mariadb_url"}[request.param])
    return found


@pytest.mark.parametrize("env", ["none", "generic"])
def test_each_step_is_recorded_with_who_when_and_what(tmp_path: Path, url: str, env: Any) -> None:
    """A row says what ran, when, how long, by whom, from which image, and what the file was."""
    directory = make_directory(tmp_path, chain(2), env=env)
    before = datetime.now(UTC) - timedelta(seconds=2)

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url, "RUNNER_IMAGE_DIGEST": "sha256:ab"})

    finished.check()
    first, second = rows(url)
    assert (first["revision"], first["direction"], first["outcome"]) == ("r0001", "upgrade", "applied")
    assert json.loads(first["heads_after"]) == ["r0001"]
    assert json.loads(second["down_revisions"]) == ["r0001"]
    assert second["message"] == "number 2"
    assert second["image_digest"] == "sha256:ab"
    assert second["run_id"] == finished.event("run.finished")["run_id"]
    assert second["host"]
    assert second["attempts"] == 1
    assert len(second["source_digest"]) == len(second["syntax_digest"]) == 64
    assert before <= aware(second["started_at"]) <= datetime.now(UTC) + timedelta(seconds=2)
    assert second["duration_seconds"] >= 0
    assert (second["database_user"] or "").startswith("" if url.startswith("sqlite") else "runner_test")


def test_a_failure_is_recorded_after_its_rollback(tmp_path: Path, url: str) -> None:
    """What failed is in the history, with its code; what was committed before stays applied."""
    broken = RevisionFile(revision="r0002", down_revision="r0001", upgrade="op.execute('SELECT nonsense')")
    directory = make_directory(tmp_path, [*chain(1), broken])

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check(51)

    assert told(url) == [
        ("r0001", "upgrade", "applied", None),
        ("r0002", "upgrade", "failed", "statement-failed"),
    ]
    assert rows(url)[1]["heads_after"] is None


def test_a_failure_of_the_very_first_step_is_recorded(tmp_path: Path, url: str) -> None:
    """The table that went with the rollback is made again for the failure."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r0001", upgrade="raise ValueError('no')")])

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check(50)

    assert told(url) == [("r0001", "upgrade", "failed", "revision-failed")]


@pytest.mark.parametrize("env", ["none", "generic"])
def test_steps_that_go_with_a_later_one_are_recorded_as_rolled_back(
    tmp_path: Path, database_url: str, env: Any
) -> None:
    """In one transaction for the run nothing that was rolled back is called applied."""
    broken = RevisionFile(revision="r0003", down_revision="r0002", upgrade="raise ValueError('no')")
    directory = make_directory(tmp_path, [*chain(2), broken], env=env)
    variables = {"DATABASE_URL": database_url, "RUNNER_TRANSACTION": "run"}

    run_runner("upgrade", cwd=directory.root, env=variables).check(50)

    assert told(database_url) == [
        ("r0001", "upgrade", "rolled-back", "rolled-back"),
        ("r0002", "upgrade", "rolled-back", "rolled-back"),
        ("r0003", "upgrade", "failed", "revision-failed"),
    ]


def test_the_history_costs_no_round_trip(tmp_path: Path, pg_url: str) -> None:
    """A revision is BEGIN with its limits, its statement, version row with history row, COMMIT."""
    directory = make_directory(tmp_path, chain(4, upgrade="op.execute('SELECT {n}')"), env="none")

    with proxied(pg_url) as proxy:
        run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": proxy.url}).check()

    start = proxy.statements.index("SELECT 2") - 1
    words = [" ".join(sql.split()[:2]) for sql in proxy.statements[start : start + 12]]
    assert words == [
        *("BEGIN ISOLATION", "SELECT 2", "WITH changed", "COMMIT"),
        *("BEGIN ISOLATION", "SELECT 3", "WITH changed", "COMMIT"),
        *("BEGIN ISOLATION", "SELECT 4", "WITH changed", "COMMIT"),
    ]
    assert [row["revision"] for row in rows(pg_url)] == ["r0001", "r0002", "r0003", "r0004"]


@pytest.mark.parametrize("history", ["on", "off"])
def test_a_version_row_that_is_not_there_rolls_the_step_back(tmp_path: Path, database_url: str, history: str) -> None:
    """Whether it is changed together with the history's row or alone."""
    away = RevisionFile(revision="r0003", down_revision="r0002", upgrade="op.execute('DELETE FROM alembic_version')")
    directory = make_directory(tmp_path, [*chain(2), away], env="none")
    variables = {"DATABASE_URL": database_url, "RUNNER_HISTORY": history}

    finished = run_runner("upgrade", cwd=directory.root, env=variables)

    assert finished.event("run.failed")["error_code"] == "version-row-mismatch", finished
    assert "but 0 did" in finished.event("run.failed")["message"]
    failed = [] if history == "off" else [("r0003", "upgrade", "failed", "version-row-mismatch")]
    assert told(database_url)[2:] == failed
    assert "r0002" in run_runner("current", cwd=directory.root, env=variables).stdout


@pytest.mark.parametrize("env", ["none", "generic"])
@pytest.mark.parametrize("scope", ["revision", "run"])
def test_a_commit_that_fails_is_recorded(tmp_path: Path, pg_url: str, scope: str, env: Any) -> None:
    """A constraint that is checked at the commit makes the step a failed one."""
    deferred = RevisionFile(
        revision="r0001",
        upgrade="""
op.execute("CREATE TABLE p (id int PRIMARY KEY)")
op.execute("CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
op.execute("INSERT INTO c VALUES (1)")
""".strip(),
    )
    directory = make_directory(tmp_path, [deferred], env=env)
    variables = {"DATABASE_URL": pg_url, "RUNNER_TRANSACTION": scope}

    run_runner("upgrade", cwd=directory.root, env=variables).check(51)

    assert told(pg_url) == [("r0001", "upgrade", "rolled-back", "rolled-back")]


def test_downgrades_and_stamps_are_recorded(tmp_path: Path, url: str) -> None:
    """The history tells every way in which the version rows moved."""
    directory = make_directory(tmp_path, chain(3))
    variables = {"DATABASE_URL": url}
    run_runner("upgrade", "r0001", cwd=directory.root, env=variables).check()
    run_runner("stamp", "r0003", cwd=directory.root, env=variables).check()
    run_runner("downgrade", "-1", cwd=directory.root, env=variables).check()
    run_runner("stamp", "base", cwd=directory.root, env=variables).check()

    assert told(url) == [
        ("r0001", "upgrade", "applied", None),
        ("r0003", "stamp", "stamped", None),
        ("r0003", "downgrade", "applied", None),
        ("r0002", "stamp", "stamped", None),
    ]
    assert json.loads(rows(url)[1]["ancestors"]) == ["r0001", "r0002"]
    assert [json.loads(row["heads_after"]) for row in rows(url)] == [["r0001"], ["r0003"], ["r0002"], []]


def test_without_a_history_no_table_is_made(tmp_path: Path, url: str) -> None:
    """RUNNER_HISTORY=off leaves a database as Alembic would."""
    directory = make_directory(tmp_path, chain(2))
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url, "RUNNER_HISTORY": "off"}).check()

    assert "runner_history" not in _tables(url)


def test_queries_and_runs_with_nothing_to_do_make_no_table(tmp_path: Path, url: str) -> None:
    """Looking at a database changes nothing in it."""
    directory = make_directory(tmp_path, chain(2), env="none")
    off = {"DATABASE_URL": url, "RUNNER_HISTORY": "off"}
    run_runner("upgrade", cwd=directory.root, env=off).check()

    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check()
    run_runner("current", cwd=directory.root, env={"DATABASE_URL": url}).check()

    assert "runner_history" not in _tables(url)


def test_offline_sql_writes_no_history(tmp_path: Path) -> None:
    """A script is what Alembic would write."""
    directory = make_directory(tmp_path, chain(2))
    finished = run_runner("upgrade", "--sql", cwd=directory.root, env={"DATABASE_URL": "postgresql://nowhere/x"})

    assert "runner_history" not in finished.check().stdout


def test_a_table_of_somebody_else_is_left_alone(tmp_path: Path, url: str) -> None:
    """A table of that name with other columns costs the history, not the migration."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE runner_history (lap integer)"))
    engine.dispose()
    directory = make_directory(tmp_path, chain(2))

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": url}).check()

    assert finished.event("history.unavailable")["level"] == "warning"
    assert finished.event("run.finished")["applied"] == 2
    assert rows_of(url, "SELECT * FROM runner_history") == []


def test_a_role_that_may_not_create_tables_still_runs_revisions(
    tmp_path: Path, pg_url: str, pg_server: PostgresServer
) -> None:
    """Where the history cannot be made the run goes on without one."""
    directory = make_directory(tmp_path, chain(2), env="none")
    run_runner("upgrade", "r0001", cwd=directory.root, env={"DATABASE_URL": pg_url, "RUNNER_HISTORY": "off"}).check()
    url = make_url(pg_url)
    pg_server.execute("ALTER SCHEMA public OWNER TO CURRENT_USER", database=str(url.database))
    pg_server.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=str(url.database))
    pg_server.execute(f"REVOKE CREATE ON SCHEMA public FROM {url.username}", database=str(url.database))

    finished = run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": pg_url})

    assert finished.check().events("history.unavailable")
    assert rows_of(pg_url, "SELECT version_num FROM alembic_version") == [("r0002",)]


def test_the_history_lies_beside_the_version_table(tmp_path: Path, pg_url: str) -> None:
    """The schema of the version table is that of the history."""
    engine = create_engine(pg_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA ops"))
    engine.dispose()
    directory = make_directory(tmp_path, chain(1), env="none")
    variables = {"DATABASE_URL": pg_url, "RUNNER_VERSION_TABLE_SCHEMA": "ops", "RUNNER_VERSION_TABLE": "versions"}
    run_runner("upgrade", cwd=directory.root, env=variables).check()

    (row,) = rows(pg_url, "ops.runner_history")
    assert row["version_table"] == "versions"


def rows_of(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def _tables(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = sorted(inspect(connection).get_table_names())
    engine.dispose()
    return found


PAGE = Path(__file__).parents[2] / "docs" / "status-and-history.md"
RECIPE = """
from alembic import context
from sqlalchemy import MetaData, create_engine


def include_name(name, type_, parent_names):
    return not (type_ == "table" and name in {"runner_history", "runner_journal"})


engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=MetaData(), include_name=INCLUDE)
    with context.begin_transaction():
        context.run_migrations()
"""


def test_plain_alembic_leaves_the_history_alone_with_the_recipe(tmp_path: Path, database_url: str) -> None:
    """Alembic proposes to drop a table that the model does not have, unless env.py says what the page says."""
    assert RECIPE.partition("\n\n\n")[2].partition("\n\n\n")[0] in PAGE.read_text()
    directory = make_directory(tmp_path, chain(1), url=database_url)
    run_runner("upgrade", cwd=directory.root, env={"DATABASE_URL": database_url}).check()

    answers = {}
    for include in ("None", "include_name"):
        (directory.scripts / "env.py").write_text(RECIPE.replace("INCLUDE", include))
        answers[include] = run_alembic("check", cwd=directory.root)

    assert "remove_table" in answers["None"].stdout + answers["None"].stderr
    assert answers["include_name"].check().stdout.endswith("No new upgrade operations detected.\n")


def test_programs_that_call_the_api_get_no_table_of_ours(tmp_path: Path, sqlite_file_url: str) -> None:
    """alembic.command.upgrade() leaves the database as Alembic would: programs compare schemas."""
    directory = make_directory(tmp_path, chain(1), url=sqlite_file_url)
    program = (
        "import runner; runner.install_alembic_names()\n"
        "from alembic import command; from alembic.config import Config\n"
        "command.upgrade(Config('alembic.ini'), 'head')\n"
    )
    run_program([sys.executable, "-c", program], cwd=directory.root).check()

    assert _tables(sqlite_file_url) == ["alembic_version"]
