"""What the fault tests run, and how they tell that it was applied exactly once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import LiteralString

import psycopg

from tests.directories import RevisionFile, make_directory
from tests.postgres import libpq_url
from tests.preloaded import Preloaded
from tests.programs import Finished
from tests.tcp_proxy import proxied

__all__ = ["HEAD", "REVISIONS", "converge", "finished_steps", "statements_sent", "version_rows", "write_scenario"]

_NOTE = "op.execute(\"INSERT INTO audit VALUES ('{0}')\")"
_REVISIONS = (
    "op.create_table('audit', sa.Column('revision', sa.Text))\n"
    "op.create_table('t', sa.Column('id', sa.Integer), sa.Column('n', sa.Integer))\n" + _NOTE.format("r1"),
    _NOTE.format("r2") + "\nop.add_column('t', sa.Column('b', sa.Integer))",
    _NOTE.format("r3") + "\n"
    "with op.get_context().autocommit_block():\n"
    "    op.create_index('ix_n', 't', ['n'], postgresql_concurrently=True)\n"
    "    op.create_index('ix_b', 't', ['b'], postgresql_concurrently=True)\n"
    "op.add_column('t', sa.Column('c', sa.Integer))",
    _NOTE.format("r4"),
)
REVISIONS = tuple(f"r{number}" for number in range(1, len(_REVISIONS) + 1))
_AT_LEAST = 30  # statements of the scenario; fewer would mean that the proxy does not see them
HEAD = REVISIONS[-1]


def write_scenario(root: Path, *, autocommit: bool = True) -> Path:
    """Write a directory of four revisions, each of which leaves one row in a table.

    Args:
        autocommit: whether the third one builds indexes outside a transaction.
    """
    bodies = [body for body in _REVISIONS if autocommit or "autocommit" not in body]
    files = [
        RevisionFile(revision=f"r{number}", down_revision=f"r{number - 1}" if number > 1 else None, upgrade=body)
        for number, body in enumerate(bodies, start=1)
    ]
    return make_directory(root, files, env="none").root


def statements_sent(runs: Preloaded, directory: Path, url: str) -> list[str]:
    """Return the statements that a run without faults sends."""
    with proxied(url) as proxy:
        runs.run("upgrade", env={"DATABASE_URL": proxy.url}, cwd=directory).check()
        assert len(proxy.statements) >= _AT_LEAST
        return proxy.statements


def version_rows(url: str) -> list[str]:
    """Return the revisions in the version table; none where there is no table."""
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return []
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


def finished_steps(run: Finished) -> list[str]:
    """Return the revisions that the log calls finished, in order."""
    return [line["revision"] for line in run.events("step.finished")]


def converge(runs: Preloaded, directory: Path, url: str) -> Finished:
    """Run again, without any fault, and check that everything is there exactly once and history tells the truth."""
    done = runs.run("upgrade", env={"DATABASE_URL": url, "RUNNER_LOCK_WAIT_SECONDS": "60"}, cwd=directory).check()
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:

        def column(query: LiteralString) -> list[object]:
            return [row[0] for row in connection.execute(query)]

        assert column("SELECT version_num FROM alembic_version") == [HEAD], done
        assert Counter(column("SELECT revision FROM audit")) == Counter(REVISIONS), done
        assert column("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid") == [], done
        assert column("SELECT count(*) FROM pg_class WHERE relname IN ('ix_n', 'ix_b')") == [2], done
        applied = column("SELECT revision FROM runner_history WHERE outcome = 'applied' ORDER BY id")
        assert applied == list(REVISIONS), done
    again = runs.run("upgrade", env={"DATABASE_URL": url}, cwd=directory).check()
    assert again.event("run.finished")["applied"] == 0
    return done
