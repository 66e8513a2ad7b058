"""Line breaks are a formatter's."""

from __future__ import annotations

import ast
import subprocess

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runner.autogenerate.render.layout import lay_out
from runner.autogenerate.render.strings import multiline_literal, string_literal
from tests.linters import RUFF, needs_linters
from tests.oracle import assert_same_text

_NAMES = st.sampled_from(["a", "op", "nullable", "server_default", "existing_server_default", "a_rather_long_name" * 3])
_STRINGS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from(["SELECT 1\nFROM t\nWHERE a = 'b'", 'it\'s "quoted"', "back\\slash\n\n", "x" * 70]),
)
_CONSTANTS = st.one_of(_STRINGS, st.integers(), st.booleans(), st.none(), st.binary(max_size=10)).map(ast.Constant)


def _call(parts: tuple[str, list[ast.expr], dict[str, ast.expr]]) -> ast.expr:
    function, arguments, keywords = parts
    target = ast.Attribute(ast.Name("sa"), function)
    return ast.Call(target, arguments, [ast.keyword(name, value) for name, value in keywords.items()])


def _method(parts: tuple[ast.expr, str, list[ast.expr]]) -> ast.expr:
    value, name, arguments = parts
    owner = ast.Call(ast.Attribute(ast.Name("sa"), "String"), [], [ast.keyword("length", value)])
    return ast.Call(ast.Attribute(owner, name), arguments, [])


def _expressions(children: st.SearchStrategy[ast.expr]) -> st.SearchStrategy[ast.expr]:
    several = st.lists(children, max_size=5)
    return st.one_of(
        st.tuples(_NAMES, several, st.dictionaries(_NAMES, children, max_size=3)).map(_call),
        st.tuples(st.integers().map(ast.Constant), _NAMES, several).map(_method),
        several.map(ast.List),
        several.map(ast.Tuple),
        st.lists(st.tuples(_NAMES.map(ast.Constant), children), max_size=4).map(
            lambda p: ast.Dict([k for k, _ in p], [v for _, v in p])
        ),
    )


_STATEMENTS = st.recursive(_CONSTANTS, _expressions, max_leaves=30).map(
    lambda node: ast.Call(ast.Name("op"), [node], [])
)


def ruff(*arguments: str, text: str) -> str:
    command = [RUFF, *arguments, "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_linters
@settings(max_examples=15, phases=set(Phase) - {Phase.shrink}, suppress_health_check=list(HealthCheck))
@given(st.lists(_STATEMENTS, min_size=10, max_size=25))
def test_what_is_laid_out_means_the_same_and_a_formatter_leaves_it_alone(nodes: list[ast.expr]) -> None:
    """Whatever operations consist of: parsed again it is equal, and `ruff format` changes no character."""
    lines = [ast.unparse(ast.fix_missing_locations(ast.Expr(node))) for node in nodes]
    laid_out = [lay_out(line, indent=4) for line in lines]
    text = "def upgrade() -> None:\n" + "\n".join(laid_out) + "\n"

    assert [ast.dump(ast.parse(one.strip())) for one in laid_out] == [ast.dump(ast.parse(line)) for line in lines]
    assert_same_text(ruff("format", "--isolated", text=text), text)


@needs_linters
@pytest.mark.parametrize("arguments", ["{block}", "2000, {block}, True"])
def test_a_method_called_with_a_string_of_several_lines(arguments: str) -> None:
    """Whether the call in front of the method stays on its line depends on the string's first line only."""
    block = repr("SELECT 1\nFROM t\nWHERE a = 'b'")
    for width in range(30, 80):
        line = f"op.f(sa.String(length=1).{'m' * width}({arguments.format(block=block)}))"
        text = f"def upgrade() -> None:\n{lay_out(line, indent=4)}\n"
        assert_same_text(ruff("format", "--isolated", text=text), text, about=str(width))


def test_a_comment_is_wrapped_and_a_marker_is_not() -> None:
    """Notes for the author stay within the line length; programs look for the markers as they are."""
    note = "# " + "word " * 30

    assert all(len(line) <= 88 and line.startswith("    # ") for line in lay_out(note, indent=4).splitlines())
    assert lay_out("# ### " + "x" * 100) == "# ### " + "x" * 100


def test_what_is_not_understood_stays_as_it_was_written() -> None:
    """Text of a third party's renderer may be any Python, with comments of its own."""
    text = "op.f(1,   2)  # keep\nfor x in y:\n    op.g(x)"

    assert lay_out(text, indent=4) == "    op.f(1,   2)  # keep\n    for x in y:\n        op.g(x)"
    assert lay_out("op.f(x['a'])") == "op.f(x['a'])"
    assert lay_out("not python at all (") == "not python at all ("


def test_the_head_of_a_block_is_laid_out() -> None:
    """`with op.batch_alter_table(...) as batch_op:` is broken like a statement."""
    head = f"with op.batch_alter_table({'t' * 60!r}, schema=None) as batch_op:"

    assert (
        lay_out(head, indent=4)
        == f'    with op.batch_alter_table(\n        "{"t" * 60}", schema=None\n    ) as batch_op:'
    )


@given(st.text())
def test_a_string_literal_is_the_string(value: str) -> None:
    """Whatever the text, Python reads the same text again."""
    assert ast.literal_eval(string_literal(value)) == value
    assert "\n" not in string_literal(value)
    literal = multiline_literal(value)
    assert literal is None or ast.literal_eval(literal) == value
