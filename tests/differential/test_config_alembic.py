"""Config gives what Alembic's Config gives, and both read one file alike."""

from __future__ import annotations

import inspect
import string
import warnings
from collections.abc import Callable
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory as AlembicScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from runner.config import Config
from runner.errors import RunnerError
from runner.revisions.directory import ScriptDirectory

INI = """\
[DEFAULT]
shared = one

[alembic]
script_location = %(here)s/migrations
file_template = %%(rev)s_%%(slug)s
prepend_sys_path = . lib
version_locations = %(here)s/a, b
sqlalchemy.url = postgresql://u:p%%40ss@h/d
databases = first, second
Mixed.Case = %(shared)s/%(given)s
several = a
  b

  c
blank =

[first]
sqlalchemy.url = sqlite:///%(shared)s.db

[post_write_hooks]
hooks = ruff, mine
ruff.type = exec
ruff.options = format REVISION_SCRIPT_FILENAME
mine.type = module
"""

TOML = """\
[tool.alembic]
script_location = "%(here)s/migrations"
file_template = "%%(rev)s_%%(slug)s"
prepend_sys_path = [".", "%(given)s"]
version_locations = ["%(here)s/a", "b c"]
sourceless = true
truncate_slug_length = 12
table = { key = "%(here)s" }

[[tool.alembic.post_write_hooks]]
name = "ruff"
type = "exec"
options = "%(given)s REVISION_SCRIPT_FILENAME"
"""

QUESTIONS: dict[str, Callable[[Any], object]] = {
    "main": lambda c: c.get_main_option("script_location"),
    "default": lambda c: c.get_main_option("absent", "default"),
    "inherited": lambda c: c.get_main_option("shared"),
    "case": lambda c: c.get_main_option("MIXED.case"),
    "lines": lambda c: c.get_main_option("several"),
    "blank": lambda c: c.get_main_option("blank", "default"),
    "url": lambda c: c.get_main_option("sqlalchemy.url"),
    "here": lambda c: c.get_main_option("here"),
    "section": lambda c: dict(c.get_section("alembic")),
    "first": lambda c: dict(c.get_section("first")),
    "no section": lambda c: c.get_section("second", {"a": "b"}),
    "option": lambda c: c.get_section_option("first", "sqlalchemy.url"),
    "either": lambda c: c.get_alembic_option("script_location"),
    "template": lambda c: c.get_alembic_option("file_template"),
    "number": lambda c: c.get_alembic_option("truncate_slug_length"),
    "table": lambda c: c.get_alembic_option("table"),
    "boolean": lambda c: c.get_alembic_boolean_option("sourceless"),
    "locations": lambda c: c.get_version_locations_list(),
    "paths": lambda c: c.get_prepend_sys_paths_list(),
    "hooks": lambda c: c.get_hooks_list(),
    "names": lambda c: (c.config_file_name, c.toml_file_name, c.config_ini_section),
    "arguments": lambda c: (c.config_args, dict(c.toml_args)),
    "quiet": lambda c: dict(c.messaging_opts),
}


def answer(question: Callable[[Any], object], config: object) -> object:
    """Return the answer, or that there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Alembic warns of its old way to split paths
        try:
            return question(config)
        except Exception:  # noqa: BLE001 -- Alembic lets errors of every kind through
            return "error"


@pytest.fixture(params=["ini", "toml", "both", "neither", "missing", "other section"])
def configs(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Config, AlembicConfig]:
    """The same configuration in both implementations, after a program has changed it a little."""
    kind: str = request.param
    ini = tmp_path / "alembic.ini" if kind not in {"toml", "neither"} else None
    toml = tmp_path / "pyproject.toml" if kind in {"toml", "both"} else None
    if ini is not None and kind != "missing":
        ini.write_text(INI, encoding="utf-8")
    if toml is not None:
        toml.write_text(TOML, encoding="utf-8")
    arguments: dict[str, Any] = {
        "ini_section": "first" if kind == "other section" else "alembic",
        "config_args": {"given": "x"},
    }
    return Config(ini, toml, **arguments), AlembicConfig(ini, toml, **arguments)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_alembics_answer(configs: tuple[Config, AlembicConfig], name: str) -> None:
    """For files as people have them, every getter agrees (CFG-1 to CFG-49)."""
    ours, theirs = configs
    for config in configs:
        # Alembic adds `here` to its arguments when it has read the file.
        answer(attrgetter("file_config", "toml_alembic_config"), config)

    assert answer(QUESTIONS[name], ours) == answer(QUESTIONS[name], theirs)


@pytest.mark.parametrize("name", QUESTIONS)
def test_answers_agree_after_options_were_set(configs: tuple[Config, AlembicConfig], name: str) -> None:
    """What env.py files and programs do with a Config (TP-4)."""
    for config in configs:
        config.set_main_option("sqlalchemy.url", "a%%b")
        config.set_section_option("second", "sqlalchemy.url", "%(here)s")
        config.set_main_option("Script_Location", "elsewhere")
        config.set_main_option("gone", "x")
        config.remove_main_option("gone")
        _ = config.toml_alembic_config

    assert answer(QUESTIONS[name], configs[0]) == answer(QUESTIONS[name], configs[1])


values = st.text(alphabet=string.ascii_letters + "%()s;#=: \t$", max_size=12)


@given(values, values)
def test_interpolation_of_any_value_agrees(first: str, second: str) -> None:
    """Whatever a value holds, both give the same text or both refuse it (CFG-4)."""
    answers = []
    for make in (Config, AlembicConfig):
        config = make(config_args={"h": "x"})
        for name, value in (("a", first), ("b", second), ("s", "[%(a)s]")):
            answer(methodcaller("set_main_option", name, value), config)
        answers.append([answer(methodcaller("get_main_option", name), config) for name in ("a", "b", "s")])

    assert answers[0] == answers[1]


paths = st.text(alphabet="ab/ :;,", max_size=12)


@given(paths, st.sampled_from(["os", "space", "newline", ":", ";", "", "bogus"]))
def test_paths_are_split_alike(value: str, separator: str) -> None:
    """With every separator, and under the old rule without one (CFG-14, CFG-15, CFG-16)."""
    answers = []
    for make in (Config, AlembicConfig):
        config = make()
        config.set_main_option("version_locations", value)
        config.set_main_option("prepend_sys_path", value)
        if separator:
            config.set_main_option("path_separator", separator)
        both = [
            answer(lambda c: c.get_version_locations_list(), config),
            answer(lambda c: c.get_prepend_sys_paths_list(), config),
        ]
        # Alembic keeps empty strings when it splits by its old rule; they name nothing.
        answers.append([[path for path in one if path] if isinstance(one, list) else one for one in both])
    ours, theirs = answers
    assert ours == [[] if one is None and value else one for one in theirs] or ours == theirs


@pytest.mark.parametrize("key", ["script_location", "version_locations", "sourceless", "recursive_version_locations"])
@pytest.mark.parametrize("form", ["ini", "toml"])
def test_directories_from_the_same_configuration_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, form: str
) -> None:
    """The directory, its locations and its switches come out alike (CFG-10 to CFG-19)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    lines = {"script_location": '"migrations"', "file_template": '"%%(rev)s"', "truncate_slug_length": "12"}
    lines |= {"version_locations": '["%(here)s/a"]'} if key == "version_locations" else {}
    lines |= {key: "true"} if key in {"sourceless", "recursive_version_locations"} else {}
    if form == "ini":
        text = "[alembic]\n" + "".join(f"{k} = {v.strip('[]').strip(chr(34))}\n" for k, v in lines.items())
    else:
        text = "[tool.alembic]\n" + "".join(f"{k} = {v}\n" for k, v in lines.items())
    path = tmp_path / ("alembic.ini" if form == "ini" else "pyproject.toml")
    path.write_text(text, encoding="utf-8")
    arguments = {"file_": path} if form == "ini" else {"toml_file": path}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = AlembicScriptDirectory.from_config(AlembicConfig(**arguments))  # type: ignore[arg-type]  # by name
    ours = ScriptDirectory.from_config(Config(**arguments))  # type: ignore[arg-type]  # by name
    for name in (
        *("dir", "version_locations", "file_template", "truncate_slug_length", "sourceless", "output_encoding"),
        *("recursive_version_locations", "timezone", "hooks", "env_py_location"),
    ):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.versions == str(theirs.versions)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Config, AlembicConfig), (ScriptDirectory, AlembicScriptDirectory)],
    ids=["Config", "Directory"],
)
def test_constructors_take_the_same_arguments(ours: type, theirs: type) -> None:
    """In the same order, by the same names (CFG-40 to CFG-49, API-2)."""
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Config, AlembicConfig), (ScriptDirectory, AlembicScriptDirectory)],
    ids=["Config", "Directory"],
)
def test_every_public_member_is_there(ours: type, theirs: type) -> None:
    """What a program can call on Alembic's object it can call on ours; writing files comes elsewhere."""
    public = {name for name in dir(theirs) if not name.startswith("_")} - {"generate_revision"}

    instance = ours() if ours is Config else None
    assert {name for name in public if not hasattr(ours, name) and not hasattr(instance, name)} == set()


def test_errors_are_ours() -> None:
    """One base class, whatever is wrong with the configuration."""
    with pytest.raises(RunnerError):
        ScriptDirectory.from_config(Config())
