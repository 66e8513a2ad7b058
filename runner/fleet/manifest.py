"""What became of each target: floor 6, above the commands. A file that is true whatever ends the run."""

from __future__ import annotations

import enum
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from runner.clock import Clock
from runner.errors import TargetsInvalid, WriteFailed
from runner.fleet.targets import FleetTarget

__all__ = ["Entry", "Manifest", "Scope", "TargetOutcome"]

_FORMAT = 1


class TargetOutcome(enum.Enum):
    """Where a target is. `CURRENT`: there was nothing to do. `RUNNING` in a file: the run ended without a word."""

    PENDING = "pending"
    RUNNING = "running"
    APPLIED = "applied"
    CURRENT = "current"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


_DONE = frozenset({TargetOutcome.APPLIED, TargetOutcome.CURRENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One target. `attempts` counts over all runs with the manifest; times are ISO 8601 in UTC."""

    name: str
    outcome: TargetOutcome = TargetOutcome.PENDING
    database: str | None = None
    schema: str | None = None
    revisions: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    error_code: str | None = None
    exit_code: int | None = None
    failed_revision: str | None = None
    message: str | None = None
    attempts: int = 0
    started_at: str | None = None
    duration_seconds: float | None = None
    report: Any = field(default=None, compare=False)  # of a query; not in the file

    @property
    def is_done(self) -> bool:
        """Tell whether a second run has nothing to do here."""
        return self.outcome in _DONE

    def line(self) -> str:
        """Return the entry as one line of JSON, without what it does not have."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "report"}
        values["outcome"] = self.outcome.value
        return json.dumps({key: value for key, value in values.items() if value not in (None, ())}, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a manifest is about; with another destination it is another run.

    Args:
        destination: the revision asked for.
        heads: the directory's heads.
        shard: index and count.
    """

    destination: str
    heads: tuple[str, ...]
    shard: tuple[int, int]


class Manifest:
    """The entries of a run, and the file that holds them.

    Args:
        path: the file; None keeps the entries in memory only.
        scope: what this run is about.
        run_id: the run's name in the log.
        clock: for its times.
    """

    # Writing what was found out may take this share of the time; what is in no file is looked at again.
    _SHARE = 0.05

    def __init__(self, *, path: str | None, scope: Scope, run_id: str | None, clock: Clock) -> None:
        self.path = path
        self.scope = scope
        self._run_id = run_id
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._lines: dict[str, str] = {}  # in the file: with ten thousand targets, making them anew takes its time
        self._started_at = _time(clock)
        self._is_written = False
        self._not_before = 0.0

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Return them in the order of the list."""
        return tuple(self._entries.values())

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def take_up(self, targets: Iterable[FleetTarget]) -> bool:
        """Make an entry for each target, with what an earlier run with this file has found out.

        Returns:
            Whether an earlier run is continued.

        Raises:
            TargetsInvalid: the file is no manifest, or that of another shard.
        """
        earlier = self._read()
        for target in targets:
            fresh = Entry(name=target.name, database=target.database, schema=target.schema)
            known = earlier.get(target.name)
            if known is None or (known.database, known.schema) != (fresh.database, fresh.schema):
                known = fresh
            self._set(known)
        return bool(earlier)

    def _read(self) -> dict[str, Entry]:
        if self.path is None:
            return {}
        try:
            with open(self.path, encoding="utf-8") as file:
                document = json.load(file)
            entries = [_entry(values) for values in document["targets"]]
            scope, version = document["scope"], document["manifest"]
            shard = tuple(scope["shard"])
            same = (scope["destination"], tuple(scope["heads"])) == (self.scope.destination, self.scope.heads)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise TargetsInvalid(f"The manifest {self.path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError):
            version = None
        if version != _FORMAT:
            raise TargetsInvalid(
                f"{self.path} is no manifest of this runner, and would be overwritten. Name another file "
                "(RUNNER_MANIFEST), or remove it."
            )
        if shard != self.scope.shard:
            raise TargetsInvalid(
                f"The manifest {self.path} is that of shard {shard[0]} of {shard[1]}. Give each shard its own file: "
                "{shard} in RUNNER_MANIFEST is the shard's index.",
            )
        return {one.name: one for one in entries} if same else {}

    # -- changes -------------------------------------------------------------------------------------------

    def started(self, name: str) -> Entry:
        """Note, in the file as well, that an order is about to be given."""
        before = self._entries[name]
        entry = Entry(
            name=name,
            database=before.database,
            schema=before.schema,
            outcome=TargetOutcome.RUNNING,
            attempts=before.attempts + 1,
            started_at=_time(self._clock),
        )
        self._set(entry)
        self.write("running")
        return entry

    def ended(self, name: str, **changes: Any) -> Entry:
        """Note what became of it."""
        entry = replace(self._entries[name], **changes)
        self._set(entry)
        self.write_if_due()
        return entry

    def _set(self, entry: Entry) -> None:
        self._entries[entry.name] = entry
        self._lines[entry.name] = f"  {entry.line()}"
        self._is_written = False

    # -- the file ------------------------------------------------------------------------------------------

    def write_if_due(self) -> None:
        """Write the file, unless it is up to date or was written a moment ago."""
        if self.path is None or self._is_written or self._clock.monotonic() < self._not_before:
            return
        before = self._clock.monotonic()
        self.write("running")
        after = self._clock.monotonic()
        self._not_before = after + (after - before) / self._SHARE

    def write(self, outcome: str) -> None:
        """Replace the file as a whole.

        Args:
            outcome: of the run: running, finished, failed or interrupted.

        Raises:
            WriteFailed: it cannot be written.
        """
        if self.path is None:
            return
        temporary = f"{self.path}.{os.getpid()}.tmp"
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(self._text(outcome))
                if outcome != "running":
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except OSError as error:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise WriteFailed(
                f"The manifest {self.path} cannot be written: {error.strerror}. Name a file in a writable directory "
                "(RUNNER_MANIFEST), or none.",
                path=self.path,
            ) from error
        self._is_written = True

    def _text(self, outcome: str) -> str:
        head = {
            "manifest": _FORMAT,
            "run_id": self._run_id,
            "outcome": outcome,
            "started_at": self._started_at,
            "written_at": _time(self._clock),
            "scope": {
                "destination": self.scope.destination,
                "heads": list(self.scope.heads),
                "shard": list(self.scope.shard),
            },
            "counts": self.counts(),
        }
        lines = ",\n".join(self._lines.values())
        rest = f'"targets": [\n{lines}\n]' if lines else '"targets": []'
        return f"{json.dumps(head, ensure_ascii=False)[:-1]},\n{rest}}}\n"

    def counts(self) -> dict[str, int]:
        """Return outcome -> number of targets, without those that are none."""
        found = Counter(entry.outcome.value for entry in self._entries.values())
        return {one.value: found[one.value] for one in TargetOutcome if one.value in found}


def _entry(values: Mapping[str, Any]) -> Entry:
    known = {one.name for one in fields(Entry)}
    kept: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key in known
    }
    kept["outcome"] = TargetOutcome(values["outcome"])
    return Entry(**kept)


def _time(clock: Clock) -> str:
    from datetime import UTC

    return clock.now().astimezone(UTC).isoformat(timespec="milliseconds")
