"""Bring many schemas to the head: `runner upgrade --targets` against a shell loop over `alembic upgrade head`.

    python -m benchmarks.fleet --schemas 50 --revisions 20 --rounds 5

Each round runs every program once, in a shuffled order, on schemas of its own: first from empty, then again with
nothing to do. All run the same directory with the same env.py, except for the one with the built-in environment.
Reported are medians of CPU seconds (of the process and its children) and wall seconds, and each as a ratio to the loop.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.directories import chain, make_directory
from tests.postgres import find_installations, start_server

ENV_PY = """\
from alembic import context
from sqlalchemy import engine_from_config, pool, text

config = context.config
schema = context.get_x_argument(as_dictionary=True)["schema"]
connectable = engine_from_config(
    config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.", poolclass=pool.NullPool
)
with connectable.connect() as connection:
    connection.execute(text("SELECT set_config('search_path', quote_ident(:schema), false)"), {"schema": schema})
    connection.commit()
    connection.dialect.default_schema_name = schema
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_LOOP = 'for schema in $(cat list.txt); do "$PYTHON" -m alembic -x schema="$schema" upgrade head || exit 1; done'


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one program over all schemas."""

    cpu_seconds: float
    wall_seconds: float


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemas", type=int, default=50)
    parser.add_argument("--revisions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found: dict[str, dict[str, list[Sample]]] = {"from empty": {}, "nothing to do": {}}
    with start_server(find_installations()[-1]) as server, tempfile.TemporaryDirectory() as scratch:
        for number in range(options.rounds):
            shuffled = list(PROGRAMS)
            random.shuffle(shuffled)
            for name in shuffled:
                url = server.url(server.create_database())
                root = prepare(Path(scratch) / f"{number}-{name.replace(' ', '-')}", url, options)
                for samples in found.values():
                    samples.setdefault(name, []).append(measure(root, url, PROGRAMS[name]))
    print(f"load {os.getloadavg()[0]:.1f}, {options.schemas} schemas, {options.revisions} revisions")
    for what, samples in found.items():
        report(what, samples)


PROGRAMS = {
    "shell loop over alembic": ["sh", "-c", _LOOP],
    "runner, env.py, 1 worker": [sys.executable, "-m", "runner", "upgrade", "--targets", "list.txt", "--workers", "1"],
    "runner, env.py, 4 workers": [sys.executable, "-m", "runner", "upgrade", "--targets", "list.txt"],
    "runner, built-in, 4 workers": [
        *(sys.executable, "-m", "runner", "upgrade", "--targets", "list.txt", "--env-py", "ignore")
    ],
}


def prepare(root: Path, url: str, options: argparse.Namespace) -> Path:
    """Make the schemas, the directory and the list; return the project folder."""
    directory = make_directory(root, chain(options.revisions, upgrade=_UPGRADE), url=url)
    (directory.scripts / "env.py").write_text(ENV_PY)
    names = [f"tenant_{number:04}" for number in range(options.schemas)]
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE SCHEMA {name}".encode())
    (root / "list.txt").write_text("".join(f"{name}\n" for name in names))
    return root


_UPGRADE = 'op.create_table("t{n}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))'


def measure(root: Path, url: str, command: list[str]) -> Sample:
    """Run a program and return what it took."""
    project = Path(__file__).resolve().parent.parent
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(project),
        "PYTHON": sys.executable,
        "DATABASE_URL": url,
    }
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode:
        raise SystemExit(f"{command} failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sample(cpu_seconds=cpu, wall_seconds=wall)


def report(what: str, samples: dict[str, list[Sample]]) -> None:
    """Print the medians as a table."""
    print(f"\n{what}\n| program | CPU s | wall s | CPU | wall |\n|---|---|---|---|---|")
    medians = {
        name: (statistics.median(one.cpu_seconds for one in runs), statistics.median(one.wall_seconds for one in runs))
        for name, runs in samples.items()
    }
    base = medians[next(iter(PROGRAMS))]
    for name in PROGRAMS:
        cpu, wall = medians[name]
        print(f"| {name} | {cpu:.2f} | {wall:.2f} | {cpu / base[0]:.2f} | {wall / base[1]:.2f} |")


if __name__ == "__main__":
    main()
