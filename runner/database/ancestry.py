"""What the history says about revisions that this image does not have: floor 4. No SQLAlchemy, no driver.

An image that is older than its database finds version rows that none of its files declares. The history has kept
what each of them followed, so it can be told whether the database has everything this image has, and more.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

__all__ = ["ANCESTRY_COLUMNS", "HISTORY_TABLE", "Ancestry"]

HISTORY_TABLE = "runner_history"
ANCESTRY_COLUMNS = ("revision", "down_revisions", "depends_on", "ancestors", "release_name")
"""What to select for `Ancestry.of_rows`, oldest row first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """What revisions imply, as the history has it.

    Args:
        parents: revision -> the ids directly below it, or for a stamped one all of them.
        releases: revision -> the release that brought it last, where that is known.
    """

    parents: dict[str, tuple[str, ...]]
    releases: dict[str, str]

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[str | None]]) -> Ancestry:
        """Return the ancestry that rows of `ANCESTRY_COLUMNS` tell, oldest first."""
        import json  # a run with nothing to do has no use for it

        parents: dict[str, tuple[str, ...]] = {}
        releases: dict[str, str] = {}
        for revision, down_revisions, depends_on, ancestors, release in rows:
            assert revision is not None  # NOT NULL in the table
            below = (name for text in (down_revisions, depends_on, ancestors) if text for name in json.loads(text))
            parents[revision] = tuple(dict.fromkeys((*below, *parents.get(revision, ()))))
            if release:
                releases[revision] = release
        return cls(parents=parents, releases=releases)

    def unexplained(self, rows: Iterable[str], known: Container[str]) -> tuple[str, ...]:
        """Return the version rows that neither a file nor the history knows, sorted."""
        return tuple(sorted(row for row in rows if row not in known and row not in self.parents))

    def implied(
        self, rows: Iterable[str], known: Container[str], below: Callable[[Iterable[str]], Iterable[str]]
    ) -> set[str]:
        """Return every revision of this image that the version rows imply.

        Args:
            rows: the version rows.
            known: the revisions that this image has.
            below: returns what revisions of this image imply, themselves included.
        """
        seen: set[str] = set()
        reached: set[str] = set()
        waiting = list(rows)
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            if one in known:
                reached.add(one)
            else:
                waiting.extend(self.parents.get(one, ()))
        return set(below(sorted(reached)))
