"""The migrations of published packages, ready to be run by the runner and by Alembic.

`make realdirs` prepares both parts: the unpacked packages below .cache/realdirs, and .venv-realdirs with what their
env.py files import. Every env.py runs as it was published; argilla_server alone gets an empty package __init__, because
importing the real one starts its web application, and jupyterhub a stand-in for the module of its web application.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from tests.oracle import Finished, pg_dump, psql, run_program, sqlite_dump
from tests.programs import ROOT
from tools.realdirs import unpacked

__all__ = ["REAL_DIRECTORIES", "Dialect", "Placed", "RealDirectory", "Snapshot", "real_directory"]

Dialect = Literal["postgresql", "sqlite"]

_PYTHON = ROOT / ".venv-realdirs" / "bin" / "python"
_COMPLETE = ROOT / ".venv-realdirs" / ".complete"

_INI = """\
[alembic]
script_location = {location}
sqlalchemy.url = {url}

[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = WARNING
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain

[formatter_plain]
format = %(levelname)s %(message)s
"""


def _no_variables(_url: str) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RealDirectory:
    """The migrations of one package, and how far Alembic itself gets with them.

    Args:
        package: import name.
        location: the script location inside the package.
        head: the only head.
        downgrade_to: the furthest revision Alembic can downgrade to; beyond it the package's own code fails.
        offline_upgrades: the longer ranges `A:B` whose revisions need no database, by dialect that works.
        offline_downgrades: the same for downgrades.
        baseline: SQL of the database the migrations start from, if they do not start from nothing.
        start: the version row of that database.
        stand_ins: a directory with what takes the place of modules that need more than its env.py does.
        variables: URL -> environment variables its env.py reads.
    """

    package: str
    location: str
    head: str
    downgrade_to: str
    offline_upgrades: Mapping[Dialect, tuple[str, ...]]
    offline_downgrades: Mapping[Dialect, tuple[str, ...]]
    baseline: Path | None = None
    start: str = "base"
    stand_ins: Path | None = None
    variables: Callable[[str], dict[str, str]] = field(default=_no_variables)

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The databases Alembic brings this directory to its head on."""
        return tuple(self.offline_upgrades)


def _argilla_variables(url: str) -> dict[str, str]:
    asynchronous = url.replace("sqlite://", "sqlite+aiosqlite://").replace("+psycopg:", "+asyncpg:")
    return {"ARGILLA_DATABASE_URL": asynchronous, "ARGILLA_HOME_PATH": "/tmp"}


REAL_DIRECTORIES = (
    RealDirectory(
        package="optuna",
        location="optuna/storages/_rdb/alembic",
        head="v3.2.0.a",
        downgrade_to="v3.0.0.c",
        offline_upgrades={
            "postgresql": ("base:v1.2.0.a", "v2.4.0.a:v2.6.0.a", "v3.0.0.d:v3.2.0.a"),
            "sqlite": ("base:v0.9.0.a", "v3.0.0.d:v3.2.0.a"),
        },
        offline_downgrades={
            "postgresql": ("v3.2.0.a:v3.0.0.d", "v3.0.0.b:v3.0.0.a", "v2.6.0.a:v1.3.0.a", "v1.2.0.a:base"),
            "sqlite": ("v3.2.0.a:v3.0.0.d", "v2.4.0.a:v1.3.0.a", "v0.9.0.a:base"),
        },
    ),
    RealDirectory(
        package="jupyterhub",
        location="jupyterhub/alembic",
        head="f460b0348206",
        downgrade_to="3c2384c5aae1",
        offline_upgrades={
            "postgresql": ("base:3ec6993fe20c", "4dc2d5a8c53c:833da8570507", "afd65840b69e:f460b0348206"),
            "sqlite": ("base:3ec6993fe20c", "afd65840b69e:f460b0348206"),
        },
        offline_downgrades={
            "postgresql": ("651f5419b74d:4dc2d5a8c53c", "1cebaf56856c:3ec6993fe20c", "af4cbdb2d13c:base"),
            "sqlite": ("f460b0348206:afd65840b69e", "896818069c98:56cc5a70207e"),
        },
        baseline=Path(__file__).with_name("jupyterhub_0_9.sql"),
        start="99a28a4418e1",
        stand_ins=Path(__file__).with_name("stand_ins_jupyterhub"),
    ),
    RealDirectory(
        package="ckan",
        location="ckan/migration",
        head="9445ce34fc23",
        downgrade_to="fd6622e3d964",
        offline_upgrades={"postgresql": ("base:8ea886d0ede4", "f98d8fa2a7f7:9445ce34fc23")},
        offline_downgrades={"postgresql": ("9445ce34fc23:fd6622e3d964", "edcf3b8c3c1b:base")},
    ),
    RealDirectory(
        package="argilla_server",
        location="argilla_server/alembic",
        head="580a6553186f",
        downgrade_to="base",
        offline_upgrades={
            "postgresql": ("base:580a6553186f",),
            "sqlite": ("base:b8458008b60e", "84f6b9ff6076:bda6fe24314e", "45a12f74448b:580a6553186f"),
        },
        offline_downgrades={
            "postgresql": ("580a6553186f:base",),
            "sqlite": ("580a6553186f:d00f819ccc67", "ca7293c38970:base"),
        },
        variables=_argilla_variables,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything two databases are compared by; version rows are among the rows."""

    schema: str
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A real directory with a configuration file that points it at one database.

    Args:
        ini: alembic.ini with the script location and the URL.
        variables: what the programs need in their environment, import path included.
    """

    directory: RealDirectory
    url: str
    ini: Path
    variables: Mapping[str, str]

    def run_alembic(self, *args: str) -> Finished:
        """Run Alembic, the oracle, with the packages this directory imports."""
        return self._run("alembic", "-c", str(self.ini), *args)

    def run_runner(self, *args: str) -> Finished:
        """Run the runner on the same directory; the URL comes from the environment, as in a deployment."""
        return self._run("runner", "-c", str(self.ini), *args, variables={"DATABASE_URL": self.url})

    def differences(self, engine: Literal["alembic", "runner"]) -> list[str]:
        """Return what an engine's `check` finds, a line for each difference."""
        return self._run("tests.realdirs.print_differences", engine, str(self.ini)).check().stdout.splitlines()

    def _run(self, module: str, *args: str, variables: Mapping[str, str] | None = None) -> Finished:
        return run_program(
            [str(_PYTHON), "-m", module, *args],
            cwd=self.ini.parent,
            env={**self.variables, **(variables or {})},
        )

    def prepare(self) -> None:
        """Load the database the migrations start from, if they do not start from nothing."""
        baseline = self.directory.baseline
        if baseline is None:
            return
        if self.url.startswith("sqlite"):
            with sqlite3.connect(self.sqlite_path) as connection:
                connection.executescript(baseline.read_text(encoding="utf-8"))
            connection.close()
        else:
            loaded = psql(self.url, baseline)
            assert loaded.returncode == 0, loaded.stderr

    @property
    def sqlite_path(self) -> Path:
        """The database file, on SQLite."""
        return Path(self.url.removeprefix("sqlite:///"))

    def snapshot(self) -> Snapshot:
        """Return what is in the database now."""
        if self.url.startswith("sqlite"):
            lines = sqlite_dump(self.sqlite_path).splitlines()
            rows = [line for line in lines if line.startswith("INSERT")]
            return Snapshot(schema="\n".join(line for line in lines if line not in rows), rows=tuple(sorted(rows)))
        rows = pg_dump(self.url, "--data-only", "--inserts", "--no-owner").splitlines()
        return Snapshot(schema=pg_dump(self.url), rows=tuple(sorted(rows)))


def real_directory(directory: RealDirectory, url: str, workplace: Path) -> Placed:
    """Return a directory pointed at a database; skips if `make realdirs` has not run.

    Args:
        url: SQLAlchemy URL; whoever connects prepares the database first.
        workplace: an existing directory for the configuration file.
    """
    if not _COMPLETE.exists():
        pytest.skip("the migrations of published packages are not here: make realdirs")
    root = unpacked(directory.package)
    ini = workplace / "alembic.ini"
    ini.write_text(
        _INI.format(location=str(root / directory.location).replace("%", "%%"), url=url.replace("%", "%%")),
        encoding="utf-8",
    )
    found_in = ":".join(str(one) for one in (directory.stand_ins, root, ROOT) if one is not None)
    variables = {"PYTHONPATH": found_in, "PYTHONWARNINGS": "ignore", **directory.variables(url)}
    return Placed(directory=directory, url=url, ini=ini, variables=variables)
