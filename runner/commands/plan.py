"""Tell what an upgrade would run: floor 6. Takes no lock and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.commands.inspection import EditedView, Visited, edited_views, visit_databases
from runner.commands.newer import accept_newer
from runner.commands.running import ancestry_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.commands.target import Target
    from runner.graph import Step

__all__ = ["PlannedStep", "UpgradePlan", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One revision that would run.

    Args:
        transactional: nothing in its code leaves the transaction, as far as the code of its file shows.
        limits: those the revision declares for itself in `runner_options`, in seconds.
        heads_after: the version rows once it has run.
    """

    revision: str
    follows: tuple[str, ...]
    message: str
    path: str
    transactional: bool
    limits: Mapping[str, object]
    heads_after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePlan:
    """What would happen to one database.

    Args:
        newer_than_directory: revisions of the database that this directory does not have, acceptably so.
        lock_holder: who holds the advisory lock at this moment; empty when nobody does.
    """

    url: str | None
    start_heads: tuple[str, ...]
    end_heads: tuple[str, ...]
    steps: tuple[PlannedStep, ...]
    edited: tuple[EditedView, ...]
    newer_than_directory: tuple[str, ...]
    lock_holder: Mapping[str, object]


def plan(target: Target, revision: str = "heads") -> tuple[UpgradePlan, ...]:
    """Return what `upgrade` would do to each database, in the order it would; the files it would run are imported.

    Raises:
        NewerDatabase, UnknownDatabaseRevision: the version rows are not this directory's.
        RevisionFileError: a pending file cannot be imported.
        PrivilegeMissing, ServerReadOnly: the upgrade could not write.
    """
    return visit_databases(target, lambda visited: _plan(target, visited, revision))


def _plan(target: Target, visited: Visited, revision: str) -> UpgradePlan:
    script = target.script
    if visited.unknown:
        policy = target.options.newer_database
        accept_newer(script.graph, visited.rows, ancestry_of(visited.context), policy=policy)
    steps = [] if visited.unknown else script._upgrade_revs(revision, visited.rows)
    if steps:
        _refuse_what_cannot_write(visited.context)
    return UpgradePlan(
        url=visited.url,
        start_heads=visited.rows,
        end_heads=steps[-1].heads_after if steps else visited.rows,
        steps=tuple(_planned(target, step) for step in steps),
        edited=edited_views(target, visited),
        newer_than_directory=visited.unknown,
        lock_holder=_lock_holder(target, visited.context),
    )


def _planned(target: Target, step: Step) -> PlannedStep:
    from runner.migration.revision_call import leaves_transactions, revision_limits

    script = target.script.get_revision(step.revision)
    assert script is not None  # the step comes from this directory
    limits = revision_limits(target.script, step)
    declared = {name: getattr(limits, name) for name in limits.__dataclass_fields__}
    return PlannedStep(
        revision=step.revision,
        follows=step.sources,
        message=script.doc,
        path=script.path,
        transactional=not leaves_transactions(target.script, step),
        limits={name: value for name, value in declared.items() if value is not None and value is not True},
        heads_after=step.heads_after,
    )


def _refuse_what_cannot_write(context: Any) -> None:
    from runner.database.preflight import preflight

    if context is not None:
        preflight(context.connection, version_table=context.version_table, schema=context.version_table_schema)


def _lock_holder(target: Target, context: Any) -> dict[str, object]:
    from runner.database.lock import advisory_lock_for, lock_key

    if context is None:
        return {}
    options = target.options
    schema = context.version_table_schema or options.tenant_schema
    key = lock_key(context.version_table, schema, override=options.lock_key)
    lock = advisory_lock_for(context.connection, key)
    return {} if lock is None else dict(lock.holder())
