"""Compare `runner` with `alembic` on the same directory and database, in interleaved runs, as ratios.

    python -m benchmarks.compare noop  --revisions 1 100 1000 10000 --rounds 7
    python -m benchmarks.compare apply --revisions 1000 --rounds 5

Each round runs every program once, in a shuffled order, so that whatever else the machine does hits all
alike. Reported are medians of CPU seconds (user + system of the process), wall seconds and peak memory, and
each as a ratio to Alembic's. A private PostgreSQL is started from the same places the tests use;
RUNNER_BENCHMARK_DSN names another one.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.postgres import find_installations, start_server

ROOT = Path(__file__).resolve().parent.parent

ENV_PY = """\
import os

from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
connectable = engine_from_config(
    config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
)
with connectable.connect() as connection:
    options = {"transaction_per_migration": True} if "BENCHMARK_PER_REVISION" in os.environ else {}
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = '''\
"""revision {number}

Revision ID: {revision}
Revises: {down}
Create Date: 2026-01-01 00:00:00
"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers
revision: str = "{revision}"
down_revision: Union[str, Sequence[str], None] = {down!r}
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.execute("INSERT INTO benchmark (n) VALUES ({number})")


def downgrade() -> None:
    op.execute("DELETE FROM benchmark WHERE n = {number}")
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one program."""

    cpu_seconds: float
    wall_seconds: float
    peak_mebibytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is compared: a name, a command line, and what its environment adds."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]


def main() -> None:
    """Run one comparison and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["noop", "apply"])
    parser.add_argument("--revisions", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sqlite", action="store_true", help="a file instead of PostgreSQL")
    options = parser.parse_args()
    with databases(sqlite=options.sqlite) as make_url:
        for count in options.revisions:
            with tempfile.TemporaryDirectory() as scratch:
                directory = write_directory(Path(scratch), count)
                measure = measure_noop if options.what == "noop" else measure_apply
                report(f"{options.what}, {count} revisions", measure(directory, make_url, options.rounds))


@contextmanager
def databases(*, sqlite: bool) -> Iterator[Callable[[], str]]:
    """Yield a function that makes an empty database and returns its URL."""
    if sqlite:
        with tempfile.TemporaryDirectory() as scratch:
            numbers = iter(range(1_000_000))
            yield lambda: f"sqlite:///{scratch}/{next(numbers)}.db"
        return
    with start_server(find_installations()[-1]) as server:
        yield lambda: server.url(server.create_database())


def write_directory(root: Path, count: int) -> Path:
    """Write an Alembic directory with a chain of `count` revisions; return the project folder."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (root / "migrations" / "env.py").write_text(ENV_PY)
    for number in range(count):
        revision = f"{number:012x}"
        down = f"{number - 1:012x}" if number else None
        (versions / f"{revision}_revision_{number}.py").write_text(
            REVISION.format(number=number, revision=revision, down=down)
        )
    return root


def programs(directory: Path, url: str) -> list[Program]:
    """Return the programs to compare on one database."""
    python = Path(sys.executable)
    ini = directory / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url.replace('%', '%%')}\n")
    runner = (str(python), "-m", "runner", "upgrade")
    return [
        Program(name="alembic", command=(str(python), "-m", "alembic", "upgrade", "head"), environment={}),
        Program(name="runner, env.py", command=runner, environment={"DATABASE_URL": url}),
        Program(
            name="runner, built-in environment",
            command=runner,
            environment={"DATABASE_URL": url, "RUNNER_ENV_PY": "ignore"},
        ),
    ]


def applying(directory: Path, url: str) -> list[Program]:
    """Return the programs to compare where revisions are applied: also each with the other's transactions."""
    alembic, with_env_py, built_in = programs(directory, url)
    return [
        alembic,
        replace(alembic, name="alembic, per revision", environment={"BENCHMARK_PER_REVISION": "1"}),
        with_env_py,
        built_in,
        replace(
            built_in,
            name="runner, built-in, one transaction",
            environment={**built_in.environment, "RUNNER_TRANSACTION": "run"},
        ),
    ]


def measure_noop(directory: Path, make_url: Callable[[], str], rounds: int) -> dict[str, list[Sample]]:
    """Measure runs that find the database at head already."""
    url = make_url()
    prepare(url)
    compared = programs(directory, url)
    run(compared[0], directory)  # brings the database to head, and fills Alembic's bytecode cache
    samples: dict[str, list[Sample]] = {program.name: [] for program in compared}
    for program in compared:
        run(program, directory)
    for _ in range(rounds):
        for program in random.sample(compared, len(compared)):
            samples[program.name].append(run(program, directory))
    return samples


def measure_apply(directory: Path, make_url: Callable[[], str], rounds: int) -> dict[str, list[Sample]]:
    """Measure runs from empty to head, each on a fresh database, and psql fed the same SQL."""
    samples: dict[str, list[Sample]] = {}
    script = None
    for _ in range(rounds):
        names = [program.name for program in applying(directory, "sqlite://")]
        for index in random.sample(range(len(names)), len(names)):
            url = make_url()
            prepare(url)
            program = applying(directory, url)[index]
            samples.setdefault(program.name, []).append(run(program, directory))
        if shutil.which("psql") and not url.startswith("sqlite"):
            url = make_url()
            prepare(url)
            script = script or offline_script(directory, url)
            libpq = url.replace("+psycopg", "")
            psql = Program(name="psql -f", command=("psql", "-q", "-d", libpq, "-f", str(script)), environment={})
            samples.setdefault(psql.name, []).append(run(psql, directory))
    return samples


def offline_script(directory: Path, url: str) -> Path:
    """Return a file with the SQL of the whole directory."""
    out = directory / "all.sql"
    environment = {**os.environ, "DATABASE_URL": url, "RUNNER_ENV_PY": "ignore", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "runner", "upgrade", "--sql"]
    with out.open("w") as file:
        subprocess.run(command, cwd=directory, env=environment, stdout=file, check=True, stderr=subprocess.DEVNULL)
    return out


def prepare(url: str) -> None:
    """Create the table that the revisions write to."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE benchmark (n INTEGER)"))
    engine.dispose()


def run(program: Program, directory: Path) -> Sample:
    """Run a program once and measure it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RUNNER_")}
    environment |= program.environment | {"PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(program.command, cwd=directory, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{program.name} failed:\n{output.read().decode()}")
    return Sample(cpu_seconds=usage.ru_utime + usage.ru_stime, wall_seconds=wall, peak_mebibytes=usage.ru_maxrss / 1024)


def report(title: str, samples: dict[str, list[Sample]]) -> None:
    """Print medians, and ratios to Alembic's."""
    print(f"\n{title}")
    print(f"{'':32}{'CPU s':>9}{'ratio':>7}{'wall s':>9}{'ratio':>7}{'MiB':>8}{'ratio':>7}")
    base = [statistics.median(column) for column in columns(samples["alembic"])]
    for name, rows in samples.items():
        medians = [statistics.median(column) for column in columns(rows)]
        cells = "".join(
            f"{value:{width}.{digits}f}{value / reference:7.2f}"
            for value, reference, width, digits in zip(medians, base, (9, 9, 8), (3, 3, 0), strict=True)
        )
        print(f"{name:32}{cells}")


def columns(rows: list[Sample]) -> tuple[list[float], list[float], list[float]]:
    """Return the samples as columns."""
    return (
        [row.cpu_seconds for row in rows],
        [row.wall_seconds for row in rows],
        [row.peak_mebibytes for row in rows],
    )


if __name__ == "__main__":
    main()
