"""Config reads alembic.ini and pyproject.toml as programs expect, and says what is wrong with them."""

from __future__ import annotations

import io
import subprocess
import sys
import traceback
from argparse import Namespace
from pathlib import Path

import pytest

from runner.config import Config, discover
from runner.errors import ConfigError


def ini(tmp_path: Path, text: str, **kw: object) -> Config:
    """Return a Config of an ini file with this text."""
    path = tmp_path / "alembic.ini"
    path.write_text(text, encoding="utf-8")
    return Config(path, **kw)  # type: ignore[arg-type]  # whatever a test wants to pass


def toml(tmp_path: Path, text: str, file_: Path | None = None) -> Config:
    """Return a Config of a pyproject.toml with this text."""
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return Config(file_, toml_file=path)


# --- discovery ---------------------------------------------------------------------------------------


def test_discover_finds_both_files_in_the_directory_only(tmp_path: Path) -> None:
    """Neither parents nor subdirectories are searched (CFG-1)."""
    (tmp_path / "alembic.ini").touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "sub").mkdir()

    assert discover(str(tmp_path)) == (str(tmp_path / "alembic.ini"), str(tmp_path / "pyproject.toml"))
    assert discover(str(tmp_path / "sub")) == (None, None)


def test_alembic_config_replaces_the_default_of_its_kind(tmp_path: Path) -> None:
    """ALEMBIC_CONFIG names one file; the other kind stays where it was (CFG-1)."""
    for name in ("alembic.ini", "pyproject.toml", "other.ini"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "pyproject.toml").touch()

    assert discover(str(tmp_path), "other.ini") == (str(tmp_path / "other.ini"), str(tmp_path / "pyproject.toml"))
    assert discover(str(tmp_path), "sub/pyproject.toml") == (
        str(tmp_path / "alembic.ini"),
        str(tmp_path / "sub/pyproject.toml"),
    )


def test_files_given_by_flag_win_over_alembic_config(tmp_path: Path) -> None:
    """-c wins over ALEMBIC_CONFIG, file by file (CLI-G2)."""
    for name in ("alembic.ini", "a.ini", "b.ini"):
        (tmp_path / name).touch()

    assert discover(str(tmp_path), "a.ini", ["b.ini"]) == (str(tmp_path / "b.ini"), None)


def test_two_files_of_one_kind_are_refused(tmp_path: Path) -> None:
    """At most one ini file and one pyproject.toml (ERR-20, CLI-E6)."""
    for name in ("a.ini", "b.ini"):
        (tmp_path / name).touch()

    with pytest.raises(ConfigError, match=r"two ini files, a\.ini and b\.ini"):
        discover(str(tmp_path), None, ["a.ini", "b.ini"])


@pytest.mark.parametrize(("alembic_config", "files"), [("gone.ini", []), (None, ["gone.ini"])])
def test_a_file_named_on_purpose_must_exist(tmp_path: Path, alembic_config: str | None, files: list[str]) -> None:
    """Alembic goes on with an empty configuration; that hides a typing error."""
    with pytest.raises(ConfigError, match=r"gone\.ini, which does not exist"):
        discover(str(tmp_path), alembic_config, files)


# --- interpolation -----------------------------------------------------------------------------------


def test_ini_values_are_interpolated(tmp_path: Path) -> None:
    """%(here)s, config_args, [DEFAULT], the same section, and doubled percent signs (CFG-4)."""
    config = ini(
        tmp_path,
        "[DEFAULT]\nd = 1\n"
        "[alembic]\na = %(here)s/x\nb = %(foo)s\nc = %(d)s\ne = 50%%\nref = %(c)s-%(Caps)s\nCaps = V\n",
        config_args={"foo": "bar", "n": 5},
    )

    assert [config.get_main_option(name) for name in ("a", "b", "c", "e", "ref", "caps", "here", "n")] == [
        f"{tmp_path}/x",
        "bar",
        "1",
        "50%",
        "1-V",
        "V",
        str(tmp_path),
        "5",
    ]


def test_toml_values_are_interpolated_in_every_shape(tmp_path: Path) -> None:
    """Strings, lists, tables and arrays of tables; numbers and booleans stay (CFG-4)."""
    config = toml(
        tmp_path,
        '[tool.alembic]\na = "%(here)s/x"\nb = ["50%%", "%(here)s"]\nc = { k = "%(here)s" }\nn = 7\nt = true\n'
        '[[tool.alembic.d]]\nk = "%(here)s"\n',
    )

    assert config.get_alembic_option("a") == f"{tmp_path}/x"
    assert config.get_alembic_option("b") == ["50%", str(tmp_path)]
    assert config.get_alembic_option("c") == {"k": str(tmp_path)}
    assert config.get_alembic_option("d") == [{"k": str(tmp_path)}]
    assert (config.get_alembic_option("n"), config.get_alembic_option("t")) == (7, True)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a = 50%", "holds a single percent sign"),
        ("a = %(nope)s", r"refers to %\(nope\)s, which nothing defines"),
        ("a = %(b)s\nb = %(a)s", "refers to itself"),
    ],
)
def test_a_broken_ini_value_is_a_config_error(tmp_path: Path, line: str, problem: str) -> None:
    """The message names key, section and file, however the value is asked for."""
    config = ini(tmp_path, f"[alembic]\n{line}\n")

    for ask in (lambda: config.get_main_option("a"), lambda: config.get_section("alembic")):
        with pytest.raises(ConfigError, match=rf"Key a in section \[alembic\] of .*alembic\.ini {problem}"):
            ask()


@pytest.mark.parametrize("ask", ["get_main_option", "get_section"])
def test_a_broken_value_is_never_quoted(tmp_path: Path, ask: str) -> None:
    """A URL whose password holds a percent sign appears in no traceback."""
    config = ini(tmp_path, "[alembic]\nsqlalchemy.url = postgresql://u:se%cret@host/db\n")

    with pytest.raises(ConfigError) as caught:
        getattr(config, ask)("sqlalchemy.url" if ask == "get_main_option" else "alembic")

    assert "cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('a = "50%"', "holds a single percent sign"),
        ('a = "%(nope)s"', r"refers to %\(nope\)s"),
        ("a = [1, 2]", "must be a string"),
        ('a = { b = "50%" }', "single percent sign"),
        ("a = 1.5", "must be a string, a whole number"),
        ("a = 2020-01-01", "must be a string, a whole number"),
    ],
)
def test_a_broken_toml_value_is_a_config_error(tmp_path: Path, line: str, problem: str) -> None:
    """The message names the key and the file (ERR-20)."""
    config = toml(tmp_path, f"[tool.alembic]\n{line}\n")

    with pytest.raises(ConfigError, match=rf"Key a.* in \[tool\.alembic\] of .*pyproject\.toml.*{problem}"):
        config.get_alembic_option("a")


# --- files that cannot be read -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a = 1\n[alembic]\n", 1, "before the first"),
        ("[alembic]\na = 1\na = 2\n", 3, "a second time"),
        ("[alembic]\n[alembic]\n", 2, "a second time"),
        ("[alembic]\nsecret thing\n", 2, "neither a section"),
    ],
)
def test_a_bad_ini_file_is_a_config_error_with_its_line(tmp_path: Path, text: str, line: int, problem: str) -> None:
    """File and line are named, the line itself is not quoted: it may hold a password."""
    with pytest.raises(ConfigError, match=problem) as caught:
        _ = ini(tmp_path, text).file_config

    assert caught.value.fields == {"file": str(tmp_path / "alembic.ini"), "line": line}
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[tool.alembic\n", 1, "not valid TOML"),
        ("[tool.alembic]\na = 1\na = 2\n", 3, "not valid TOML"),
        ("[tool]\nalembic = 1\n", None, r"must hold \[tool.alembic\] as a table"),
        ('tool = "alembic"\n', None, "as a table"),
    ],
)
def test_a_bad_toml_file_is_a_config_error(tmp_path: Path, text: str, line: int | None, problem: str) -> None:
    """File and line are named (ERR-20)."""
    with pytest.raises(ConfigError, match=problem) as caught:
        toml(tmp_path, text).get_alembic_option("a")

    assert caught.value.fields.get("line") == line


def test_a_pyproject_that_does_not_speak_of_alembic_is_not_parsed(tmp_path: Path) -> None:
    """Most projects have a pyproject.toml; a run must not pay for its parser."""
    program = f"""
import sys
from runner.config import Config
config = Config(toml_file={str(tmp_path / "pyproject.toml")!r})
assert config.get_alembic_option("script_location") is None
config.override_main_option("script_location", "x")
assert config.get_alembic_option("script_location") == "x"
assert config.get_main_option("sqlalchemy.url") is None
print([name for name in ("tomllib", "configparser", "pathlib") if name in sys.modules])
"""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")

    answer = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "data",
    [
        "[alembic]\na = é\nb = 2\n  3\n".encode("utf-8-sig"),
        "[alembic]\r\na = é\r\nb = 2\r\n  3\r\n".encode(),
        "[alembic]\ra = é\rb = 2\r  3\r".encode(),
    ],
)
def test_ini_files_of_any_platform_are_read(tmp_path: Path, data: bytes) -> None:
    """UTF-8 with or without byte order mark, and every kind of line end."""
    (tmp_path / "a.ini").write_bytes(data)
    config = Config(str(tmp_path / "a.ini"))

    assert (config.get_main_option("a"), config.get_main_option("b")) == ("é", "2\n3")


def test_an_ini_file_in_the_encoding_of_the_locale_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not UTF-8 is tried in the locale's encoding, which is Alembic's first choice (CFG-6)."""
    (tmp_path / "a.ini").write_bytes("[alembic]\na = é\n".encode("latin-1"))

    monkeypatch.setattr("locale.getencoding", lambda: "latin-1")
    assert Config(tmp_path / "a.ini").get_main_option("a") == "é"
    monkeypatch.setattr("locale.getencoding", lambda: "ascii")
    with pytest.raises(ConfigError, match="neither UTF-8 nor"):
        Config(tmp_path / "a.ini").get_main_option("a")


def test_an_unreadable_file_is_a_config_error(tmp_path: Path) -> None:
    """A directory in place of the file, for one."""
    with pytest.raises(ConfigError, match="cannot be read"):
        _ = Config(tmp_path).file_config


# --- the ini interface -------------------------------------------------------------------------------


def test_without_any_file_there_is_an_empty_main_section() -> None:
    """Programs build a Config without files and set what they need."""
    config = Config()
    config.set_main_option("script_location", "here")

    assert config.get_main_option("script_location") == "here"
    assert config.get_section("alembic") == {"here": ".", "script_location": "here"}
    assert config.get_section("other") is None
    assert config.get_section("other", {"a": "b"}) == {"a": "b"}


@pytest.mark.parametrize(("text", "problem"), [(None, "does not exist"), ("[other]\n", r"has no section \[alembic\]")])
def test_a_missing_section_is_a_config_error(tmp_path: Path, text: str | None, problem: str) -> None:
    """The message tells a missing file from a missing section (CFG-45, ERR-20)."""
    path = tmp_path / "a.ini"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=problem):
        Config(path).get_main_option("x")
    assert Config(path).get_alembic_option("x", "default") == "default"


def test_options_are_set_and_removed(tmp_path: Path) -> None:
    """Setting adds the section where needed; removing what is not there is no error (CFG-44, CFG-45)."""
    config = ini(tmp_path, "[foo]\na = 1\n")
    config.remove_main_option("x")
    config.set_main_option("X", "100%%")
    config.set_section_option("new", "k", "v")

    assert config.get_main_option("x") == "100%"
    assert config.get_section_option("new", "k") == "v"
    config.remove_main_option("x")
    assert config.get_main_option("x", "gone") == "gone"


def test_a_lone_percent_sign_cannot_be_set(tmp_path: Path) -> None:
    """The error is a ValueError as well, which existing env.py files catch, and does not quote the value (CFG-5)."""
    url = "postgresql://u:se%cret@h/d"
    with pytest.raises(ConfigError, match=r"sqlalchemy\.url in section \[alembic\] holds a single percent") as caught:
        ini(tmp_path, "[alembic]\n").set_main_option("sqlalchemy.url", url)

    assert isinstance(caught.value, ValueError)
    assert "cret" not in "".join(traceback.format_exception(caught.value))


def test_a_value_that_is_no_string_cannot_be_set() -> None:
    """The message names the option: an environment variable that is not set is the usual reason."""
    with pytest.raises(TypeError, match=r"sqlalchemy\.url must be a string, not NoneType"):
        Config().set_main_option("sqlalchemy.url", None)  # type: ignore[arg-type]  # that is the mistake


@pytest.mark.parametrize("is_loaded", [False, True])
def test_an_override_is_returned_as_it_is(tmp_path: Path, is_loaded: bool) -> None:
    """Whatever percent signs it holds, until the same option is set in the usual way."""
    config = ini(tmp_path, "[alembic]\nsqlalchemy.url = broken%\nother = %(sqlalchemy.url)s!\n")
    if is_loaded:
        _ = config.file_config
    value = "postgresql://u:p%40%%(here)s@h/d"
    config.override_main_option("SQLAlchemy.url", value)

    assert config.get_main_option("sqlalchemy.url") == value
    assert config.get_alembic_option("sqlalchemy.url") == value
    assert config.get_section_option("alembic", "sqlalchemy.url") == value
    assert (config.get_section("alembic") or {})["sqlalchemy.url"] == value
    assert config.get_main_option("other") == f"{value}!"
    assert config.file_config.get("alembic", "sqlalchemy.url") == value

    config.set_main_option("sqlalchemy.url", "a%%b")
    assert config.get_main_option("sqlalchemy.url") == "a%b"


def test_an_override_needs_no_section(tmp_path: Path) -> None:
    """An ini file without the main section gets one, so that env.py finds the URL."""
    config = ini(tmp_path, "[other]\n")
    config.override_main_option("sqlalchemy.url", "x")

    assert config.get_main_option("sqlalchemy.url") == "x"
    assert (config.get_section("alembic") or {})["sqlalchemy.url"] == "x"


# --- either file -------------------------------------------------------------------------------------


def test_the_ini_file_wins_key_by_key(tmp_path: Path) -> None:
    """TOML answers what the ini file does not set (CFG-2)."""
    (tmp_path / "a.ini").write_text("[alembic]\nscript_location = ini\nsourceless = false\n", encoding="utf-8")
    config = toml(
        tmp_path, '[tool.alembic]\nscript_location = "t"\nsourceless = true\nother = "o"\n', tmp_path / "a.ini"
    )

    assert config.get_alembic_option("script_location") == "ini"
    assert config.get_alembic_boolean_option("sourceless") is False
    assert config.get_alembic_option("other") == "o"
    assert config.get_main_option("other") is None


@pytest.mark.parametrize(
    ("word", "expected"),
    [("true", True), ("True", True), ("yes", True), ("1", True), ("false", False), ("No", False), ("", False)],
)
def test_boolean_words_of_an_ini_file(tmp_path: Path, word: str, expected: bool) -> None:
    """`True` is true (BUG-8, CFG-19)."""
    assert ini(tmp_path, f"[alembic]\nsourceless = {word}\n").get_alembic_boolean_option("sourceless") is expected


def test_an_unknown_boolean_word_is_refused(tmp_path: Path) -> None:
    """Alembic takes any other word for false, silently."""
    with pytest.raises(ConfigError, match=r"sourceless of .*alembic\.ini is 'maybe'; write true or false"):
        ini(tmp_path, "[alembic]\nsourceless = maybe\n").get_alembic_boolean_option("sourceless")


def test_a_toml_boolean_must_be_one(tmp_path: Path) -> None:
    """A quoted "true" is a mistake worth a message (ERR-20)."""
    config = toml(tmp_path, '[tool.alembic]\nsourceless = "true"\nb = true\n')

    assert config.get_alembic_boolean_option("b") is True
    assert config.get_alembic_boolean_option("absent") is False
    with pytest.raises(ConfigError, match="without quotes"):
        config.get_alembic_boolean_option("sourceless")


@pytest.mark.parametrize(
    ("separator", "value", "expected"),
    [
        (None, "a b, c:d", ["a", "b", "c:d"]),
        (None, "\n  a b\n  c", ["a", "b", "c"]),
        ("os", "a b:c", ["a b", "c"]),
        ("space", "a b  c:d", ["a", "b", "c:d"]),
        ("space", "\n  a\n  b", ["a", "b"]),
        ("newline", "\n  a b\n  c:d\n", ["a b", "c:d"]),
        (":", "a:b:", ["a", "b"]),
        (";", "a;b c", ["a", "b c"]),
        ("os", "", None),
    ],
)
def test_version_locations_are_split(
    tmp_path: Path, separator: str | None, value: str, expected: list[str] | None
) -> None:
    """By path_separator; without one by commas and white space (CFG-15, CFG-16, CFG-17)."""
    for key in ("path_separator", "version_path_separator"):
        line = f"{key} = {separator}\n" if separator else ""
        assert ini(tmp_path, f"[alembic]\n{line}version_locations = {value}\n").get_version_locations_list() == expected


def test_prepended_paths_are_split(tmp_path: Path) -> None:
    """Without path_separator a colon separates as well; version_path_separator is not for them (CFG-14, CFG-17)."""
    config = ini(tmp_path, "[alembic]\nversion_path_separator = newline\nprepend_sys_path = a:b, c\n")

    assert config.get_prepend_sys_paths_list() == ["a", "b", "c"]


def test_an_unknown_separator_is_refused(tmp_path: Path) -> None:
    """The message lists what may be written (CFG-16)."""
    with pytest.raises(ConfigError, match=r"path_separator of .* is 'comma'; use one of os, space, newline, :, ;"):
        ini(tmp_path, "[alembic]\npath_separator = comma\nversion_locations = a\n").get_version_locations_list()


def test_toml_lists_of_paths(tmp_path: Path) -> None:
    """A list, or a single string for a list of one; a blank ini value falls through to it (CFG-15)."""
    (tmp_path / "a.ini").write_text("[alembic]\nversion_locations =\n", encoding="utf-8")
    config = toml(
        tmp_path,
        '[tool.alembic]\nversion_locations = ["%(here)s/a", "b"]\nprepend_sys_path = "."\n',
        tmp_path / "a.ini",
    )

    assert config.get_version_locations_list() == [f"{tmp_path}/a", "b"]
    assert config.get_prepend_sys_paths_list() == ["."]
    with pytest.raises(ConfigError, match="must be a list of strings"):
        toml(tmp_path, "[tool.alembic]\nversion_locations = 3\n").get_version_locations_list()


def test_hooks_of_an_ini_file_hide_those_of_toml(tmp_path: Path) -> None:
    """Even an empty section does (CFG-3, CFG-24)."""
    table = '[[tool.alembic.post_write_hooks]]\nname = "t"\ntype = "exec"\nexecutable = "%(here)s/x"\n'
    empty = tmp_path / "empty.ini"
    empty.write_text("[alembic]\n[post_write_hooks]\n", encoding="utf-8")
    full = tmp_path / "full.ini"
    full.write_text("[post_write_hooks]\nhooks = a b,c\na.type = exec\na.executable = %(here)s/x\nz.q = 1\n", "utf-8")

    assert toml(tmp_path, table).get_hooks_list() == [
        {"type": "exec", "executable": f"{tmp_path}/x", "_hook_name": "t"}
    ]
    assert toml(tmp_path, table, empty).get_hooks_list() == []
    assert toml(tmp_path, table, full).get_hooks_list() == [
        {"type": "exec", "executable": f"{tmp_path}/x", "_hook_name": "a"},
        {"_hook_name": "b"},
        {"_hook_name": "c"},
    ]
    with pytest.raises(ConfigError, match="array of tables"):
        toml(tmp_path, '[tool.alembic]\npost_write_hooks = "x"\n').get_hooks_list()


# --- the rest ----------------------------------------------------------------------------------------


def test_print_stdout_writes_unless_quiet() -> None:
    """Text is %-formatted only where there are arguments (CFG-49)."""
    out = io.StringIO()
    config = Config(stdout=out)
    config.print_stdout("100%")
    config.print_stdout("%s of %d", "one", 2)
    config.cmd_opts = Namespace(quiet=True)
    config.print_stdout("hidden")

    assert out.getvalue() == "100%\none of 2\n"
    assert config.messaging_opts == {"quiet": True}


def test_standard_output_is_that_of_the_moment(capsys: pytest.CaptureFixture[str]) -> None:
    """A Config made while output is redirected writes to where it is redirected."""
    Config().print_stdout("hello")

    assert capsys.readouterr().out == "hello\n"


def test_attributes_are_copied() -> None:
    """The idiom for handing env.py a connection (CFG-40)."""
    given = {"connection": object()}
    config = Config(attributes=given)
    config.attributes["more"] = 1

    assert config.attributes["connection"] is given["connection"]
    assert "more" not in given


def test_names_are_strings_and_a_subclass_may_name_its_templates(tmp_path: Path) -> None:
    """Flask-Migrate overrides get_template_directory (CFG-42, CFG-48, TP-26)."""

    class Mine(Config):
        def get_template_directory(self) -> str:
            return "/mine"

    config = Mine(tmp_path / "a.ini", tmp_path / "pyproject.toml")
    assert config.config_file_name == str(tmp_path / "a.ini")
    assert config.toml_file_name == str(tmp_path / "pyproject.toml")
    assert config.get_template_directory() == "/mine"
    assert Config().get_template_directory().endswith("templates")
