from __future__ import annotations

import pytest

from runner.errors import InvalidTarget
from runner.graph import RevisionGraph
from runner.graph.faults import RangeNotAncestor, StepTooFar
from tests.property.graphs import chain, graph_of

CHAIN = graph_of("a1 <- a2 <- a3 <- a4 <- a5")

FORKED = graph_of("""
    a1 <- a2 <- b1(billing) <- b2
          a2 <- c1 <- c2
    b2, c2 <- m1 <- m2
    z1(audit) <- z2 <- z3
    b1 <~ z2
""")


def test_a_walk_is_newest_first_one_lineage_after_the_other() -> None:
    """The order is that of Alembic's walk_revisions() (API-2)."""
    assert CHAIN.walk() == ("a5", "a4", "a3", "a2", "a1")
    assert FORKED.walk() == ("m2", "m1", "b2", "z3", "z2", "z1", "b1", "c2", "c1", "a2", "a1")


@pytest.mark.parametrize(
    ("base", "head", "ids"),
    [
        ("a2", "a4", ("a4", "a3", "a2")),
        ("base", "a2", ("a2", "a1")),
        ("a4", "heads", ("a5", "a4")),
        ("-2", "a4", ("a4", "a3", "a2")),
        ("a2", "+2", ("a4", "a3", "a2")),
        ("-99", "a3", ("a3", "a2", "a1")),
        ("a4-2", "a4", ("a4", "a3", "a2")),
        ("a3", "a3", ("a3",)),
        (("a2",), ("a4",), ("a4", "a3", "a2")),
        (None, "a2", ("a2", "a1")),
    ],
)
def test_a_range_includes_both_ends(
    base: str | tuple[str, ...] | None, head: str | tuple[str, ...], ids: tuple[str, ...]
) -> None:
    """`history -r a:b`; steps count from the other end (REV-19)."""
    assert CHAIN.walk(base, head) == ids


@pytest.mark.parametrize(
    ("upper", "lower", "ids"),
    [
        ("m2", "b1", ("m2", "m1", "b2")),
        ("billing@head", "billing@b1", ("m2", "m1", "b2")),
        ("heads", "audit@base", ("z3", "z2", "z1", "b1", "a2", "a1")),
        ("heads", "billing@base", ("m2", "m1", "b2", "b1", "c2", "c1", "a2", "a1")),
        ("heads", "z2@base", ("z3", "z2", "z1", "b1", "a2", "a1")),
        (("m2", "z3"), ("b1", "z1"), ("m2", "m1", "b2", "z3", "z2")),
        ("m2", ("b1", "c1"), ("m2", "m1", "b2", "c2")),
        (("m2", "z3"), "-1", ("m2", "z3")),
        ("heads", "audit@-1", ("z3",)),
        ("heads", "heads", ()),
        (None, None, ()),
    ],
)
def test_a_range_without_its_lower_end(
    upper: str | tuple[str, ...] | None, lower: str | tuple[str, ...] | None, ids: tuple[str, ...]
) -> None:
    """Only what follows the lower end along down_revision lies between (API-2)."""
    assert FORKED.iterate(upper, lower) == ids


def test_implicit_base_adds_what_stands_beside_the_lower_end() -> None:
    """An upgrade from b1 to m2 also needs the other side of the merge."""
    assert FORKED.iterate("m2", "b1", implicit_base=True) == ("m2", "m1", "b2", "c2", "c1")
    assert FORKED.iterate("a2", "m2", implicit_base=True) == ()


def test_a_range_upside_down_is_refused() -> None:
    """Nothing lies between an ancestor and its descendant in this direction (ERR-10)."""
    with pytest.raises(RangeNotAncestor) as caught:
        CHAIN.iterate("a2", "a4")
    assert str(caught.value) == (
        "There is no range from a4 to a2: the lower end is not an ancestor of the upper end. "
        "Give the older revision first, on the same lineage."
    )
    assert caught.value.exit_code == 61
    with pytest.raises(RangeNotAncestor, match="from b2 and z1 to z3"):
        FORKED.iterate("z3", ("b2", "z1"))


def test_steps_of_a_range_must_fit_unless_told_otherwise() -> None:
    """A history clamps, plans do not (ERR-9)."""
    with pytest.raises(StepTooFar):
        CHAIN.iterate("a3", "-9")
    assert CHAIN.iterate("a3", "-9", assert_relative_length=False) == ("a3", "a2", "a1")
    assert CHAIN.iterate("+9", "a3", assert_relative_length=False) == ("a5", "a4")
    with pytest.raises(InvalidTarget, match="cannot be the lower end"):
        CHAIN.iterate("a3", "+1")
    with pytest.raises(InvalidTarget, match="leads down"):
        CHAIN.iterate("-1", "a1")


def test_a_range_respects_requirements_that_lie_outside_it() -> None:
    """b3 requires a2 through revisions beside the range, so it comes before a2."""
    graph = graph_of("""
        a1 <- a2 <- a3
        x1
        a1 <- b2
        a3 <~ x1
        x1 <~ b2
    """)
    assert graph.iterate(("b2", "a3"), "a1") == ("b2", "a3", "a2")


def test_select_for_downgrade_returns_what_would_go() -> None:
    """The answer of a downgrade without its plan (API-2)."""
    assert CHAIN.iterate("a4", "a2", select_for_downgrade=True) == ("a4", "a3")
    assert CHAIN.iterate(("a4",), "-1", select_for_downgrade=True) == ("a4",)
    assert CHAIN.iterate(("a4",), ("a3",), select_for_downgrade=True) == ("a4",)
    assert CHAIN.iterate("a4", "a3", select_for_downgrade=True, inclusive=True) == ("a4", "a3")
    assert CHAIN.iterate("a2", None, select_for_downgrade=True) == ("a2", "a1")
    assert CHAIN.iterate("a2", "-9", select_for_downgrade=True, assert_relative_length=False) == ("a2", "a1")


def test_effective_heads_of_rows() -> None:
    """What the rows imply beside themselves: the end of a lineage something depends on (REV-32)."""
    assert FORKED.applied_heads(("z3",)) == ("b1", "z3")
    assert FORKED.applied_heads(("m2", "z3")) == ("m2", "z3")
    assert FORKED.applied_heads(()) == ()


def test_being_at_heads() -> None:
    """Rows are compared with the heads that have rows (BUG-3)."""
    assert FORKED.is_at_heads(("z3", "m2"))
    assert not FORKED.is_at_heads(("m2",))
    assert RevisionGraph([]).is_at_heads(())


def test_pending_is_what_an_upgrade_would_apply() -> None:
    """Oldest first, empty when there is nothing to do."""
    assert CHAIN.pending(("a3",)) == ("a4", "a5")
    assert CHAIN.pending(("a5",)) == ()
    assert CHAIN.pending((), "a2") == ("a1", "a2")
    assert len(RevisionGraph(chain(10_000)).pending(())) == 10_000
