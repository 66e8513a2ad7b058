from __future__ import annotations

from collections.abc import Iterable

import pytest

from runner.errors import CycleDetected, DuplicateRevision, GraphError, MissingParent, UnknownRevision
from runner.graph import Edges, Revision, RevisionGraph
from runner.graph.faults import DependencyCycle, DependencySelfLoop, LabelUsedTwice, MissingDependency, SelfLoop
from tests.property.graphs import chain, drawn, graph_of


def _refused(revisions: Iterable[Revision], kind: type[GraphError]) -> str:
    """Return the sentence with which a list of revisions is refused."""
    with pytest.raises(GraphError) as caught:
        RevisionGraph(revisions)
    assert type(caught.value) is kind
    return str(caught.value)


# --- ends and neighbours ---------------------------------------------------------------------------


def test_an_empty_directory_is_an_empty_graph() -> None:
    """No revisions, no heads, no bases."""
    graph = RevisionGraph([])
    assert (len(graph), graph.ids, graph.heads, graph.bases, graph.walk()) == (0, (), (), (), ())


def test_ends_of_a_graph_with_several_heads_and_bases() -> None:
    """Heads are followed by none, bases follow none, both sorted by id (REV-30)."""
    graph = graph_of("""
        a1 <- a2 <- b1 <- b2
              a2 <- c1
        b2, c1 <- m1
        z1 <- z2
    """)
    assert graph.heads == ("m1", "z2")
    assert graph.bases == ("a1", "z1")
    assert graph.children("a2") == ("b1", "c1")
    assert graph.parents("m1") == ("b2", "c1")
    assert [one for one in graph.ids if graph.is_branch_point(one)] == ["a2"]
    assert [one for one in graph.ids if graph.is_merge_point(one)] == ["m1"]


def test_a_head_that_something_depends_on_is_an_effective_head() -> None:
    """It is a head, but not one with a row of its own (REV-32)."""
    graph = graph_of("""
        a1 <- a2
        b1 <- b2
        a2 <~ b2
    """)
    assert graph.heads == ("a2", "b2")
    assert graph.real_heads == ("b2",)
    assert graph.dependents("a2") == ("b2",)
    assert graph.dependencies("b2") == ("a2",)
    assert graph.required("b2") == ("b1", "a2")
    assert graph.required_by("a2") == ("b2",)
    assert graph.is_head("a2")
    assert not graph.is_real_head("a2")


def test_a_base_that_depends_on_something_is_no_real_base() -> None:
    """It follows nothing, and still cannot be first (REV-32)."""
    graph = graph_of("a1 <~ b1")
    assert graph.bases == ("a1", "b1")
    assert graph.real_bases == ("a1",)


def test_a_dependency_may_name_a_label() -> None:
    """The label stands for the revision that declares it, not for the head of the branch (REV-32)."""
    graph = graph_of("""
        a1 <- a2(billing) <- a3
        b1
        billing <~ b1
    """)
    assert graph.dependencies("b1") == ("a2",)


def test_a_dependency_named_further_down_the_lineage_is_not_its_own() -> None:
    """Naming it again adds no order."""
    graph = graph_of("""
        x1
        a1 <- a2 <- a3
        x1 <~ a1
        x1 <~ a3
    """)
    assert graph.own_dependencies("a1") == ("x1",)
    assert graph.own_dependencies("a3") == ()


def test_a_parent_named_twice_is_one_parent() -> None:
    """A tuple with the same id twice is no merge."""
    graph = RevisionGraph([Revision(revision="a1"), Revision(revision="a2", down_revisions=("a1", "a1"))])
    assert graph.parents("a2") == ("a1",)
    assert not graph.is_merge_point("a2")


def test_the_rank_orders_what_the_graph_does_not() -> None:
    """Files first in the directory come first; without ranks the id decides."""
    ranked = RevisionGraph([Revision(revision="a", rank=2), Revision(revision="b", rank=1)])
    assert ranked.ids == ("b", "a")
    assert RevisionGraph([Revision(revision="b"), Revision(revision="a")]).ids == ("a", "b")


def test_get_takes_exact_ids_only() -> None:
    """A wrong id is refused with the nearest one there is."""
    graph = graph_of("ae1027 <- ff0011")
    assert graph.get("ae1027").source == "versions/ae1027.py"
    with pytest.raises(UnknownRevision, match=r"No file declares revision ae1028\. Did you mean ae1027\?"):
        graph.get("ae1028")


def test_reach_follows_the_edges_asked_for() -> None:
    """Lineages follow down_revision alone, requirements follow depends_on as well."""
    graph = graph_of("""
        a1 <- a2
        b1 <- b2
        a1 <~ b2
    """)
    assert graph.ancestors(["b2"]) == {"a1", "b1", "b2"}
    assert graph.ancestors(["b2"], Edges.DOWN) == {"b1", "b2"}
    assert graph.descendants(["a1"]) == {"a1", "a2", "b2"}
    assert graph.descendants(["a1"], Edges.DOWN) == {"a1", "a2"}
    assert graph.lineage(["b1"]) == {"b1", "b2"}


def test_ten_thousand_revisions_in_a_chain() -> None:
    """Nothing recurses: every walk of a long chain ends."""
    graph = RevisionGraph(chain(10_000))
    assert graph.heads == ("r09999",)
    assert len(graph.ancestors(graph.heads)) == len(graph.descendants(graph.bases)) == 10_000
    assert graph.walk()[0] == "r09999"
    assert graph.resolve("head-9999") == ("r00000",)


# --- labels ----------------------------------------------------------------------------------------


def test_a_label_spreads_up_and_down_to_the_fork() -> None:
    """Everything that follows has it, and what leads to it from the fork (REV-31)."""
    graph = graph_of("""
        a1 <- a2 <- b1 <- b2(billing) <- b3 <- b4
                          b2 <- b5
              a2 <- c1
    """)
    assert [one for one in graph.ids if graph.labels(one)] == ["b2", "b3", "b4", "b5"]
    graph = graph_of("""
        a1 <- a2 <- b1 <- b2(billing) <- b3
              a2 <- c1
    """)
    assert [one for one in graph.ids if graph.labels(one)] == ["b1", "b2", "b3"]
    assert graph.label_owners == {"billing": "b2"}


def test_a_label_does_not_spread_below_a_merge() -> None:
    """A merge belongs to both lineages; what is below it is not renamed (REV-31)."""
    graph = graph_of("""
        a1
        b1
        a1, b1 <- m1 <- m2(merged)
    """)
    assert [one for one in graph.ids if graph.labels(one)] == ["m2"]


def test_labels_meet_above_a_merge() -> None:
    """A merge of two labelled branches has both labels (REV-31)."""
    graph = graph_of("""
        a1(left)
        b1(right north)
        a1, b1 <- m1
    """)
    assert graph.labels("m1") == {"left", "right", "north"}


# --- refusals --------------------------------------------------------------------------------------


def test_a_missing_parent_names_both_revisions_and_the_file() -> None:
    """A lost file says which one and where its name stands (ERR-17)."""
    sentence = _refused(drawn("f3b2 <- ae10 <- b001")[1:], MissingParent)
    assert sentence == (
        "Revision ae10 names down_revision f3b2, but no file in versions declares it. "
        "Restore that file, or correct down_revision in versions/ae10.py."
    )


def test_a_missing_parent_suggests_the_nearest_id() -> None:
    """A typing error is answered with what was meant; without a file the revision is named."""
    revisions = [Revision(revision="ae1027"), Revision(revision="b1", down_revisions=("ae1072",))]
    assert _refused(revisions, MissingParent) == (
        "Revision b1 names down_revision ae1072, but no file declares it. "
        "Restore that file, or correct down_revision in the file of b1. Did you mean ae1027?"
    )


def test_a_missing_dependency_is_neither_id_nor_label() -> None:
    """A prefix of an id is not enough in a file, but it is suggested."""
    revisions = [Revision(revision="ae1027"), Revision(revision="b1", depends_on=("ae10",), source="v/b1.py")]
    assert _refused(revisions, MissingDependency) == (
        "Revision b1 depends on ae10, but no file in v declares a revision or a branch label of that name. "
        "Restore that file, or correct depends_on in v/b1.py. Did you mean ae1027?"
    )


def test_a_duplicate_names_all_its_files() -> None:
    """Both files are named, so that one can be changed (ERR-18)."""
    twice = [Revision(revision="a1", source=f"versions/{name}.py") for name in ("two", "one")]
    assert _refused([*twice, Revision(revision="a2", down_revisions=("a1",))], DuplicateRevision) == (
        "Revision a1 is declared by versions/one.py and versions/two.py. "
        "Give all but one of them another id, or remove them."
    )
    assert "is declared 2 times" in _refused([Revision(revision="a1")] * 2, DuplicateRevision)


@pytest.mark.parametrize(
    ("picture", "kind", "sentence"),
    [
        ("a1 <- a1", SelfLoop, "Revision a1 names itself in down_revision. Correct down_revision in versions/a1.py."),
        (
            "a1 <~ a1",
            DependencySelfLoop,
            "Revision a1 names itself in depends_on. Correct depends_on in versions/a1.py.",
        ),
        (
            "x1 <- b1 <- a1 <- b1 <- y1",
            CycleDetected,
            (
                "Following down_revision leads in a circle: a1 -> b1 -> a1. "
                "Correct one of versions/a1.py and versions/b1.py."
            ),
        ),
        (
            "a1 <- a2 <- a3\na3 <~ a1",
            DependencyCycle,
            (
                "Following down_revision and depends_on leads in a circle: a1 -> a3 -> a2 -> a1. "
                "Correct one of versions/a1.py, versions/a3.py and versions/a2.py."
            ),
        ),
        (
            "a1(x) <- a2\nx <~ a1",
            DependencySelfLoop,
            "Revision a1 names itself in depends_on. Correct depends_on in versions/a1.py.",
        ),
    ],
)
def test_a_circle_is_drawn_in_the_sentence(picture: str, kind: type[GraphError], sentence: str) -> None:
    """Loops and cycles, with and without dependencies, name every revision on the way (REV-38, ERR-16)."""
    assert _refused(drawn(picture), kind) == sentence


def test_a_long_circle_is_found() -> None:
    """A circle through ten thousand revisions is found without recursion."""
    links = list(chain(10_000))
    links[0] = Revision(revision="r00000", down_revisions=("r09999",))
    assert "and 9992 more" in _refused(links, CycleDetected)


def test_a_label_belongs_to_one_revision() -> None:
    """Two revisions cannot declare the same label, and no label can be an id (ERR-15)."""
    assert _refused(drawn("a1(x)\nb1(x)"), LabelUsedTwice) == (
        "Revision b1 declares branch label x, which belongs to revision a1 already (versions/a1.py). "
        "Choose another label in versions/b1.py."
    )
    clash = [Revision(revision="a1", branch_labels=("b1",)), Revision(revision="b1")]
    assert "which is also the id of the revision in the file of b1" in _refused(clash, LabelUsedTwice)


def test_errors_carry_their_facts_as_values() -> None:
    """Programs read fields, not sentences."""
    with pytest.raises(MissingParent) as caught:
        RevisionGraph(drawn("f3b2 <- ae10")[1:])
    assert caught.value.fields == {
        "revision": "ae10",
        "parent": "f3b2",
        "missing": ("f3b2",),
        "source": "versions/ae10.py",
    }
    assert caught.value.exit_code == 21
