"""What differs between two bundles, for a review: floor of the artifact. Reads files, asks no database."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.artifact.reading import StoredBundle

__all__ = ["BundleDifference", "ChangedRevision", "compare_bundles"]

_OPTIONS = ("dialect", "server", "client", "schema", "version_table", "lock", "from", "to", "not_written")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRevision:
    """A revision that both have, with other contents.

    Args:
        revision: its id.
        direction: in which of the two directions.
        source_changed: its file is another one.
        lines: a unified difference of its statements; empty where only the source changed.
    """

    revision: str
    direction: str
    source_changed: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleDifference:
    """What differs.

    Args:
        options: name -> what the first and the second say.
        added, removed: revisions that only the second, or only the first, has.
        reordered: both have the same revisions in another order.
        changed: the revisions with other contents.
        frame: files whose guards or settings differ, though no revision in them does.
    """

    options: Mapping[str, tuple[object, object]]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reordered: bool
    changed: tuple[ChangedRevision, ...]
    frame: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no difference at all in what would be applied."""
        return not (self.options or self.added or self.removed or self.reordered or self.changed or self.frame)


def compare_bundles(first: StoredBundle, second: StoredBundle) -> BundleDifference:
    """Return what differs between two bundles; the pages for people do not count.

    Raises:
        ArtifactAltered: a file is not what was written.
    """
    options = {
        name: (first.manifest.get(name), second.manifest.get(name))
        for name in _OPTIONS
        if first.manifest.get(name) != second.manifest.get(name)
    }
    before, after = first.revisions(), second.revisions()
    common = [one for one in before if one in after]
    changed = tuple(_changes(first, second, common))
    differs = bool(options or changed or list(before) != list(after))
    return BundleDifference(
        options=options,
        added=tuple(one for one in after if one not in before),
        removed=tuple(one for one in before if one not in after),
        reordered=common != [one for one in after if one in before],
        changed=changed,
        frame=() if differs else tuple(_frame(first, second)),
    )


def _changes(first: StoredBundle, second: StoredBundle, common: Sequence[str]) -> Iterator[ChangedRevision]:
    sources = (first.revisions(), second.revisions())
    for direction in ("upgrade", "downgrade"):
        before, after = (_statements(one, direction) for one in (first, second))
        for revision in common:
            source_changed = _source(sources[0][revision]) != _source(sources[1][revision])
            lines = tuple(_difference(before.get(revision, []), after.get(revision, [])))
            if lines or (source_changed and direction == "upgrade"):
                yield ChangedRevision(
                    revision=revision, direction=direction, source_changed=source_changed, lines=lines
                )


def _source(revision: Mapping[str, Any]) -> object:
    return revision["source_digest"], revision["down_revisions"], revision["depends_on"]


def _statements(bundle: StoredBundle, direction: str) -> dict[str, list[str]]:
    """Return revision -> its statements with the file's kind, what the runner adds left out."""
    found: dict[str, list[str]] = {}
    for phase in bundle.phases(direction):
        if phase.kind == "online":
            for revision in phase.revisions:
                found.setdefault(revision, []).append("-- to be run online")
            continue
        current: str | None = None
        for statement in bundle.statements(phase):
            current = statement.begins or current
            sql = _without_comments(statement.sql)
            if sql and current is not None and not _is_frame(sql):
                note = "" if phase.kind == "transactional" else "-- outside of a transaction\n"
                found.setdefault(current, []).append(f"{note}{sql};")
    return found


def _without_comments(sql: str) -> str:
    lines = sql.split("\n")
    while lines and (not lines[0] or lines[0].startswith("-- ----")):
        del lines[0]
    return "\n".join(lines)


def _is_frame(sql: str) -> bool:
    """Tell what the runner writes around statements: guards, limits, the journal and the end of the transaction."""
    return (
        sql.upper() == "COMMIT"
        or "$runner$" in sql
        or "'runner_artifact." in sql
        or " runner_journal" in sql
        or ".runner_journal" in sql
        or bool(
            re.match(r"(?:SET (?:LOCAL )?|RESET )(?:lock_timeout|statement_timeout|client_encoding|standard_)", sql)
        )
    )


def _difference(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    old, new = "\n".join(before).split("\n"), "\n".join(after).split("\n")
    yield from (
        line for line in difflib.unified_diff(old, new, n=2, lineterm="") if not line.startswith(("---", "+++"))
    )


def _frame(first: StoredBundle, second: StoredBundle) -> Iterator[str]:
    told = (first.manifest["files"], second.manifest["files"])
    for path in sorted({*told[0], *told[1]}):
        if not path.endswith(".sql") or told[0].get(path) == told[1].get(path):
            continue
        if path in told[0] and path in told[1] and _bare(first, path) == _bare(second, path):
            continue
        yield path


def _bare(bundle: StoredBundle, path: str) -> str:
    """Return a file without the lines that name the bundle itself and the version that wrote it."""
    text = bundle.read(path).replace(bundle.id, "").replace(bundle.id[:32], "")
    return text.replace(str(bundle.manifest["tool"]["version"]), "")
