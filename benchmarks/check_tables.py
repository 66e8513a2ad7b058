"""Compare a model of many tables with the database it was made from: this engine against Alembic, interleaved.

    python -m benchmarks.check_tables --tables 1000 --rounds 5 [--dialect sqlite] [--profile]

Each round runs each program once in a process of its own, in shuffled order: connect, build the model (not measured),
compare (measured: CPU of the process, wall, number of statements sent). Medians and ratios.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

PROGRAMS = ("alembic", "runner")


def build_model(tables: int) -> sa.MetaData:
    """Return a model of ordinary tables: ten columns, a foreign key, two indexes, a unique constraint, a few checks."""
    metadata = sa.MetaData()
    for number in range(tables):
        name = f"table_{number:05}"
        items: list[Any] = [
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(100), nullable=False, index=True),
            sa.Column("code", sa.String(20)),
            sa.Column("amount", sa.Numeric(12, 2), server_default="0"),
            sa.Column("active", sa.Boolean, nullable=False),
            sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now()),
            sa.Column("day", sa.Date),
            sa.Column("payload", sa.JSON),
            sa.Column("note", sa.Text),
            sa.Column("parent_id", sa.Integer, index=True),
            sa.UniqueConstraint("code", name=f"uq_{name}_code"),
        ]
        if number:
            target = f"table_{number // 2:05}.id"
            items.append(sa.ForeignKeyConstraint(["parent_id"], [target], name=f"fk_{name}_parent", ondelete="CASCADE"))
        if number % 10 == 0:
            items.append(sa.CheckConstraint("amount >= 0", name=f"ck_{name}_amount"))
        sa.Table(name, metadata, *items)
    return metadata


def measure(program: str, url: str, tables: int, *, profile: bool) -> dict[str, float]:
    """Compare once and return what it cost."""
    metadata = build_model(tables)
    engine = sa.create_engine(url)
    statements = [0]
    sa.event.listen(engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
    compare, context_class = _program(program)
    profiler = cProfile.Profile(time.process_time)  # waiting for the server is not the question
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        statements[0] = 0
        wall, cpu = time.perf_counter(), time.process_time()
        if profile:
            profiler.enable()
        found = compare(context_class.configure(connection), metadata)
        profiler.disable()
        cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "statements": statements[0]}
    if profile:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(60)
    cost["differences"] = len(found)
    return cost


def _program(program: str) -> tuple[Any, Any]:
    if program == "alembic":
        from alembic.autogenerate import compare_metadata
        from alembic.runtime.migration import MigrationContext

        return compare_metadata, MigrationContext
    from runner.autogenerate.api import compare_metadata as ours
    from runner.migration.context import MigrationContext as OurContext

    return ours, OurContext


def main() -> None:
    """Run the benchmark, or one measurement of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dialect", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--one", choices=PROGRAMS)
    parser.add_argument("--url")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.url, arguments.tables, profile=arguments.profile)))
        return
    with ExitStack() as stack:
        url = _database(stack, arguments.dialect)
        engine = sa.create_engine(url)
        build_model(arguments.tables).create_all(engine)
        engine.dispose()
        _rounds(url, arguments)


def _database(stack: ExitStack, dialect: str) -> str:
    if dialect == "sqlite":
        return f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/db.sqlite"
    from tests.postgres import find_installations, start_server

    server = stack.enter_context(start_server(find_installations()[-1]))
    return server.url(server.create_database())


def _rounds(url: str, arguments: argparse.Namespace) -> None:
    costs: dict[str, list[dict[str, float]]] = {program: [] for program in PROGRAMS}
    for _ in range(arguments.rounds):
        for program in random.sample(PROGRAMS, len(PROGRAMS)):
            costs[program].append(_one(program, url, arguments))
    medians = {
        program: {name: statistics.median(cost[name] for cost in found) for name in found[0]}
        for program, found in costs.items()
    }
    for program, median in medians.items():
        print(program, {name: round(value, 3) for name, value in median.items()})
    for name in ("cpu", "wall", "statements"):
        print(f"{name}: {medians['runner'][name] / medians['alembic'][name]:.2f} of Alembic's")


def _one(program: str, url: str, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", program, "--url", url, "--tables", str(arguments.tables)]
    if arguments.profile and program == "runner":
        command.append("--profile")
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT)
    result: dict[str, float] = json.loads(finished.stdout)
    return result


if __name__ == "__main__":
    main()
