"""The words of the review page: what a lock, a kind of work and a file are called there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.artifact.analysis import HazardKind, Severity, Work
from runner.artifact.analysis.facts import BLOCKS
from runner.artifact.phases import PhaseKind
from runner.artifact.review.pages import PageView, StatementView
from runner.dialects.postgresql_locks import LockMode

__all__ = [
    "DATABASES",
    "FILE_KINDS",
    "LOCK_LEGEND",
    "WORK",
    "heads",
    "lock_class",
    "plural",
    "server_text",
    "summary_of",
    "way_back_of",
]

DATABASES = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "sqlite": "SQLite",
    "mssql": "SQL Server",
    "oracle": "Oracle",
}
WORK = {
    Work.NOTHING: "not touched",
    Work.ROWS: "the ones it names",
    Work.SCAN: "all are read",
    Work.REWRITE: "all are written anew",
    Work.UNKNOWN: "unknown",
}
"""What becomes of the rows."""
FILE_KINDS = {
    PhaseKind.TRANSACTIONAL: "one transaction",
    PhaseKind.NON_TRANSACTIONAL: "no transaction",
    PhaseKind.ONLINE: "run online",
}
LOCK_LEGEND: tuple[tuple[LockMode, str], ...] = tuple((mode, BLOCKS[mode]) for mode in reversed(LockMode))
_STRONG = frozenset({LockMode.ACCESS_EXCLUSIVE})
_WRITES = frozenset({LockMode.SHARE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.EXCLUSIVE})


def lock_class(mode: LockMode) -> str:
    """Return the class of a lock: blocks readers, blocks writers, or neither."""
    if mode in _STRONG:
        return "reads"
    return "writes" if mode in _WRITES else "mild"


def heads(rows: Sequence[str]) -> str:
    """Return version rows as words."""
    return ", ".join(rows) or "base"


def plural(count: int, word: str, words: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def server_text(server: Mapping[str, Any] | None) -> str:
    """Return the versions that a bundle is for, empty for any."""
    low, high = (server or {}).get("minimum"), (server or {}).get("maximum")
    if low is None and high is None:
        return ""
    if high is None:
        return f"{low} and later"
    if low is None:
        return f"up to {high}"
    return str(low) if low == high else f"{low} to {high}"


def summary_of(page: PageView) -> str:
    """Return what a reviewer wants to know first, in two sentences."""
    what = f"{plural(len(page.revisions), 'revision')} with {plural(page.statement_count, 'statement')}"
    files = plural(len(page.files), "file")
    first = f"{what} in {files}."
    dangers, warnings = page.count(Severity.DANGER), page.count(Severity.WARNING)
    if dangers or warnings:
        counts = [plural(dangers, "danger") if dangers else "", plural(warnings, "warning") if warnings else ""]
        second = f"Look at {' and '.join(one for one in counts if one)} first."
    else:
        second = "No danger and no warning was found."
    online = f" {plural(len(page.obstacles), 'revision')} could not be written as SQL." if page.obstacles else ""
    return f"{first} {second}{online}"


def _undoing(page: PageView) -> Iterator[StatementView]:
    for one in page.revisions:
        yield from one.undone_by


def way_back_of(page: PageView) -> str:
    """Return how the upgrade is undone, in a sentence."""
    if page.has_way_back:
        files = ", ".join(file.path for file in page.way_back)
        lossy = sum(
            any(hazard.kind is HazardKind.DATA_LOSS for hazard in view.facts.hazards) for view in _undoing(page)
        )
        verb = "loses" if lossy == 1 else "lose"
        loss = f" {plural(lossy, 'statement')} of it {verb} data." if lossy else ""
        return f"The way back: {files}.{loss}"
    names = [one.revision.revision for one in page.revisions if one.is_without_downgrade]
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    why = f": {listed} cannot be undone" if names else ""
    return f"There is no way back in this bundle{why}."
