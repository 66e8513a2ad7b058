"""Call one revision's upgrade() or downgrade(), and say whose fault it is when that fails. Floor 5."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc

from runner.database.failures import one_line, sqlstate_of
from runner.database.pooler import pooler_in_the_way
from runner.errors import ConnectionLost, EnvironmentFailed, RevisionFailed, RunnerError, StatementFailed
from runner.graph import Direction, Step
from runner.migration.revision_limits import NO_LIMITS, RevisionLimits, limits_of
from runner.operations import Operations
from runner.revisions.digest import digest_of

if TYPE_CHECKING:
    from runner.migration.context import MigrationContext
    from runner.revisions.directory import ScriptDirectory

__all__ = [
    "call_revision",
    "leaves_transactions",
    "load_revisions",
    "refuse_what_needs_a_session",
    "revision_limits",
    "source_of",
    "telling_listener_failed",
]


def load_revisions(script: ScriptDirectory | None, steps: Iterable[Step]) -> None:
    """Import every revision that a plan will run, before its first statement.

    Raises:
        RevisionFileError: one of them cannot be imported, or its runner_options are unusable; nothing has been
            executed yet.
    """
    for step in steps:
        revision_limits(script, step)


def revision_limits(script: ScriptDirectory | None, step: Step) -> RevisionLimits:
    """Return the limits that a step's revision declares for itself; a stamp has none."""
    return NO_LIMITS if step.direction is Direction.STAMP else limits_of(_module(script, step), revision=step.revision)


def source_of(script: ScriptDirectory | None, step: Step) -> str:
    """Return the digest of the file of a step's revision: of the program in it, or of its bytes where it is none."""
    path = _module(script, step).__file__
    if path is None:
        return ""
    with open(path, "rb") as file:
        digest = digest_of(file.read())
    return digest.syntax or digest.source


def refuse_what_needs_a_session(script: ScriptDirectory | None, steps: Iterable[Step]) -> None:
    """Let a plan pass through a pooler only if all of it can run in transactions.

    Raises:
        PoolerInTheWay: a revision needs a session of its own; nothing has been executed yet.
    """
    for step in steps:
        if leaves_transactions(script, step):
            raise pooler_in_the_way(
                f"Revision {step.revision} uses an autocommit block, which needs a session of its own",
                revision=step.revision,
            )


def leaves_transactions(script: ScriptDirectory | None, step: Step) -> bool:
    """Tell whether the code that a step will run mentions autocommit_block() or the AUTOCOMMIT isolation level.

    Code that it imports is not looked through: what that does is found out when it does it.
    """
    if step.direction is Direction.STAMP:
        return False
    module = _module(script, step)
    other = (Direction.DOWNGRADE if step.direction is Direction.UPGRADE else Direction.UPGRADE).value
    functions = [
        value
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__ and name != other
    ]
    return any(_mentions_autocommit(function.__code__) for function in functions)


def _mentions_autocommit(code: CodeType) -> bool:
    if "autocommit_block" in code.co_names or "AUTOCOMMIT" in code.co_consts:
        return True
    return any(_mentions_autocommit(const) for const in code.co_consts if isinstance(const, CodeType))


def call_revision(context: MigrationContext, step: Step, kw: dict[str, Any]) -> None:
    """Run the revision of a step; a stamp runs nothing.

    Raises:
        StatementFailed: the server rejected a statement.
        ConnectionLost: the session ended.
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


def _statement_failed(error: exc.DBAPIError, step: Step, module: ModuleType) -> StatementFailed | ConnectionLost:
    where = _where(error, module)
    statement = " ".join(str(error.statement or "").split())
    shown = statement if len(statement) <= 300 else statement[:300] + " ..."
    if error.connection_invalidated:
        return ConnectionLost(
            f"The connection to the server was lost while revision {step.revision} ran, at {where}: "
            f"{one_line(error.orig or error)}. The server rolls its transaction back; steps reported as finished are "
            f"committed. The statement was: {shown or 'unknown'}",
            revision=step.revision,
            direction=step.direction.value,
            where=where,
            sqlstate=sqlstate_of(error),
            statement=shown,
        )
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
