"""Settings: floor 7. One declaration of all of them, and the reader that a cold start can afford.

The reader here accepts what is plainly valid. Anything else, be it a stray blank or a mistake, goes to
`runner.settings_validation`, which lets pydantic decide and words the problems; importing that costs more than a run
with nothing to do, so it is imported only then. A property test holds the two to the same answers.

Nothing here reads `os.environ` or a file: both are arguments.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runner.database.url import DatabaseUrl, parse_url
from runner.errors import SettingsError

__all__ = [
    "SETTINGS",
    "Given",
    "Kind",
    "Setting",
    "Settings",
    "find_database_url",
    "given_text",
    "read_plainly",
    "read_settings",
    "unknown_variables",
]

ReadText = Callable[[str], str]


class Kind(enum.Enum):
    """What a setting's text means."""

    URL = "database URL"
    TEXT = "text"
    CHOICE = "one of its choices"
    SECONDS = "seconds"
    INTEGER = "whole number"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # each method it does without is a faster start
class Setting:
    """One row of the declaration.

    Args:
        field: the attribute of `Settings`.
        variable: the environment variable.
        flag: the option that takes the same text; empty where the command line has none of this plain form.
        option: how the command line spells it where `flag` is empty; for the table only.
        default: the value when nothing is given.
        default_note: what the table says instead of the default.
        choices: the only values a CHOICE takes.
        help: one sentence for `--help` and the table.
        unit: the unit of the number.
    """

    field: str
    variable: str
    kind: Kind
    help: str
    flag: str = ""
    option: str = ""
    default: str | float | None = None
    default_note: str = ""
    choices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def file_variable(self) -> str:
        """Return the variable that names a file with the value; empty unless the value is a secret."""
        return f"{self.variable}_FILE" if self.kind is Kind.URL else ""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        field="migration_database_url",
        variable="MIGRATION_DATABASE_URL",
        kind=Kind.URL,
        help="The database to migrate, where the application's own DATABASE_URL goes through a pooler or lacks rights.",
    ),
    Setting(
        field="database_url",
        variable="DATABASE_URL",
        flag="--database-url",
        kind=Kind.URL,
        help="The database, as in postgresql://user:password@host:5432/name.",
    ),
    Setting(
        field="directory",
        variable="RUNNER_DIRECTORY",
        flag="--directory",
        kind=Kind.TEXT,
        default_note="script_location of the configuration file, else migrations",
        help="The revision directory.",
    ),
    Setting(
        field="config_file",
        variable="RUNNER_CONFIG",
        option="-c, --config",
        kind=Kind.TEXT,
        default_note="alembic.ini and pyproject.toml here",
        help="The configuration file, an ini file or a pyproject.toml.",
    ),
    Setting(
        field="target",
        variable="RUNNER_TARGET",
        flag="--target",
        kind=Kind.TEXT,
        default="heads",
        help="The revision that upgrade aims at when its command line names none.",
    ),
    Setting(
        field="env_py",
        variable="RUNNER_ENV_PY",
        flag="--env-py",
        kind=Kind.CHOICE,
        default="auto",
        choices=("auto", "ignore"),
        help="Whether env.py is run where there is one (auto), or the built-in environment always (ignore).",
    ),
    Setting(
        field="transaction",
        variable="RUNNER_TRANSACTION",
        flag="--transaction",
        kind=Kind.CHOICE,
        default="revision",
        choices=("revision", "run"),
        help="What one transaction holds, unless env.py says transaction_per_migration: a revision or the whole run.",
    ),
    Setting(
        field="lock_wait_seconds",
        variable="RUNNER_LOCK_WAIT_SECONDS",
        flag="--lock-wait-seconds",
        kind=Kind.SECONDS,
        default=600.0,
        unit="seconds",
        help="How long to wait for another runner to finish; 0 tries once.",
    ),
    Setting(
        field="lock_key",
        variable="RUNNER_LOCK_KEY",
        flag="--lock-key",
        kind=Kind.INTEGER,
        default_note="made from the version table's name",
        unit="32-bit integer",
        help="The advisory lock's second key, for runners that must, or must not, wait for each other.",
    ),
    Setting(
        field="lock_retry_seconds",
        variable="RUNNER_LOCK_RETRY_SECONDS",
        flag="--lock-retry-seconds",
        kind=Kind.SECONDS,
        default=300.0,
        unit="seconds",
        help="How long a revision that did not get a lock, or lost a deadlock, is run again; 0 is never.",
    ),
    Setting(
        field="connect_wait_seconds",
        variable="RUNNER_CONNECT_WAIT_SECONDS",
        flag="--connect-wait-seconds",
        kind=Kind.SECONDS,
        default=30.0,
        unit="seconds",
        help="How long to wait for a server that does not answer yet; 0 tries once.",
    ),
    Setting(
        field="wait_seconds",
        variable="RUNNER_WAIT_SECONDS",
        flag="--wait-seconds",
        kind=Kind.SECONDS,
        default=300.0,
        unit="seconds",
        help="How long `runner wait` waits for the database, or for its schema; 0 looks once.",
    ),
    Setting(
        field="lock_timeout_seconds",
        variable="RUNNER_LOCK_TIMEOUT_SECONDS",
        flag="--lock-timeout-seconds",
        kind=Kind.SECONDS,
        default_note="5 on PostgreSQL, unless the role or the database has its own",
        unit="seconds",
        help="How long a statement that others queue behind (ALTER TABLE, ...) may wait for its lock; 0 is for ever.",
    ),
    Setting(
        field="statement_timeout_seconds",
        variable="RUNNER_STATEMENT_TIMEOUT_SECONDS",
        flag="--statement-timeout-seconds",
        kind=Kind.SECONDS,
        default_note="the server's",
        unit="seconds",
        help="How long such a statement may take. Neither limits what runs beside the application (CONCURRENTLY, ...).",
    ),
    Setting(
        field="backfill_timeout_seconds",
        variable="RUNNER_BACKFILL_TIMEOUT_SECONDS",
        flag="--backfill-timeout-seconds",
        kind=Kind.SECONDS,
        default_note="none",
        unit="seconds",
        help="How long a statement that moves rows (UPDATE, INSERT, ...) may take.",
    ),
    Setting(
        field="monitor_seconds",
        variable="RUNNER_MONITOR_SECONDS",
        flag="--monitor-seconds",
        kind=Kind.SECONDS,
        default_note="10, on a terminal 1",
        unit="seconds",
        help="How often a second session looks at a statement that takes longer than two seconds; 0 is never.",
    ),
    Setting(
        field="max_blocked_sessions",
        variable="RUNNER_MAX_BLOCKED_SESSIONS",
        flag="--max-blocked-sessions",
        kind=Kind.INTEGER,
        default_note="no limit",
        unit="whole number",
        help="Cancel a statement that more sessions than this wait for; its revision is rolled back and tried again.",
    ),
    Setting(
        field="orphans",
        variable="RUNNER_ORPHANS",
        flag="--orphans",
        kind=Kind.CHOICE,
        default="wait",
        choices=("wait", "terminate"),
        help="What is done about a session that an earlier run in this very pod left at work: wait for it, or end it.",
    ),
    Setting(
        field="history",
        variable="RUNNER_HISTORY",
        flag="--history",
        kind=Kind.CHOICE,
        default="on",
        choices=("on", "off"),
        help="Whether each step is recorded in the table runner_history, beside the version table.",
    ),
    Setting(
        field="edited_revisions",
        variable="RUNNER_EDITED_REVISIONS",
        flag="--edited-revisions",
        kind=Kind.CHOICE,
        default="warn",
        choices=("warn", "fail", "accept"),
        help="What is done when a revision was edited after it had been applied; accept remembers what it says now.",
    ),
    Setting(
        field="newer_database",
        variable="RUNNER_NEWER_DATABASE",
        flag="--newer-database",
        kind=Kind.CHOICE,
        default="fail",
        choices=("fail", "ok"),
        help="What is done when the database has all revisions of this image and later ones.",
    ),
    Setting(
        field="image_digest",
        variable="RUNNER_IMAGE_DIGEST",
        flag="--image-digest",
        kind=Kind.TEXT,
        default_note="none",
        help="The digest of the image that runs, for the history.",
    ),
    Setting(
        field="termination_message_file",
        variable="RUNNER_TERMINATION_MESSAGE_FILE",
        flag="--termination-message-file",
        kind=Kind.TEXT,
        default_note="none",
        help="Where the reason for the end is written for Kubernetes, as in /dev/termination-log.",
    ),
    Setting(
        field="metrics_file",
        variable="RUNNER_METRICS_FILE",
        flag="--metrics-file",
        kind=Kind.TEXT,
        default_note="none",
        help="Where the run's figures are written as OpenMetrics, for a textfile collector.",
    ),
    Setting(
        field="metadata",
        variable="RUNNER_METADATA",
        flag="--metadata",
        kind=Kind.TEXT,
        default_note="target_metadata of the configuration file",
        help="The model to compare with where there is no env.py, as in myapp.models:Base.metadata.",
    ),
    Setting(
        field="scratch_database_url",
        variable="RUNNER_SCRATCH_DATABASE_URL",
        flag="--scratch",
        kind=Kind.TEXT,
        default_note="a SQLite file that is thrown away",
        help="An empty database that squash may fill, to prove that the schema stays the same.",
    ),
    Setting(
        field="log_format",
        variable="RUNNER_LOG_FORMAT",
        flag="--log-format",
        kind=Kind.CHOICE,
        default="auto",
        choices=("auto", "json", "text"),
        help="How log lines look; auto is text on a terminal and JSON everywhere else.",
    ),
    Setting(
        field="log_level",
        variable="RUNNER_LOG_LEVEL",
        flag="--log-level",
        kind=Kind.CHOICE,
        default="info",
        choices=("debug", "info", "warning", "error"),
        help="The least important events that are logged.",
    ),
    Setting(
        field="version_table",
        variable="RUNNER_VERSION_TABLE",
        flag="--version-table",
        kind=Kind.TEXT,
        default="alembic_version",
        help="The version table, for the built-in environment; env.py names its own.",
    ),
    Setting(
        field="version_table_schema",
        variable="RUNNER_VERSION_TABLE_SCHEMA",
        flag="--version-table-schema",
        kind=Kind.TEXT,
        default_note="the connection's default schema",
        help="The version table's schema, for the built-in environment.",
    ),
    Setting(
        field="tenant_schema",
        variable="RUNNER_SCHEMA",
        flag="--schema",
        kind=Kind.TEXT,
        default_note="none",
        help="A tenant's schema: search path, version table, history and lock are its own; on MySQL the database.",
    ),
    Setting(
        field="shared_schemas",
        variable="RUNNER_SHARED_SCHEMAS",
        flag="--shared-schemas",
        kind=Kind.TEXT,
        default_note="none",
        help="What follows the tenant's schema on the search path, separated by commas, as in public.",
    ),
    Setting(
        field="targets",
        variable="RUNNER_TARGETS",
        flag="--targets",
        kind=Kind.TEXT,
        default_note="none",
        help="Upgrade, or show the status of, many databases or schemas: a file that lists them, or a query.",
    ),
    Setting(
        field="workers",
        variable="RUNNER_WORKERS",
        flag="--workers",
        kind=Kind.INTEGER,
        default=4,
        unit="processes",
        help="How many targets are worked on at a time.",
    ),
    Setting(
        field="canary",
        variable="RUNNER_CANARY",
        flag="--canary",
        kind=Kind.INTEGER,
        default=0,
        unit="targets",
        help="How many targets, from the top of the list, must succeed before the rest starts.",
    ),
    Setting(
        field="on_failure",
        variable="RUNNER_ON_FAILURE",
        flag="--on-failure",
        kind=Kind.CHOICE,
        default="continue",
        choices=("continue", "stop"),
        help="Whether further targets are started after one has failed.",
    ),
    Setting(
        field="max_failures",
        variable="RUNNER_MAX_FAILURES",
        flag="--max-failures",
        kind=Kind.INTEGER,
        default_note="no limit",
        unit="targets",
        help="After how many failures no further target is started.",
    ),
    Setting(
        field="manifest",
        variable="RUNNER_MANIFEST",
        flag="--manifest",
        kind=Kind.TEXT,
        default_note="none",
        help="The file that says what became of each target; a second run with it does what is left or failed.",
    ),
    Setting(
        field="shard_index",
        variable="RUNNER_SHARD_INDEX",
        flag="--shard-index",
        kind=Kind.INTEGER,
        default_note="JOB_COMPLETION_INDEX, else 0",
        unit="from 0",
        help="Which share of the targets is this run's.",
    ),
    Setting(
        field="shard_count",
        variable="RUNNER_SHARD_COUNT",
        flag="--shard-count",
        kind=Kind.INTEGER,
        default=1,
        unit="shares",
        help="How many shares the targets are divided into, by their names.",
    ),
    Setting(
        field="application_name",
        variable="RUNNER_APPLICATION_NAME",
        flag="--application-name",
        kind=Kind.TEXT,
        default="revision-runner",
        help="The first word of what PostgreSQL shows for the session; release, pod and revision follow.",
    ),
    Setting(
        field="release",
        variable="RUNNER_RELEASE",
        flag="--release",
        kind=Kind.TEXT,
        default_note="none",
        help="The release that is deployed, for pg_stat_activity and the history.",
    ),
    Setting(
        field="pod",
        variable="RUNNER_POD",
        flag="--pod",
        kind=Kind.TEXT,
        default_note="HOSTNAME",
        help="The pod or host that runs, for pg_stat_activity and the history.",
    ),
    Setting(
        field="artifact_directory",
        variable="RUNNER_ARTIFACT_DIRECTORY",
        option="--output",
        kind=Kind.TEXT,
        default_note="none",
        help="Where `runner artifact` writes the bundle of SQL files.",
    ),
    Setting(
        field="artifact_from",
        variable="RUNNER_ARTIFACT_FROM",
        option="--from",
        kind=Kind.TEXT,
        default_note="none",
        help="The revision that `runner artifact` starts from, `base`, or `database` for what the database has.",
    ),
    Setting(
        field="artifact_on_data",
        variable="RUNNER_ARTIFACT_ON_DATA",
        option="--on-data",
        kind=Kind.CHOICE,
        default="refuse",
        choices=("refuse", "split"),
        help="What an artifact does about a revision that needs answers from the database: refuse, or leave it out.",
    ),
    Setting(
        field="artifact_client",
        variable="RUNNER_ARTIFACT_CLIENT",
        option="--client",
        kind=Kind.CHOICE,
        default="native",
        choices=("native", "any"),
        help="Who reads an artifact's files: psql and the like (native), or any client, without their commands.",
    ),
    Setting(
        field="artifact_server",
        variable="RUNNER_ARTIFACT_SERVER",
        option="--server",
        kind=Kind.TEXT,
        default_note="the database's own with --from database, else what the runner supports",
        help="The server's major versions that an artifact is for, as in 15, 14-17 or 14-.",
    ),
    Setting(
        field="artifact_schema",
        variable="RUNNER_ARTIFACT_SCHEMA",
        option="--expect-schema",
        kind=Kind.TEXT,
        default_note="the tenant's of RUNNER_SCHEMA, or the database's own with --from database, else public",
        help="The schema that has to be the current one where an artifact is applied; * lets it be any.",
    ),
    Setting(
        field="dialect",
        variable="RUNNER_DIALECT",
        flag="--dialect",
        kind=Kind.CHOICE,
        default_note="the URL's",
        choices=("postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle"),
        help="The dialect of offline SQL when no database URL is given.",
    ),
)
"""Every setting there is. Options, help, the table of docs/settings.md and both readers follow from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided, checked and typed.

    The URL is left out of `repr()`. The attributes are those of `SETTINGS`, and `database_url_variable`, which says
    where the URL came from: a variable's or a flag's name.
    """

    database_url: DatabaseUrl | None = field(repr=False)
    database_url_variable: str | None
    directory: str | None
    config_file: str | None
    target: str
    env_py: Literal["auto", "ignore"]
    transaction: Literal["revision", "run"]
    lock_wait_seconds: float
    lock_key: int | None
    lock_retry_seconds: float
    connect_wait_seconds: float
    wait_seconds: float
    lock_timeout_seconds: float | None
    statement_timeout_seconds: float | None
    backfill_timeout_seconds: float | None
    monitor_seconds: float | None
    max_blocked_sessions: int | None
    orphans: Literal["wait", "terminate"]
    history: Literal["on", "off"]
    edited_revisions: Literal["warn", "fail", "accept"]
    newer_database: Literal["fail", "ok"]
    image_digest: str | None
    termination_message_file: str | None
    metrics_file: str | None
    metadata: str | None
    scratch_database_url: str | None = field(repr=False)
    log_format: Literal["auto", "json", "text"]
    log_level: Literal["debug", "info", "warning", "error"]
    version_table: str
    version_table_schema: str | None
    tenant_schema: str | None
    shared_schemas: str | None
    targets: str | None
    workers: int
    canary: int
    on_failure: Literal["continue", "stop"]
    max_failures: int | None
    manifest: str | None
    shard_index: int | None
    shard_count: int
    application_name: str
    release: str | None
    pod: str | None
    artifact_directory: str | None
    artifact_from: str | None
    artifact_on_data: Literal["refuse", "split"]
    artifact_client: Literal["native", "any"]
    artifact_server: str | None
    artifact_schema: str | None
    dialect: Literal["postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle"] | None

    def exported_environment(self) -> dict[str, str]:
        """Return the variables an env.py shall find: the URL in force, with a driver named. Holds the password."""
        if self.database_url is None:
            return {}
        return {"DATABASE_URL": self.database_url.with_driver().text()}


def read_settings(environ: Mapping[str, str], flags: Mapping[str, str], *, read_text: ReadText) -> Settings:
    """Return the settings that the environment and the command line make together.

    A flag wins over a variable. A value that is empty or blank counts as not given, on both sides: Kubernetes and
    compose files often set variables to nothing.

    Args:
        environ: the environment variables.
        flags: field name -> text as typed.
        read_text: reads the file a `*_FILE` variable names; raises OSError or UnicodeError when it cannot.

    Raises:
        SettingsError: lists every problem, one per line.
    """
    settings = read_plainly(environ, flags, read_text=read_text)
    if settings is not None:
        return settings
    from runner.settings_validation import validate_settings

    return validate_settings(environ, flags, read_text=read_text)


def read_plainly(environ: Mapping[str, str], flags: Mapping[str, str], *, read_text: ReadText) -> Settings | None:
    """Return the settings if each is plainly valid, None if anything needs a closer look."""
    if unknown_variables(environ):
        return None
    values: dict[str, Any] = {}
    for row in SETTINGS:
        if row.kind is Kind.URL:
            continue
        given = given_text(row, environ, flags)
        values[row.field] = row.default if given is None else _plain_value(row, given.text)
        if given is not None and values[row.field] is None:
            return None
    try:
        url, variable = find_database_url(environ, flags, read_text=read_text)
    except SettingsError:
        return None
    return Settings(database_url=url, database_url_variable=variable, **values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """A value somebody gave, and the name to blame it on: a variable's or a flag's."""

    name: str
    text: str = field(repr=False)


def given_text(row: Setting, environ: Mapping[str, str], flags: Mapping[str, str]) -> Given | None:
    """Return what was given for a setting, None for nothing."""
    typed = flags.get(row.field, "")
    if typed.strip():
        return Given(name=row.flag or row.variable, text=typed)
    text = environ.get(row.variable, "")
    if text.strip():
        return Given(name=row.variable, text=text)
    return None


_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_INTEGER = re.compile(r"-?[0-9]{1,9}")


def _plain_value(row: Setting, text: str) -> str | float | None:
    """Return the value of a text that leaves no doubt, else None."""
    if row.kind is Kind.CHOICE:
        return text if text in row.choices else None
    if row.kind is Kind.SECONDS:
        return float(text) if _SECONDS.fullmatch(text) else None
    if row.kind is Kind.INTEGER:
        return int(text) if _INTEGER.fullmatch(text) else None
    return text if text.isprintable() and text == text.strip() else None


# -- the database URL --------------------------------------------------------------------------------------

_URL_ROWS = tuple(row for row in SETTINGS if row.kind is Kind.URL)


def find_database_url(
    environ: Mapping[str, str], flags: Mapping[str, str], *, read_text: ReadText
) -> tuple[DatabaseUrl | None, str | None]:
    """Return the URL in force and the name it was found under, or two Nones.

    The flag wins over MIGRATION_DATABASE_URL, that over DATABASE_URL, each with its `_FILE`. What loses is not looked
    at: an application's DATABASE_URL may be of a kind that only the application understands.

    Raises:
        SettingsError: the text is no URL, the file cannot be read, or a variable and its `_FILE` are both set.
    """
    found = _typed_url(flags) or _variable_url(environ, read_text)
    if found is None:
        return None, None
    try:
        return parse_url(found.text, variable=found.name), found.name
    except ValueError:  # a port of five thousand digits; the message would repeat it
        raise SettingsError(f"{found.name} is not a database URL: one of its numbers is too long.") from None


def _typed_url(flags: Mapping[str, str]) -> Given | None:
    given = (given_text(row, {}, flags) for row in _URL_ROWS)
    return next((one for one in given if one is not None), None)


def _variable_url(environ: Mapping[str, str], read_text: ReadText) -> Given | None:
    for row in _URL_ROWS:
        given = given_text(row, environ, {})
        path = environ.get(row.file_variable, "").strip()
        if given is not None and path:
            raise SettingsError(f"{row.variable} and {row.file_variable} are both set; keep one of them.")
        if path:
            return Given(name=row.file_variable, text=_secret_in(path, row, read_text))
        if given is not None:
            return given
    return None


def _secret_in(path: str, row: Setting, read_text: ReadText) -> str:
    """Return the text of a mounted secret, without the newline at its end."""
    if "://" in path:  # not read and not repeated: it may hold a password
        raise SettingsError(
            f"{row.file_variable} holds a URL where the path of a file is expected; put the URL into {row.variable}."
        )
    try:
        text = read_text(path).rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{row.file_variable} names {path}, which cannot be read: {error.strerror}.") from error
    except UnicodeError:  # its message quotes the file
        raise SettingsError(f"{row.file_variable} names {path}, which is not UTF-8 text.") from None
    if not text.strip():
        raise SettingsError(f"{row.file_variable} names {path}, which is empty.")
    return text


# -- names nobody declared ---------------------------------------------------------------------------------

_PREFIX = "RUNNER_"
_VARIABLES = frozenset(row.variable for row in SETTINGS)
# Set by GitHub Actions and by GitLab's runner for every job, and meant for other readers.
_FOREIGN_VARIABLES = frozenset(
    {
        "RUNNER_AFTER_SCRIPT_TIMEOUT",
        "RUNNER_ALLOW_RUNASROOT",
        "RUNNER_ARCH",
        "RUNNER_DEBUG",
        "RUNNER_ENVIRONMENT",
        "RUNNER_GENERATE_ARTIFACTS_METADATA",
        "RUNNER_NAME",
        "RUNNER_OS",
        "RUNNER_PERFLOG",
        "RUNNER_SCRIPT_TIMEOUT",
        "RUNNER_TEMP",
        "RUNNER_TEMP_PROJECT_DIR",
        "RUNNER_TOOL_CACHE",
        "RUNNER_TRACKING_ID",
        "RUNNER_USER",
        "RUNNER_WORKSPACE",
    }
)
# Kubernetes announces a Service called runner, or runner-something, to every container of its namespace.
_SERVICE_LINK = (
    r"RUNNER(?:_[A-Z0-9_]+)?"
    r"(?:_SERVICE_HOST|_SERVICE_PORT(?:_[A-Z0-9_]+)?|_PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return the variables that look like settings and are none, sorted.

    `RUNNER_TEST_*` belongs to the tests; what CI systems and Kubernetes set under the same prefix is let pass.
    """
    found = [name for name in environ if name.startswith(_PREFIX) and name not in _VARIABLES]
    return sorted(name for name in found if not _is_someone_elses(name))


def _is_someone_elses(name: str) -> bool:
    return (
        name.startswith("RUNNER_TEST_") or name in _FOREIGN_VARIABLES or re.fullmatch(_SERVICE_LINK, name) is not None
    )
