"""Whole upgrades at once in one process: threads and tasks, each with its own directory, database and context."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.directories import RevisionFile, chain, make_directory
from tests.programs import Finished, run_program

UPGRADE = """
import json
import os
import together

bind = op.get_bind()
context = op.get_context()
op.create_table("met_{n}", sa.Column("who", sa.String(200)))
other = together.meet()
seen = [bind is op.get_bind(), context is op.get_context(), context.connection is bind]
who = str(op.get_bind().engine.url.database)
op.execute(sa.text("INSERT INTO met_{n} VALUES (:who)").bindparams(who=who))
other = together.meet()
op.execute(sa.text("INSERT INTO met_{n} VALUES (:seen)").bindparams(seen=json.dumps(seen)))
with op.batch_alter_table("met_{n}") as batch_op:
    batch_op.add_column(sa.Column("extra", sa.Integer()))
    together.meet()
    batch_op.create_index("ix_{n}", ["who"])
"""
TOGETHER = """
import threading

barrier = threading.Barrier({parties}, timeout=120)


def meet():
    # Every run is inside a revision, at the same line, when any goes on.
    return barrier.wait()
"""
THREADS = """
import sys
import threading

import runner

runner.install_alembic_names()

from alembic import command
from alembic.config import Config

failures = []


def run(directory):
    try:
        command.upgrade(Config(directory + "/alembic.ini"), "head")
    except BaseException as error:
        failures.append(repr(error))
        import together

        together.barrier.abort()


threads = [threading.Thread(target=run, args=(directory,)) for directory in sys.argv[1:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failures)
"""
TASKS = """
import asyncio
import sys

import runner

runner.install_alembic_names()

from alembic import command
from alembic.config import Config


async def main():
    runs = [
        asyncio.to_thread(command.upgrade, Config(directory + "/alembic.ini"), "head") for directory in sys.argv[1:]
    ]
    return await asyncio.gather(*runs, return_exceptions=True)


print([repr(answer) for answer in asyncio.run(main()) if answer is not None])
"""


ONE_LOOP = """
import asyncio
import sys

import runner

runner.install_alembic_names()

from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine


def run(connection, config):
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


async def upgrade(directory):
    config = Config(directory + "/alembic.ini")
    engine = create_async_engine(config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(run, config)
    await engine.dispose()


async def main():
    return await asyncio.gather(*map(upgrade, sys.argv[1:]), return_exceptions=True)


print([repr(answer) for answer in asyncio.run(main()) if answer is not None])
"""
ENVIRONMENT_OF_A_CONNECTION = """
from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
TOGETHER_IN_ONE_LOOP = """
import asyncio

from alembic import op

barrier = asyncio.Barrier({parties})


async def wait(connection):
    async with asyncio.timeout(120):
        await barrier.wait()


def meet():
    # Every task is inside a revision, at the same line, when any goes on.
    op.run_async(wait)
"""


def _directories(tmp_path: Path, urls: list[str]) -> list[str]:
    """Write one directory per database, all with the same revisions, and what makes them meet."""
    (tmp_path / "together.py").write_text(TOGETHER.format(parties=len(urls)), encoding="utf-8")
    roots = []
    for number, url in enumerate(urls):
        root = tmp_path / f"project_{number}"
        revisions = [
            RevisionFile(
                revision=f"r{n}",
                down_revision=f"r{n - 1}" if n > 1 else None,
                upgrade=textwrap.dedent(UPGRADE).replace("{n}", str(n)).strip(),
            )
            for n in (1, 2, 3)
        ]
        make_directory(root, revisions, url=url)
        roots.append(str(root))
    return roots


def _run(tmp_path: Path, program: str, urls: list[str]) -> Finished:
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    command = [sys.executable, str(script), *_directories(tmp_path, urls)]
    return run_program(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})


def _rows(url: str) -> dict[str, list[Any]]:
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            tables = sorted(sa.inspect(connection).get_table_names())
            return {
                name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")] for name in tables
            }
    finally:
        engine.dispose()


def _expected(database: str) -> dict[str, list[Any]]:
    rows = [(database, None), (json.dumps([True, True, True]), None)]
    return {"alembic_version": [("r3",)], **{f"met_{n}": rows for n in (1, 2, 3)}}


PROGRAMS = pytest.mark.parametrize("program", [THREADS, TASKS], ids=["threads", "tasks"])


@PROGRAMS
def test_two_upgrades_of_sqlite_files_at_once(program: str, tmp_path: Path) -> None:
    """Both get all their revisions, rows and indexes; neither sees the other's connection or context (OP-64)."""
    files = [tmp_path / "first.sqlite", tmp_path / "second.sqlite"]
    urls = [f"sqlite:///{file}" for file in files]

    finished = _run(tmp_path, program, urls)

    assert (finished.returncode, finished.stdout.strip()) == (0, "[]"), finished.stderr
    assert [_rows(url) for url in urls] == [_expected(str(file)) for file in files]


@PROGRAMS
def test_an_upgrade_of_postgresql_beside_one_of_sqlite(program: str, tmp_path: Path, pg_url: str) -> None:
    """Two dialects at once: each run writes the SQL of its own (OP-64)."""
    file = tmp_path / "first.sqlite"
    urls = [f"sqlite:///{file}", pg_url]

    finished = _run(tmp_path, program, urls)

    assert (finished.returncode, finished.stdout.strip()) == (0, "[]"), finished.stderr
    assert _rows(urls[0]) == _expected(str(file))
    assert _rows(pg_url) == _expected(str(sa.make_url(pg_url).database))


def test_two_upgrades_in_tasks_of_one_loop(tmp_path: Path) -> None:
    """Tasks that hand over to each other within a revision keep their contexts apart (OP-23, OP-64)."""
    files = [tmp_path / "first.sqlite", tmp_path / "second.sqlite"]
    script = tmp_path / "program.py"
    script.write_text(ONE_LOOP, encoding="utf-8")
    roots = _directories(tmp_path, [f"sqlite+aiosqlite:///{file}" for file in files])
    (tmp_path / "together.py").write_text(TOGETHER_IN_ONE_LOOP.format(parties=2), encoding="utf-8")
    for root in roots:
        Path(root, "migrations", "env.py").write_text(ENVIRONMENT_OF_A_CONNECTION, encoding="utf-8")

    finished = run_program([sys.executable, str(script), *roots], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})

    assert (finished.returncode, finished.stdout.strip()) == (0, "[]"), finished.stderr
    assert [_rows(f"sqlite:///{file}") for file in files] == [_expected(str(file)) for file in files]


REVISIONS = 30
MEETINGS = 7
"""In each revision of the stress test."""
OWN_ONLY = """
import together

who = str(op.get_bind().engine.url.database)
mine = context.config, context.get_context(), context.get_bind()
for _ in range(5):
    together.meet(who)
    assert (context.config, context.get_context(), context.get_bind()) == mine, "the context of another run"
    assert (op.get_context(), op.get_bind()) == mine[1:], "op is of another run than context"
op.create_table("t{n}", sa.Column("who", sa.String(200)))
together.meet(who)
with op.batch_alter_table("t{n}", recreate="always") as batch_op:
    batch_op.add_column(sa.Column("n", sa.Integer, server_default="{n}"))
    together.meet(who)
    assert batch_op.get_bind() is mine[2]
op.execute(sa.text("INSERT INTO t{n} (who) VALUES (:who)").bindparams(who=str(op.get_bind().engine.url.database)))
"""
MEETING_PLACES = """
import asyncio
import sys
import threading

from alembic import op

sys.setswitchinterval(1e-5)
threads = threading.Barrier(2, timeout=120)
tasks = asyncio.Barrier(2)
visitors = []


async def wait(connection):
    async with asyncio.timeout(120):
        await tasks.wait()


def meet(who):
    # Nobody leaves before the other thread, or the other task, has come: that is where they switch.
    visitors.append(who)
    if "/thread_" in who:
        threads.wait()
    else:
        op.run_async(wait)
"""
EVERYBODY = """
import asyncio
import sys
import threading

import runner

runner.install_alembic_names()

import together
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

failures = []


def run(connection, config):
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


async def upgrade(directory):
    config = Config(directory + "/alembic.ini")
    engine = create_async_engine(config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(run, config)
    await engine.dispose()


async def main(directories):
    return await asyncio.gather(*map(upgrade, directories), return_exceptions=True)


def run_in_thread(directory):
    try:
        command.upgrade(Config(directory + "/alembic.ini"), "head")
    except BaseException as error:
        failures.append(error)
        together.threads.abort()


loop = threading.Thread(target=lambda: failures.extend(asyncio.run(main(sys.argv[3:]))))
others = [threading.Thread(target=run_in_thread, args=(directory,)) for directory in sys.argv[1:3]]
for thread in (loop, *others):
    thread.start()
for thread in (loop, *others):
    thread.join()
switches = sum(one != next_one for one, next_one in zip(together.visitors, together.visitors[1:]))
print([repr(failure) for failure in failures if failure is not None], len(together.visitors), switches)
"""


def test_hundreds_of_switches_between_threads_and_tasks(tmp_path: Path) -> None:
    """Two threads and two tasks, 30 revisions each, handing over 7 times in each: nobody sees another's (OP-64)."""
    (tmp_path / "together.py").write_text(MEETING_PLACES, encoding="utf-8")
    names = ["thread_1", "thread_2", "task_1", "task_2"]
    for name in names:
        driver = "sqlite+aiosqlite" if "task" in name else "sqlite"
        directory = make_directory(
            tmp_path / name, chain(REVISIONS, upgrade=OWN_ONLY.strip()), url=f"{driver}:///{tmp_path / name}.db"
        )
        if "task" in name:
            (directory.scripts / "env.py").write_text(ENVIRONMENT_OF_A_CONNECTION, encoding="utf-8")
    script = tmp_path / "program.py"
    script.write_text(EVERYBODY, encoding="utf-8")

    command = [sys.executable, str(script), *(str(tmp_path / name) for name in names)]
    finished = run_program(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})

    failures, visits, switches = finished.stdout.strip().rsplit(" ", 2)
    assert (finished.returncode, failures) == (0, "[]"), finished.stderr
    assert int(visits) == len(names) * REVISIONS * MEETINGS
    assert int(switches) > 2 * REVISIONS * MEETINGS
    for name in names:
        rows = _rows(f"sqlite:///{tmp_path / name}.db")
        assert rows.pop("alembic_version") == [(f"r{REVISIONS:04}",)]
        assert rows == {f"t{n}": [(str(tmp_path / f"{name}.db"), n)] for n in range(1, REVISIONS + 1)}
