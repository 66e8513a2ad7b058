"""The parser reads what is literal at the top level, and says so where only importing can tell."""

from __future__ import annotations

import warnings

import pytest

from runner.revisions.declared import Declared, NotIdentifiers
from runner.revisions.syntax import read_syntax

IDS = "revision = 'a'\ndown_revision = 'b'\n"


def read(text: str | bytes) -> Declared | None:
    """Return what the parser says of a file with this text."""
    return read_syntax(text.encode() if isinstance(text, str) else text, "x.py")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("revision = 'a' 'b'\n", "ab"),
        ("revision = '\\x61'\n", "a"),
        ("revision = '''a'''\n", "a"),
        ("x = revision = 'a'\n", "a"),
        ("revision: str = 'a'; x = 1\n", "a"),
        ("revision = 'a'\nrevision = 'b'\n", "b"),
        ("(revision) = 'a'\n", "a"),
        ("revision: str\n", None),
    ],
)
def test_literals_of_any_spelling(text: str, expected: str | None) -> None:
    """The last plain assignment wins; an annotation alone binds nothing."""
    assert read(text) == Declared(revision=expected, down_revisions=None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("'b', 'c'", ("b", "c")), ("['c', 'b']", ("c", "b")), ("{'c', 'b'}", ("b", "c")), ("()", ()), ("None", ())],
)
def test_sequences_and_sets(value: str, expected: tuple[str, ...]) -> None:
    """Order is kept; a set, which has none, comes out sorted."""
    assert read(f"revision = 'a'\ndown_revision = {value}\n") == Declared(revision="a", down_revisions=expected)


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    global revision\n    revision = 'x'\n",
        "def f():\n    exec('1')\n\n\ndef g():\n    globals()\n",
        "class A:\n    revision = 1\n\n    def f(self):\n        revision = 2\n",
        "x = [revision for revision in 'ab']\n",
        "x = lambda revision: revision\n",
        "print(revision)\n",
        "getattribute = 1\n",
        "try:\n    import os\nexcept ImportError:\n    os = None\n",
        "def upgrade():\n    pass\n\n\nif __name__ == '__main__':\n    upgrade()\n",
    ],
)
def test_code_that_binds_no_identifier_of_the_module_is_no_obstacle(text: str) -> None:
    """Function bodies that nothing calls, names of inner scopes, and reading an identifier."""
    assert read(IDS + text) == Declared(revision="a", down_revisions=("b",))


@pytest.mark.parametrize(
    "text",
    [
        "if x:\n    revision = 'x'\n",
        "for revision in 'ab':\n    pass\n",
        "with x as revision:\n    pass\n",
        "try:\n    pass\nexcept E as revision:\n    pass\n",
        "match x:\n    case [*revision]:\n        pass\n",
        "match x:\n    case {**revision}:\n        pass\n",
        "match x:\n    case revision:\n        pass\n",
        "x = (revision := 'x')\n",
        "x = [(revision := y) for y in 'ab']\n",
        "revision += 'x'\n",
        "revision, x = 'x', 1\n",
        "revision = 'a' + 'b'\n",
        "del revision\n",
        "import revision\n",
        "import revision.parts\n",
        "from x import y as revision\n",
        "from x import *\n",
        "def revision():\n    pass\n",
        "class revision:\n    pass\n",
        "def __getattr__(name):\n    pass\n",
        "__doc__ = 'x'\n",
        "exec('x')\n",
        "vars()['x'] = 1\n",
        "from builtins import exec as e\n",
        "import ctypes\n",
        "class A:\n    global revision\n    revision = 'x'\n",
        "class A:\n    x = globals()\n",
        "class A:\n    def f(self):\n        exec('x')\n",
        "def f():\n    global revision\n    revision = 'x'\n\n\nf()\n",
        "def f():\n    exec('x')\n\n\nx = map(f, x)\n",
        "@x\ndef f():\n    exec('x')\n",
        "def f(x=globals()):\n    pass\n",
        "def f():\n    pass\n\n\nf.__globals__['x'] = 1\n",
        "x = lambda: globals()\n",
        "def f(x: '(revision := 1)'):\n    pass\n",
        "down_revision = ['b']\ndown_revision.append('c')\n",
        "depends_on = ['b']\nx = depends_on\n",
    ],
)
def test_what_only_importing_can_tell(text: str) -> None:
    """Anything else that binds an identifier while the file is imported, or could."""
    assert read(IDS + text) is None


def test_code_nested_too_deeply_is_left_to_importing() -> None:
    """The walk over the tree gives up before the interpreter does."""
    assert read(IDS + "x = " + "-" * 3000 + "1\n") is None


@pytest.mark.parametrize(
    "text", ["revision = \n", b"revision = 'a'\0\n", b"revision = '\xe9'\n", b"# coding: klingon\n"]
)
def test_what_is_not_python_is_a_syntax_error(text: str | bytes) -> None:
    """Null bytes and undecodable text included."""
    with pytest.raises(SyntaxError):
        read(text)


@pytest.mark.parametrize(
    "data",
    [
        "# coding: latin-1\nrevision = 'é'\n".encode("latin-1"),
        "#!/usr/bin/python\n# -*- coding: cp1252 -*-\nrevision = 'é'\n".encode("cp1252"),
        "revision = 'é'\n".encode("utf-8-sig"),
    ],
)
def test_declared_encodings_are_obeyed(data: bytes) -> None:
    """As the compiler obeys them."""
    assert read(data) == Declared(revision="é", down_revisions=None)


def test_a_value_of_the_wrong_type_is_an_error_or_left_to_importing() -> None:
    """None is a literal and no id; a number is not even a literal the contract knows."""
    with pytest.raises(NotIdentifiers):
        read("revision = None\n")
    assert read("revision = 1\n") is None


def test_reading_warns_nobody() -> None:
    """An invalid escape sequence in a file is reported when it is imported, not when it is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read("revision = 'a'\nx = '\\d'\n") is not None


def test_the_docstring_is_kept_as_it_is() -> None:
    """White space included."""
    found = read("'''  first\n\n   second\n'''\n")

    assert found is not None
    assert found.docstring == "  first\n\n   second\n"
