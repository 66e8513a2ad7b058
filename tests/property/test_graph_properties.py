from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.errors import CycleDetected, DuplicateRevision, GraphError, MissingParent, UnknownRevision
from runner.graph import Edges, Plan, Revision, RevisionGraph, plan_downgrade, plan_stamp, plan_upgrade, rows_after
from runner.graph.faults import AmbiguousPrefix
from tests.property.graphs import random_revisions, revision_lists, rows_of, symbols_of

ROOT = Path(__file__).resolve().parents[2]


def _plan(verb: str, graph: RevisionGraph, rows: tuple[str, ...], target: str) -> Plan | None:
    """Return the plan, None where the target is refused."""
    plan = {"upgrade": plan_upgrade, "downgrade": plan_downgrade, "stamp": plan_stamp}[verb]
    try:
        return plan(graph, rows, target)
    except GraphError:
        return None


VERBS = st.sampled_from(("upgrade", "downgrade", "stamp"))


@given(revision_lists(), st.data())
@settings(max_examples=150)
def test_an_upgrade_applies_what_the_target_requires_and_nothing_else(
    revisions: tuple[Revision, ...], data: st.DataObject
) -> None:
    """The steps are the missing ancestors and dependencies, each after all it requires (REV-30)."""
    graph = RevisionGraph(revisions)
    rows = data.draw(rows_of(graph))
    target = data.draw(st.sampled_from((*graph.ids, "heads")))
    applied = graph.ancestors(rows)
    plan = plan_upgrade(graph, rows, target)
    assert {step.revision for step in plan} == graph.ancestors(graph.resolve(target)) - applied
    assert graph.pending(rows, target) == tuple(step.revision for step in plan)
    for step in plan:
        assert applied.issuperset(graph.required(step.revision))
        applied.add(step.revision)
        assert step.heads_after == tuple(sorted(graph.highest(applied)))


@given(revision_lists(), st.data())
@settings(max_examples=150)
def test_a_downgrade_removes_nothing_that_something_applied_still_requires(
    revisions: tuple[Revision, ...], data: st.DataObject
) -> None:
    """What goes is what follows the target, or depends on what goes, and it goes from above (REV-36)."""
    graph = RevisionGraph(revisions)
    rows = data.draw(rows_of(graph))
    applied = graph.ancestors(rows)
    target = data.draw(st.sampled_from((*sorted(applied), "base")))
    plan = _plan("downgrade", graph, rows, target)
    if plan is None:
        return
    roots = graph.bases if target == "base" else graph.children(target)
    assert {step.revision for step in plan} == graph.descendants(roots) & applied
    for step in plan:
        applied.remove(step.revision)
        assert applied.isdisjoint(graph.required_by(step.revision))
        assert step.heads_after == tuple(sorted(graph.highest(applied)))


@given(revision_lists(), st.data())
@settings(max_examples=100)
def test_up_and_then_down_restores_the_rows(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """What one plan applied, the plan back to where it started takes away."""
    graph = RevisionGraph(revisions)
    start = data.draw(st.sampled_from(("base", *graph.ids)))
    rows = graph.resolve(start)
    up = plan_upgrade(graph, rows, "heads")
    everything = plan_downgrade(graph, up.end_heads, "base")
    assert up.end_heads == graph.real_heads
    assert everything.end_heads == ()
    assert len(everything) == len(graph)
    # Downgrading to one revision also keeps what stands beside it, so only graphs without that come back exactly.
    if graph.descendants(rows, Edges.DOWN) - set(rows) == {step.revision for step in up}:
        assert plan_downgrade(graph, up.end_heads, start).end_heads == rows


@given(revision_lists(), VERBS, st.data())
@settings(max_examples=200)
def test_row_changes_lead_from_row_set_to_row_set(
    revisions: tuple[Revision, ...], verb: str, data: st.DataObject
) -> None:
    """Each change matches exactly one row, no two rows are ever related, and the plan says where it ends (REV-43)."""
    graph = RevisionGraph(revisions)
    rows = data.draw(rows_of(graph))
    plan = _plan(verb, graph, rows, data.draw(symbols_of(graph)))
    if plan is None:
        return
    assert plan.start_heads == rows
    for step in plan:
        rows = rows_after(rows, step.row_changes)
        assert rows == step.heads_after
        assert set(graph.highest(rows)) == set(rows)
    assert rows == plan.end_heads


@given(revision_lists(), VERBS, st.integers(0, 2**32), st.data())
@settings(max_examples=100)
def test_plans_do_not_depend_on_the_order_of_the_input(
    revisions: tuple[Revision, ...], verb: str, seed: int, data: st.DataObject
) -> None:
    """A shuffled list of revisions gives the same graph, with ranks and without."""
    graph = RevisionGraph(revisions)
    rows = data.draw(rows_of(graph))
    target = data.draw(symbols_of(graph))
    source = random.Random(seed)
    for entries in (revisions, tuple(replace(one, rank=0) for one in revisions)):
        shuffled = list(entries)
        source.shuffle(shuffled)
        first, second = RevisionGraph(entries), RevisionGraph(shuffled)
        assert _plan(verb, first, rows, target) == _plan(verb, second, rows, target)
        assert first.walk() == second.walk()
        assert first.ids == second.ids


@given(revision_lists(), st.data())
@settings(max_examples=100)
def test_a_stamp_leaves_other_lineages_alone(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """Rows outside the target's lineage stay, those inside become the target (REV-37)."""
    graph = RevisionGraph(revisions)
    rows = data.draw(rows_of(graph))
    target = data.draw(st.sampled_from(graph.ids))
    lineage = graph.lineage([target], Edges.ALL)
    plan = plan_stamp(graph, rows, target)
    assert set(plan.end_heads) == {target} | {row for row in rows if row not in lineage}
    assert plan_stamp(graph, plan.end_heads, target).is_empty


@given(revision_lists())
@settings(max_examples=100)
def test_heads_bases_and_flags_agree_with_the_edges(revisions: tuple[Revision, ...]) -> None:
    """A head has nothing above it, a base nothing below, effective heads are heads something depends on (REV-32)."""
    graph = RevisionGraph(revisions)
    followed = {parent for one in revisions for parent in one.down_revisions}
    assert set(graph.heads) == set(graph.ids) - followed
    assert set(graph.real_heads) == {head for head in graph.heads if not graph.dependents(head)}
    assert set(graph.bases) == {one.revision for one in revisions if not one.down_revisions}
    for one in graph.ids:
        assert graph.is_head(one) == (one in graph.heads)
        assert graph.is_real_head(one) == (one in graph.real_heads)
        assert graph.is_base(one) == (one in graph.bases)
        assert graph.is_branch_point(one) == (len(graph.children(one)) > 1)
        assert graph.is_merge_point(one) == (len(graph.parents(one)) > 1)


@given(revision_lists())
@settings(max_examples=100)
def test_the_whole_history_is_newest_first(revisions: tuple[Revision, ...]) -> None:
    """A walk without ends returns every revision once, each before what it requires."""
    graph = RevisionGraph(revisions)
    walked = graph.walk()
    assert sorted(walked) == sorted(graph.ids)
    place = {revision: number for number, revision in enumerate(walked)}
    assert all(place[one] < place[below] for one in walked for below in graph.required(one))


@given(revision_lists(), st.data())
@settings(max_examples=150)
def test_a_prefix_names_a_revision_only_if_it_fits_no_other(
    revisions: tuple[Revision, ...], data: st.DataObject
) -> None:
    """Exact ids win, then labels, then prefixes of names of four or more characters (REV-14, REV-20)."""
    graph = RevisionGraph(revisions)
    name = data.draw(st.sampled_from((*graph.ids, *graph.label_owners)))
    prefix = name[: data.draw(st.integers(1, len(name)))]
    names = {one: one for one in graph.ids} | dict(graph.label_owners)
    fits = {owner for other, owner in names.items() if other.startswith(prefix) and len(other) > 3}
    if prefix in names:
        assert graph.resolve(prefix) == (names[prefix],)
    elif len(fits) == 1:
        assert set(graph.resolve(prefix)) == fits
    else:
        with pytest.raises(AmbiguousPrefix if fits else UnknownRevision):
            graph.resolve(prefix)


@given(revision_lists(), st.data())
@settings(max_examples=150)
def test_a_symbol_is_resolved_or_refused_with_a_sentence(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """No text leads to anything but ids of the graph or a typed error that is a sentence."""
    graph = RevisionGraph(revisions)
    text = data.draw(st.one_of(symbols_of(graph), st.text("ab@+-:1 ", max_size=6)))
    try:
        found = graph.resolve(text)
    except GraphError as error:
        found, sentence = (), str(error)
    else:
        sentence = "It names a revision, or base."
    assert set(found) <= set(graph.ids)
    assert sentence.endswith((".", "?"))
    assert len(sentence) > 20


@given(revision_lists(), st.data())
@settings(max_examples=100)
def test_a_lost_file_is_a_missing_parent(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """Any revision that another names cannot be left out (ERR-17)."""
    graph = RevisionGraph(revisions)
    needed = sorted(one for one in graph.ids if graph.required_by(one))
    assume(needed)
    lost = data.draw(st.sampled_from(needed))
    with pytest.raises(MissingParent, match=r"but no file.* declares"):
        RevisionGraph(one for one in revisions if one.revision != lost)


@given(revision_lists(), st.data())
@settings(max_examples=100)
def test_an_edge_to_a_descendant_is_a_cycle(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """Whatever the edge, a circle is found and named completely (REV-38)."""
    graph = RevisionGraph(revisions)
    low = data.draw(st.sampled_from(graph.ids))
    high = data.draw(st.sampled_from(sorted(graph.descendants([low]))))
    entry = graph.get(low)
    if data.draw(st.booleans()):
        broken = replace(entry, down_revisions=(*entry.down_revisions, high))
    else:
        broken = replace(entry, depends_on=(*entry.depends_on, high))
    with pytest.raises(CycleDetected) as caught:
        RevisionGraph(broken if one is entry else one for one in revisions)
    circle = caught.value.fields["revisions"]
    assert isinstance(circle, tuple)
    assert circle[0] == min(circle)
    assert set(circle) <= set(graph.ids)


@given(revision_lists(), st.data())
@settings(max_examples=50)
def test_a_duplicate_is_refused(revisions: tuple[Revision, ...], data: st.DataObject) -> None:
    """Two files with one id never make a graph, not even when they are equal (ERR-18)."""
    twice = data.draw(st.sampled_from(revisions))
    with pytest.raises(DuplicateRevision, match=twice.revision):
        RevisionGraph([*revisions, twice])


_PRINT_PLANS = """
import random
from runner.graph import RevisionGraph, plan_downgrade, plan_stamp, plan_upgrade
from tests.property.graphs import random_revisions
for seed in range(60):
    source = random.Random(seed)
    ids = [f"{source.randrange(16**6):06x}" for _ in range(12)]
    graph = RevisionGraph(random_revisions(ids, source))
    rows = tuple(sorted(graph.highest(source.sample(ids, 2))))
    print(graph.walk(), plan_upgrade(graph, rows, "heads"), plan_downgrade(graph, graph.real_heads, "base"))
    print(plan_stamp(graph, rows, "heads"), graph.heads, [graph.labels(one) == () for one in graph.ids])
"""


def test_plans_are_the_same_under_any_hash_seed() -> None:
    """Nothing that reaches a plan comes from the order of a set (STYLE C1)."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_PLANS],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1


def test_random_graphs_have_what_directories_have() -> None:
    """The generator draws merges, forks, labels, dependencies, several heads and several bases."""
    source = random.Random(7)
    graphs = [
        RevisionGraph(random_revisions([f"{number:04}" for number in range(10)], source, folded=bool(turn % 2)))
        for turn in range(40)
    ]
    assert any(graph.is_merge_point(one) for graph in graphs for one in graph.ids)
    assert any(graph.is_branch_point(one) for graph in graphs for one in graph.ids)
    assert any(graph.label_owners for graph in graphs)
    assert any(set(graph.heads) != set(graph.real_heads) for graph in graphs)
    assert any(len(graph.bases) > 1 for graph in graphs)
