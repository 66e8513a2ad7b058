"""Call one revision's upgrade() or downgrade(), and say whose fault it is when that fails. Floor 5."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc

from runner.database.failures import one_line, sqlstate_of
from runner.errors import EnvironmentFailed, RevisionFailed, RunnerError, StatementFailed
from runner.graph import Direction, Step
from runner.operations import Operations

if TYPE_CHECKING:
    from runner.migration.context import MigrationContext
    from runner.revisions.directory import ScriptDirectory

__all__ = ["call_revision", "load_revisions", "telling_listener_failed"]


def load_revisions(script: ScriptDirectory | None, steps: Iterable[Step]) -> None:
    """Import every revision that a plan will run, before its first statement.

    Raises:
        RevisionFileError: one of them cannot be imported; nothing has been executed yet.
    """
    for step in steps:
        if step.direction is not Direction.STAMP:
            _module(script, step)


def call_revision(context: MigrationContext, step: Step, kw: dict[str, Any]) -> None:
    """Run the revision of a step; a stamp runs nothing.

    Raises:
        StatementFailed: the server rejected a statement.
        RevisionFailed: the revision's own code raised, or it lacks the function.
    """
    if step.direction is Direction.STAMP:
        return
    module = _module(context.script, step)
    function = getattr(module, step.direction.value, None)
    if function is None:
        raise RevisionFailed(
            f"Revision {step.revision} declares no {step.direction.value}() in {module.__file__}.",
            revision=step.revision,
            file=module.__file__,
        )
    try:
        with Operations.context(context):
            function(**kw)
    except RunnerError as error:
        error.fields.setdefault("revision", step.revision)
        raise
    except exc.DBAPIError as error:
        raise _statement_failed(error, step, module) from error
    except (Exception, SystemExit) as error:  # sys.exit(0) in a revision must not look like a success
        raise _revision_failed(error, step, module) from error


@contextmanager
def telling_listener_failed(step: Step) -> Iterator[None]:
    """Say that the on_version_apply listener called in the block failed, where, and after which revision.

    Raises:
        EnvironmentFailed: it raised.
    """
    try:
        yield
    except RunnerError:
        raise
    except (Exception, SystemExit) as error:
        # The frames are: this block, the call of the listener, the listener, and what it called.
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == frames[min(2, len(frames) - 1)].filename]
        where = f"{own[-1].filename}:{own[-1].lineno}"
        raise EnvironmentFailed(
            f"The on_version_apply listener failed at {where}, after revision {step.revision}: "
            f"{type(error).__name__}: {one_line(getattr(error, 'orig', None) or error)}. The step was rolled back.",
            revision=step.revision,
            where=where,
            exception=type(error).__name__,
        ) from error


def _module(script: ScriptDirectory | None, step: Step) -> ModuleType:
    assert script is not None  # steps come from a directory
    found = script.get_revision(step.revision)
    assert found is not None  # the plan was made from the same directory
    return found.module


def _statement_failed(error: exc.DBAPIError, step: Step, module: ModuleType) -> StatementFailed:
    where = _where(error, module)
    statement = " ".join(str(error.statement or "").split())
    shown = statement if len(statement) <= 300 else statement[:300] + " ..."
    return StatementFailed(
        f"Revision {step.revision} failed at {where}: {one_line(error.orig or error)}. "
        f"The statement was: {shown or 'unknown'}",
        revision=step.revision,
        direction=step.direction.value,
        where=where,
        sqlstate=sqlstate_of(error),
        statement=shown,
    )


def _revision_failed(error: BaseException, step: Step, module: ModuleType) -> RevisionFailed:
    where = _where(error, module)
    return RevisionFailed(
        f"Revision {step.revision} failed at {where}: {type(error).__name__}: {one_line(error)}.",
        revision=step.revision,
        direction=step.direction.value,
        where=where,
        exception=type(error).__name__,
    )


def _where(error: BaseException, module: ModuleType) -> str:
    """Return `file:line` of the innermost frame that belongs to the revision's file."""
    path = module.__file__ or module.__name__
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{path}:{lines[-1]}" if lines else path
