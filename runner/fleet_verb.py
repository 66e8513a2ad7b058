"""`upgrade`, and the queries, for many targets: floor 7. Puts settings, list, manifest and workers together."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from runner.commands.target import Target
from runner.commands.upgrade import require_revisions
from runner.errors import DatabaseBehind, RunnerError, SettingsError, TargetsFailed, TargetsInvalid
from runner.events import emit
from runner.fleet.manifest import Entry, Manifest, Scope
from runner.fleet.manifest_lock import exclusive
from runner.fleet.messages import encoded
from runner.fleet.run import FleetRun
from runner.fleet.schedule import Schedule
from runner.fleet.shards import share_of
from runner.fleet.targets import FleetTarget, ListReader, is_query
from runner.fleet.workers import Worker
from runner.interrupts import SignalReceived
from runner.logs import resolve_format
from runner.settings import SETTINGS, Kind, Settings

__all__ = ["ask_fleet", "upgrade_fleet"]

_NAMED_FAILURES = 10
_PROGRESS_SECONDS, _TERMINAL_SECONDS = 10.0, 0.3


def upgrade_fleet(target: Target, values: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Bring each target to the revision, and return the keys of the canonical line.

    Raises:
        TargetsInvalid: the list, or the manifest, cannot be used; nothing was started.
        ManifestInUse: another run writes it; nothing was started.
        TargetsFailed: not every target is there.
        SignalReceived: after the workers have ended.
    """
    if values.sql:
        raise SettingsError("--sql writes one script; it does not go with RUNNER_TARGETS.")
    require_revisions(target.script)
    index, count = _shard(settings)
    targets = _share(target, settings, index, count)
    scope = Scope(
        destination=values.revision or settings.target, heads=tuple(target.script.graph.heads), shard=(index, count)
    )
    path = None if settings.manifest is None else settings.manifest.replace("{shard}", str(index))
    manifest = Manifest(path=path, scope=scope, run_id=target.options.run_id, clock=target.clock)
    with exclusive(path, run_id=target.options.run_id, clock=target.clock):
        _bring_up(target, values, settings, targets=targets, manifest=manifest)
    left = [one for one in manifest.entries if not one.is_done]
    if left:
        raise _targets_failed(left, total=len(targets), path=path)
    return {"targets": manifest.counts(), "targets_total": len(targets)}


def _bring_up(
    target: Target,
    values: argparse.Namespace,
    settings: Settings,
    *,
    targets: tuple[FleetTarget, ...],
    manifest: Manifest,
) -> None:
    """Do what the manifest says is left to do; at the end it says what became of it."""
    resumed = manifest.take_up(targets)
    done = {one.name for one in manifest.entries if one.is_done}
    max_failures = 1 if settings.on_failure == "stop" else settings.max_failures
    schedule = Schedule(targets, done=done, canary=settings.canary, max_failures=max_failures)
    index, count = manifest.scope.shard
    emit(
        "fleet.planned",
        targets_total=len(targets),
        done=len(done),
        left=schedule.left,
        workers=settings.workers,
        canary=settings.canary,
        shard_index=index,
        shard_count=count,
        resumed=resumed,
        manifest=manifest.path,
    )
    manifest.write("running")
    _carry_out(target, values, settings, schedule=schedule, manifest=manifest, command="upgrade")
    manifest.write("finished" if all(one.is_done for one in manifest.entries) else "failed")


def ask_fleet(
    target: Target, values: argparse.Namespace, settings: Settings, *, command: str
) -> tuple[str, Callable[[], None] | None]:
    """Return the answer of a query for each target, as text or JSON, and what is raised once that is out.

    Args:
        target: the directory, and the configured database.
        values: the command line.
        settings: the validated settings.
        command: status, plan or current.
    """
    index, count = _shard(settings)
    targets = _share(target, settings, index, count)
    scope = Scope(destination="", heads=(), shard=(index, count))
    manifest = Manifest(path=None, scope=scope, run_id=None, clock=target.clock)
    manifest.take_up(targets)
    schedule = Schedule(targets, done=(), canary=0, max_failures=None)
    _carry_out(target, values, settings, schedule=schedule, manifest=manifest, command=command)
    if values.json:
        from runner.report import to_json

        found = [
            {"target": one.name, "error_code": one.error_code, "message": one.message, command: one.report}
            for one in manifest.entries
        ]
        text = to_json(found)
    else:
        text = _table(manifest.entries, command)
    failed = [one for one in manifest.entries if one.error_code is not None]
    return text, (lambda: _raise_unseen(failed)) if failed else None


def _raise_unseen(failed: list[Entry]) -> None:
    """Raise what the targets have in common: they are behind, or some could not be looked at."""
    names = _named(failed)
    if all(one.error_code == DatabaseBehind.code for one in failed):
        raise DatabaseBehind(f"{len(failed)} target(s) are not at the heads: {names}. Run `runner upgrade`.")
    raise TargetsFailed(f"{len(failed)} target(s) are not as they should be: {names}.")


_Row = tuple[str, ...]
_HEADINGS: dict[str, _Row] = {
    "status": ("state", "pending", "at"),
    "plan": ("at", "pending", "revisions"),
    "current": ("at",),
}


def _table(entries: tuple[Entry, ...], command: str) -> str:
    rows: list[_Row] = [("target", *_HEADINGS[command])]
    for one in entries:
        rows += [(one.name, *_cells(command, seen)) for seen in one.report or ()]
        if one.report is None:
            rows.append((one.name, one.error_code or "", *[""] * (len(rows[0]) - 3), one.message or ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), *row[len(widths) :]]
        ).rstrip()
        + "\n"
        for row in rows
    )


def _cells(command: str, seen: dict[str, Any]) -> _Row:
    if command == "plan":
        revisions = [str(step["revision"]) for step in seen["steps"]]
        return _names(seen["start_heads"]), str(len(revisions)), _names(revisions)
    if command == "current":
        return (_names(seen["heads"]),)
    return str(seen["state"]), str(len(seen["pending"])), _names(seen["rows"])


def _names(names: list[str]) -> str:
    return ",".join(names) or "-"


# -- what is to be done ------------------------------------------------------------------------------------


def _shard(settings: Settings) -> tuple[int, int]:
    """Return the shard's index and how many there are."""
    problems = [
        f"{row.variable} must be {lowest} or more."
        for row, lowest in ((row, {"workers": 1, "canary": 0, "max_failures": 1}.get(row.field)) for row in SETTINGS)
        if lowest is not None
        and (getattr(settings, row.field) or 0) < lowest
        and getattr(settings, row.field) is not None
    ]
    index = settings.shard_index
    given = os.environ.get("JOB_COMPLETION_INDEX", "").strip()
    if index is None and given and not given.isdecimal():
        problems.append("JOB_COMPLETION_INDEX is no number.")
    if settings.tenant_schema is not None:
        problems.append("RUNNER_SCHEMA names one schema; the list of RUNNER_TARGETS names them.")
    if problems:
        raise SettingsError("\n".join(problems), problems=tuple(problems))
    return (int(given or 0) if index is None else index), settings.shard_count


def _share(target: Target, settings: Settings, index: int, count: int) -> tuple[FleetTarget, ...]:
    wanted = settings.targets
    assert wanted is not None  # else this is no run over many targets
    reader = ListReader(environ=os.environ, read_text=_read_text, has_default=target.url is not None)
    if is_query(wanted):
        from runner.fleet.query import rows_of

        options = target.options
        columns, rows = rows_of(
            target.required_url(),
            wanted,
            application_name=options.application_name,
            connect_timeout_seconds=options.connect_timeout_seconds,
        )
        found = reader.rows(columns, rows)
    else:
        found = reader.read(_list_text(wanted), path=wanted)
    if not found:
        raise TargetsInvalid(
            "RUNNER_TARGETS leads to no targets at all: the list, or the answer to the query, is empty."
        )
    return share_of(found, index=index, count=count)


def _list_text(path: str) -> str:
    if "://" in path:  # not repeated: it may hold a password
        raise TargetsInvalid("RUNNER_TARGETS holds a URL where a file's name, or a query, is expected.")
    try:
        return _read_text(path)
    except OSError as error:
        raise TargetsInvalid(f"RUNNER_TARGETS names {path}, which cannot be read: {error.strerror}.") from error
    except UnicodeError:
        raise TargetsInvalid(f"RUNNER_TARGETS names {path}, which is not UTF-8 text.") from None


def _read_text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


# -- doing it ----------------------------------------------------------------------------------------------


def _carry_out(
    target: Target,
    values: argparse.Namespace,
    settings: Settings,
    *,
    schedule: Schedule,
    manifest: Manifest,
    command: str,
) -> None:
    on_terminal = resolve_format(settings.log_format, sys.stdout) == "text" and sys.stdout.isatty()
    run = FleetRun(
        schedule=schedule,
        manifest=manifest,
        start_worker=lambda slot: _start_worker(target, values, settings, slot=slot, command=command),
        workers=settings.workers,
        clock=target.clock,
        progress_seconds=_TERMINAL_SECONDS if on_terminal else _PROGRESS_SECONDS,
    )
    try:
        run.run()
    except SignalReceived:
        manifest.write("interrupted")
        raise
    except RunnerError:
        manifest.write("failed")
        raise


def _start_worker(target: Target, values: argparse.Namespace, settings: Settings, *, slot: int, command: str) -> Worker:
    given = {one.name: getattr(settings, one.name) for one in fields(settings)}
    given["database_url"] = None if target.url is None else target.url.text()
    begin = encoded(
        "begin", settings=given, values=vars(values), command=command, run_id=target.options.run_id, slot=slot
    )
    # The path of this process, not what a new interpreter would make of the working directory.
    code = f"import sys; sys.path[:] = {sys.path!r}; from runner.fleet_worker import main; main(int(sys.argv[1]))"
    return Worker([sys.executable, "-c", code], environ=_environment(), begin=begin, slot=slot)


def _environment() -> dict[str, str]:
    """Return the environment without the database's URL: each order has its own."""
    urls = {name for row in SETTINGS if row.kind is Kind.URL for name in (row.variable, row.file_variable)}
    return {name: value for name, value in os.environ.items() if name not in urls}


# -- the end -----------------------------------------------------------------------------------------------


def _targets_failed(left: list[Entry], *, total: int, path: str | None) -> TargetsFailed:
    failed = [one for one in left if one.error_code is not None]
    untouched = len(left) - len(failed)
    rest = f"{untouched} were not started. " if untouched else ""
    again = "with the same manifest " if path is not None else ""
    return TargetsFailed(
        f"{len(failed)} of {total} targets failed: {_named(failed)}. {rest}The others are done. Mend the cause and run "
        f"again {again}to do what is left.",
        failed=tuple(one.name for one in failed[:100]),
        failed_total=len(failed),
        untouched=untouched,
        targets_total=total,
        codes=tuple(sorted({one.error_code for one in failed if one.error_code is not None})),
    )


def _named(failed: list[Entry]) -> str:
    names = [f"{one.name} ({one.error_code})" for one in failed[:_NAMED_FAILURES]]
    return ", ".join(names) + (", ..." if len(failed) > _NAMED_FAILURES else "")
