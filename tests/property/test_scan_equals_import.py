"""Reading identifiers without importing gives what importing gives: ordinary files, odd ones and hostile ones."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runner.revisions.declared import Declared, NotIdentifiers
from runner.revisions.header import read_ordinary
from runner.revisions.scan import ScannedFile, scan_file
from runner.revisions.script import docstring_of
from runner.revisions.syntax import read_syntax

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
WIDE = "\N{FULLWIDTH LATIN SMALL LETTER R}evision"  # the same identifier to the compiler

# --- what importing gives ----------------------------------------------------------------------------


def imported(source: bytes) -> dict[str, object] | None:
    """Return what running the file binds, as the contract of revision files reads it; None where it fails."""
    module = types.ModuleType("revision_py")
    try:
        exec(compile(source, "revision.py", "exec", dont_inherit=True), module.__dict__)
        found = {name: getattr(module, name) for name in NAMES if hasattr(module, name)}
        answer: dict[str, object] = {name: names(found[name]) for name in found if name != "revision"}
        if "revision" in found:
            if not isinstance(found["revision"], str):
                return None
            answer["revision"] = found["revision"]
    except Exception:  # noqa: BLE001 -- whatever it is, importing gives no answer
        return None
    return answer | {"doc": module.__doc__ and module.__doc__.strip()}


def names(value: object) -> tuple[str, ...]:
    """Return a value as a tuple of strings, sets sorted."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (set, frozenset)):
        return tuple(sorted(value))
    if not isinstance(value, Iterable) or isinstance(value, bytes):
        raise TypeError(value)
    found = tuple(value)
    if not all(isinstance(one, str) for one in found):
        raise TypeError(value)
    return found


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A directory for all the files of this module."""
    PATHS.clear()
    folder = tmp_path_factory.mktemp("scanned")
    PATHS.append(folder / f"x{number}_y.py" for number in itertools.count())
    yield
    PATHS.clear()


PATHS: list[Iterator[Path]] = []


def scanned(source: bytes) -> ScannedFile:
    """Return what the scan says of a file with this content."""
    # A name of its own for each: what Python compiled of another file must not answer for it.
    path = next(PATHS[0])
    path.write_bytes(source)
    return scan_file(str(path))


def assert_same(source: bytes) -> None:
    """Assert that the scan says what importing says, wherever importing says anything."""
    expected = imported(source)
    found = scanned(source)
    if expected is None:
        return
    declared = found.declared
    assert found.problem is None
    assert (declared.revision, declared.down_revisions) == (expected.get("revision"), expected.get("down_revision"))
    assert declared.branch_labels == expected.get("branch_labels", ())
    assert declared.depends_on == expected.get("depends_on", ())
    assert docstring_of(found) == (expected["doc"] or "")


# --- making files ------------------------------------------------------------------------------------

IDS = st.sampled_from(["ae10c4", "v1.2.a", "0001_first", "é", "a'b", 'a"b', "back\\slash", "x#y", "two words"])
SHORT_IDS = st.sampled_from(["ae10c4", "b2", "c3d4e5f60718"])
DOCSTRINGS = st.sampled_from(
    [
        "",
        '"""add a table\n\nRevision ID: ae10c4\nRevises: b2\n\n"""\n',
        "'''single\nquotes'''  # and a comment\n",
        '"one line"\n',
        'r"""raw \\d\n"""\n',
        'u"""unicode é"""\n',
        '"""a \\"quoted\\" word \\x41 \\\n joined"""\n',
        '"""first""" """ second"""\n',
        '""""starts with a quote"""\n',
        '"""not " the end"" yet"""\n',
        'b"""bytes are no docstring"""\n',
        'f"""neither are these"""\n',
        '"""says revision = 1\nrevision = "no"\n"""\n',
        '# a comment first\n\n"""then the docstring"""\n',
        '  \n\t\n"""after blank lines"""\n',
        "import os\n'''too late'''\n",
        "('in parentheses')\n",
        "\\\n'after a backslash'\n",
        "rb'bytes'\n",
        "'''joined''' ; 'x'\n",
    ]
)
IMPORTS = [
    "import os\n",
    "import os.path as path, sys\n",
    "from typing import Sequence, Union\n",
    "from typing import (\n    Sequence,  # why (not)\n    Union,\n)\n",
    "from __future__ import annotations\n",
    "from os import path  # noqa; revision = 1\n",
    "import os; import sys\n",
    "from os import \\\n    path\n",
    "import os as revision\n",
    "from os import path as depends_on\n",
    "from os import *\n",
    "from os import name as branch_labels, path\n",
    "if True:\n    import os\n",
    "try:\n    import os\nexcept ImportError:\n    revision = 'never'\n",
]


def literal(value: object, style: int) -> str:
    """Return the source of a value, in one of several spellings."""
    spellings = [repr(value), ascii(value)]
    if isinstance(value, str):
        spellings += [f"({value!r})", f"{value[:1]!r} {value[1:]!r}", f"u{value!r}"]
        if not {'"', "\\"}.intersection(value):
            spellings += [f'"""{value}"""', f'r"{value}"']
    if isinstance(value, (tuple, list)):
        lines = "".join(f"{one!r},  # {one}\n    " for one in value)
        spellings.append(f"(\n    {lines})" if isinstance(value, tuple) else f"[\n    {lines}]")
    if isinstance(value, tuple) and value:
        spellings.append("".join(f"{one!r}, " for one in value).strip())
    return spellings[style % len(spellings)]


VALUES = st.one_of(
    st.none(),
    IDS,
    SHORT_IDS,
    st.lists(SHORT_IDS, max_size=3).map(tuple),
    st.lists(SHORT_IDS, max_size=3),
    st.sets(SHORT_IDS, min_size=1),
    st.sampled_from([7, b"bytes", ("a", None), 1.5, ("a", ("b",))]),
)
TARGETS = st.sampled_from(
    [
        "{name} = {value}\n",
        "{name} = {value}\n",
        "{name}: str = {value}\n",
        "{name}: Union[str, Sequence[str], None] = {value}\n",
        "{name}:'str | None'={value} # a comment\n",
        "{name}={value}",
        "{name}  =  {value}  # {name} = 'comment'\n",
        "{name} = {value};\n",
        "{name} = other = {value}\n",
        "other = {name} = {value}\n",
        "{name}: str\n",
        "{name} = None or {value}\n",
        "if True:\n    {name} = {value}\n",
        "for {name} in [{value}]: pass\n",
        "({name}) = {value}\n",
        "[{name}] = [{value}]\n",
        "{name}, other = {value}, 1\n",
        "try:\n    {name} = {value}\nfinally:\n    pass\n",
        "print_it = ({name} := {value})\n",
        "\f{name} = {value}\n",
        "{name} = \\\n    {value}\n",
    ]
)
REST = [
    "def upgrade():\n    pass\n",
    "def upgrade() -> None:\n    revision = 'local'\n    globals()\n",
    'def upgrade():\n    op.execute("""\nUPDATE t SET revision = 1\n""")\n',
    'def upgrade():\n    op.execute("""\nrevision = "no"\n""")\n',
    "def downgrade(engine_name: str = 'x') -> None:\n    exec('1')\n",
    "def upgrade(\n    a=1,\n):\n    return revision\n",
    "async def upgrade():\n    del a\n",
    "class Base:\n    revision = 1\n    depends_on = 'x'\n",
    "class Base:\n    def __init__(self):\n        self.revision = 1\n",
    "table = dict(revision='x', depends_on=['y'])\n",
    "x = [revision for revision in 'ab']\n",
    "x = lambda revision: revision\n",
    "text = 'revision'\n",
    "text = '''\ndown_revision = 3\n'''\n",
    "# revision identifiers, used by Alembic.\n",
    "# coding: latin-1\n",
    "if __name__ == '__main__':\n    revision = 'main'\n",
    "assert True\n",
    ")\n",
]
HOSTILE = [
    "exec('revision = 1')\n",
    "exec('revi' + 'sion = \"evil\"')\n",
    "globals()['revi' 'sion'] = 'evil'\n",
    "globals().update(depends_on='evil')\n",
    "locals()['down' + '_revision'] = 'evil'\n",
    "vars()['branch_' + 'labels'] = 'evil'\n",
    "eval('globals()')['revi' + 'sion'] = 'evil'\n",
    "def f():\n    global revision\n    revision = 'evil'\nf()\n",
    "def f():\n    global revision\n    revision = 'evil'\n",
    "def f():\n    globals()['revision'] = 'evil'\nlist(map(lambda g: g(), [f]))\n",
    "def f():\n    globals()['revi' + 'sion'] = 'evil'\nx = f()\n",
    "def f():\n    f.__globals__['revi' + 'sion'] = 'evil'\nf()\n",
    "def f(a=globals().update(revision='evil')):\n    pass\n",
    "def f(a: globals().update(**{'revi' + 'sion': 'evil'})):\n    pass\n",
    "def f(a: {}[(revision := 'evil')] = 1):\n    pass\n",
    "def run(f):\n    f()\n    return f\n@run\ndef g():\n    global depends_on\n    depends_on = 'evil'\n",
    "class A:\n    global revision\n    revision = 'evil'\n",
    "class A:\n    x = globals().update(revision='evil')\n",
    "class A(type):\n  def __init__(*a):\n    global revision\n    revision = 'evil'\nclass B(metaclass=A): pass\n",
    "x = [(revision := letter) for letter in 'ab']\n",
    "x = (lambda: globals().update(revision='evil'))()\n",
    "import sys\nsys._getframe().f_globals['revi' + 'sion'] = 'evil'\n",
    "import inspect\ninspect.currentframe().f_globals['revi' + 'sion'] = 'evil'\n",
    "import builtins\ngetattr(builtins, 'ex' + 'ec')('revi' + 'sion = \"evil\"')\n",
    "from builtins import exec as run_it\nrun_it('revi' + 'sion = \"evil\"')\n",
    "import operator\ndef f(): pass\noperator.attrgetter('__glo' + 'bals__')(f)['revi' + 'sion'] = 'evil'\n",
    "import typing\ndef f(a: '(\\x72evision := \"evil\")'): pass\ntyping.get_type_hints(f)\n",
    "def __getattr__(name):\n    if name == 'depends_on':\n        return 'evil'\n    raise AttributeError(name)\n",
    "__doc__ = 'another docstring'\n",
    "match 'evil':\n    case revision: pass\n",
    "match {'a': 1}:\n    case {**depends_on}: depends_on = None\n",
    "match 'ab', 1:\n    case *branch_labels, last: pass\n",
    "try:\n    raise ValueError\nexcept ValueError as revision:\n    pass\n",
    "with open('/dev/null') as revision:\n    revision = 'evil'\n",
    "import os as revision\n",
    "def revision(): pass\n",
    "class depends_on: pass\n",
    "del depends_on\n",
    "revision += 'evil'\n",
    "down_revision = list(down_revision or ()) + ['evil']\n",
    "branch_labels = branch_labels and branch_labels[:1]\n",
    "if isinstance(depends_on, list):\n    depends_on.append('evil')\n",
    "alias = down_revision\nif isinstance(alias, list):\n    alias += ['evil']\n",
    f"{WIDE} = 'evil'\n",
    f"def f():\n    global {WIDE}\n    {WIDE} = 'evil'\nf()\n",
    "\f revision = 'evil'\n",
    "def f():\n    pass\n\f\nrevision = 'evil'\n",
    "def f(): pass; revision = 'local'\n",
    "def f(): pass\nif 1: revision = 'evil'\n",
    "def f():\n    x = '''\n'''; revision = 'local'\n",
    "x = '''\n  '''; revision = 'evil'\n",
    "x = (\n  1); revision = 'evil'\n",
    "x = 1 \\\n  ; revision = 'evil'\n",
    "def f():\n    x = (1,\n) ; revision = 'local'\n",
    "f'''{(revision := \"evil\")}'''\n",
    "exit_early = 1\nrevision: str = 'second'\n",
    "for depends_on in (): pass\n",
    "while (revision := 'evil') != 'evil': pass\n",
    "async def f():\n    async with x as revision: pass\n",
]

assignments = st.builds(
    lambda template, name, value, style: template.format(name=name, value=literal(value, style)),
    TARGETS,
    st.sampled_from(NAMES),
    VALUES,
    st.integers(0, 34),
)
styles = st.integers(0, 34)
plain_assignments = st.permutations(NAMES).flatmap(
    lambda order: st.tuples(
        *(
            st.builds(
                lambda value, style, name=name: f"{name} = {literal(value, style)}\n", ordinary_value(name), styles
            )
            for name in order
        )
    )
)


def ordinary_value(name: str) -> st.SearchStrategy[object]:
    """Return values an identifier usually has."""
    if name == "revision":
        return SHORT_IDS
    return st.one_of(st.none(), SHORT_IDS, st.lists(SHORT_IDS, max_size=3).map(tuple))


def encoded(text: str, line_end: str, mark: str) -> bytes:
    """Return the bytes of a file: line ends, byte order mark, encoding declaration."""
    text = text.replace("\n", line_end)
    if mark == "latin-1":
        declared = f"# -*- coding: latin-1 -*-{line_end}{text}"
        return declared.encode("latin-1", errors="replace")
    if mark == "utf-8":
        return f"# -*- coding: utf-8 -*-{line_end}{text}".encode()
    if mark == "second line":
        return f"#!/usr/bin/python{line_end}# vim: set fileencoding=iso-8859-15 :{line_end}{text}".encode(
            "iso-8859-15", errors="replace"
        )
    return text.encode("utf-8-sig" if mark == "bom" else "utf-8")


marks = st.sampled_from(["", "", "", "", "bom", "utf-8", "latin-1", "second line"])
line_ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"])


@st.composite
def odd_files(draw: st.DrawFn) -> bytes:
    """Draw a file of ordinary and hostile pieces in any order."""
    pieces: list[str] = [draw(DOCSTRINGS)]
    pieces += draw(st.lists(st.sampled_from(IMPORTS[:6]), max_size=2))
    if draw(st.booleans()):
        pieces += draw(plain_assignments)
    other = st.one_of(assignments, st.sampled_from(IMPORTS), st.sampled_from(REST), st.sampled_from(HOSTILE))
    pieces += draw(st.lists(other, max_size=4))
    return encoded("".join(pieces), draw(line_ends), draw(marks))


@st.composite
def ordinary_files(draw: st.DrawFn) -> bytes:
    """Draw a file as people commit them."""
    pieces: list[str] = [draw(DOCSTRINGS.filter(lambda text: "too late" not in text))]
    pieces += draw(st.lists(st.sampled_from(IMPORTS[:4]), max_size=3))
    pieces += ["\n# revision identifiers, used by Alembic.\n", *draw(plain_assignments), "\n\n"]
    pieces += draw(st.lists(st.sampled_from(REST[:5]), max_size=2))
    return encoded("".join(pieces), draw(line_ends), draw(marks))


# --- the properties ----------------------------------------------------------------------------------


@given(odd_files())
@settings(max_examples=300)
def test_scanning_any_file_gives_what_importing_it_gives(source: bytes) -> None:
    """Whatever a file does while it is imported, the scan gives the identifiers it ends with (REV-1, REV-2)."""
    assert_same(source)


@given(ordinary_files())
@settings(max_examples=100)
def test_ordinary_files_are_never_imported(source: bytes) -> None:
    """A file with literal identifiers is read, not run, and the answer is that of running it (REV-2)."""
    assert scanned(source).module is None
    assert_same(source)


@given(ordinary_files(), st.lists(st.tuples(st.integers(0, 40), st.sampled_from(HOSTILE + REST + IMPORTS)), max_size=3))
@settings(max_examples=250)
def test_lines_put_anywhere_into_a_file_do_not_deceive_the_scan(
    source: bytes, insertions: list[tuple[int, str]]
) -> None:
    """A hostile line in any place, inside a string or a bracket as well, is judged as the compiler judges it."""
    lines = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for place, text in insertions:
        lines[place:place] = text.encode("utf-8").rstrip(b"\n").split(b"\n")
    assert_same(b"\n".join(lines))


@given(
    st.lists(st.sampled_from(['"', "'", '"""', "'''", "\\", "\n", "(", ")", "#", "=", "revision", "u", " ", ",", "x"]))
)
@settings(max_examples=300)
@example(['"""', "\\", '"""', "\n", "revision", "=", '"', "x", '"', "\n", '"""'])
def test_tangled_quotes_do_not_deceive_the_fast_reader(tokens: Sequence[str]) -> None:
    """Where strings begin and end is read as the compiler reads it, or not at all."""
    assert_same(("revision = 'a'\n" + "".join(tokens) + "\ndown_revision = None\n").encode())


def answer(read: Callable[[], Declared | None]) -> tuple[object, ...] | str | None:
    """Return what a reader says: the identifiers, why they are none, or nothing."""
    try:
        found = read()
    except NotIdentifiers as refused:
        return str(refused)
    if found is None:
        return None
    return found.revision, found.down_revisions, found.branch_labels, found.depends_on, found.replaces


@given(odd_files())
@settings(max_examples=200)
@example(b"revision = None\n")
@example(b"revision = 'a'\ndepends_on = 7\n")
def test_the_readers_agree_wherever_both_answer(source: bytes) -> None:
    """The fast reader never says more, and nothing else, than the parser does; refusing identifiers is an answer."""
    fast = answer(lambda: read_ordinary(source))
    try:
        exact = answer(lambda: read_syntax(source, "x.py"))
    except (SyntaxError, ValueError):
        return
    if fast is not None and exact is not None:
        assert fast == exact
