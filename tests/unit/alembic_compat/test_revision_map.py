"""RevisionMap made from Revision objects, compared with Alembic's (API-4)."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.script import revision as oracle

from runner.alembic_compat.script import revision as ours
from runner.errors import MultipleHeads, UnknownRevision

# a -- b -- d       d merges b and c
#  `- c --'         e depends on c, f is a base of its own
#  `- e
GRAPH: list[tuple[Any, ...]] = [
    ("aaaa", None),
    ("bbbb", "aaaa", None, "left"),
    ("cccc", "aaaa", None, ("right", "other")),
    ("dddd", ("bbbb", "cccc")),
    ("eeee", "aaaa", "cccc"),
    ("ffff", None, None, "alone"),
]


@pytest.fixture
def both() -> tuple[Any, Any]:
    """Ours and Alembic's map of the same revisions."""
    made = [oracle.Revision(*one) for one in GRAPH]
    return ours.RevisionMap(lambda: [ours.Revision(*one) for one in GRAPH]), oracle.RevisionMap(lambda: made)


def test_ends(both: tuple[Any, Any]) -> None:
    """Heads and bases are the same, real ones too."""
    mine, theirs = both
    for name in ("heads", "bases", "_real_heads", "_real_bases"):
        assert sorted(getattr(mine, name)) == sorted(getattr(theirs, name)), name


def test_revisions_know_their_place(both: tuple[Any, Any]) -> None:
    """Each revision answers about itself as Alembic's does."""
    mine, theirs = both
    names = ("nextrev", "is_head", "is_base", "is_branch_point", "is_merge_point", "branch_labels", "down_revision")
    private = ("_all_nextrev", "_is_real_head", "_all_down_revisions", "_versioned_down_revisions")
    for id_, *_ in GRAPH:
        for name in (*names, *private, "dependencies"):
            assert getattr(mine.get_revision(id_), name) == getattr(theirs.get_revision(id_), name), (id_, name)


def test_symbols_and_ranges(both: tuple[Any, Any]) -> None:
    """Symbols, several of them, and ranges name the same revisions."""
    mine, theirs = both
    for symbol in ("aaaa", "left", "dddd", "alone@head", None, "base"):
        found, expected = mine.get_revision(symbol), theirs.get_revision(symbol)
        assert (found and found.revision) == (expected and expected.revision)
    assert _ids(mine.get_revisions(("left", "dddd"))) == ["bbbb", "dddd"]
    assert _ids(mine.get_revisions(None)) == []
    for upper, lower, options in (("heads", "base", {}), ("dddd", "aaaa", {"inclusive": True}), ("dddd", "bbbb", {})):
        walked = mine.iterate_revisions(upper, lower, **options)
        assert sorted(_ids(walked)) == sorted(_ids(theirs.iterate_revisions(upper, lower, **options)))
    assert sorted(name for name in theirs._revision_map if name) == sorted(mine._revision_map)


def test_the_current_head(both: tuple[Any, Any]) -> None:
    """The single head of a branch; several are refused."""
    mine, theirs = both
    assert mine.get_current_head("alone") == theirs.get_current_head("alone") == "ffff"
    with pytest.raises(MultipleHeads):
        mine.get_current_head()
    assert ours.RevisionMap(list).get_current_head() is None


def test_filtering_by_lineage(both: tuple[Any, Any]) -> None:
    """Targets beside a branch are left out, with and without dependencies."""
    mine, theirs = both
    targets = tuple(one[0] for one in GRAPH)
    for against in ("left", "cccc", "alone", None):
        for dependencies in (False, True):
            expected = theirs.filter_for_lineage(targets, against, include_dependencies=dependencies)
            assert mine.filter_for_lineage(targets, against, include_dependencies=dependencies) == expected


def test_walking_up_and_down(both: tuple[Any, Any]) -> None:
    """Ancestors and descendants are the same sets."""
    mine, theirs = both
    for dependencies in (False, True):
        for name in ("_get_ancestor_nodes", "_get_descendant_nodes"):
            for target in ("cccc", "eeee"):
                found = getattr(mine, name)([target], include_dependencies=dependencies)
                expected = getattr(theirs, name)([theirs.get_revision(target)], include_dependencies=dependencies)
                assert sorted(_ids(found)) == sorted(_ids(expected)), (name, target, dependencies)


def test_adding_a_revision(both: tuple[Any, Any]) -> None:
    """A revision can be added, and replaced."""
    mine, _ = both
    mine.add_revision(ours.Revision("gggg", "dddd"))
    assert mine.heads == ("eeee", "ffff", "gggg")
    mine.add_revision(ours.Revision("gggg", "ffff"), _replace=True)
    assert mine.heads == ("dddd", "eeee", "gggg")
    assert mine.get_revision("ffff").nextrev == {"gggg"}


def test_a_revision_outside_any_map() -> None:
    """Until it is in a map, a revision is alone in the world."""
    alone = ours.Revision("aaaa", None, branch_labels="label")
    assert (alone.is_head, alone.is_base, alone.is_branch_point, alone.nextrev) == (True, True, False, frozenset())
    assert alone.branch_labels == {"label"}
    assert repr(ours.Revision("b", ("x", "y"))) == "Revision('b', ('x', 'y'))"


def test_an_unknown_revision_is_a_resolution_error(both: tuple[Any, Any]) -> None:
    """A symbol that names nothing is refused."""
    with pytest.raises(UnknownRevision):
        both[0].get_revision("nothing")


def _ids(revisions: Any) -> list[str]:
    return [one.revision for one in revisions]
