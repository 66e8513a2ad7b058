from __future__ import annotations

import pytest

from runner.errors import (
    DatabaseError,
    GraphError,
    InvalidTarget,
    MultipleHeads,
    OverlappingDatabaseRevisions,
    RunnerError,
    UnknownDatabaseRevision,
    UnknownRevision,
)
from runner.graph import (
    DeleteRow,
    Direction,
    InsertRow,
    Plan,
    RevisionGraph,
    Step,
    UpdateRow,
    plan_downgrade,
    plan_stamp,
    plan_upgrade,
    rows_after,
)
from runner.graph.faults import AmbiguousStep, NotDowngradable, NotInBranch, RelatedTargets, StepTooFar
from tests.property.graphs import chain, graph_of, shown

CHAIN = graph_of("a1 <- a2 <- a3")

FORKED = graph_of("""
    a1 <- a2 <- b1(billing) <- b2
          a2 <- c1 <- c2
    b2, c2 <- m1 <- m2
    z1(audit) <- z2 <- z3
    b1 <~ z2
""")


def _told(plan: Plan) -> list[str]:
    """Return a plan as lines: `sources -> destinations [row changes]`."""
    return [
        f"{' '.join(step.sources)} -> {' '.join(step.destinations)} [{shown(step.row_changes)}]".strip()
        for step in plan
    ]


# --- upgrade ---------------------------------------------------------------------------------------


def test_an_upgrade_from_nothing() -> None:
    """The base inserts a row, every other revision updates it (REV-43)."""
    plan = plan_upgrade(CHAIN, (), "head")
    assert _told(plan) == ["-> a1 [+a1]", "a1 -> a2 [a1>a2]", "a2 -> a3 [a2>a3]"]
    assert plan.start_heads == ()
    assert plan.end_heads == ("a3",)
    assert {step.direction for step in plan} == {step.movement for step in plan} == {Direction.UPGRADE}


def test_a_branch_a_merge_and_a_dependency() -> None:
    """A fork inserts, a merge deletes and updates, a dependency's row is taken over (REV-32, REV-33, REV-43)."""
    plan = plan_upgrade(FORKED, (), "heads")
    assert _told(plan) == [
        "-> a1 [+a1]",
        "a1 -> a2 [a1>a2]",
        "a2 -> c1 [a2>c1]",
        "c1 -> c2 [c1>c2]",
        "a2 -> b1 [+b1]",
        "-> z1 [+z1]",
        "z1 -> z2 [-z1 b1>z2]",
        "z2 -> z3 [z2>z3]",
        "b1 -> b2 [+b2]",
        "b2 c2 -> m1 [-b2 c2>m1]",
        "m1 -> m2 [m1>m2]",
    ]
    assert [step.dependencies for step in plan if step.dependencies] == [("b1",)]
    assert plan.end_heads == ("m2", "z3")


@pytest.mark.parametrize(
    ("rows", "target", "revisions"),
    [
        (("a2",), "b2", "b1 b2"),
        (("a2",), "billing@head", "c1 c2 b1 b2 m1 m2"),
        (("a2",), "+0", ""),
        (("a2",), "billing@+1", "b1"),
        (("a2",), "billing@+2", "b1 b2"),
        (("a2",), "c1@+1", "c1"),
        (("a2",), "audit@+1", "z1"),
        (("b1", "c1"), "billing@+1", "b2"),
        (("b2", "c2"), "c1@+1", "m1"),
        (("z2",), "billing@+1", "b2"),
        (("z2",), "c2@+1", "c1"),
        ((), "billing@+1", "a1"),
        ((), "z1+1", "z1 a1 a2 b1 z2"),
        (("z2",), "a1", ""),
        (("m2",), "heads", "z1 z2 z3"),
        (("m2", "z3"), "heads", ""),
        (("a2",), "base", ""),
        (("c2",), ("b1", "z1"), "b1 z1"),
        ((), (), ""),
    ],
)
def test_an_upgrade_applies_what_is_missing(
    rows: tuple[str, ...], target: str | tuple[str, ...], revisions: str
) -> None:
    """All ancestors and dependencies of the target, and nothing else (REV-16 to REV-18, REV-30)."""
    plan = plan_upgrade(FORKED, rows, target)
    assert sorted(step.revision for step in plan) == sorted(revisions.split())
    assert bool(plan) == bool(revisions)


@pytest.mark.parametrize(
    ("rows", "target", "kind", "sentence"),
    [
        (("a2",), "head", MultipleHeads, "head is not a single revision: there are m2 and z3."),
        (("a2",), "+1", AmbiguousStep, "+1 is ambiguous: from a2 it could go to b1 and c1."),
        (("b1", "c1"), "+1", AmbiguousStep, "from b1 and c1. Name the branch by a label or an id, as in b1@+1."),
        (("b1", "c1"), "m1@+1", AmbiguousStep, "it could count from b1 and c1"),
        (("a2",), "-1", InvalidTarget, "-1 leads down. Use it with downgrade, or upgrade to a revision."),
        (("b2",), "billing@+9", StepTooFar, "asks for 9 steps, but after 2 there is nothing above m2."),
        (("z2",), "b1@nothing", UnknownRevision, "'nothing' in branch b1"),
        (("a2",), "billing@c1", NotInBranch, "Revision c1 is not in branch billing"),
    ],
)
def test_an_upgrade_is_refused(rows: tuple[str, ...], target: str, kind: type[GraphError], sentence: str) -> None:
    """A target that is ambiguous, unknown or in the other direction has its own error (ERR-2, ERR-8, ERR-9)."""
    with pytest.raises(GraphError) as caught:
        plan_upgrade(FORKED, rows, target)
    assert type(caught.value) is kind
    assert sentence in str(caught.value)


# --- downgrade -------------------------------------------------------------------------------------


def test_a_downgrade_to_base() -> None:
    """A child gives its row back to its parent, a base deletes it (REV-43)."""
    plan = plan_downgrade(CHAIN, ("a3",), "base")
    assert _told(plan) == ["a3 -> a2 [a3>a2]", "a2 -> a1 [a2>a1]", "a1 ->  [-a1]"]
    assert plan.end_heads == ()
    assert {step.movement for step in plan} == {Direction.DOWNGRADE}


def test_an_unmerge_and_a_dependency_on_the_way_down() -> None:
    """What a revision stood on becomes rows again, unless something else stands there (REV-36, REV-43)."""
    assert _told(plan_downgrade(FORKED, ("m2", "z3"), "a2")) == [
        "m2 -> m1 [m2>m1]",
        "m1 -> b2 c2 [+b2 m1>c2]",
        "b2 -> b1 [-b2]",
        "z3 -> z2 [z3>z2]",
        "z2 -> z1 [+z1 z2>b1]",
        "b1 -> a2 [-b1]",
        "c2 -> c1 [c2>c1]",
        "c1 -> a2 [c1>a2]",
    ]


@pytest.mark.parametrize(
    ("rows", "target", "revisions"),
    [
        (("m2",), "-1", "m2"),
        (("m2",), "billing@-1", "m2"),
        (("m2",), "b1", "m2 m1 b2"),
        (("m2",), "billing@a2", "m2 m1 b2 b1"),
        (("m2",), "c1@a2", "m2 m1 c2 c1"),
        (("m2",), "a2", "m2 m1 b2 b1 c2 c1"),
        (("m2",), "b2-1", "m2 m1 b2"),
        (("m2",), "a1+1", "m2 m1 b2 b1 c2 c1"),
        (("m2",), "m2", ""),
        (("m2", "z3"), "audit@base", "z3 z2 z1"),
        (("b2", "z3"), "billing@base", "b2 b1 z3 z2 a2 a1"),
        (("m2",), "audit@base", ""),
        (("b2", "c1", "z3"), "b2@-1", "b2"),
        (("b2", "c1", "z3"), "c1@-1", "c1"),
        (("b2", "z2"), "audit@-1", "z2"),
        (("z2",), "billing@-1", "z2 b1"),
        (("z2",), "audit@-2", "z2 z1"),
        (("m2",), "billing@head", ""),
        ((), "base", ""),
    ],
)
def test_a_downgrade_takes_back_what_stands_above(rows: tuple[str, ...], target: str, revisions: str) -> None:
    """Everything above the target, and what depends on what goes; a branch opens one lineage (REV-36)."""
    plan = plan_downgrade(FORKED, rows, target)
    assert sorted(step.revision for step in plan) == sorted(revisions.split())


@pytest.mark.parametrize(
    ("rows", "target", "kind", "sentence"),
    [
        (("b2", "c1"), "-1", AmbiguousStep, "-1 is ambiguous: it could count from b2 and c1. Name the branch"),
        (("b2", "c1"), "a2@-1", AmbiguousStep, "it could count from b2 and c1"),
        (("m1",), "-1", AmbiguousStep, "from m1 it could go to b2 and c2"),
        (("m2",), "+1", InvalidTarget, "+1 does not lead down. Use it with upgrade."),
        (("a2",), "-3", StepTooFar, "asks for 3 steps, but after 2 there is nothing below base."),
        ((), "-1", StepTooFar, "-1 leads below base: nothing is applied."),
        (("a2",), "audit@-1", StepTooFar, "nothing of branch audit is applied"),
        (("m2",), "z1", NotDowngradable, "Nothing above z1 is applied: the database has m2. Use upgrade to get there."),
        (("z2",), "b1", NotDowngradable, "Another revision depends on it, so it stays."),
        (("m2",), "heads", MultipleHeads, "heads is not a single revision"),
        (("a2",), "b1@c1", NotInBranch, "Revision c1 is not in branch b1"),
    ],
)
def test_a_downgrade_is_refused(rows: tuple[str, ...], target: str, kind: type[GraphError], sentence: str) -> None:
    """Ambiguity refuses and never warns; a wrong direction says the right one (ERR-8, ERR-9, ERR-32, BUG-6)."""
    with pytest.raises(GraphError) as caught:
        plan_downgrade(FORKED, rows, target)
    assert type(caught.value) is kind
    assert sentence in str(caught.value)


def test_a_branch_that_does_not_lead_through_the_target_is_refused() -> None:
    """c2@a1 with several ways up from a1 opens none of them unless one leads to c2 (ERR-8)."""
    graph = graph_of("""
        a1 <- b1
        a1 <- c1(core)
        a1 <- d1
        c1 <- m1
        d1 <- m1
    """)
    assert [step.revision for step in plan_downgrade(graph, ("b1", "m1"), "core@a1")] == ["m1", "c1"]
    with pytest.raises(NotDowngradable, match="a1 is not below branch a1"):
        plan_downgrade(graph, ("b1", "m1"), "a1@a1")


# --- stamp -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "targets", "lines"),
    [
        ((), "a2", ["-> a2 [+a2]"]),
        (("a2",), "m2", ["a2 -> m2 [a2>m2]"]),
        (("m2",), "a2", ["m2 -> a2 [m2>a2]"]),
        (("b2", "c2"), "a1", ["b2 c2 -> a1 [-b2 c2>a1]"]),
        (("b2", "c2"), "m1", ["b2 c2 -> m1 [-b2 c2>m1]"]),
        (("b2", "c2"), "b1", ["b2 -> b1 [b2>b1]"]),
        (("b2",), "c2", ["-> c2 [+c2]"]),
        (("z3",), "b1", ["z3 -> b1 [z3>b1]"]),
        (("m2",), "m2", []),
        (("m2", "z3"), "base", ["m2 ->  [-m2]", "z3 ->  [-z3]"]),
        (("m2", "z3"), "c1@base", ["m2 ->  [-m2]"]),
        (("a1",), "heads", ["a1 -> m2 [a1>m2]", "-> z3 [+z3]"]),
        (("m2", "z1"), ("z3", "b2"), ["z1 -> z3 [z1>z3]", "m2 -> b2 [m2>b2]"]),
        (("b2", "c2"), ("a1", "z1"), ["b2 c2 -> a1 [-b2 c2>a1]", "-> z1 [+z1]"]),
        (("m2", "z1"), ("audit@base", "m1"), ["z1 ->  [-z1]", "m2 -> m1 [m2>m1]"]),
        (("a1", "b2"), "b2", ["a1 -> b2 [-a1]"]),
        (("m2",), "m2-1", ["m2 -> m1 [m2>m1]"]),
    ],
)
def test_a_stamp_moves_rows_of_its_lineage(
    rows: tuple[str, ...], targets: str | tuple[str, ...], lines: list[str]
) -> None:
    """Rows above or below a target become it, others stay, base removes (REV-37)."""
    plan = plan_stamp(FORKED, rows, targets)
    assert _told(plan) == lines
    assert plan.direction is Direction.STAMP


def test_a_stamp_knows_which_way_it_moves() -> None:
    """Listeners are told whether rows went up or down (API-6)."""
    assert [step.movement for step in plan_stamp(FORKED, ("a1",), "m2")] == [Direction.UPGRADE]
    assert [step.movement for step in plan_stamp(FORKED, (), "m2")] == [Direction.UPGRADE]
    assert [step.movement for step in plan_stamp(FORKED, ("m2",), "a1")] == [Direction.DOWNGRADE]
    assert [step.movement for step in plan_stamp(FORKED, ("m2",), "base")] == [Direction.DOWNGRADE]


def test_related_targets_of_a_stamp_are_refused() -> None:
    """Two rows of one lineage would stop every later run (ERR-11)."""
    with pytest.raises(RelatedTargets) as caught:
        plan_stamp(FORKED, (), ("a1", "m2", "b1"))
    assert str(caught.value) == "a1 and b1 would be a row beside a revision that implies it. Stamp only m2."


# --- rows that do not fit --------------------------------------------------------------------------


@pytest.mark.parametrize("plan", [plan_upgrade, plan_downgrade, plan_stamp])
def test_a_row_without_a_file_is_refused(plan: object) -> None:
    """The version table can be ahead of the files (ERR-1)."""
    assert callable(plan)
    with pytest.raises(UnknownDatabaseRevision) as caught:
        plan(CHAIN, ("a1x", "b9"), "a1")
    assert str(caught.value) == (
        "The version table has a1x and b9, but no file declares it. Deploy the revisions this database was last "
        "upgraded with, or restore the file. Did you mean a1?"
    )
    assert isinstance(caught.value, DatabaseError)


@pytest.mark.parametrize("plan", [plan_upgrade, plan_downgrade])
def test_related_rows_are_refused(plan: object) -> None:
    """Rows of one lineage, or a row something else depends on, contradict each other (ERR-11)."""
    assert callable(plan)
    with pytest.raises(OverlappingDatabaseRevisions) as caught:
        plan(FORKED, ("c2", "b1", "z3"), "base")
    assert str(caught.value) == (
        "The version table has b1 and z3, but z3 implies b1. If z3 is applied, stamp z3 to remove the other row."
    )
    assert caught.value.fields == {"rows": ("b1", "c2", "z3"), "implied": ("b1",)}


# --- values ----------------------------------------------------------------------------------------


def test_a_plan_is_a_sized_iterable_value() -> None:
    """Equal input gives equal plans; an empty plan is false."""
    plan = plan_upgrade(CHAIN, ("a1",), "head")
    assert plan == plan_upgrade(RevisionGraph(list(CHAIN)), ("a1",), "head")
    assert (len(plan), bool(plan), plan.is_empty) == (2, True, False)
    assert all(isinstance(step, Step) for step in plan)
    assert plan_upgrade(CHAIN, ("a3",), "head").is_empty


def test_row_changes_are_checked_when_applied() -> None:
    """Each change matches exactly one row (ERR-23)."""
    assert rows_after(("b", "a"), [InsertRow(revision="c"), DeleteRow(revision="a"), UpdateRow(old="b", new="d")]) == (
        "c",
        "d",
    )
    for change in (InsertRow(revision="a"), DeleteRow(revision="b"), UpdateRow(old="b", new="c")):
        with pytest.raises(ValueError, match="row"):
            rows_after(("a",), [change])


def test_long_plans_are_ordinary() -> None:
    """Ten thousand steps up and down are planned without recursion."""
    graph = RevisionGraph(chain(10_000))
    assert len(plan_upgrade(graph, (), "heads")) == 10_000
    assert len(plan_downgrade(graph, graph.heads, "base")) == 10_000
    assert plan_upgrade(graph, graph.heads, "heads").is_empty


def test_a_ladder_of_merges_is_ordinary() -> None:
    """Three thousand forks and merges in a row are planned in order."""
    rungs = "\n".join(
        f"m{number} <- a{number}\nm{number} <- b{number}\na{number}, b{number} <- m{number + 1}"
        for number in range(3000)
    )
    graph = graph_of(rungs)
    plan = plan_upgrade(graph, (), "heads")
    assert len(plan) == 9001
    assert plan.end_heads == ("m3000",)
    assert shown(plan.steps[-1].row_changes).split()[-1].endswith(">m3000")


def test_every_refusal_is_a_runner_error() -> None:
    """A caller that catches the base class catches everything on purpose."""
    for kind in (NotDowngradable, RelatedTargets, StepTooFar, AmbiguousStep, NotInBranch):
        assert issubclass(kind, RunnerError)
        assert kind.code
        assert kind.exit_code
