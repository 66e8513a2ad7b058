"""Write a new revision: floor 6."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from runner.commands.views import view
from runner.errors import OfflineUnsupported

if TYPE_CHECKING:
    from runner.autogenerate.revision_context import ProcessRevisionDirectives, RevisionContext
    from runner.commands.results import RevisionView
    from runner.commands.target import Target

__all__ = ["Renames", "gather", "revision", "write"]

_Names = str | Sequence[str] | None
Renames = Literal["off", "suggest", "ask"]
"""What is done about a table or column that looks renamed: nothing, a proposal with a note, or a question."""


def revision(
    target: Target,
    message: str | None = None,
    *,
    autogenerate: bool = False,
    sql: bool = False,
    head: str = "head",
    splice: bool = False,
    branch_label: _Names = None,
    version_path: str | None = None,
    rev_id: str | None = None,
    depends_on: _Names = None,
    process_revision_directives: ProcessRevisionDirectives | None = None,
    from_database: bool = False,
    renames: Renames = "off",
    ask: Callable[[Any], bool] | None = None,
) -> tuple[RevisionView, ...]:
    """Write a new revision file, or several, and return them; none where process_revision_directives emptied the list.

    Args:
        target: the directory; the database too with `autogenerate`.
        message: the first line of the docstring.
        autogenerate: fill it with the difference between the database and the model.
        sql: run env.py offline; only where `revision_environment` is set.
        head: what it follows.
        splice: what it follows may have a successor already.
        branch_label: label or labels to declare.
        version_path: the version location.
        rev_id: the id; a random one where it is not given.
        depends_on: what it depends on.
        process_revision_directives: may change what is written.
        from_database: make it a base revision of everything the database has, instead of a difference.
        renames: what autogenerate does about tables and columns that look renamed: `off`, `suggest` or `ask`.
        ask: called with each of them where `renames` is `ask`.

    Raises:
        RunnerError: nothing was written.
    """
    context = _context(
        target,
        process_revision_directives,
        message=message,
        autogenerate=autogenerate,
        sql=sql,
        head="base" if from_database else head,
        splice=splice,
        branch_label=branch_label,
        version_path=version_path,
        rev_id=rev_id,
        depends_on=depends_on,
    )
    needs_environment = target.config.get_alembic_boolean_option("revision_environment")
    if sql:
        _refuse_offline(autogenerate=autogenerate or from_database, needs_environment=needs_environment)
    if from_database:
        gather(target, context.run_from_database)
    elif autogenerate:
        gather(target, context.run_autogenerate, compares=True, renames=renames, renames_ask=ask)
    elif needs_environment:
        gather(target, context.run_no_autogenerate, as_sql=sql)
    return write(context)


def gather(target: Target, take: Callable[[Sequence[str], Any], None], *, compares: bool = False, **opts: Any) -> None:
    """Run the environment for what it knows: the database, the model, the template's variables.

    Args:
        target: the directory and the database.
        take: called with the heads and the MigrationContext of each database.
        compares: the model is needed.
        opts: options of the EnvironmentContext, which env.py may override.
    """

    def retrieve(heads: tuple[str, ...], migration_context: Any) -> list[Any]:
        take(heads, migration_context)
        return []

    unknown_tables = target.config.get_alembic_option("drop_unknown_tables")
    if unknown_tables:
        opts["drop_unknown_tables"] = unknown_tables
    target.run_environment(retrieve, locked=False, compares=compares, **opts)


def write(context: RevisionContext) -> tuple[RevisionView, ...]:
    """Write the files and return them."""
    return tuple(view(script) for script in context.generate_scripts())


def _context(
    target: Target, process_revision_directives: ProcessRevisionDirectives | None, **command_args: Any
) -> RevisionContext:
    from runner.autogenerate.revision_context import RevisionContext

    return RevisionContext(
        target.config, target.script, command_args, process_revision_directives=process_revision_directives
    )


def _refuse_offline(*, autogenerate: bool, needs_environment: bool) -> None:
    if autogenerate:
        raise OfflineUnsupported("--autogenerate compares with a live database, so it cannot be used with --sql.")
    if not needs_environment:
        raise OfflineUnsupported(
            "revision --sql runs env.py offline, which `revision` only does where revision_environment = true is set."
        )
