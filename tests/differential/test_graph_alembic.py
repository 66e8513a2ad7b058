"""Random graphs, asked of Alembic and of us: ends, symbols, order of steps, version rows, history."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import HeadMaintainer, MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import Revision as AlembicRevision
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.graph import (
    DeleteRow,
    Edges,
    InsertRow,
    Plan,
    Revision,
    RevisionGraph,
    RowChange,
    UpdateRow,
    plan_downgrade,
    plan_stamp,
    plan_upgrade,
    rows_after,
)
from tests.differential.graph_known_differences import explain_history, explain_plan, names_several_orders
from tests.differential.graph_oracle import (
    OracleStep,
    Refused,
    alembic_history,
    alembic_map,
    alembic_plan,
    alembic_steps,
    answer,
    ids_of,
)
from tests.directories import RevisionFile, make_directory
from tests.property.graphs import revision_lists, rows_of, shown, symbols_of

PLANS = {"upgrade": plan_upgrade, "downgrade": plan_downgrade, "stamp": plan_stamp}


@given(revision_lists())
@settings(max_examples=150)
def test_ends_flags_and_labels_agree(revisions: tuple[Revision, ...]) -> None:
    """Heads, bases, flags, normalised dependencies and labels are Alembic's (REV-30 to REV-33)."""
    graph, oracle = RevisionGraph(revisions), alembic_map(revisions)
    assert graph.heads == tuple(sorted(oracle.heads))
    assert graph.real_heads == tuple(sorted(oracle._real_heads))
    assert graph.bases == tuple(sorted(oracle.bases))
    assert graph.real_bases == tuple(sorted(oracle._real_bases))
    for one in graph.ids:
        entry = oracle.get_revision(one)
        assert isinstance(entry, AlembicRevision)
        assert graph.is_head(one) == entry.is_head
        assert graph.is_real_head(one) == entry._is_real_head
        assert graph.is_base(one) == entry.is_base
        assert graph.is_branch_point(one) == entry.is_branch_point
        assert graph.is_merge_point(one) == entry.is_merge_point
        assert set(graph.children(one)) == entry.nextrev
        assert set(graph.required_by(one)) == entry._all_nextrev
        assert graph.required(one) == entry._all_down_revisions
        assert sorted(graph.own_dependencies(one)) == sorted(entry._normalized_resolved_dependencies)
        # Ours may hold more: see the difference "labels-below".
        assert graph.labels(one) >= entry.branch_labels
        below = graph.ancestors([one], Edges.DOWN)
        assert entry.branch_labels.issuperset(
            label for label in graph.labels(one) if graph.label_owners[label] in below
        )


@given(revision_lists(), st.data())
@settings(max_examples=200)
def test_symbols_name_the_same_revisions(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """Absolute symbols resolve to the same ids in the same order, or are refused by both (REV-10 to REV-16, REV-20)."""
    graph, oracle = RevisionGraph(revisions), alembic_map(revisions)
    text = data.draw(symbols_of(graph, relative=False))
    ours = answer(lambda: graph.resolve(text))
    theirs = answer(lambda: tuple(ids_of(oracle.get_revisions(text))))
    if isinstance(ours, Refused) or isinstance(theirs, Refused):
        assert isinstance(ours, Refused)
        assert isinstance(theirs, Refused)
        assert theirs.kind in {"ResolutionError", "MultipleHeads"}
        assert (ours.kind == "MultipleHeads") == (theirs.kind == "MultipleHeads")
    else:
        assert ours == theirs


@given(revision_lists(), st.sampled_from(sorted(PLANS)), st.data())
@settings(max_examples=500)
def test_plans_agree(revisions: tuple[Revision, ...], verb: str, data: st.DataObject) -> None:
    """Steps, their order and the rows after each are Alembic's, or a recorded difference explains why not."""
    graph, oracle = RevisionGraph(revisions), alembic_map(revisions)
    rows = data.draw(rows_of(graph))
    text = data.draw(symbols_of(graph))
    ours = answer(lambda: PLANS[verb](graph, rows, text))
    theirs = answer(lambda: alembic_plan(oracle, verb, rows, text))
    if isinstance(ours, Refused) and isinstance(theirs, Refused):
        return
    if isinstance(ours, Refused) or isinstance(theirs, Refused) or not _same(ours, theirs):
        assert explain_plan(graph, verb, text, ours, theirs), (ours, theirs)
    else:
        _row_changes_agree(ours, theirs, rows)


def _same(ours: Plan, theirs: Sequence[OracleStep]) -> bool:
    return [(step.revision, step.heads_after) for step in ours] == [(step.revision, step.rows) for step in theirs]


def _row_changes_agree(ours: Plan, theirs: Sequence[OracleStep], rows: tuple[str, ...]) -> None:
    """Compare the changes word for word where Alembic's do not come out of a set."""
    for step, seen in zip(ours, theirs, strict=True):
        changes = shown(step.row_changes)
        if len(step.row_changes) == 1 or (step.direction.value == "upgrade" and len(step.row_changes) == len(rows)):
            assert changes == seen.changes
        else:
            assert len(changes.split()) == len(seen.changes.split())
        rows = step.heads_after


@given(revision_lists(folded=False), st.data())
@settings(max_examples=200)
def test_ordinary_targets_need_no_excuse(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """Full ids, heads and base give equal plans wherever Alembic's own answer does not depend on its hash seed."""
    graph, oracle = RevisionGraph(revisions), alembic_map(revisions)
    if names_several_orders(graph):
        return
    rows = data.draw(rows_of(graph))
    target = data.draw(st.sampled_from((*graph.ids, "heads", "base")))
    for verb in ("upgrade", "downgrade", "stamp"):
        if verb == "stamp" and len(graph.resolve(target)) > 1:
            continue
        ours = answer(partial(PLANS[verb], graph, rows, target))
        theirs = answer(partial(alembic_plan, oracle, verb, rows, target))
        if isinstance(ours, Refused) or isinstance(theirs, Refused):
            assert isinstance(ours, Refused)
            assert isinstance(theirs, Refused)
        else:
            assert _same(ours, theirs)


@given(revision_lists(), st.booleans(), st.booleans(), st.data())
@settings(max_examples=200)
def test_histories_agree(
    revisions: tuple[Revision, ...], implicit_base: bool, inclusive: bool, data: st.DataObject
) -> None:
    """iterate_revisions() gives the same ids in the same order, or is refused by both (REV-19)."""
    graph, oracle = RevisionGraph(revisions), alembic_map(revisions)
    ids = st.sampled_from(graph.ids)
    branches = st.sampled_from((*graph.label_owners, *graph.ids))
    upper = data.draw(st.one_of(ids, rows_of(graph), st.just("heads"), branches.map("{}@heads".format)))
    lower = data.draw(st.one_of(ids, rows_of(graph), st.just("base"), branches.map("{}@base".format)))
    ours = answer(lambda: graph.iterate(upper, lower, implicit_base=implicit_base, inclusive=inclusive))
    theirs = answer(lambda: alembic_history(oracle, upper, lower, implicit_base=implicit_base, inclusive=inclusive))
    if isinstance(ours, Refused) and isinstance(theirs, Refused):
        return
    if isinstance(ours, Refused) or isinstance(theirs, Refused) or list(ours) != theirs:
        assert explain_history(graph, lower, ours, theirs), (ours, theirs)


@given(revision_lists(), st.data())
@settings(max_examples=100)
def test_effective_heads_agree(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """What `current` shows beside the rows is Alembic's (REV-32, CLI-3)."""
    graph, oracle = RevisionGraph(revisions), alembic_map(revisions)
    rows = data.draw(rows_of(graph))
    assert set(graph.applied_heads(rows)) == set(ids_of(oracle._get_all_current(rows)))


# --- through files on disk and Alembic's own SQL ----------------------------------------------------


@given(revision_lists(folded=False), st.data())
@settings(max_examples=12)
def test_directories_on_disk_agree(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """The order of files is the rank, and the SQL for the version table is Alembic's (REV-43)."""
    graph = RevisionGraph(revisions)
    if names_several_orders(graph):
        return
    with tempfile.TemporaryDirectory() as folder:
        directory = make_directory(Path(folder), [_file(entry) for entry in revisions])
        script = ScriptDirectory.from_config(Config(directory.ini))
        assert list(graph.walk()) == ids_of(script.walk_revisions())
        assert set(graph.heads) == set(script.get_heads())
        assert set(graph.bases) == set(script.get_bases())
        rows = data.draw(rows_of(graph))
        plan = plan_upgrade(graph, rows, "heads")
        changes = _version_changes(script, rows, "heads")
        assert len(changes) == len(plan)
        for step, theirs in zip(plan, changes, strict=True):
            rows = rows_after(rows, theirs)
            assert rows == step.heads_after
            assert len(theirs) == len(step.row_changes)


def _file(entry: Revision) -> RevisionFile:
    return RevisionFile(
        revision=entry.revision,
        down_revision=entry.down_revisions or None,
        depends_on=entry.depends_on or None,
        branch_labels=entry.branch_labels or None,
        filename=f"{entry.rank:02}_{entry.revision}.py",
    )


def _version_changes(script: ScriptDirectory, rows: tuple[str, ...], target: str) -> list[list[RowChange]]:
    """Return, for each of Alembic's steps, what its SQL does to the version table."""
    buffer = io.StringIO()
    options = {"as_sql": True, "output_buffer": buffer, "script": script}
    keeper = HeadMaintainer(MigrationContext.configure(dialect_name="sqlite", opts=options), rows)
    written = []
    for step in alembic_steps(script, "upgrade", rows, target):
        buffer.seek(0)
        buffer.truncate()
        keeper.update_to_step(step)
        written.append([_read_sql(part.strip()) for part in buffer.getvalue().split(";") if part.strip()])
    return written


def _read_sql(statement: str) -> RowChange:
    values = re.findall(r"'([^']*)'", statement)
    if statement.startswith("INSERT"):
        return InsertRow(revision=values[0])
    if statement.startswith("DELETE"):
        return DeleteRow(revision=values[0])
    return UpdateRow(new=values[0], old=values[1])
