"""The history's ancestry tells a newer database from one that has diverged."""

from __future__ import annotations

import json

import pytest

from runner.commands.newer import accept_newer, has_unknown, is_past
from runner.database.ancestry import Ancestry
from runner.errors import NewerDatabase, UnknownDatabaseRevision
from runner.graph import Revision, RevisionGraph


def graph(**parents: str) -> RevisionGraph:
    """Return a graph from `b="a"`: b follows a; several parents are separated by blanks."""
    return RevisionGraph(Revision(revision=one, down_revisions=tuple(below.split())) for one, below in parents.items())


def history(**parents: str) -> Ancestry:
    """Return an ancestry in the same spelling."""
    return Ancestry.of_rows((one, json.dumps(below.split()), "[]", None, f"v-{one}") for one, below in parents.items())


A_B = graph(a="", b="a")
#     a - b   c?      two branches
TWO = graph(a="", b="a", c="a")


@pytest.mark.parametrize(
    ("image", "rows", "known", "past"),
    [
        (A_B, ("c",), history(c="b"), True),
        (A_B, ("d",), history(c="b", d="c"), True),
        (A_B, ("c",), history(c="a"), False),  # c branches off below this image's head
        (A_B, ("b", "c"), history(c="a"), True),
        (A_B, ("c",), history(), False),
        (A_B, ("c",), None, False),
        (A_B, ("d",), history(d="c"), False),  # a gap: nobody knows what c follows
        (TWO, ("d",), history(d="b c"), True),
        (TWO, ("d",), history(d="b"), False),
        (TWO, ("c", "d"), history(d="b"), True),
    ],
)
def test_a_database_is_past_an_image_when_it_implies_all_of_it(
    image: RevisionGraph, rows: tuple[str, ...], known: Ancestry | None, past: bool
) -> None:
    """Newer means: every revision of the directory is below the version rows, by what the history says."""
    assert has_unknown(image, rows)
    assert is_past(image, rows, known) is past
    with pytest.raises(NewerDatabase if past else UnknownDatabaseRevision) as caught:
        accept_newer(image, rows, known, policy="fail")
    assert caught.value.exit_code == (72 if past else 35)
    if past:
        accept_newer(image, rows, known, policy="ok")


def test_depends_on_and_a_stamp_s_ancestors_count() -> None:
    """What a stamp or a dependency implies is applied as well."""
    stamped = Ancestry.of_rows([("d", '["c"]', "[]", '["a", "b", "c"]', None)])
    depends = Ancestry.of_rows([("d", '["a"]', '["b"]', None, None)])
    assert is_past(A_B, ("d",), stamped)
    assert is_past(A_B, ("d",), depends)


def test_the_sentence_says_what_is_known() -> None:
    """Without a history, with one that has a gap, and where branches diverge."""
    sentences = []
    for known in (None, history(), history(c="a")):
        with pytest.raises(UnknownDatabaseRevision) as caught:
            accept_newer(A_B, ("c",), known, policy="ok")
        sentences.append(caught.value.message)
    assert "no history (runner_history)" in sentences[0]
    assert "does not know c either" in sentences[1]
    assert "follows a, but b of this directory is not applied" in sentences[2]


def test_a_newer_database_names_the_release_that_brought_it() -> None:
    """An operator learns which release to look for."""
    with pytest.raises(NewerDatabase, match="which release v-c brought"):
        accept_newer(A_B, ("c",), history(c="b"), policy="fail")
