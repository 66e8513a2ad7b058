"""The short way of reading the settings and pydantic's never disagree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import SettingsError
from runner.settings import SETTINGS, Kind, Setting, read_plainly
from runner.settings_validation import validate_settings

_ODDITIES = [
    "",
    " ",
    "\t",
    "+1",
    "1_000",
    "1e2",
    ".5",
    "5.",
    "0x10",
    "nan",
    "inf",
    "-0",
    "00",
    "\u0663",
    "\uff11",
    "\ud800",
    "\x00",
]
_PLAIN = {
    Kind.URL: st.sampled_from(
        ["postgresql://u:p@h:5432/d", "sqlite:///f.db", "postgres://h", "mysql+pymysql://h/d?x=1"]
    ),
    Kind.TEXT: st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1),
    Kind.SECONDS: st.one_of(
        st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,6})?", fullmatch=True),
        st.floats(0, 1e6).map(str),
        st.integers(-1, 10**10).map(str),
    ),
    Kind.INTEGER: st.integers(-(2**40), 2**40).map(str),
}


def _texts(row: Setting) -> st.SearchStrategy[str]:
    plain = st.sampled_from(row.choices) if row.choices else _PLAIN[row.kind]
    padded = st.builds("{}{}{}".format, st.sampled_from(["", " ", "\n"]), plain, st.sampled_from(["", " ", "\u2003"]))
    return st.one_of(plain, plain, plain, padded, plain.map(str.upper), st.sampled_from(_ODDITIES), st.text())


def _some(key: str) -> st.SearchStrategy[dict[str, str]]:
    """Texts for a few settings, by field or by variable."""
    return st.lists(st.sampled_from(SETTINGS), unique=True, max_size=5).flatmap(
        lambda rows: st.fixed_dictionaries({str(getattr(row, key)): _texts(row) for row in rows})
    )


def _no_file(path: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", path)


@given(environ=_some("variable"), flags=_some("field"))
def test_what_is_plainly_valid_is_what_pydantic_makes_of_it(environ: dict[str, str], flags: dict[str, str]) -> None:
    """Whenever the short way accepts, the long way gives equal settings with equally typed values."""
    plain = read_plainly(environ, flags, read_text=_no_file)
    if plain is None:
        return
    thorough = validate_settings(environ, flags, read_text=_no_file)
    assert thorough == plain
    names = [row.field for row in SETTINGS if hasattr(plain, row.field)]
    assert [type(getattr(thorough, name)) for name in names] == [type(getattr(plain, name)) for name in names]


@settings(max_examples=50)
@given(environ=_some("variable"), flags=_some("field"))
def test_the_long_way_answers_or_names_what_is_wrong(environ: dict[str, str], flags: dict[str, str]) -> None:
    """Whatever is given, the answer is settings, or problems that each begin with a name that was given."""
    names = set(environ) | {row.flag or row.variable for row in SETTINGS if row.field in flags}
    assert {line.split()[0] for line in _problems(environ, flags)} <= names


def _problems(environ: dict[str, str], flags: dict[str, str]) -> list[str]:
    try:
        validate_settings(environ, flags, read_text=_no_file)
    except SettingsError as error:
        return error.message.splitlines()
    return []
