"""Each recorded difference, shown on the smallest graph: what Alembic does, what we do."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.script.revision import RevisionMap

from runner.errors import (
    AmbiguousRevision,
    DuplicateRevision,
    InvalidTarget,
    MissingParent,
    OverlappingDatabaseRevisions,
    UnknownRevision,
)
from runner.graph import Revision, RevisionGraph, plan_downgrade, plan_stamp, plan_upgrade
from runner.graph.faults import (
    AmbiguousPrefix,
    AmbiguousStep,
    MissingDependency,
    NotInBranch,
    PrefixTooShort,
    RelatedTargets,
    StepTooFar,
)
from tests.differential.graph_known_differences import DIFFERENCES
from tests.differential.graph_oracle import Refused, alembic_history, alembic_map, alembic_plan, answer
from tests.property.graphs import drawn, shown

ROOT = Path(__file__).resolve().parents[2]


def _both(picture: str) -> tuple[RevisionGraph, RevisionMap]:
    revisions = drawn(picture)
    return RevisionGraph(revisions), alembic_map(revisions)


def _refused(question: Callable[[], Any]) -> str:
    """Return the kind of Alembic's error."""
    found = answer(question)
    assert isinstance(found, Refused)
    return found.kind


def _steps(oracle: RevisionMap, verb: str, rows: tuple[str, ...], target: Any) -> list[str]:
    return [step.revision for step in alembic_plan(oracle, verb, rows, target)]


def test_every_difference_has_an_example() -> None:
    """The record and the examples in this file name the same differences."""
    examples = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert examples == {*DIFFERENCES, "every-difference-has-an-example"}


def test_missing_parent() -> None:
    """Alembic fails with the bare key; we name revision, parent and file (ERR-17)."""
    revisions = drawn("a1 <- a2")[1:]
    oracle = alembic_map(revisions)
    with pytest.warns(UserWarning, match="not present"), pytest.raises(KeyError, match="a1"):
        _ = oracle.heads
    with pytest.raises(MissingParent, match=r"Revision a2 names down_revision a1, but no file in versions declares it"):
        RevisionGraph(revisions)
    dependent = (Revision(revision="b1", depends_on=("a1",)),)
    assert _refused(lambda: alembic_map(dependent).heads) == "KeyError"
    with pytest.raises(MissingDependency, match="Revision b1 depends on a1"):
        RevisionGraph(dependent)


def test_duplicate() -> None:
    """Alembic warns and goes on with an id that is twice a head; we refuse (ERR-18)."""
    revisions = (*drawn("a1"), *drawn("a1"))
    oracle = alembic_map(revisions)
    with pytest.warns(UserWarning, match="present more than once"):
        heads = oracle.heads
    assert heads == ("a1", "a1")
    with pytest.raises(DuplicateRevision):
        RevisionGraph(revisions)


def test_minus_n_of_several_rows() -> None:
    """Alembic warns and takes back whichever row is first; we ask which (ERR-32)."""
    graph, oracle = _both("a1 <- a2\nb1 <- b2")
    with pytest.warns(UserWarning, match="ambiguous"):
        assert _steps(oracle, "downgrade", ("b2", "a2"), "-1") == ["b2"]
    with pytest.raises(AmbiguousStep, match=r"a2 and b2.*a2@-1"):
        plan_downgrade(graph, ("a2", "b2"), "-1")
    assert [step.revision for step in plan_downgrade(graph, ("a2", "b2"), "b2@-1")] == ["b2"]


def test_branch_not_applied() -> None:
    """Alembic asserts; we say that nothing of the branch is applied, or that several rows are (BUG-6)."""
    graph, oracle = _both("a1 <- a2\na1 <- a3\nb1(billing)")
    assert _refused(lambda: alembic_plan(oracle, "downgrade", ("a2",), "billing@-1")) == "AssertionError"
    with pytest.raises(StepTooFar, match="nothing of branch billing is applied"):
        plan_downgrade(graph, ("a2",), "billing@-1")
    assert _refused(lambda: alembic_plan(oracle, "downgrade", ("a2", "a3"), "a1@-1")) == "AssertionError"
    with pytest.raises(AmbiguousStep):
        plan_downgrade(graph, ("a2", "a3"), "a1@-1")


def test_branch_is_checked() -> None:
    """Alembic looks the revision up without its branch in some commands; we do not (REV-16)."""
    graph, oracle = _both("a1 <- a2\nb1(billing) <- b2")
    assert _steps(oracle, "downgrade", ("a2",), "billing@a1") == ["a2"]
    with pytest.raises(NotInBranch):
        plan_downgrade(graph, ("a2",), "billing@a1")
    assert _refused(lambda: alembic_plan(oracle, "downgrade", ("b2",), "billing@head")) == "CommandError"
    assert plan_downgrade(graph, ("b2",), "billing@head").is_empty


def test_step_past_the_end() -> None:
    """A step beyond an end is refused with the number of steps there are (ERR-9)."""
    graph, oracle = _both("a1 <- a2 <- a3")
    assert _refused(lambda: alembic_plan(oracle, "upgrade", ("a1",), "a2+5")) == "AssertionError"
    with pytest.raises(StepTooFar, match="asks for 5 steps, but after 1 there is nothing above a3"):
        plan_upgrade(graph, ("a1",), "a2+5")
    assert _steps(oracle, "upgrade", ("a1",), "base-1") == ["a2", "a3"]
    with pytest.raises(StepTooFar, match="nothing below base"):
        plan_upgrade(graph, ("a1",), "base-1")


def test_step_to_base() -> None:
    """One step below a base is base, also where Alembic asserts."""
    graph, oracle = _both("a1 <- a2")
    assert _refused(lambda: alembic_plan(oracle, "upgrade", ("a2",), "a2-2")) == "AssertionError"
    assert plan_upgrade(graph, ("a2",), "a2-2").is_empty


def test_related_ends() -> None:
    """One symbol that names an effective head and its dependent is fine with us (ERR-11)."""
    graph, oracle = _both("a1(core) <- a2\na1 <- a3\na2 <~ a3")
    assert _refused(lambda: alembic_plan(oracle, "upgrade", (), "core@heads")) == "CommandError"
    assert plan_upgrade(graph, (), "core@heads").end_heads == ("a3",)


def test_folded_requirements() -> None:
    """A dependency that stands on the parent neither crashes nor leaves related rows (ERR-11)."""
    graph, oracle = _both("a1 <- b1\nc1 <- b1\na1 <- a2 <~ b1")
    assert _refused(lambda: alembic_plan(oracle, "upgrade", (), "b1")) == "KeyError"
    assert plan_upgrade(graph, (), "b1").end_heads == ("b1",)
    graph, oracle = _both("a1 <- b1\na1 <- a2 <~ b1\nc1")
    assert alembic_plan(oracle, "downgrade", ("b1", "c1"), "base")[0].rows == ("a1", "a2", "c1")
    assert plan_downgrade(graph, ("b1", "c1"), "base").steps[0].heads_after == ("a2", "c1")


_PRINT_PLANS = """
from runner.graph import Revision
from tests.differential.graph_oracle import alembic_map, alembic_plan
bases = ("a1", "b1", "c1", "d1", "f1", "g1")
for last in (Revision(revision="m1", depends_on=bases), Revision(revision="m1", down_revisions=bases)):
    oracle = alembic_map([*(Revision(revision=one) for one in bases), last])
    print([(step.revision, step.changes) for step in alembic_plan(oracle, "downgrade", ("m1",), "base")])
"""


@functools.cache
def _alembic_under_hash_seeds() -> tuple[str, ...]:
    return tuple(
        subprocess.run(
            [sys.executable, "-c", _PRINT_PLANS],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    )


def test_several_dependencies() -> None:
    """Alembic's order of several dependencies comes from a set; ours is the declared one."""
    first, second = (output.splitlines()[0] for output in _alembic_under_hash_seeds())
    assert first != second
    graph, _ = _both("a1\nb1\nc1\nd1\nc1, a1, d1, b1 <~ e1")
    assert [step.revision for step in plan_upgrade(graph, (), "e1")] == ["b1", "d1", "a1", "c1", "e1"]


def test_row_change_order() -> None:
    """Alembic's choice of the updated row comes from a set; ours is the last parent's, and back (STYLE C1)."""
    first, second = (output.splitlines()[1] for output in _alembic_under_hash_seeds())
    assert first != second
    graph, _ = _both("a1\nb1\nc1\nd1\na1, b1, c1 <- m1")
    assert shown(plan_upgrade(graph, ("a1", "b1", "c1", "d1"), "m1").steps[0].row_changes) == "-a1 -b1 c1>m1"
    assert shown(plan_downgrade(graph, ("d1", "m1"), "m1@base").steps[0].row_changes) == "+a1 +b1 m1>c1"


def test_stamp_several() -> None:
    """Each target of a stamp moves its own lineage's rows and no others (REV-37)."""
    graph, oracle = _both("a1 <- a2\nb1 <- b2")
    assert _refused(lambda: alembic_plan(oracle, "stamp", ("a2", "b2"), ("a1", "b1"))) == "KeyError"
    plan = plan_stamp(graph, ("a2", "b2"), ("a1", "b1"))
    assert [shown(step.row_changes) for step in plan] == ["a2>a1", "b2>b1"]
    assert alembic_plan(oracle, "stamp", (), ("a1", "a2"))[-1].rows == ("a1", "a2")
    with pytest.raises(RelatedTargets, match="Stamp only a2"):
        plan_stamp(graph, (), ("a1", "a2"))


def test_stamp_of_a_branch() -> None:
    """A row on the other fork of a branch stays when the branch is named as well (REV-37)."""
    graph, oracle = _both("a1(core) <- a2 <- a3\na1 <- b2")
    assert alembic_plan(oracle, "stamp", ("a3", "b2"), "core@a2")[-1].rows == ("a2",)
    assert plan_stamp(graph, ("a3", "b2"), "core@a2").end_heads == ("a2", "b2")


def test_stamp_relative() -> None:
    """A bare step counts from the rows everywhere, so a stamp refuses it; a step from a revision is fine (REV-17)."""
    graph, oracle = _both("a1 <- a2 <- a3")
    assert alembic_plan(oracle, "stamp", (), "-1")[-1].rows == ("a2",)
    with pytest.raises(InvalidTarget, match="counts from what a database has"):
        plan_stamp(graph, ("a1",), "-1")
    assert _refused(lambda: alembic_plan(oracle, "stamp", ("a1",), "a3-1")) == "CommandError"
    assert plan_stamp(graph, ("a1",), "a3-1").end_heads == ("a2",)


def test_history_relative() -> None:
    """`-2:a3` is what the documentation says: two before a3, not two before the head (REV-19)."""
    graph, oracle = _both("a1 <- a2 <- a3 <- a4 <- a5")
    assert alembic_history(oracle, "a3", "-2", inclusive=True) == ["a3"]
    assert graph.iterate("a3", "-2", inclusive=True) == ("a3", "a2", "a1")
    assert _refused(lambda: alembic_history(oracle, "a5", "a4-2")) == "ResolutionError"
    assert graph.iterate("a5", "a4-2") == ("a5", "a4", "a3")


def test_history_from_revision_branch() -> None:
    """A revision id before @base means its lineage, whatever labels it has (REV-16)."""
    graph, oracle = _both("a1(core) <- a2\na1 <- a3")
    assert alembic_history(oracle, "heads", "a3@base") == ["a2", "a3", "a1"]
    assert graph.iterate("heads", "a3@base") == ("a3", "a1")


def test_unconnected_history() -> None:
    """A range whose ends hang together by depends_on alone has nothing along down_revision between them."""
    graph, oracle = _both("a1 <- a2\nb1 <- b2\na2 <~ b2")
    assert _refused(lambda: alembic_history(oracle, "b2", "a1")) == "AssertionError"
    assert graph.iterate("b2", "a1") == ("a2",)


def test_labels_below() -> None:
    """A merge far above does not take a label away from the revisions below it (REV-31)."""
    graph, oracle = _both("a1 <- a2(billing) <- a3\nb1\na3, b1 <- m1")
    entry = oracle.get_revision("a1")
    assert entry is not None
    assert entry.branch_labels == set()
    assert graph.labels("a1") == {"billing"}


def test_prefix_of_own_label() -> None:
    """A prefix that can mean one revision only is no prefix of several."""
    graph, oracle = _both("feat1(feature)")
    assert _refused(lambda: oracle.get_revisions("feat")) == "ResolutionError"
    assert graph.resolve("feat") == ("feat1",)


def test_prefix_errors() -> None:
    """A prefix is said to be ambiguous or too short, not to be unknown (ERR-1, BUG-5)."""
    graph, oracle = _both("abcd1 <- abcd2 <- xyz")
    for text in ("abcd", "xy"):
        found = answer(lambda text=text: alembic_plan(oracle, "upgrade", (), text))  # type: ignore[misc]  # bound now
        assert isinstance(found, Refused)
        assert found.message == f"Can't locate revision identified by '{text}'"
    with pytest.raises(AmbiguousPrefix, match="abcd1 and abcd2") as ambiguous:
        plan_upgrade(graph, (), "abcd")
    with pytest.raises(PrefixTooShort, match="write xyz in full") as short:
        plan_upgrade(graph, (), "xy")
    assert isinstance(ambiguous.value, AmbiguousRevision)
    assert isinstance(short.value, UnknownRevision)


def test_related_rows() -> None:
    """Alembic downgrades from rows that contradict each other; we refuse, and a stamp repairs them (ERR-11)."""
    graph, oracle = _both("a1 <- a2")
    assert _steps(oracle, "downgrade", ("a1", "a2"), "base") == ["a2", "a1"]
    for plan in (plan_upgrade, plan_downgrade):
        with pytest.raises(OverlappingDatabaseRevisions, match="stamp a2 to remove the other row"):
            plan(graph, ("a1", "a2"), "a2")
    repair = plan_stamp(graph, ("a1", "a2"), "a2")
    assert [shown(step.row_changes) for step in repair] == ["-a1"]
    assert repair.end_heads == ("a2",)


def test_at_heads() -> None:
    """A database with everything applied is at its heads, although an effective head has no row (BUG-3)."""
    graph, oracle = _both("a1\nb1\na1 <~ b1")
    rows = plan_upgrade(graph, (), "heads").end_heads
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(oracle.heads) != set(rows)
    assert graph.is_at_heads(rows)
    assert not graph.is_at_heads(("a1",))
