"""Squashed ranges: which files count for which database."""

from __future__ import annotations

import pytest

from runner.errors import DuplicateRevision, ReplacedFilesMissing, UnknownRevision
from runner.graph import Revision, RevisionGraph, plan_upgrade
from runner.graph.replaced import graph_with_originals, squashed


def one(revision: str, *parents: str, replaces: tuple[str, ...] = ()) -> Revision:
    """Return a revision whose source tells a squash from an original."""
    kind = "squash" if replaces else "original"
    return Revision(revision=revision, down_revisions=parents, replaces=replaces, source=f"{kind} {revision}")


A, B, C, D, E = one("a"), one("b", "a"), one("c", "b"), one("d", "c"), one("e", "d")
SQUASH = one("c", "a", replaces=("b",))
WIDER = one("d", replaces=("a", "b", "c"))


def sources(graph: RevisionGraph) -> list[str | None]:
    """Return the files that count, oldest first."""
    return [graph.get(revision).source for revision in reversed(graph.walk())]


def test_without_a_squash_nothing_changes() -> None:
    """Revisions that replace nothing are passed through as they are, duplicates too."""
    assert squashed([A, A, B]) == [A, A, B]
    with pytest.raises(DuplicateRevision):
        RevisionGraph(squashed([A, A]))


@pytest.mark.parametrize("kept", [[], [B, C]])
def test_the_squash_stands_for_its_range(kept: list[Revision]) -> None:
    """Whether the originals lie beside it or not, a fresh database is brought up by the squash."""
    graph = RevisionGraph(squashed([A, *kept, SQUASH, D]))
    assert sources(graph) == ["original a", "squash c", "original d"]
    assert [step.revision for step in plan_upgrade(graph, (), "heads")] == ["a", "c", "d"]


def test_a_database_at_the_old_end_goes_on() -> None:
    """The squash has the id of the last revision it replaces, so a database there has it applied."""
    graph = RevisionGraph(squashed([A, SQUASH, D]))
    assert [step.revision for step in plan_upgrade(graph, ("c",), "heads")] == ["d"]
    assert [step.revision for step in plan_upgrade(graph, ("a",), "heads")] == ["c", "d"]


def test_a_database_inside_uses_the_originals() -> None:
    """From the middle of the range the originals lead on."""
    graph = graph_with_originals([A, SQUASH, D, B, C], ["b"])
    assert sources(graph) == ["original a", "original b", "original c", "original d"]
    assert [step.revision for step in plan_upgrade(graph, ("b",), "heads")] == ["c", "d"]


def test_a_database_inside_without_the_originals() -> None:
    """Without the files nobody can say what is left to do (replaced-files-missing)."""
    for left in ([], [B], [C]):
        with pytest.raises(ReplacedFilesMissing, match=r"The database is at b.*Restore them"):
            graph_with_originals([A, SQUASH, D, *left], ["b"])


def test_a_squash_of_a_squash() -> None:
    """Ranges may be squashed again; a database inside gets as many originals as it needs."""
    everything = [A, B, C, D, E, SQUASH, WIDER]
    assert sources(RevisionGraph(squashed(everything))) == ["squash d", "original e"]
    at_a = graph_with_originals(everything, ["a"])
    at_b = graph_with_originals(everything, ["b"])
    assert sources(at_a) == ["original a", "squash c", "original d", "original e"]
    assert sources(at_b) == ["original a", "original b", "original c", "original d", "original e"]
    without_b = graph_with_originals([A, D, E, SQUASH, WIDER], ["a"])
    assert sources(without_b) == ["original a", "squash c", "original d", "original e"]


def test_rows_that_are_nowhere_are_left_to_the_check() -> None:
    """A row that no file declares or replaces changes nothing."""
    assert sources(graph_with_originals([A, SQUASH, D], ["zzzz"])) == ["original a", "squash c", "original d"]


def test_a_row_inside_is_its_own_error() -> None:
    """Planning from a replaced row without its originals says what is missing."""
    graph = RevisionGraph(squashed([A, SQUASH, D]))
    assert graph.replaced == {"b": "c"}
    with pytest.raises(ReplacedFilesMissing, match="which c replaces"):
        plan_upgrade(graph, ("b",), "heads")


def test_a_replaced_id_as_a_target_is_explained() -> None:
    """Naming a revision that was squashed away says by what."""
    with pytest.raises(UnknownRevision, match="c replaces it"):
        RevisionGraph(squashed([A, SQUASH, D])).resolve("b")
