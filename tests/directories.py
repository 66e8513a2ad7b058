"""Writing revision directories for tests: alembic.ini, env.py, script.py.mako, versions/."""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Directory", "Environment", "RevisionFile", "chain", "make_directory"]

Environment = Literal["generic", "async", "multidb", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFile:
    """One revision file.

    Args:
        down_revision: None is a base; a tuple is a merge.
        upgrade: the body of upgrade(), lines without indentation; `op`, `sa` and `context` are imported, and what
            run_migrations() was given is in `options`.
        downgrade: the body of downgrade().
        message: first line of the docstring, and part of the file name.
        filename: default `<revision>_<message>.py`, spaces as underscores.
        header: lines at module level, after the identifiers.
    """

    revision: str
    down_revision: str | tuple[str, ...] | None = None
    depends_on: str | tuple[str, ...] | None = None
    branch_labels: str | tuple[str, ...] | None = None
    upgrade: str = "pass"
    downgrade: str = "pass"
    message: str = "message"
    filename: str | None = None
    header: str = ""

    @property
    def name(self) -> str:
        """The file's name inside its version location."""
        return self.filename or f"{self.revision}_{self.message.replace(' ', '_')}.py"

    def text(self) -> str:
        """Return the file's contents."""
        return _REVISION.format(
            message=self.message,
            revision=self.revision,
            down_revision=self.down_revision,
            branch_labels=self.branch_labels,
            depends_on=self.depends_on,
            header=textwrap.dedent(self.header),
            upgrade=_body(self.upgrade),
            downgrade=_body(self.downgrade),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A revision directory on disk.

    Args:
        root: the project directory: give it to run_runner and run_alembic as `cwd`.
        ini: the configuration file inside it.
        scripts: the script location: env.py, script.py.mako, versions/.
    """

    root: Path
    ini: Path
    scripts: Path

    @property
    def versions(self) -> Path:
        """The only version location."""
        return self.scripts / "versions"

    def add(self, *revisions: RevisionFile) -> None:
        """Write revision files, replacing those of the same name, and their bytecode."""
        for revision in revisions:
            path = self.versions / revision.name
            path.write_text(revision.text(), encoding="utf-8")
            # Python would take it for that of the new text if that is as long and was written in the same second.
            Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)

    def set_url(self, url: str, *, section: str = "alembic") -> None:
        """Write `sqlalchemy.url`, which is where the oracle finds its database."""
        self.set_option("sqlalchemy.url", url.replace("%", "%%"), section=section)

    def set_option(self, name: str, value: str, *, section: str = "alembic") -> None:
        """Write one line of the configuration file, replacing an earlier one of that name."""
        lines = self.ini.read_text(encoding="utf-8").splitlines()
        start = lines.index(f"[{section}]") if f"[{section}]" in lines else None
        if start is None:
            lines += ["", f"[{section}]"]
            start = len(lines) - 1
        end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("[")), len(lines))
        kept = [line for line in lines[start + 1 : end] if line.partition("=")[0].strip() != name]
        text = "\n".join([*lines[: start + 1], f"{name} = {value}", *kept, *lines[end:]])
        self.ini.write_text(text + "\n", encoding="utf-8")


def make_directory(
    root: Path,
    revisions: Sequence[RevisionFile] = (),
    *,
    env: Environment = "generic",
    url: str | None = None,
) -> Directory:
    """Write a revision directory below `root` and return where its parts are.

    Args:
        env: `generic` is one synchronous database, `async` one asynchronous, `multidb` the databases `first` and
            `second` from sections of their own, `none` a directory without env.py.
        url: for alembic.ini; without it only an environment variable can name the database.
    """
    directory = Directory(root=root, ini=root / "alembic.ini", scripts=root / "migrations")
    directory.versions.mkdir(parents=True)
    directory.ini.write_text("[alembic]\nscript_location = %(here)s/migrations\n", encoding="utf-8")
    (directory.scripts / "script.py.mako").write_text(_MAKO, encoding="utf-8")
    if env != "none":
        (directory.scripts / "env.py").write_text(_ENVIRONMENTS[env], encoding="utf-8")
    if env == "multidb":
        directory.set_option("databases", "first, second")
    if url is not None:
        directory.set_url(url)
    directory.add(*revisions)
    return directory


def chain(length: int, *, upgrade: str = "pass", downgrade: str = "pass") -> list[RevisionFile]:
    """Return `length` revisions r0001, r0002, ... each on the one before; `{n}` in a body is the number."""
    revisions: list[RevisionFile] = []
    for number in range(1, length + 1):
        revisions.append(
            RevisionFile(
                revision=f"r{number:04}",
                down_revision=revisions[-1].revision if revisions else None,
                message=f"number {number}",
                upgrade=upgrade.replace("{n}", str(number)),
                downgrade=downgrade.replace("{n}", str(number)),
            )
        )
    return revisions


def _body(text: str) -> str:
    return textwrap.indent(textwrap.dedent(text).strip() or "pass", "    ")


_REVISION = '''\
"""{message}"""

import sqlalchemy as sa
from alembic import context, op

revision = {revision!r}
down_revision = {down_revision!r}
branch_labels = {branch_labels!r}
depends_on = {depends_on!r}
{header}

def upgrade(**options):
{upgrade}


def downgrade(**options):
{downgrade}
'''

_MAKO = '''\
"""${message}

Revision: ${up_revision}
Follows: ${down_revision | comma,n}
Written: ${create_date}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
'''

_GENERIC = """\
from alembic import context
from sqlalchemy import create_engine, pool

config = context.config
target_metadata = None


def offline():
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


def online():
    engine = create_engine(config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    online()
"""

_ASYNC = """\
import asyncio

from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

config = context.config


def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def online():
    engine = create_async_engine(config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(online())
"""

_MULTIDB = """\
from alembic import context
from sqlalchemy import create_engine, pool

config = context.config
names = [name.strip() for name in config.get_main_option("databases").split(",")]


def url_of(name):
    return config.get_section_option(name, "sqlalchemy.url")


def offline():
    for name in names:
        with open(name + ".sql", "w") as file:
            context.configure(url=url_of(name), output_buffer=file, literal_binds=True)
            with context.begin_transaction():
                context.run_migrations(engine_name=name)


def online():
    for name in names:
        engine = create_engine(url_of(name), poolclass=pool.NullPool)
        with engine.connect() as connection:
            context.configure(connection=connection, upgrade_token=name + "_upgrades")
            with context.begin_transaction():
                context.run_migrations(engine_name=name)


if context.is_offline_mode():
    offline()
else:
    online()
"""

_ENVIRONMENTS = {"generic": _GENERIC, "async": _ASYNC, "multidb": _MULTIDB}
