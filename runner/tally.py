"""Counts what a run did, from its own events: floor 7. So a failed run can say it too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runner.events import EventSink

__all__ = ["FinishedRevision", "RunTally"]

_LONGEST_LIST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRevision:
    """One revision that was run and committed; `attempts` counts those that were rolled back as well.

    `target` is its database in a run over many, else None.
    """

    revision: str
    direction: str
    duration_seconds: float
    attempts: int
    target: str | None = None


@dataclass(slots=True)
class RunTally:
    """What a run has done so far.

    Attributes:
        finished: in the order of their commits.
        failed: the revision that failed, None while none has.
        retries: how many attempts were rolled back to be tried again.
        commit_is_unknown: nobody answered the last COMMIT, and what it did has not been found out.
    """

    finished: list[FinishedRevision] = field(default_factory=list)
    failed: str | None = None
    retries: int = 0
    commit_is_unknown: bool = False
    _attempts: dict[object, int] = field(default_factory=dict)

    def listening(self, sink: EventSink) -> EventSink:
        """Return a sink that counts, and passes everything on."""

        def count(level: str, event: str, keys: dict[str, object]) -> None:
            if event.startswith("step."):
                self._count(event, keys)
            elif event.startswith("commit."):
                self.commit_is_unknown = event == "commit.unanswered"
            sink(level, event, keys)

        return count

    def _count(self, event: str, keys: dict[str, Any]) -> None:
        revision = keys.get("revision")
        place = (keys.get("target"), revision)
        if event == "step.started":
            self._attempts[place] = self._attempts.get(place, 0) + 1
        elif event == "step.retrying":
            self.retries += 1
        elif event == "step.failed" and keys.get("error_code") != "rolled-back":
            self.failed = str(revision)
        elif event == "step.finished":
            self.finished.append(
                FinishedRevision(
                    revision=str(revision),
                    direction=str(keys["direction"]),
                    duration_seconds=float(keys["duration_seconds"]),
                    attempts=self._attempts.get(place, 1),
                    target=None if place[0] is None else str(place[0]),
                )
            )

    def summary(self) -> dict[str, Any]:
        """Return the keys that the last line of a run has beyond its own."""
        shown = [
            {
                **({} if one.target is None else {"target": one.target}),
                "revision": one.revision,
                "duration_seconds": one.duration_seconds,
                "attempts": one.attempts,
            }
            for one in self.finished[:_LONGEST_LIST]
        ]
        keys: dict[str, Any] = {"revisions_run": shown} if shown else {}
        if len(self.finished) > _LONGEST_LIST:
            keys["revisions_omitted"] = len(self.finished) - _LONGEST_LIST
        if self.retries:
            keys["retries"] = self.retries
        if self.failed is not None:
            keys["failed_revision"] = self.failed
        return keys
