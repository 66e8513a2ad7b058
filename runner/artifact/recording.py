"""What a run would send, as values: the statements of each revision, in order. Nothing here decides or writes."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from runner.dialects.statement import ParameterSets, Statement
from runner.dialects.statement_kind import StatementKind
from runner.graph import Direction
from runner.migration.revision_limits import NO_LIMITS, RevisionLimits

__all__ = ["Note", "Obstacle", "RecordedRevision", "RecordedStatement", "Recording", "Role", "ServerRange"]


class Role(enum.Enum):
    """Who wrote a statement."""

    OPERATION = "operation"
    """The revision, or env.py around it."""
    VERSION_ROW = "version-row"
    """The runner: a change of the version table."""
    TEXT = "text"
    """The revision, as text that is no statement the runner knows: comments, or what static_output() was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStatement:
    """One SQL statement as the server shall receive it.

    Args:
        sql: its text, without terminator.
        script: the same as the database's own client wants it, terminator included.
        construct: the SQLAlchemy construct it was rendered from; None for text.
        parameters: what was given with the construct.
        online: what an online run would send, of which this may be a part: a row of many; None for text.
        is_operation: it came from an operation; false where the revision gave it to its connection itself.
        transactional: it is not inside an autocommit block.
        kind: how patient it may be.
        role: who wrote it.
        file, line: where the revision asked for it, the file relative to the directory; empty and 0 if unknown.
    """

    sql: str
    script: str
    construct: object | None = field(default=None, compare=False, repr=False)
    parameters: ParameterSets = field(default=None, compare=False, repr=False)
    online: Statement | None = field(default=None, compare=False, repr=False)
    is_operation: bool = True
    transactional: bool = True
    kind: StatementKind
    role: Role = Role.OPERATION
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a revision cannot be written as SQL.

    Args:
        revision: the revision.
        file: relative to the revision directory.
        line: in the file; 0 if unknown.
        reason: a sentence.
    """

    revision: str
    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a reviewer should know about a revision, though its SQL could be written.

    Args:
        code: stable key.
        revision: empty where it concerns them all.
        file, line: as for an obstacle; empty and 0 where it is no line.
        text: a sentence.
    """

    code: str
    revision: str = ""
    file: str = ""
    line: int = 0
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRange:
    """The major versions of the server that the SQL is for, both ends included; None leaves an end open."""

    minimum: int | None = None
    maximum: int | None = None

    def __str__(self) -> str:
        if self.minimum is not None and self.minimum == self.maximum:
            return str(self.minimum)
        low = "" if self.minimum is None else str(self.minimum)
        return f"{low}-{'' if self.maximum is None else self.maximum}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRevision:
    """One revision's turn: what it sends, and what it does to the version table.

    Args:
        down_revisions: its parents, resolved to ids.
        depends_on: what it depends on beside them, resolved to ids.
        branch_labels: sorted.
        message: the first paragraph of the docstring.
        doc: the whole docstring.
        path: relative to the revision directory.
        source_digest: SHA-256 of the file, line ends aside; empty where there is no source.
        syntax_digest: SHA-256 of the program in it, as the history keeps it; None where there is none.
        statements: in order; the changes of the version table come last. Empty behind an obstacle, but for those.
        heads_before, heads_after: the version rows, sorted.
        limits: what the file says about its own time limits.
        obstacle: why it must run online, if it must.
        notes: what a reviewer should know.
    """

    revision: str
    down_revisions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    message: str = ""
    doc: str = ""
    path: str = ""
    source_digest: str = ""
    syntax_digest: str | None = None
    statements: tuple[RecordedStatement, ...] = ()
    heads_before: tuple[str, ...] = ()
    heads_after: tuple[str, ...] = ()
    limits: RevisionLimits = NO_LIMITS
    obstacle: Obstacle | None = None
    notes: tuple[Note, ...] = ()

    @property
    def own_statements(self) -> tuple[RecordedStatement, ...]:
        """The statements without those of the version table."""
        return tuple(one for one in self.statements if one.role is not Role.VERSION_ROW)

    @property
    def version_statements(self) -> tuple[RecordedStatement, ...]:
        """The changes of the version table."""
        return tuple(one for one in self.statements if one.role is Role.VERSION_ROW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What one direction of an artifact sends to one database.

    Args:
        name: tells the databases of one environment apart; empty where there is one.
        dialect_name: SQLAlchemy's.
        server: the servers it is for.
        direction: upgrade or downgrade.
        start, end: the version rows before and after, sorted.
        version_table, version_table_schema: where they are; no schema is the session's default.
        version_table_sql: creates the version table.
        transactional: DDL is part of transactions on this database.
        terminator: ends a statement.
        separator: follows a statement on a line of its own, such as `GO`; empty for none.
        before: what env.py sends before the revisions, such as `SET search_path`.
        after: what it sends behind them.
        revisions: in the order in which they run.
        notes: about the environment.
    """

    name: str = ""
    dialect_name: str
    server: ServerRange = field(default_factory=ServerRange)
    direction: Direction
    start: tuple[str, ...]
    end: tuple[str, ...]
    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    version_table_sql: str = ""
    transactional: bool = True
    terminator: str = ";"
    separator: str = ""
    before: tuple[RecordedStatement, ...] = ()
    after: tuple[RecordedStatement, ...] = ()
    revisions: tuple[RecordedRevision, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What keeps revisions from being written as SQL."""
        return tuple(one.obstacle for one in self.revisions if one.obstacle is not None)

    def all_notes(self) -> Iterator[Note]:
        """Iterate over the notes of the environment and of the revisions."""
        yield from self.notes
        for revision in self.revisions:
            yield from revision.notes
