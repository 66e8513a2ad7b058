"""The real Alembic, asked about a graph that exists only in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

from alembic.runtime.migration import HeadMaintainer
from alembic.script import ScriptDirectory
from alembic.script.revision import Revision as AlembicRevision
from alembic.script.revision import RevisionMap

from runner.graph import Revision

__all__ = [
    "OracleStep",
    "Refused",
    "alembic_history",
    "alembic_map",
    "alembic_plan",
    "alembic_steps",
    "answer",
    "ids_of",
]


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An error instead of an answer."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleStep:
    """One of Alembic's steps: whose turn, the row changes as text, the rows afterwards."""

    revision: str
    changes: str
    rows: tuple[str, ...]


class _Revision(AlembicRevision):
    """What Alembic's steps ask of a script, without a file."""

    doc = ""
    module = SimpleNamespace(upgrade=lambda: None, downgrade=lambda: None)


class _Rows(HeadMaintainer):
    """Alembic's own bookkeeping of version rows, writing down what it would execute."""

    def __init__(self, rows: Sequence[str]) -> None:
        self.heads = set(rows)
        self.changes: list[str] = []

    def _insert_version(self, version: str) -> None:
        if version in self.heads:
            raise KeyError(version)
        self.heads.add(version)
        self.changes.append(f"+{version}")

    def _delete_version(self, version: str) -> None:
        self.heads.remove(version)
        self.changes.append(f"-{version}")

    def _update_version(self, from_: str, to_: str) -> None:
        self.heads.remove(from_)
        self.heads.add(to_)
        self.changes.append(f"{from_}>{to_}")


def answer(question: Callable[[], T]) -> T | Refused:
    """Return what the call returns, or its error; whatever error, a crash included."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return question()
    except Exception as error:  # noqa: BLE001 a KeyError of Alembic's is an answer too
        return Refused(kind=type(error).__name__, message=str(error))


def alembic_map(revisions: Sequence[Revision]) -> RevisionMap:
    """Return Alembic's graph; the order of the revisions is the order of the files."""
    made = [
        _Revision(
            entry.revision,
            entry.down_revisions or None,
            dependencies=entry.depends_on or None,
            branch_labels=entry.branch_labels or None,
        )
        for entry in revisions
    ]
    return RevisionMap(lambda: made)


def alembic_plan(graph: RevisionMap, verb: str, rows: tuple[str, ...], target: Any) -> list[OracleStep]:
    """Return the steps of an upgrade, downgrade or stamp with what they do to the rows."""
    directory = ScriptDirectory.__new__(ScriptDirectory)  # without a directory on disk
    directory.revision_map = graph
    return _followed(alembic_steps(directory, verb, rows, target), rows)


def alembic_steps(directory: ScriptDirectory, verb: str, rows: tuple[str, ...], target: Any) -> Iterable[Any]:
    """Return Alembic's steps from the rows to the target."""
    names = {"upgrade": "_upgrade_revs", "downgrade": "_downgrade_revs", "stamp": "_stamp_revs"}
    # Looked up by name: they are annotated as taking one row, and Alembic itself calls them with all rows.
    steps: Iterable[Any] = getattr(directory, names[verb])(target, rows)
    return steps


def _followed(steps: Iterable[Any], rows: tuple[str, ...]) -> list[OracleStep]:
    keeper = _Rows(rows)
    seen = []
    for step in steps:
        keeper.changes = []
        keeper.update_to_step(step)
        revision = step.revision.revision if hasattr(step, "revision") else (step.to_ or step.from_)[0]
        seen.append(OracleStep(revision=revision, changes=" ".join(keeper.changes), rows=tuple(sorted(keeper.heads))))
    return seen


def alembic_history(graph: RevisionMap, upper: Any, lower: Any, **options: bool) -> list[str]:
    """Return the ids that iterate_revisions() returns."""
    return ids_of(graph.iterate_revisions(upper, lower, **options))


def ids_of(entries: Iterable[Any]) -> list[str]:
    """Return the ids of Alembic's revisions."""
    return [entry.revision for entry in entries]
