"""What upgrade, downgrade and stamp share: floor 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.commands.newer import accept_newer, has_unknown
from runner.commands.results import DatabaseState, RunResult, StepView
from runner.errors import EnvironmentFailed
from runner.events import emit

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.commands.target import Target
    from runner.database.ancestry import Ancestry
    from runner.migration.environment import EnvironmentContext

__all__ = ["ancestry_of", "nothing_pending", "result_of", "unless_newer"]


def nothing_pending(heads: tuple[str, ...]) -> RunResult:
    """Return the result of a run that looked, found nothing to do and took no lock."""
    ends: dict[str, Any] = {"from": list(heads), "to": list(heads)}
    emit("plan.computed", steps_total=0, **ends)
    return RunResult(databases=(DatabaseState(start_heads=heads, end_heads=heads),))


def unless_newer(
    target: Target, choose: Callable[..., Any], *, policy: str | None = None
) -> Callable[[tuple[str, ...], Any], Any]:
    """Return `choose` for a database of this directory; it finds nothing to do on one that is acceptably newer.

    Args:
        target: the directory and the options.
        choose: returns the steps for version rows that are known.
        policy: instead of the operator's `newer_database`.
    """
    accepted: set[tuple[str, ...]] = set()  # a run looks several times, and should say it once

    def chosen(heads: tuple[str, ...], context: Any) -> Any:
        _refuse_other_schema(target.options.tenant_schema, context)
        graph = target.script.graph
        if context.as_sql or not has_unknown(graph, heads):
            return choose(heads, context)
        if heads not in accepted:
            accept_newer(graph, heads, ancestry_of(context), policy=policy or target.options.newer_database)
            accepted.add(heads)
        return []

    return chosen


def _refuse_other_schema(schema: str | None, context: Any) -> None:
    """Raise where env.py did not do anything about the tenant's schema: the revisions would run somewhere else."""
    if schema is None or context.as_sql or context.version_table_schema == schema:
        return
    if context.dialect.name != "postgresql":
        return
    found = context.connection.exec_driver_sql("SELECT current_schema()").scalar()
    if found != schema:
        raise EnvironmentFailed(
            f"The run is for the schema {schema}, but env.py opened a session in {found}, with a version table there. "
            "Nothing was changed. Let env.py read context.get_x_argument(as_dictionary=True)['schema'] and set the "
            "search path, or version_table_schema, to it.",
            schema=schema,
            found=found,
        )


def ancestry_of(context: Any) -> Ancestry | None:
    """Return what the history beside the context's version table says about ancestry, None without a history."""
    from runner.database.history import HistoryTable

    history = HistoryTable(version_table=context.version_table, schema=context.version_table_schema)
    return history.ancestry(context.connection) if history.exists(context.connection) else None


def result_of(environment: EnvironmentContext) -> RunResult:
    """Return what an environment left behind as a result value."""
    return RunResult(
        databases=tuple(
            DatabaseState(
                start_heads=run.start_heads,
                end_heads=run.end_heads,
                applied=tuple(
                    StepView(
                        revision=step.revision,
                        direction=step.direction.value,
                        duration_seconds=step.duration_seconds,
                    )
                    for step in run.applied
                ),
            )
            for run in environment.database_runs()
        )
    )
