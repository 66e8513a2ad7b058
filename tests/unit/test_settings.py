"""Settings: what is accepted, who wins, what is said about the rest."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Mapping

import pytest

from runner.errors import SettingsError
from runner.settings import SETTINGS, Kind, Setting, Settings, read_plainly, read_settings, unknown_variables
from tests.programs import ROOT, scrubbed_environment
from tools.settings_table import settings_page

URL = "postgresql://app:hunter2@db:5432/shop"
SECRETS = {"/run/secrets/url": f"{URL}\n", "/run/secrets/empty": "\n"}


def _read_text(path: str) -> str:
    if path == "/run/secrets/binary":
        raise UnicodeDecodeError("utf-8", b"\xffhunter2", 0, 1, "invalid start byte")
    if path not in SECRETS:
        raise FileNotFoundError(2, "No such file or directory", path)
    return SECRETS[path]


def read(environ: Mapping[str, str] | None = None, flags: Mapping[str, str] | None = None) -> Settings:
    return read_settings(environ or {}, flags or {}, read_text=_read_text)


def problems(environ: Mapping[str, str] | None = None, flags: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(environ, flags)
    assert caught.value.fields == {"problems": tuple(str(caught.value).splitlines())}
    return str(caught.value).splitlines()


# -- the declaration -----------------------------------------------------------------------------------------


def test_each_setting_has_one_row() -> None:
    """The attributes of Settings are the declared fields, and where the URL came from."""
    declared = {row.field for row in SETTINGS} - {"migration_database_url"} | {"database_url_variable"}
    assert {field.name for field in dataclasses.fields(Settings)} == declared


def test_names_are_unique() -> None:
    """No two rows share a field, a variable or a flag."""
    for name in ("field", "variable", "flag"):
        values = [value for row in SETTINGS if (value := getattr(row, name))]
        assert len(values) == len(set(values))


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.field)
def test_rows_follow_the_naming_rules(row: Setting) -> None:
    """Variables begin with RUNNER_ (URLs apart), help is one sentence fit for argparse, seconds are in the name."""
    assert row.variable.startswith("RUNNER_") or row.kind is Kind.URL
    assert row.help.endswith(".")
    assert "%" not in row.help
    assert (row.kind is Kind.SECONDS) == row.field.endswith("_seconds") == (row.unit == "seconds")
    assert (row.kind is Kind.CHOICE) == bool(row.choices)


def test_defaults() -> None:
    """An empty environment gives the documented defaults and no database."""
    assert dataclasses.asdict(read()) == {
        "database_url": None,
        "database_url_variable": None,
        "directory": None,
        "config_file": None,
        "target": "heads",
        "env_py": "auto",
        "transaction": "revision",
        "lock_wait_seconds": 600.0,
        "lock_key": None,
        "lock_retry_seconds": 300.0,
        "connect_wait_seconds": 30.0,
        "wait_seconds": 300.0,
        "lock_timeout_seconds": None,
        "statement_timeout_seconds": None,
        "backfill_timeout_seconds": None,
        "monitor_seconds": None,
        "max_blocked_sessions": None,
        "orphans": "wait",
        "history": "on",
        "edited_revisions": "warn",
        "newer_database": "fail",
        "image_digest": None,
        "termination_message_file": None,
        "metrics_file": None,
        "metadata": None,
        "scratch_database_url": None,
        "artifact_directory": None,
        "artifact_from": None,
        "artifact_on_data": "refuse",
        "artifact_client": "native",
        "artifact_server": None,
        "artifact_schema": None,
        "log_format": "auto",
        "log_level": "info",
        "version_table": "alembic_version",
        "version_table_schema": None,
        "tenant_schema": None,
        "shared_schemas": None,
        "targets": None,
        "workers": 4,
        "canary": 0,
        "on_failure": "continue",
        "max_failures": None,
        "manifest": None,
        "shard_index": None,
        "shard_count": 1,
        "application_name": "revision-runner",
        "release": None,
        "pod": None,
        "dialect": None,
    }


def test_settings_page_is_fresh() -> None:
    """docs/settings.md is what the declaration says; if this fails, run: make generate."""
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_page(), "docs/settings.md is stale. Run: make generate"


# -- what is accepted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("RUNNER_DIRECTORY", "db/migrations", "directory", "db/migrations"),
        ("RUNNER_DIRECTORY", "db/übersicht 2", "directory", "db/übersicht 2"),
        ("RUNNER_CONFIG", "alembic.ini", "config_file", "alembic.ini"),
        ("RUNNER_TARGET", "shop@head", "target", "shop@head"),
        ("RUNNER_ENV_PY", "ignore", "env_py", "ignore"),
        ("RUNNER_TRANSACTION", "run", "transaction", "run"),
        ("RUNNER_LOCK_WAIT_SECONDS", "0", "lock_wait_seconds", 0.0),
        ("RUNNER_LOCK_KEY", "-42", "lock_key", -42),
        ("RUNNER_CONNECT_WAIT_SECONDS", "2.5", "connect_wait_seconds", 2.5),
        ("RUNNER_LOCK_TIMEOUT_SECONDS", "0.25", "lock_timeout_seconds", 0.25),
        ("RUNNER_STATEMENT_TIMEOUT_SECONDS", "900", "statement_timeout_seconds", 900.0),
        ("RUNNER_BACKFILL_TIMEOUT_SECONDS", "7200", "backfill_timeout_seconds", 7200.0),
        ("RUNNER_MONITOR_SECONDS", "0.5", "monitor_seconds", 0.5),
        ("RUNNER_MAX_BLOCKED_SESSIONS", "12", "max_blocked_sessions", 12),
        ("RUNNER_ORPHANS", "terminate", "orphans", "terminate"),
        ("RUNNER_RELEASE", "2026.11", "release", "2026.11"),
        ("RUNNER_POD", "shop-7f9c", "pod", "shop-7f9c"),
        ("RUNNER_LOG_FORMAT", "json", "log_format", "json"),
        ("RUNNER_LOG_LEVEL", "debug", "log_level", "debug"),
        ("RUNNER_VERSION_TABLE", "versions", "version_table", "versions"),
        ("RUNNER_VERSION_TABLE_SCHEMA", "ops", "version_table_schema", "ops"),
        ("RUNNER_APPLICATION_NAME", "shop-7f9c", "application_name", "shop-7f9c"),
        ("RUNNER_DIALECT", "sqlite", "dialect", "sqlite"),
    ],
)
def test_plain_values_are_read_the_short_way(variable: str, text: str, field: str, value: object) -> None:
    """A plainly valid value is read without pydantic, from the variable as from the flag."""
    plain = read_plainly({variable: text}, {}, read_text=_read_text)
    assert plain is not None
    assert getattr(plain, field) == value
    assert read({}, {field: text}) == plain


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("RUNNER_DIRECTORY", " migrations\n", "directory", "migrations"),
        ("RUNNER_LOCK_WAIT_SECONDS", " 30 ", "lock_wait_seconds", 30.0),
        ("RUNNER_LOCK_WAIT_SECONDS", "1e2", "lock_wait_seconds", 100.0),
        ("RUNNER_LOCK_KEY", "2147483647", "lock_key", 2147483647),
        ("RUNNER_LOCK_KEY", "+7", "lock_key", 7),
        ("RUNNER_LOG_FORMAT", "JSON", "log_format", "json"),
        ("RUNNER_LOG_LEVEL", " Warning ", "log_level", "warning"),
    ],
)
def test_values_with_another_spelling_are_understood(variable: str, text: str, field: str, value: object) -> None:
    """Blanks around a value, exponents and capitals are accepted after a second look."""
    assert read_plainly({variable: text}, {}, read_text=_read_text) is None
    assert getattr(read({variable: text}), field) == value


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.field)
@pytest.mark.parametrize("text", ["", "  "])
def test_empty_counts_as_not_given(row: Setting, text: str) -> None:
    """An empty or blank variable or flag leaves the default in force."""
    assert read({row.variable: text}) == read()
    assert read({}, {row.field: text}) == read()
    if row.file_variable:
        assert read({row.file_variable: text}) == read()


def test_flags_win() -> None:
    """A flag wins over its variable, whose value is then not even checked."""
    assert read({"RUNNER_LOCK_WAIT_SECONDS": "soon"}, {"lock_wait_seconds": "5"}).lock_wait_seconds == 5.0


# -- the database URL ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "flags", "variable", "database"),
    [
        ({"DATABASE_URL": "sqlite:///a"}, {}, "DATABASE_URL", "a"),
        ({"DATABASE_URL": "sqlite:///a", "MIGRATION_DATABASE_URL": "sqlite:///b"}, {}, "MIGRATION_DATABASE_URL", "b"),
        ({"DATABASE_URL": "sqlite:///a", "MIGRATION_DATABASE_URL": ""}, {}, "DATABASE_URL", "a"),
        ({"MIGRATION_DATABASE_URL": "sqlite:///b"}, {"database_url": "sqlite:///c"}, "--database-url", "c"),
        ({"DATABASE_URL_FILE": "/run/secrets/url"}, {}, "DATABASE_URL_FILE", "shop"),
        (
            {"MIGRATION_DATABASE_URL_FILE": "/run/secrets/url", "DATABASE_URL": "sqlite:///a"},
            {},
            "MIGRATION_DATABASE_URL_FILE",
            "shop",
        ),
    ],
)
def test_database_url_precedence(environ: dict[str, str], flags: dict[str, str], variable: str, database: str) -> None:
    """The flag wins over MIGRATION_DATABASE_URL, which wins over DATABASE_URL; the winner's name is kept."""
    settings = read(environ, flags)
    assert settings.database_url is not None
    assert (settings.database_url_variable, settings.database_url.database) == (variable, database)


def test_a_losing_url_is_not_looked_at() -> None:
    """An application's own DATABASE_URL may be unreadable to us when another one wins."""
    environ = {"DATABASE_URL": "jdbc:postgresql:hunter2", "DATABASE_URL_FILE": "/nowhere"}
    settings = read({**environ, "MIGRATION_DATABASE_URL": URL})
    assert settings.database_url_variable == "MIGRATION_DATABASE_URL"
    assert read(environ, {"database_url": URL}).database_url == settings.database_url


def test_the_exported_url_names_a_driver() -> None:
    """An env.py finds the URL in force with a driver named, password included and encoded."""
    assert read({"DATABASE_URL": "postgres://app:p@ss%25@db/shop"}).exported_environment() == {
        "DATABASE_URL": "postgresql+psycopg://app:p%40ss%25@db/shop"
    }
    assert read().exported_environment() == {}


def test_repr_shows_no_password() -> None:
    """The representation of the settings holds neither the password nor what the URL's query says."""
    text = repr(read({"DATABASE_URL": f"{URL}?sslpassword=swordfish"}))
    assert "hunter2" not in text
    assert "swordfish" not in text


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        (
            {"DATABASE_URL": URL, "DATABASE_URL_FILE": "/run/secrets/url"},
            "DATABASE_URL and DATABASE_URL_FILE are both set; keep one of them.",
        ),
        (
            {"DATABASE_URL_FILE": "/run/secrets/none"},
            "DATABASE_URL_FILE names /run/secrets/none, which cannot be read: No such file or directory.",
        ),
        (
            {"MIGRATION_DATABASE_URL_FILE": "/run/secrets/empty"},
            "MIGRATION_DATABASE_URL_FILE names /run/secrets/empty, which is empty.",
        ),
        (
            {"DATABASE_URL_FILE": "/run/secrets/binary"},
            "DATABASE_URL_FILE names /run/secrets/binary, which is not UTF-8 text.",
        ),
        (
            {"DATABASE_URL_FILE": URL},
            "DATABASE_URL_FILE holds a URL where the path of a file is expected; put the URL into DATABASE_URL.",
        ),
        (
            {"DATABASE_URL": "hunter2"},
            "DATABASE_URL is not a database URL; it should look like postgresql://user:password@host:5432/name.",
        ),
        (
            {"DATABASE_URL": f"postgresql://db:{'9' * 5000}/shop"},
            "DATABASE_URL is not a database URL: one of its numbers is too long.",
        ),
    ],
)
def test_database_url_problems(environ: dict[str, str], problem: str) -> None:
    """What is wrong with a URL is said by variable, and by path for a file, without repeating a secret."""
    assert problems(environ) == [problem]


# -- problems ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        (
            "RUNNER_LOCK_WAIT_SECONDS",
            "soon",
            "is 'soon', which is not a number of seconds from 0 to 2147483; write it as in 30 or 2.5.",
        ),
        (
            "RUNNER_LOCK_TIMEOUT_SECONDS",
            "-1",
            "is '-1', which is not a number of seconds from 0 to 2147483; write it as in 30 or 2.5.",
        ),
        (
            "RUNNER_CONNECT_WAIT_SECONDS",
            "inf",
            "is 'inf', which is not a number of seconds from 0 to 2147483; write it as in 30 or 2.5.",
        ),
        (
            "RUNNER_LOCK_KEY",
            "2147483648",
            "is '2147483648', which is not a whole number from -2147483648 to 2147483647.",
        ),
        ("RUNNER_LOG_FORMAT", "xml", "is 'xml', which is not one of auto, json, text."),
        (
            "RUNNER_LOG_LEVEL",
            "warn",
            "is 'warn', which is not one of debug, info, warning, error. Did you mean warning?",
        ),
        (
            "RUNNER_DIRECTORY",
            "a\nb",
            r"is 'a\nb', which holds characters that cannot be printed, such as a line break; remove them.",
        ),
        (
            "RUNNER_TARGET",
            "a\udcff",
            r"is 'a\udcff', which holds characters that cannot be printed, such as a line break; remove them.",
        ),
    ],
)
def test_problems_name_the_variable_or_the_flag(variable: str, text: str, problem: str) -> None:
    """A problem names the variable, or the flag if that is where the value came from, the value and the way out."""
    row = next(row for row in SETTINGS if row.variable == variable)
    assert problems({variable: text}) == [f"{variable} {problem}"]
    assert problems({variable: text}, {row.field: text}) == [f"{row.flag} {problem}"]


def test_all_problems_are_reported_at_once() -> None:
    """Every problem is listed, one per line: the URL, the settings in their order, then the unknown names."""
    found = problems(
        {
            "RUNNER_LOCK_WAIT_SECONDS": "soon",
            "RUNNER_LOG_FORMAT": "xml",
            "RUNNER_LOCKWAIT": "1",
            "DATABASE_URL": "nonsense",
        },
        {"target": "a\x00b"},
    )
    assert [line.split()[0] for line in found] == [
        "DATABASE_URL",
        "--target",
        "RUNNER_LOCK_WAIT_SECONDS",
        "RUNNER_LOG_FORMAT",
        "RUNNER_LOCKWAIT",
    ]


def test_a_url_in_the_wrong_variable_is_not_repeated() -> None:
    """A password pasted into another setting stays out of the message."""
    (problem,) = problems({"RUNNER_DIALECT": URL})
    assert "hunter2" not in problem
    assert "***" in problem


def test_long_values_are_cut() -> None:
    """A message quotes the beginning of a long value."""
    (problem,) = problems({"RUNNER_LOG_FORMAT": "x" * 5000})
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("variable", "ending"),
    [
        ("RUNNER_LOCK_WAIT", "Did you mean RUNNER_LOCK_WAIT_SECONDS?"),
        ("RUNNER_DIR", "Did you mean RUNNER_DIRECTORY?"),
        ("RUNNER_DATABASE_URL", "Did you mean DATABASE_URL?"),
        ("RUNNER_LOGLEVEL", "Did you mean RUNNER_LOG_LEVEL?"),
        ("RUNNER_QQQ", "docs/settings.md lists them all."),
        ("RUNNER_", "docs/settings.md lists them all."),
    ],
)
def test_unknown_variables_suggest_the_nearest(variable: str, ending: str) -> None:
    """An unknown RUNNER_ variable is an error, even when empty, that suggests the nearest name."""
    assert problems({variable: ""}) == [f"{variable} is not a setting. {ending}"]


@pytest.mark.parametrize(
    "variable",
    [
        "RUNNER_TEST_DSN",
        "RUNNER_OS",
        "RUNNER_TOOL_CACHE",
        "RUNNER_SCRIPT_TIMEOUT",
        "RUNNER_SERVICE_HOST",
        "RUNNER_SERVICE_PORT_HTTP",
        "RUNNER_PORT",
        "RUNNER_PORT_80_TCP_ADDR",
        "RUNNER_METRICS_SERVICE_PORT",
        "RUNNER_ENVIRONMENT",
        "RUNNERS",
        "ALEMBIC_CONFIG",
    ],
)
def test_other_peoples_variables_pass(variable: str) -> None:
    """What the tests, CI systems and Kubernetes set under the same prefix is no error."""
    assert unknown_variables({variable: "x"}) == []


# -- what a cold start pays ----------------------------------------------------------------------------------

_PROGRAM = """
import sys
from runner.settings import read_settings
read_settings({environ!r}, {{}}, read_text=open)
print(sorted({{"pydantic", "pydantic_settings", "structlog", "difflib", "sqlalchemy"}} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("environ", "imported"),
    [
        ({"DATABASE_URL": URL, "RUNNER_LOG_FORMAT": "json", "RUNNER_LOCK_WAIT_SECONDS": "60"}, "[]"),
        ({"RUNNER_LOG_FORMAT": "JSON"}, "['pydantic', 'pydantic_settings']"),
    ],
)
def test_plain_settings_do_without_pydantic(environ: dict[str, str], imported: str) -> None:
    """Only settings that need a second look import pydantic."""
    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(environ=environ)],
        cwd=ROOT,
        env=scrubbed_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == imported
