"""Notes that two recordings give together: SQL that differs each time it is made, and a way back that does nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import CodeType, FunctionType

from runner.artifact.recording import Note, RecordedRevision, Recording
from runner.revisions.directory import ScriptDirectory

__all__ = ["may_differ", "noting_differences", "noting_empty_downgrades"]

_SUSPECT = frozenset(
    (
        *("now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "strftime"),
        *("uuid1", "uuid4", "uuid6", "uuid7", "random", "randint", "choice", "choices", "sample", "shuffle", "uniform"),
        *("token_hex", "token_urlsafe", "token_bytes", "urandom", "randbytes", "monotonic", "getpid"),
    )
)
"""Names of functions that answer differently each time. What an import hides is not seen."""


def may_differ(script: ScriptDirectory, recordings: Iterable[Recording]) -> bool:
    """Tell whether the code of a recorded revision mentions anything that could make its SQL differ."""
    revisions = {one.revision for recording in recordings for one in recording.revisions}
    return any(_is_suspect(script, revision) for revision in sorted(revisions))


def _is_suspect(script: ScriptDirectory, revision: str) -> bool:
    found = script.get_revision(revision)
    if found is None:
        return False
    module = found.module
    functions = [one for one in vars(module).values() if isinstance(one, FunctionType)]
    own = [one for one in functions if one.__module__ == module.__name__]
    return any(_SUSPECT & set(_names(function.__code__)) for function in own)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def noting_differences(first: Recording, second: Recording) -> Recording:
    """Return the first recording, with a note on each revision that came out differently the second time."""
    others = {one.revision: one.statements for one in second.revisions}
    revisions = tuple(one if others.get(one.revision) == one.statements else _noted(one) for one in first.revisions)
    return replace(first, revisions=revisions)


def _noted(revision: RecordedRevision) -> RecordedRevision:
    note = Note(
        code="not-reproducible",
        revision=revision.revision,
        text="Its SQL differs each time it is made: it holds a time, a random value or the like. Another artifact of "
        "the same revisions will have other values, and so has an online run.",
    )
    return replace(revision, notes=(*revision.notes, note))


def noting_empty_downgrades(upgrade: Recording, downgrade: Recording) -> Recording:
    """Return the downgrade, with a note on each revision whose downgrade() leaves what its upgrade() did."""
    does_something = {one.revision for one in upgrade.revisions if one.own_statements or one.obstacle}
    revisions = tuple(
        _without_effect(one) if one.revision in does_something and not (one.own_statements or one.obstacle) else one
        for one in downgrade.revisions
    )
    return replace(downgrade, revisions=revisions)


def _without_effect(revision: RecordedRevision) -> RecordedRevision:
    text = "Its downgrade() does nothing: the version row goes back, and what upgrade() did stays."
    note = Note(code="downgrade-does-nothing", revision=revision.revision, text=text)
    return replace(revision, notes=(*revision.notes, note))
