"""The list of targets, whatever it is written in."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import SettingsError, TargetsInvalid
from runner.fleet.shards import share_of
from runner.fleet.targets import FleetTarget, ListReader, is_query

URL = "postgresql://app:hunter2@db:5432/shop"


def reader(*, has_default: bool = True) -> ListReader:
    return ListReader(
        environ={"ACME_URL": URL, "EMPTY": ""},
        read_text=lambda path: Path(path).read_text("utf-8"),
        has_default=has_default,
    )


def seen(targets: tuple[FleetTarget, ...]) -> list[tuple[str, str | None, str | None]]:
    return [(one.name, one.database, one.schema) for one in targets]


def problems(text: str, *, path: str = "list.txt", has_default: bool = True) -> list[str]:
    with pytest.raises(TargetsInvalid) as caught:
        reader(has_default=has_default).read(text, path=path)
    assert "hunter2" not in str(caught.value)
    assert (caught.value.code, caught.value.exit_code) == ("targets-invalid", 10)
    return str(caught.value).splitlines()


def test_lines() -> None:
    """A line is a URL, a schema, or words with keys; comments and empty lines are skipped."""
    text = f"# tenants\n\n{URL}\nacme\nname=big url_env=ACME_URL schema=globex\nsqlite:////data/a.db\n"
    masked = "postgresql://app:***@db:5432/shop"
    assert seen(reader().read(text, path="list.txt")) == [
        ("db/shop", masked, None),
        ("acme", None, "acme"),
        ("big", masked, "globex"),
        ("/data/a.db", "sqlite:////data/a.db", None),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.json", '["acme", {"name": "two", "schema": "globex"}]'),
        ("a.JSON", '{"targets": ["acme", {"name": "two", "schema": "globex"}]}'),
        ("a.toml", '[[targets]]\nschema = "acme"\n[[targets]]\nname = "two"\nschema = "globex"\n'),
        ("a.toml", 'targets = ["acme", "name=two schema=globex"]\n'),
    ],
)
def test_json_and_toml(path: str, text: str) -> None:
    """JSON and TOML hold the same entries, as tables or as lines."""
    assert seen(reader().read(text, path=path)) == [("acme", None, "acme"), ("two", None, "globex")]


def test_a_url_from_a_file(tmp_path: Path) -> None:
    """`url_file` reads a mounted secret."""
    (tmp_path / "url").write_text(f"{URL}\n", encoding="utf-8")
    (target,) = reader().read(f"name=a url_file={tmp_path}/url", path="list.txt")
    assert target.url is not None
    assert target.url.password == "hunter2"
    assert "hunter2" not in repr(target)


def test_every_problem_has_its_line() -> None:
    """All that is wrong is said at once, each with file and line, and no password."""
    text = "acme\nacme\nname=x colour=red\nname=y url_env=EMPTY\nsqlite:///a.db\nname=z url=sqlite:///z.db schema=z\n"
    assert problems(text) == [
        "list.txt:2: the name acme is that of list.txt:1, too.",
        "list.txt:3: 'colour': no text, or unknown; known are name, url, url_env, url_file, schema.",
        "list.txt:4: the variable EMPTY is not set.",
        "list.txt:6: sqlite has no schemas that a session can be put into.",
    ]
    assert problems("acme", has_default=False) == [
        "list.txt:1: the schema acme has no URL, and DATABASE_URL is not set."
    ]
    assert problems(f"name=a url={URL} url_env=ACME_URL") == ["list.txt:1: url and url_env exclude each other."]
    assert problems(f"name=a url_file={URL}") == [
        "list.txt:1: url_file holds a URL where the path of a file is expected."
    ]
    assert problems("name=a url=://app:hunter2") != []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.json", '[\n"acme",\n"acme"\n]', 3),
        ("a.json", '[\n"acme",,\n]', 2),
        ("a.json", '{"targets":\n [{"schema": 3}]}', 2),
        ("a.json", '{"target": []}', 1),
        ("a.json", "[7]", 1),
        ("a.toml", '[[targets]]\nschema = "a"\n\n[[targets]]\nschema = "a"\n', 4),
        ("a.toml", "[[targets]]\nschema = \n", 2),
    ],
)
def test_problems_in_json_and_toml_have_lines(path: str, text: str, line: int) -> None:
    """Entries of JSON and TOML files have lines, too."""
    assert [problem.split(" ")[0] for problem in problems(text, path=path)] == [f"{path}:{line}:"]


def test_rows_of_a_query() -> None:
    """One column is schema names, whatever it is called; several are named like the keys of a file."""
    assert seen(reader().rows(["nspname"], [("a",), ("b",)])) == [("a", None, "a"), ("b", None, "b")]
    assert seen(reader().rows(["NAME", "URL"], [("a", "sqlite:///a.db")])) == [("a", "sqlite:///a.db", None)]
    with pytest.raises(TargetsInvalid, match="the query returns colour"):
        reader().rows(["name", "colour"], [])
    with pytest.raises(TargetsInvalid, match="RUNNER_TARGETS, row 2: the name a"):
        reader().rows(["schema"], [("a",), ("a",)])


def test_what_is_a_query() -> None:
    """A query begins like one; everything else is a file's name."""
    assert is_query("SELECT nspname FROM pg_namespace")
    assert is_query("  values('a')")
    assert not is_query("selected.txt")
    assert not is_query("/etc/targets.toml")


def test_shares() -> None:
    """Each target is in one share, the same whatever else is in the list, and shares are pinned by name."""
    targets = tuple(FleetTarget(name=f"tenant_{number}", schema="x") for number in range(200))
    shares = [share_of(targets, index=index, count=5) for index in range(5)]
    assert sorted(one.name for share in shares for one in share) == sorted(one.name for one in targets)
    assert share_of(targets[50:], index=3, count=5) == tuple(one for one in shares[3] if one in targets[50:])
    assert [len(share) for share in shares] == [40, 39, 35, 42, 44]
    for index, count in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(SettingsError, match="RUNNER_SHARD_COUNT"):
            share_of(targets, index=index, count=count)
