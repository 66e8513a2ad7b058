"""What a failure says about the part of a revision that a rollback does not undo: floor 5."""

from __future__ import annotations

from runner.errors import ResumeNeeded, RunnerError

__all__ = ["add_what_stays"]

_UNDO = "Undo it, or let the revision skip what is there, before it runs again."
_GOES_ON = "It is written down: the next run goes on from there (`runner resolve` shows it)."


def add_what_stays(error: RunnerError, *, without_ddl_rollback: str | None, resumes: bool) -> None:
    """Add to a failure what is still there.

    Args:
        error: its sentence and its fields are changed.
        without_ddl_rollback: the database's name where it cannot roll back DDL, else None.
        resumes: what was committed is in the journal.
    """
    if without_ddl_rollback is not None:
        error.fields["ddl_rolled_back"] = False
        error.message = (
            f"{error.message.removesuffix('.')}. But {without_ddl_rollback} cannot roll back DDL: "
            "what was done up to the last DDL statement is still there, without its version row. "
        ) + (_GOES_ON if resumes else _UNDO)
    elif resumes and not isinstance(error, ResumeNeeded):
        error.message = f"{error.message.removesuffix('.')}. What it had committed before that stays. {_GOES_ON}"
    if resumes:
        error.fields["resumes"] = True
