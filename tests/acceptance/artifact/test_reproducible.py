"""The same input gives the same bytes, on another machine too, and no secret is in them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.artifacts import PATH, make_artifact
from tests.directories import Directory, RevisionFile, make_directory
from tests.programs import ROOT

CANARY = "canary-4711"
DIFFERENCES = (
    {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Pacific/Kiritimati"},
    {"PYTHONHASHSEED": "random", "LC_ALL": "C.UTF-8", "TZ": "America/St_Johns", "LANG": "tr_TR.UTF-8"},
)
EVERYTHING = (
    *PATH,
    RevisionFile(
        revision="dddd",
        down_revision="cccc",
        message="rows that only the database knows",
        upgrade="op.get_bind().execute(sa.text('SELECT id FROM t')).fetchall()",
    ),
    RevisionFile(
        revision="left",
        down_revision="dddd",
        branch_labels=("search", "orders", "billing"),
        upgrade="op.create_table('l', sa.Column('m', sa.Enum('x', 'y', name='mood')), sa.Column('n', sa.JSON))",
        downgrade="op.drop_table('l')\nop.execute('DROP TYPE mood')",
    ),
    RevisionFile(
        revision="right",
        down_revision="dddd",
        depends_on="left",
        upgrade="op.create_index('j', 't', ['note'], unique=True)",
        downgrade="op.drop_index('j', 't')",
    ),
    RevisionFile(revision="merged", down_revision=("left", "right"), upgrade="op.execute('ANALYZE t')"),
)
"""Branches, a revision that has to run online, and statements outside of transactions."""

TWO_DATABASES_AND_TENANTS = """
from alembic import context

url = context.config.get_main_option("sqlalchemy.url")
where = {"url": url} if url else {"dialect_name": "postgresql"}
for database, tenants in {"shop": ("acme", "umbrella"), "billing": (None,)}.items():
    for tenant in tenants:
        context.configure(version_table_schema=tenant, tag=tenant or database, **where)
        with context.begin_transaction():
            if tenant:
                context.execute(f"SET search_path TO {tenant}")
            context.run_migrations()
"""

ANOTHER_MACHINE = """
import datetime
import os
import time

_now = time.time


class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(days=400)


datetime.datetime = Later
time.time = lambda: _now() + 400 * 86400

_listdir, _scandir = os.listdir, os.scandir


class Backwards:
    def __init__(self, *path):
        with _scandir(*path) as entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self._entries

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def close(self):
        pass


os.scandir = Backwards
os.listdir = lambda *path: sorted(_listdir(*path), reverse=True)
"""
"""A sitecustomize.py with which every directory is read from its end, and the clock is more than a year ahead."""


def contents(bundle: Path) -> dict[str, bytes]:
    return {str(path.relative_to(bundle)): path.read_bytes() for path in sorted(bundle.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    directory = make_directory(tmp_path_factory.mktemp("reproducible") / "app", EVERYTHING)
    (directory.scripts / "env.py").write_text(TWO_DATABASES_AND_TENANTS, encoding="utf-8")
    return directory


WORDS = ("--from", "base", "--on-data", "split")


@pytest.fixture(scope="module")
def expected(directory: Directory) -> dict[str, bytes]:
    made = contents(make_artifact(directory, *WORDS, env={"PYTHONHASHSEED": "0", "TZ": "UTC"}))
    for name in ("acme", "umbrella", "billing"):
        kinds = {path.partition("_")[2] for path in made if path.startswith(f"{name}/upgrade/")}
        assert kinds == {"transactional.sql", "non_transactional.sql", "online.md"}
        assert f"{name}/downgrade/01_transactional.sql" in made
    return made


def _copied(directory: Directory, to: Path) -> Path:
    """Copy a directory file by file in the reverse order, with other times."""
    files = sorted((path for path in directory.root.rglob("*") if path.is_file()), reverse=True)
    for number, path in enumerate(files):
        if "out" in path.parts or "__pycache__" in path.parts:
            continue
        copy = to / path.relative_to(directory.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (1_000_000 + number, 2_000_000 - number))
    return to


def test_neither_machine_nor_directory_shows(directory: Directory, expected: dict[str, bytes], tmp_path: Path) -> None:
    """Hash seed, locale, zone, day, a copy elsewhere with other times and another order of files change no byte."""
    (tmp_path / "sitecustomize.py").write_text(ANOTHER_MACHINE, encoding="utf-8")
    another_machine = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    for number, env in enumerate((DIFFERENCES[0], DIFFERENCES[1] | another_machine)):
        copy = make_directory(tmp_path / f"copy{number}", ())
        shutil.rmtree(copy.root)
        _copied(directory, copy.root)
        assert contents(make_artifact(copy, *WORDS, env=env)) == expected


def test_no_secret_is_in_an_artifact(directory: Directory, expected: dict[str, bytes], pg_url: str) -> None:
    """Neither password nor host of DATABASE_URL reaches a file, and a URL changes no byte of one that needs none."""
    url = pg_url.replace("correct-horse", CANARY)  # not even used: the start is a revision
    made = contents(make_artifact(directory, *WORDS, output="other", env={"DATABASE_URL": url}))

    assert not [path for path, text in made.items() if CANARY.encode() in text or b"127.0.0.1" in text]
    assert made == expected
