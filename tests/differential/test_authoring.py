"""revision and merge, run by Alembic and by ours in two copies of one project: names, contents and refusals agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from runner.revisions.directory import ScriptDirectory
from tests.directories import Directory, make_directory
from tests.oracle import sqlite_url
from tests.programs import Finished
from tests.sequence import Call, run_sequence

WRITING: tuple[tuple[str, ...], ...] = (
    ("revision", "-m", "first one", "--rev-id", "aaaa1"),
    ("revision", "-m", "It's Ünï -- second!", "--rev-id", "bbbb1"),
    ("revision", "--rev-id", "cccc1"),
    ("revision", "-m", "branch", "--rev-id", "dddd1", "--head", "aaaa1", "--splice", "--branch-label", "lab"),
    ("revision", "-m", "dep", "--rev-id", "eeee1", "--head", "lab@head", "--depends-on", "cccc"),
    ("revision", "-m", "two", "--rev-id", "iiii1", "--head", "eeee", "--depends-on", "bbbb1", "--depends-on", "aaaa1"),
    ("merge", "cccc1", "iiii1", "-m", "joined", "--rev-id", "ffff1"),
    ("revision", "-m", "a base", "--rev-id", "gggg1", "--head", "base", "--branch-label", "other"),
    ("revision", "-m", "on a label", "--rev-id", "hhhh1", "--head", "other@head", "--depends-on", "lab"),
    ("merge", "heads", "-m", "of all heads " * 6, "--rev-id", "jjjj1"),
    ("revision", "-m", "of the merge", "--rev-id", "kkkk1", "--head", "head"),
)
REFUSED: tuple[tuple[tuple[str, ...], int], ...] = (
    (("revision", "-m", "x", "--head", "aaaa1"), 28),
    (("revision", "-m", "x", "--head", "zzzz"), 25),
    (("revision", "-m", "x", "--rev-id", "a+b"), 29),
    (("revision", "-m", "x", "--rev-id", "a@b"), 29),
    (("revision", "-m", "x", "--depends-on", "zzzz"), 25),
    (("revision", "-m", "x", "--version-path", "nowhere"), 20),
    (("revision", "-m", "x", "--sql"), 60),
    (("revision", "-m", "x", "--sql", "--autogenerate"), 60),
    (("merge", "zzzz"), 25),
    (("merge", "jjjj1", "jjjj1"), 29),
    (("merge", "aaaa1", "gggg1"), 28),
    (("edit", "zzzz"), 25),
)


@pytest.fixture
def projects(tmp_path: Path) -> tuple[Directory, Directory]:
    """Two empty projects: ours and Alembic's."""
    return make_directory(tmp_path / "ours"), make_directory(tmp_path / "theirs")


def both(projects: tuple[Directory, Directory], commands: Sequence[Sequence[str]]) -> tuple[list[Finished], ...]:
    """Run the commands with ours in the one project and with Alembic in the other."""
    ours, theirs = projects
    return (
        run_sequence("runner", [Call(args=tuple(one), cwd=ours.root) for one in commands]),
        run_sequence("alembic", [Call(args=tuple(one), cwd=theirs.root) for one in commands]),
    )


def contents(directory: Directory) -> dict[str, str]:
    """Return file name -> text without the date; several dependencies are a list there and a tuple here."""
    return {
        path.name: re.sub(r"depends_on = \[(.*)\]", r"depends_on = (\1)", re.sub(r"Written: .*", "", path.read_text()))
        for path in sorted(directory.versions.glob("*.py"))
    }


def test_the_files_are_alembics(projects: tuple[Directory, Directory]) -> None:
    """Names, identifiers and rendered text are the same for every option (CLI-11, CLI-12, CFG-11, API-2)."""
    ours, theirs = both(projects, WRITING)

    assert [0] * len(WRITING) == [one.returncode for one in ours] == [one.returncode for one in theirs]
    assert contents(projects[1]) == contents(projects[0])
    assert len(contents(projects[0])) == len(WRITING)


def test_refusals_are_alembics_and_leave_nothing(projects: tuple[Directory, Directory]) -> None:
    """What Alembic refuses is refused, with an exit code per kind; no file appears (ERR-12 to ERR-14, ERR-22)."""
    both(projects, WRITING)
    before = contents(projects[0])

    ours, theirs = both(projects, [command for command, _ in REFUSED])

    assert [code for _, code in REFUSED] == [one.returncode for one in ours]
    assert 0 not in [one.returncode for one in theirs]
    assert contents(projects[0]) == before


def test_what_alembic_accepts_and_we_do_not(projects: tuple[Directory, Directory]) -> None:
    """Reserved words and an id that is its own parent spoil Alembic's directory; here they leave no file (DNG-8)."""
    commands = (
        ("revision", "-m", "x", "--rev-id", "first"),
        ("revision", "-m", "x", "--rev-id", "head"),
        ("revision", "-m", "x", "--rev-id", "base"),
        ("revision", "-m", "x", "--rev-id", "first"),
        ("heads",),
    )
    ours, _ = both(projects, commands)
    assert [0, 29, 29, 22, 0] == [one.returncode for one in ours]
    assert "first (head)\n" == ours[-1].stdout


@pytest.mark.parametrize(
    "options",
    [
        {"file_template": "%%(year)d_%%(rev)s_%%(slug)s", "truncate_slug_length": "9"},
        {"file_template": "%%(slug)s__%%(rev)s"},
        {"timezone": "UTC", "file_template": "%%(year)d%%(month).2d%%(day).2d_%%(rev)s"},
        {"output_encoding": "latin-1"},
    ],
)
def test_naming_options(projects: tuple[Directory, Directory], options: dict[str, str]) -> None:
    """The options about names and encodings mean what they mean to Alembic (CFG-11, CFG-12, CFG-13, CFG-21)."""
    for directory in projects:
        for name, value in options.items():
            directory.set_option(name, value)
    both(projects, [("revision", "-m", "Grün ist die Hoffnung", "--rev-id", "aaaa1")])
    ours, theirs = projects
    assert [path.name for path in theirs.versions.glob("*.py")] == [path.name for path in ours.versions.glob("*.py")]
    encoding = options.get("output_encoding", "utf-8")
    assert "Grün" in next(ours.versions.glob("*.py")).read_text(encoding=encoding)


def test_dates_are_written_alike(projects: tuple[Directory, Directory]) -> None:
    """A date has its offset where a zone is configured, and none else (CFG-13)."""
    for zone in ("", "UTC", "europe/berlin"):
        for directory in projects:
            directory.set_option("timezone", zone) if zone else None
        both(projects, [("revision", "-m", "x", "--rev-id", f"id{zone[:2]}1", "--head", "base", "--splice")])
    forms = [
        sorted(
            re.sub(r"\d", "9", line)
            for path in directory.versions.glob("*.py")
            for line in path.read_text().splitlines()
            if line.startswith("Written: ")
        )
        for directory in projects
    ]
    assert forms[0] == forms[1]


@pytest.mark.parametrize("template", ["generic", "async", "multidb", "pyproject", "pyproject_async", "job"])
def test_alembic_works_in_our_directories(tmp_path: Path, template: str) -> None:
    """What `runner init` makes is a directory that Alembic can read and write (TPL-1 to TPL-4)."""
    made = run_sequence("runner", [Call(args=("init", "-t", template, "db"), cwd=tmp_path)])
    theirs = [("revision", "-m", "theirs", "--rev-id", "aaaa1"), ("history",), ("heads",)]
    written = run_sequence("alembic", [Call(args=one, cwd=tmp_path) for one in theirs])
    ours = [("revision", "-m", "ours", "--rev-id", "bbbb1"), ("history",)]
    answered = run_sequence("runner", [Call(args=one, cwd=tmp_path) for one in ours])
    read = run_sequence("alembic", [Call(args=("history",), cwd=tmp_path)])

    for one in (*made, *written, *answered, *read):
        one.check()
    assert answered[-1].stdout == read[-1].stdout
    names = sorted(path.name for path in (tmp_path / "db" / "versions").glob("*.py"))
    assert names == ["aaaa1_theirs.py", "bbbb1_ours.py"]


@pytest.mark.parametrize("template", ["generic", "async", "pyproject", "pyproject_async", "job"])
def test_our_env_py_runs_under_alembic(tmp_path: Path, template: str) -> None:
    """The env.py of every template runs under Alembic and under ours, and the rows are shared (TPL-2, TPL-3)."""
    options = ("--with-env-py",) if template == "job" else ()
    url = sqlite_url(tmp_path / "x.sqlite")
    if "async" in template:
        url = url.replace("sqlite:", "sqlite+aiosqlite:")
    calls = [Call(args=("init", "-t", template, "db", *options), cwd=tmp_path)]
    calls += [Call(args=("revision", "-m", name, "--rev-id", name), cwd=tmp_path) for name in ("aaaa1", "bbbb1")]
    for one in run_sequence("runner", calls):
        one.check()
    ini = tmp_path / "alembic.ini"
    text = ini.read_text()
    ini.write_text(text.replace("driver://user:pass@localhost/dbname", url).replace("[alembic]", _section(text, url)))

    theirs = [("upgrade", "aaaa1"), ("current",)]
    for one in run_sequence("alembic", [Call(args=words, cwd=tmp_path) for words in theirs]):
        one.check()
    ours = run_sequence(
        "runner", [Call(args=words, cwd=tmp_path) for words in (("upgrade",), ("current",), ("upgrade", "--sql"))]
    )
    for one in ours:
        one.check()
    (current,) = run_sequence("alembic", [Call(args=("current",), cwd=tmp_path)])
    assert current.check().stdout == ours[1].stdout == "bbbb1 (head)\n"
    assert "INSERT INTO alembic_version" in ours[2].stdout


def _section(text: str, url: str) -> str:
    """Return the head of the main section, with a URL where the template has none."""
    return "[alembic]" if "sqlalchemy.url" in text else f"[alembic]\nsqlalchemy.url = {url}"


def test_the_multidb_template_runs(tmp_path: Path) -> None:
    """Each database gets its own functions, and its own file of SQL offline (TPL-4)."""
    run_sequence("runner", [Call(args=("init", "-t", "multidb", "db"), cwd=tmp_path)])[0].check()
    ini = tmp_path / "alembic.ini"
    text = ini.read_text().replace("driver://user:pass@localhost/dbname2", sqlite_url(tmp_path / "two.sqlite"))
    ini.write_text(text.replace("driver://user:pass@localhost/dbname", sqlite_url(tmp_path / "one.sqlite")))
    commands = [("revision", "-m", "x", "--rev-id", "aaaa1"), ("upgrade",), ("current",), ("upgrade", "--sql")]
    finished = [one.check() for one in run_sequence("runner", [Call(args=one, cwd=tmp_path) for one in commands])]

    assert "aaaa1 (head)\naaaa1 (head)\n" == finished[2].stdout
    module = ScriptDirectory(str(tmp_path / "db")).get_revision("aaaa1")
    assert module is not None
    assert {"upgrade_engine1", "downgrade_engine2"} <= vars(module.module).keys()
    assert all("alembic_version" in (tmp_path / f"engine{number}.sql").read_text() for number in (1, 2))
