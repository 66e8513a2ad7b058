"""The graph drawn in a terminal, and for other programs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

import pytest
from hypothesis import given

from runner.graph import Revision, RevisionGraph
from runner.graph.diagrams import to_dot, to_mermaid, to_svg
from runner.graph.drawing import Characters, draw
from runner.graph.lanes import Mark, lay_out
from tests.property.graphs import revision_lists


def marks(*texts: str) -> list[Mark]:
    """Return the revisions written as `id: parent parent`, newest first, each with its id as text."""
    found = []
    for text in texts:
        revision, _, parents = text.partition(":")
        found.append(
            Mark(revision=revision, parents=tuple(parents.split()), text=revision, message=f"about {revision}")
        )
    return found


def drawn(*texts: str, characters: Characters = Characters.UNICODE) -> str:
    """Return the drawing as one text."""
    return "\n" + "\n".join(draw(marks(*texts), characters)) + "\n"


GOLDEN = {
    "a chain": (
        ("c: b", "b: a", "a"),
        """
●  c
●  b
●  a
""",
    ),
    "a branch": (
        ("c: a", "b: a", "a"),
        """
●    c
│ ●  b
●─╯  a
""",
    ),
    "a branch and a merge": (
        ("e: d", "d: b c", "c: a", "b: a", "a"),
        """
●    e
●    d
├─╮
│ ●  c
● │  b
●─╯  a
""",
    ),
    "a merge of three": (
        ("m: a b c", "c: r", "b: r", "a: r", "r"),
        """
●      m
├─┬─╮
│ │ ●  c
│ ● │  b
● │ │  a
●─┴─╯  r
""",
    ),
    "two bases": (
        ("b2: b1", "b1", "a2: a1", "a1"),
        """
●  b2
●  b1
●  a2
●  a1
""",
    ),
    "a merge into a lane that is there": (
        ("x: a", "m: b a", "b: a", "a"),
        """
●    x
│ ●  m
├─┤
│ ●  b
●─╯  a
""",
    ),
    "a lane is crossed": (
        ("m: a c", "x: b", "c: a", "b: a", "a"),
        """
●      m
├─╮
│ │ ●  x
│ ● │  c
│ │ ●  b
●─┴─╯  a
""",
    ),
    "what is not drawn is left out": (
        ("c: b", "b: a"),
        """
●  c
●  b
""",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_drawings(name: str) -> None:
    """Branches and merges are drawn as lines."""
    texts, expected = GOLDEN[name]
    assert drawn(*texts) == expected


def test_plain_characters() -> None:
    """Where the terminal has no line characters, plain ones do."""
    assert (
        drawn("d: b c", "c: a", "b: a", "a", characters=Characters.ASCII)
        == """
o    d
+-.
| o  c
o |  b
o-'  a
"""
    )


def test_what_the_database_is_at_stands_out() -> None:
    """The current revision has a mark of its own."""
    (line,) = draw([Mark(revision="a", text="a", is_current=True)])
    assert line == "◆  a"


def test_nothing_is_drawn_of_nothing() -> None:
    """An empty history is an empty drawing, and a diagram without nodes."""
    assert draw([]) == ()
    assert to_mermaid([]) == "flowchart TD\n"
    assert "<svg" in to_svg([])


def graph_marks(graph: RevisionGraph) -> list[Mark]:
    """Return the whole history of a graph."""
    return [Mark(revision=one, parents=graph.parents(one), text=one) for one in graph.walk()]


@given(revision_lists())
def test_every_edge_can_be_followed(revisions: tuple[Revision, ...]) -> None:
    """From each revision the lines lead to exactly its parents: a lane belongs to one parent at a time."""
    history = graph_marks(RevisionGraph(revisions))
    waiting: dict[int, str] = {}
    for row in lay_out(history):
        mine = [column for column, wanted in waiting.items() if wanted == row.mark.revision]
        assert sorted(mine) == sorted({*row.ending, *([row.column] if mine else [])})
        for column in mine:
            del waiting[column]
        assert sorted(waiting) == sorted(row.passing)
        assert row.column not in waiting
        assert [edge.parent for edge in row.edges] == list(row.mark.parents)
        for edge in row.edges:
            assert waiting.setdefault(edge.column, edge.parent) == edge.parent
    assert waiting == {}


@given(revision_lists())
def test_drawings_are_deterministic(revisions: tuple[Revision, ...]) -> None:
    """The same graph gives the same bytes, and each revision stands on one line."""
    history = graph_marks(RevisionGraph(revisions))
    assert draw(history) == draw(list(history))
    assert [line.split()[-1] for line in draw(history) if "●" in line] == [mark.revision for mark in history]
    for write in (to_mermaid, to_dot, to_svg):
        assert write(history) == write(list(history))


NASTY = [
    Mark(revision="b", parents=("a",), dependencies=("a",), message='say "hi" <b>&]--> \\ {x}', is_head=True),
    Mark(revision="a", message="line\nbreak\x00", is_current=True),
]


def test_mermaid_text_cannot_end_its_label() -> None:
    """Whatever means something in Mermaid is written as an entity."""
    text = to_mermaid(NASTY)
    labels = re.findall(r'"([^"]*)"', text)
    assert len(labels) == 2
    assert all(not set(label.replace("<br>", "")) & set('"<>[]{}()\\&') for label in labels)
    assert "r0 --> r1\n" in text
    assert "r0 -.-> r1\n" in text


def test_dot_text_is_escaped() -> None:
    """Quotes and backslashes of a message are escaped; dependencies are dashed."""
    text = to_dot(NASTY)
    assert r"say \"hi\" <b>&]--> \\ {x}" in text
    assert '"a" -> "b" [style=dashed];' in text


def test_svg_is_well_formed_and_needs_nothing_else() -> None:
    """The drawing is XML with one circle and one text for each revision, and refers to no other file."""
    root = ET.fromstring(to_svg(NASTY))
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert (names.count("circle"), names.count("text"), names.count("path")) == (2, 2, 2)
    assert _texts(root) == ['b (head) say "hi" <b>&]--> \\ {x}', "a (current) line break"]
    assert "http" not in to_svg(NASTY).replace("http://www.w3.org/2000/svg", "")


def _texts(root: Iterable[ET.Element]) -> list[str]:
    return [element.text or "" for element in root if element.tag.endswith("text")]
