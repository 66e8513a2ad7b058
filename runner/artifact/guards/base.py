"""What the writers of all databases share: the options, and the text around statements."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import table

from runner.artifact.phases import Part, Phase
from runner.artifact.recording import Recording, ServerRange
from runner.database.limits import TimeLimits
from runner.database.lock import LockKey

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = [
    "Client",
    "Guard",
    "PhaseWriter",
    "WritingOptions",
    "comment",
    "heading",
    "one_line",
    "quoted",
    "rows_text",
    "table_beside",
    "unless_there",
]


class Client(enum.Enum):
    """What reads the files."""

    NATIVE = "native"
    """The database's own command line: psql, sqlite3, mysql, sqlcmd, SQL*Plus."""
    ANY = "any"
    """Anything that sends SQL; the files hold no commands of a client, so the client has to stop at an error itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingOptions:
    """What the files are written with, beside the recording.

    Args:
        bundle_id: tells this bundle from others; the history has it as the run's id. 64 hexadecimal digits.
        tool_version: of this package.
        client: who reads the files.
        server: the servers the files may be applied to.
        schema: what current_schema() has to be; None leaves it open.
        lock: the key of the advisory lock that an online run takes.
        limits: the time limits of an online run, as far as the operator gave any.
        history: the side table is written where it is there.
    """

    bundle_id: str
    tool_version: str
    client: Client
    server: ServerRange
    schema: str | None
    lock: LockKey
    limits: TimeLimits = field(default_factory=TimeLimits)
    history: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One thing that stops a file, for the DBA's page.

    Args:
        code: what the error carries, where the database has room for one.
        sentence: how the message begins.
        meaning: what it means and what to do.
    """

    code: str
    sentence: str
    meaning: str


class PhaseWriter(Protocol):
    """Writes the files for one database."""

    native_client: str
    """The name of the database's own command line."""
    guards: tuple[Guard, ...]
    """What can stop the files."""
    has_journal: bool
    """Statements that stand alone are noted in the journal of an online run."""

    def apply_command(self, path: str) -> str:
        """Return the command line that applies a file."""

    def text(self, phase: Phase, recording: Recording, options: WritingOptions, *, total: int) -> str:
        """Return the contents of the file of a phase that is not an online one; `total` is the number of phases."""


def rows_text(rows: Iterable[str]) -> str:
    """Return version rows for people."""
    return ", ".join(rows) or "none (base)"


def one_line(text: str) -> str:
    """Return a text on one line, so that it stays inside a comment."""
    return " ".join(text.split())


def comment(text: str) -> str:
    """Return a line of comment."""
    return f"-- {one_line(text)}"


def quoted(text: str) -> str:
    """Return a standard SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def unless_there(create_table: str) -> str:
    """Return CREATE TABLE with IF NOT EXISTS."""
    return create_table.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1)


def table_beside(recording: Recording, name: str, dialect: Dialect) -> str:
    """Return the quoted name of a table that is where the version table is."""
    return dialect.identifier_preparer.format_table(table(name, schema=recording.version_table_schema))


def heading(part: Part) -> str:
    """Return the comment above a revision's statements."""
    revision = part.revision
    if part.begins and part.ends:
        which = ""
    else:
        which = " (begins)" if part.begins else " (ends)" if part.ends else " (goes on)"
    return comment(f"---- revision {revision.revision}{which}: {revision.message} [{revision.path}]")
