"""Which ranges can be squashed, and what of them is kept."""

from __future__ import annotations

import pytest

from runner.errors import SquashRefused
from runner.graph import Revision, RevisionGraph
from runner.revisions.squash_files import squash_range
from tests.property.graphs import graph_of


def test_a_chain() -> None:
    """The squash has the id of the last revision, follows what the first follows, and replaces the others."""
    found = squash_range(graph_of("a1111 <- b1111 <- c1111 <- d1111"), "b1111", "c1111")
    assert (found.revision, found.replaces, found.parents) == ("c1111", ("b1111",), ("a1111",))


def test_the_whole_lineage() -> None:
    """`base` and `head` are the ends of the lineage."""
    found = squash_range(graph_of("a1111 <- b1111 <- c1111"), "base", "head")
    assert (found.revisions, found.parents) == (("a1111", "b1111", "c1111"), ())


def test_labels_and_dependencies_are_kept() -> None:
    """Labels of the range go to the squash; of dependencies only those that lead out of it."""
    graph = RevisionGraph(
        [
            Revision(revision="x"),
            Revision(revision="a", branch_labels=("one",), depends_on=("x",)),
            Revision(revision="b", down_revisions=("a",), branch_labels=("two",)),
            Revision(revision="c", down_revisions=("b",), depends_on=("one", "x")),
        ]
    )
    found = squash_range(graph, "a", "c")
    assert (found.branch_labels, found.depends_on) == (("one", "two"), ("x",))


def test_what_earlier_squashes_replaced_is_replaced_again() -> None:
    """The ids that a squash inside the range stands for are in the new record, in order."""
    graph = RevisionGraph([Revision(revision="b", replaces=("a",)), Revision(revision="c", down_revisions=("b",))])
    assert squash_range(graph, "base", "c").replaces == ("a", "b")


@pytest.mark.parametrize(
    ("picture", "first", "last", "message"),
    [
        ("a1111 <- b1111 <- c1111\na1111 <- x1111", "a1111", "c1111", "x1111 follows or depends on a1111"),
        ("a1111 <- b1111 <- c1111\na1111 <~ x1111", "a1111", "c1111", "x1111 follows or depends on a1111"),
        ("a1111 <- b1111\na1111 <- c1111\nb1111, c1111 <- d1111", "a1111", "d1111", "d1111 is a merge"),
        ("a1111 <- b1111\na1111 <- c1111\nb1111, c1111 <- d1111 <- e1111", "d1111", "e1111", "d1111 is a merge"),
        ("a1111 <- b1111\nx1111", "x1111", "b1111", "a1111 is a base"),
        ("a1111 <- b1111", "b1111", "b1111", "one revision"),
        ("a1111 <- b1111", "a1111", "base", "no range ends there"),
    ],
)
def test_ranges_that_cannot_be_squashed(picture: str, first: str, last: str, message: str) -> None:
    """What is no chain, and what something outside hangs on, is refused with the reason."""
    with pytest.raises(SquashRefused, match=message):
        squash_range(graph_of(picture), first, last)
