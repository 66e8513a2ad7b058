"""Put one revision in the place of a range: floor 6.

Everything happens on a scratch database. The range is run there and its outcome is read; the squash is written from
what was read, run down and up again, and has to lead to the same. Only then the files stay.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runner.commands.downgrade import downgrade
from runner.commands.revision import gather
from runner.commands.upgrade import upgrade
from runner.database.url import DatabaseUrl, parse_url
from runner.errors import RangeInvalid, SquashDiffers, SquashRefused
from runner.graph.faults import listed
from runner.revisions.files import FileChanges

if TYPE_CHECKING:
    from sqlalchemy.schema import MetaData

    from runner.autogenerate.baseline import TableRows
    from runner.autogenerate.revision_context import RevisionContext
    from runner.commands.target import Target
    from runner.revisions.squash_files import SquashRange

__all__ = ["Squashed", "squash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Squashed:
    """What was done.

    Args:
        revision: the id of the squash: that of the last revision it replaces.
        path: its file.
        replaces: the other ids, oldest first.
        archived: where the files of the range are now.
        proved_on: the dialect of the scratch database.
    """

    revision: str
    path: str
    replaces: tuple[str, ...]
    archived: tuple[str, ...]
    proved_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What a scratch database holds: its tables as a model, everything else with its definition, and the rows."""

    model: MetaData
    inventory: Mapping[str, str]
    rows: Mapping[str, TableRows]


def squash(target: Target, revisions: str, message: str | None = None, *, scratch: str | None = None) -> Squashed:
    """Replace a range by one revision that makes the same schema.

    Args:
        target: the directory. Its database is not touched.
        revisions: `FROM:TO`, both included; an empty FROM is the base, an empty TO the head.
        message: the first line of the new file.
        scratch: the URL of an empty database; None takes a SQLite file where the directory is for SQLite.

    Raises:
        SquashRefused: the range or the scratch database will not do.
        SquashDiffers: the squash would not make the same; nothing was changed.
    """
    from runner.revisions.squash_files import squash_range, write_squash

    first, last = _ends(revisions)
    found = squash_range(target.script.graph, first, last)
    with _scratch(target, scratch) as trial:
        before, after, context = _run_range(trial, found)
        _refuse_data(after, before)
        with FileChanges() as changes:
            variables = _rendered(context)
            try:
                archived = write_squash(target.script, found, message, changes, **variables)
                _prove(trial, found, before, after)
            except BaseException:
                changes.take_back()
                target.script.refresh()
                raise
        script = target.script.get_revision(found.revision)
        assert script is not None  # it has just been written and run
        return Squashed(
            revision=found.revision,
            path=script.path,
            replaces=found.replaces,
            archived=archived,
            proved_on=trial.required_url().dialect,
        )


def _ends(revisions: str) -> tuple[str, str]:
    first, colon, last = revisions.partition(":")
    if not colon:
        raise RangeInvalid(f"squash needs a range FROM:TO, not {revisions!r}.")
    return first or "base", last or "head"


# -- the scratch database ----------------------------------------------------------------------------------


@contextmanager
def _scratch(target: Target, given: str | None) -> Iterator[Target]:
    """Give the directory with an empty database of its own, reached without env.py."""
    if given:
        yield _trial(target, parse_url(given, variable="RUNNER_SCRATCH_DATABASE_URL"))
        return
    if target.url is not None and target.url.dialect != "sqlite":
        raise SquashRefused(
            f"The revisions are for {target.url.dialect}, so the proof needs an empty {target.url.dialect} database. "
            "Set RUNNER_SCRATCH_DATABASE_URL, or pass --scratch."
        )
    with tempfile.TemporaryDirectory() as directory:
        yield _trial(target, parse_url(f"sqlite:///{os.path.join(directory, 'scratch.sqlite')}", variable="--scratch"))


def _trial(target: Target, url: DatabaseUrl) -> Target:
    config = target.config
    config.override_main_option("sqlalchemy.url", url.with_driver().text())
    options = replace(target.options, history=None)  # what is proved are the revisions, in as few tables as possible
    return replace(target, url=url, builtin_environment=True, options=options)


def _fresh(trial: Target) -> Target:
    """Return the target with its directory unread, because files have changed."""
    return replace(trial)


def _run_range(trial: Target, found: SquashRange) -> tuple[_State, _State, RevisionContext]:
    """Run everything up to the end of the range, and return what was there before it and after it."""
    from runner.autogenerate.revision_context import RevisionContext

    empty = _state(trial)
    if empty.model.tables or empty.inventory:
        names = sorted([*empty.model.tables, *empty.inventory])
        raise SquashRefused(f"The scratch database is not empty: it has {listed(names)}. Give an empty one.")
    before = empty
    for revision in (*found.parents, *found.depends_on):
        upgrade(_fresh(trial), revision)
        before = _state(trial)
    upgrade(_fresh(trial), found.revision)
    after = _state(trial)
    context = RevisionContext(trial.config, trial.script, {"rev_id": found.revision})
    gather(_fresh(trial), lambda _rev, migration: context.run_difference_from(before.model, migration))
    return before, after, context


def _rendered(context: RevisionContext) -> dict[str, Any]:
    (script,) = context.generated_revisions
    return context.rendered(script)


def _state(trial: Target) -> _State:
    from runner.autogenerate.baseline import inventory_of, model_of_database, rows_of

    states: list[_State] = []

    def read(_: Any, migration_context: Any) -> None:
        model = model_of_database(migration_context)
        states.append(
            _State(
                model=model,
                inventory=inventory_of(migration_context),
                rows=rows_of(migration_context, model),
            )
        )

    gather(_fresh(trial), read)
    return states[0]


def _refuse_data(after: _State, before: _State) -> None:
    changed = tuple(
        f"{name}: {len(after.rows[name].rows) if name in after.rows else 0}"
        for name in _other_rows(after.rows, before.rows)
        if name in after.model.tables
    )
    if changed:
        raise SquashDiffers(
            f"Revisions of the range write rows ({listed(changed)}), which a squash does not have. End the range "
            "before them, or begin it after them. Nothing was changed.",
            rows=changed,
        )


# -- the proof ---------------------------------------------------------------------------------------------


def _prove(trial: Target, found: SquashRange, before: _State, after: _State) -> None:
    """Run the squash down and up again; each time the database has to be what it was.

    Raises:
        SquashDiffers: it is not.
    """
    downgrade(_fresh(trial), _symbol(found))
    _require_same(trial, before, "downgrade() of the squash leaves")
    upgrade(_fresh(trial), found.revision)
    _require_same(trial, after, "upgrade() of the squash makes", filled=_filled(before, after))


def _filled(before: _State, after: _State) -> dict[str, set[str]]:
    """Return table -> columns that the range adds and the server fills by a default that is no constant."""
    earlier = {name: rows.columns for name, rows in before.rows.items()}
    return {name: set(rows.computed) - set(earlier.get(name, ())) for name, rows in after.rows.items()}


def _symbol(found: SquashRange) -> str:
    return found.parents[0] if found.parents else f"{found.revision}@base"


def _require_same(trial: Target, wanted: _State, doing: str, *, filled: Mapping[str, set[str]] | None = None) -> None:
    """Compare a state with what is there; the rows, too, where `filled` says which columns have values of each run."""
    from runner.autogenerate.baseline import differences_from
    from runner.autogenerate.differences import differences

    found: list[str] = []

    def compare(_: Any, migration_context: Any) -> None:
        found.extend(one.text for one in differences([differences_from(migration_context, wanted.model)]))

    gather(_fresh(trial), compare)
    state = _state(trial)
    found += _steps(state.inventory, wanted.inventory)
    if filled is not None:
        found += [f"change rows of {name}" for name in _other_rows(state.rows, wanted.rows, filled)]
    if found:
        raise SquashDiffers(
            f"What {doing} is not what the revisions of the range do: {listed(found)} would be left to do. "
            "End the range before what makes the difference. Nothing was changed.",
            differences=tuple(found),
        )


def _steps(there: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Return what would make the one inventory the other."""
    return [
        f"{'change' if name in there and name in wanted else 'add' if name in wanted else 'remove'} {name}"
        for name in sorted(_differing(there, wanted))
    ]


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _other_rows(
    one: Mapping[str, TableRows], other: Mapping[str, TableRows], filled: Mapping[str, set[str]] | None = None
) -> list[str]:
    """Return the tables whose rows are not the same."""
    either, both, made = one.keys() | other.keys(), one.keys() & other.keys(), filled or {}
    return sorted(
        name for name in either if name not in both or one[name].differs(other[name], filled=made.get(name, ()))
    )
