"""Artifacts for tests: a path with every kind of phase, and the ways to apply a file."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from runner.artifact.splitting import statements_of
from tests.directories import Directory, RevisionFile
from tests.postgres import _client, libpq_url
from tests.programs import run_runner

__all__ = ["PATH", "Applied", "apply_all", "by_psql", "by_psycopg", "files", "make_artifact", "manifest"]

PATH = (
    RevisionFile(
        revision="aaaa",
        message="a table",
        upgrade="op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Text))",
        downgrade="op.drop_table('t')",
    ),
    RevisionFile(
        revision="bbbb",
        down_revision="aaaa",
        message="an index beside the traffic",
        upgrade=(
            "t = sa.table('t', sa.column('id', sa.Integer), sa.column('name', sa.Text))\n"
            "op.bulk_insert(t, [{'id': 1, 'name': \"it's 100% \\\\ :x\"}, {'id': 2, 'name': 'a;\\nb'}])\n"
            "with op.get_context().autocommit_block():\n"
            "    op.create_index('i', 't', ['name'], postgresql_concurrently=True)\n"
            "op.execute('UPDATE t SET id = id + 10')"
        ),
        downgrade=(
            "with op.get_context().autocommit_block():\n"
            "    op.drop_index('i', 't', postgresql_concurrently=True)\n"
            "op.execute('DELETE FROM t')"
        ),
    ),
    RevisionFile(
        revision="cccc",
        down_revision="bbbb",
        message="a column",
        upgrade="op.add_column('t', sa.Column('note', sa.Text, server_default='50%'))\n"
        'op.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$")',
        downgrade="op.execute('DROP FUNCTION f()')\nop.drop_column('t', 'note')",
    ),
)


def make_artifact(directory: Directory, *options: str, output: str = "out", env: dict[str, str] | None = None) -> Path:
    """Write an artifact for PostgreSQL and return its directory."""
    words = () if env and "DATABASE_URL" in env else ("--dialect", "postgresql")
    run_runner("artifact", "--output", output, *words, *options, cwd=directory.root, env=env or {}).check()
    return directory.root / output


def files(bundle: Path, direction: str = "upgrade") -> list[Path]:
    """Return the files of a direction, in order."""
    return sorted((bundle / direction).iterdir())


def manifest(bundle: Path) -> Any:
    """Return the manifest."""
    return json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))


class Applied:
    """How the application of one file ended."""

    def __init__(self, returncode: int, message: str) -> None:
        self.returncode = returncode
        self.message = message


def by_psql(url: str, path: Path, *options: str) -> Applied:
    """Apply a file as a DBA does, without any option that the README does not give."""
    command = [str(_client("psql")), libpq_url(url), *options, "-f", str(path)]
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PSQLRC": os.devnull, "TZ": "UTC"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return Applied(done.returncode, done.stderr)


def by_psycopg(url: str, path: Path) -> Applied:
    """Send a file of `--client any` as docs/artifact.md says of other clients, and look at the session at an error.

    A transactional file is one text; the statements of any other are sent one by one.
    """
    text = path.read_text(encoding="utf-8")
    assert "\n\\" not in text, "the file has commands of psql"
    texts = statements_of(text) if "non_transactional" in path.name else (text,)
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        session = connection.execute(_SESSION).fetchone()
        try:
            for one in texts:
                connection.execute(one.encode())
        except psycopg.Error as error:
            connection.rollback()
            if len(texts) == 1:  # else closing is what gives back the lock and the settings
                assert connection.execute(_SESSION).fetchone() == session
            return Applied(1, f"{error.sqlstate}: {error}")
    return Applied(0, "")


_SESSION = """
SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('search_path'),
       coalesce(current_setting('runner_artifact.started', true), ''),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
       (SELECT array_agg(name ORDER BY name) FROM pg_settings WHERE source = 'session')
"""


def apply_all(url: str, paths: Sequence[Path], how: Callable[[str, Path], Applied] = by_psql) -> None:
    """Apply files in order; each must succeed."""
    for path in paths:
        done = how(url, path)
        assert done.returncode == 0, f"{path.name}: {done.message}"
