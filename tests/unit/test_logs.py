"""Log lines: their form, what never gets into them, where they go, and what becomes of other people's logging."""

from __future__ import annotations

import configparser
import io
import json
import logging
import logging.config
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.database.url import parse_url
from runner.events import EventSink
from runner.logs import LogStream, bridge_standard_logging, make_event_sink, mask_secrets, resolve_format
from tests.programs import ROOT, scrubbed_environment

URL = "postgresql://app:hunter2@db/shop"
NOON = datetime(2024, 5, 6, 12, 0, 0, 250, tzinfo=UTC)


class FixedClock:
    """It is always noon."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def json_sink(stream: io.TextIOBase, level: str = "debug", now: datetime = NOON) -> EventSink:
    return make_event_sink(stream, format="json", level=level, run_id="r1", clock=FixedClock(now))  # type: ignore[arg-type]


def line(event: str = "step.started", level: str = "info", /, **keys: object) -> dict[str, Any]:
    """Return the JSON line an event becomes."""
    stream = io.StringIO()
    json_sink(stream)(level, event, keys)
    assert stream.getvalue().count("\n") == 1
    value = json.loads(stream.getvalue())
    assert isinstance(value, dict)
    return value


def text(
    event: str = "step.started", level: str = "info", /, *, stream: io.StringIO | None = None, **keys: object
) -> str:
    """Return the readable line an event becomes."""
    stream = stream or io.StringIO()
    make_event_sink(stream, format="text", level="debug", run_id="r1", clock=FixedClock())(level, event, keys)
    return stream.getvalue()


# -- JSON ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", ["plain", "not plain: password=x"])
def test_a_line_begins_with_the_same_four_keys(message: str) -> None:
    """timestamp, level, event and run_id come first, then the event's keys in their order, plain or not."""
    found = line("step.started", "warning", revision="ae10", direction="upgrade", message=message)
    assert list(found) == ["timestamp", "level", "event", "run_id", "revision", "direction", "message"]
    assert (found["timestamp"], found["level"], found["event"], found["run_id"]) == (
        "2024-05-06T12:00:00.000250Z",
        "warning",
        "step.started",
        "r1",
    )


def test_timestamps_are_utc() -> None:
    """A clock in another zone does not show."""
    stream = io.StringIO()
    json_sink(stream, now=NOON.astimezone(timezone(timedelta(hours=5))))("info", "run.started", {})
    assert json.loads(stream.getvalue())["timestamp"] == "2024-05-06T12:00:00.000250Z"


@pytest.mark.parametrize(("level", "written"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
@pytest.mark.parametrize("key", ["revision", "password"])
def test_events_below_the_level_are_left_out(level: str, written: int, key: str) -> None:
    """The level says what is the least important event written."""
    stream = io.StringIO()
    sink = json_sink(stream, level=level)
    for one in ("debug", "info", "warning", "error"):
        sink(one, "run.started", {key: "x"})
    assert len(stream.getvalue().splitlines()) == written


def test_values_json_lacks_become_text() -> None:
    """Dates, paths, exceptions, sets, mappings and numbers that are none come out readable."""
    found = line(
        when=NOON,
        path=Path("a/b"),
        error=ValueError("no"),
        labels={"b", "a"},
        plan={"steps": (1, 2)},
        ratio=float("nan"),
        raw=b"x",
        flag=True,
        nothing=None,
    )
    assert {key: found[key] for key in list(found)[4:]} == {
        "when": "2024-05-06 12:00:00.000250+00:00",
        "path": "a/b",
        "error": "ValueError: no",
        "labels": ["a", "b"],
        "plan": {"steps": [1, 2]},
        "ratio": "nan",
        "raw": "b'x'",
        "flag": True,
        "nothing": None,
    }


def test_a_value_that_cannot_be_shown_does_not_end_the_run() -> None:
    """An object whose text raises is named by its class, and endless nesting is cut."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    endless: list[object] = []
    endless.append(endless)
    found = line(broken=Broken(), endless=endless)
    assert found["broken"] == "<Broken that cannot be shown: RuntimeError>"
    assert "..." in json.dumps(found["endless"])


def test_keys_the_line_needs_itself_step_aside() -> None:
    """An event cannot overwrite its own timestamp or run_id."""
    found = line(timestamp=1, run_id=2, self=3, password=None)
    assert (found["timestamp_"], found["run_id_"], found["self_"], found["run_id"]) == (1, 2, 3, "r1")


_plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=4,
)


@given(keys=st.dictionaries(st.text(min_size=1), _plain_values, max_size=4))
def test_the_short_way_writes_what_structlog_writes(keys: dict[str, object]) -> None:
    """An event with plain values looks the same whether structlog is involved yet or not."""
    first, second = io.StringIO(), io.StringIO()
    json_sink(first)("info", "run.started", keys)
    sink = json_sink(second)
    sink("info", "run.started", {"url": URL})  # from here on, structlog
    second.truncate(second.seek(0))
    sink("info", "run.started", keys)
    assert first.getvalue() == second.getvalue()


def test_plain_events_do_without_structlog() -> None:
    """A run that only reports plain values imports neither structlog nor logging.config."""
    program = (
        "import sys; from runner.clock import SystemClock; from runner.logs import make_event_sink\n"
        "sink = make_event_sink(sys.stdout, format='json', level='info', run_id='r', clock=SystemClock())\n"
        "sink('info', 'run.finished', {'from': [], 'to': ['ae10'], 'applied': 0, 'duration_seconds': 0.1})\n"
        "print(sorted({'structlog', 'logging.config', 'select'} & set(sys.modules)))\n"
        "sink('info', 'run.finished', {'when': sys})\n"
        "print('structlog' in sys.modules)\n"
    )
    answer = _run(program)
    assert answer.stdout.splitlines()[1::2] == ["[]", "True"]


# -- secrets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        (URL, "postgresql://app:***@db/shop"),
        ("to postgresql://app:p@ss/w:rd@db/shop now", "to postgresql://app:***@db/shop now"),
        ("to postgresql://app:my pass@db/shop now", "to postgresql://app:***@db/shop now"),
        ("redis://:hunter2@cache", "redis://:***@cache"),
        ("a\nmysql+pymysql://u@corp:hunter2@h b", "a\nmysql+pymysql://u@corp:***@h b"),
        ("host=db password=hunter2 user=app", "host=db password=*** user=app"),
        ("password = 'hunter 2' user=app", "password = *** user=app"),
        ("DRIVER=x;PWD=hunter2;UID=sa", "DRIVER=x;PWD=***;UID=sa"),
        ("h/d?sslpassword=hunter2&x=1", "h/d?sslpassword=***&x=1"),
        ("{'password': 'hunter2', 'user': 'app'}", "{'password': ***, 'user': 'app'}"),
        ("ALTER ROLE app PASSWORD 'hunt''er2' LOGIN", "ALTER ROLE app PASSWORD '***' LOGIN"),
        ('password authentication failed for user "app"', 'password authentication failed for user "app"'),
        ("postgresql://app:***@db/shop", "postgresql://app:***@db/shop"),
        ("see https://example.org/a?b=c", "see https://example.org/a?b=c"),
        ("a = b@c", "a = b@c"),
    ],
)
def test_mask_secrets(given: str, masked: str) -> None:
    """Passwords of URLs, of key=value pairs and of SQL are replaced; the rest of the text stays."""
    assert mask_secrets(given) == masked


@pytest.mark.parametrize(
    "value",
    [
        URL,
        f"connecting to {URL}",
        [URL],
        ("a", {"b": [URL]}),
        {URL},
        {URL: 1},
        parse_url(URL),
        parse_url("postgresql://db/shop?sslpassword=hunter2"),
        ValueError(f"bad url {URL}"),
        {"password": "hunter2"},
        {"plan": {"auth_token": "hunter2"}},
    ],
    ids=repr,
)
def test_no_value_shows_a_password(value: object) -> None:
    """Whatever the shape of a value, the password in it is not written, in either format."""
    assert "hunter2" not in json.dumps(line(value=value))
    assert "hunter2" not in text(value=value)


def test_secret_keys_are_masked() -> None:
    """A key that says it holds a secret is masked, whatever its value."""
    assert line(password="swordfish", db_secret=17)["password"] == "***"
    assert "swordfish" not in text(password="swordfish")


# -- text ----------------------------------------------------------------------------------------------------


def test_text_is_one_readable_line() -> None:
    """Time, level, event, then key=value; words with blanks are quoted, lists are short."""
    assert text("step.started", revision="ae10", message="add users", to=["b", "c"], index=1, from_=[], at="") == (
        "12:00:00 info    step.started revision=ae10 message='add users' to=[b,c] index=1 from_=[] at=''\n"
    )


def test_a_terminal_is_not_obeyed_blindly() -> None:
    """Control characters from a database or a file are shown, not sent to the terminal."""
    assert "\x1b" not in text(message="\x1b[2Jgone", exception="a\x1b[2J\nb")


def test_exceptions_stand_below_the_line() -> None:
    """A traceback keeps its lines, indented."""
    assert text("run.failed", "error", exception="Traceback:\n  boom\n", code="x") == (
        "12:00:00 error   run.failed code=x\n    Traceback:\n      boom\n"
    )


def test_colours_are_for_terminals() -> None:
    """Only a terminal gets colours."""
    assert "\x1b[33m" in text("lock.unsupported", "warning", stream=Terminal())
    assert "\x1b" not in text("lock.unsupported", "warning")


def test_a_terminal_shows_a_long_statement_in_place() -> None:
    """A bar where the server counts, and only there; the next line takes its place."""
    stream = Terminal()
    sink = make_event_sink(stream, format="text", level="info", run_id="r1", clock=FixedClock())
    keys: dict[str, object] = {"revision": "ae10", "statement": "CREATE INDEX i\x1b ON t (a)", "elapsed_seconds": 4.5}
    sink("info", "statement.progress", {**keys, "phase": "building index", "percent": 50.0, "relation": "t"})
    sink("info", "statement.running", keys)
    sink("info", "step.finished", {})

    bar, heartbeat, line = stream.getvalue().split("\r\x1b[K")[1:]
    assert bar == f"  ae10  4.5 s  [{'#' * 12}{'.' * 12}] 50.0 %  building index  t  CREATE IND"
    assert heartbeat == "  ae10  4.5 s  CREATE INDEX i? ON t (a)"
    assert line.endswith("step.finished\x1b[0m\n")


@pytest.mark.parametrize(
    ("setting", "stream", "expected"),
    [
        ("auto", io.StringIO(), "json"),
        ("auto", Terminal(), "text"),
        ("json", Terminal(), "json"),
        ("text", io.StringIO(), "text"),
    ],
)
def test_resolve_format(setting: str, stream: io.StringIO, expected: str) -> None:
    """Auto is text on a terminal and JSON elsewhere; anything else is taken at its word."""
    assert resolve_format(setting, stream) == expected


# -- the stream ----------------------------------------------------------------------------------------------


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's reading and writing ends."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test closed it


def test_a_reader_that_went_away_is_ignored(pipe: tuple[int, int]) -> None:
    """Nobody reading the log ends nothing: the rest of the log is dropped, and the descriptor leads nowhere."""
    os.close(pipe[0])
    with os.fdopen(pipe[1], "w", closefd=False) as stream:
        lines = LogStream(stream)
        lines.write_line("one")
        lines.write_line("two")
        os.write(pipe[1], b"no BrokenPipeError any more")


def test_a_reader_that_stops_reading_a_non_blocking_pipe_is_given_up(pipe: tuple[int, int]) -> None:
    """A full pipe that does not block is waited for a while, then the rest of the log is dropped."""
    os.set_blocking(pipe[1], False)
    with os.fdopen(pipe[1], "w", closefd=False) as stream:
        lines = LogStream(stream)
        lines.patience_seconds = 0.01
        lines.write_line("x" * 10_000_000)
        lines.write_line("two")
    assert set(os.read(pipe[0], 1_000_000)) == {ord("x")}


def test_a_slow_reader_of_a_non_blocking_pipe_gets_everything(pipe: tuple[int, int]) -> None:
    """A line larger than the pipe arrives in one piece."""
    os.set_blocking(pipe[1], False)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(os.fdopen(pipe[0], "rb", closefd=False).read()))
    reader.start()
    with os.fdopen(pipe[1], "w") as stream:
        LogStream(stream).write_line("x" * 500_000)
    reader.join()
    assert received == [b"x" * 500_000 + b"\n"]


def test_a_closed_stream_is_ignored(tmp_path: Path) -> None:
    """A stream object somebody closed swallows the log; its old descriptor is left alone."""
    stream = (tmp_path / "log").open("w")
    lines = LogStream(stream)
    descriptor = stream.fileno()
    stream.close()
    other = (tmp_path / "other").open("w")
    assert other.fileno() == descriptor
    lines.write_line("one")
    other.write("mine")
    other.close()
    assert (tmp_path / "other").read_text() == "mine"


def test_lines_keep_their_place_among_other_writes(tmp_path: Path) -> None:
    """What was written through the same stream object before a line stays before it."""
    with (tmp_path / "log").open("w") as stream:
        lines = LogStream(stream)
        stream.write("first\n")
        lines.write_line("second")
        stream.write("third\n")
    assert (tmp_path / "log").read_text() == "first\nsecond\nthird\n"


def test_characters_a_stream_lacks_are_escaped(tmp_path: Path) -> None:
    """An ASCII stream gets readable text, not an exception."""
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        LogStream(stream).write_line("grün \udcff")
    assert (tmp_path / "log").read_text() == "gr\\xfcn \\udcff\n"


@pytest.mark.parametrize("device", ["| true", "> /dev/full"])
def test_the_exit_code_survives_a_broken_stdout(device: str) -> None:
    """With the log's reader gone or the disk full, the process ends with its own exit code and says nothing."""
    program = (
        "import sys, time; from runner.clock import SystemClock; from runner.logs import make_event_sink\n"
        "sink = make_event_sink(sys.stdout, format='json', level='info', run_id='r', clock=SystemClock())\n"
        "time.sleep(0.2)\n"
        "for _ in range(3): sink('info', 'run.started', {})\n"
        "print('and something of its own')\n"
        "sys.exit(7)\n"
    )
    shell = (
        f'({sys.executable} -c "$PROGRAM" {"; echo $? >&2) " + device if "|" in device else device + "; echo $? >&2)"}'
    )
    answer = subprocess.run(
        ["/bin/sh", "-c", shell],
        cwd=ROOT,
        env=scrubbed_environment({"PROGRAM": program}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == "7\n"


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=scrubbed_environment(),
        capture_output=True,
        text=True,
        check=True,
    )


# -- the standard library's logging --------------------------------------------------------------------------


class Heard(list[tuple[str, str, dict[str, object]]]):
    """A sink that remembers."""

    def __call__(self, level: str, event: str, keys: dict[str, object]) -> None:
        self.append((level, event, keys))

    def messages(self) -> list[tuple[str, object, object]]:
        return [(level, keys["logger"], keys["message"]) for level, _, keys in self]


@pytest.fixture
def heard() -> Iterator[Heard]:
    """A sink the standard library's logging leads into while the test runs."""
    logging.getLogger().handlers.clear()  # pytest's own for the set-up, which must not be put back afterwards
    sink = Heard()
    with bridge_standard_logging(sink):
        yield sink


INI = """
[alembic]
script_location = %(here)s/migrations
file_template = %%(year)d_%%(rev)s

[loggers]
keys = root,engine,fresh

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = ERROR
handlers = console
qualname =

[logger_engine]
level = INFO
handlers =
qualname = tests.engine

[logger_fresh]
level = DEBUG
handlers = console
propagate = 0
qualname = tests.fresh

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""


def test_records_become_events(heard: Heard) -> None:
    """A log record is the event log.message at its level, with the logger's name and the finished message."""
    logging.getLogger("some.library").warning("%d of %s", 3, "four")
    logging.getLogger("some.library").critical("over")
    assert heard == [
        ("warning", "log.message", {"logger": "some.library", "message": "3 of four"}),
        ("error", "log.message", {"logger": "some.library", "message": "over"}),
    ]


def test_exceptions_are_kept(heard: Heard) -> None:
    """The traceback of a record is a key of its own, and so is the stack."""
    try:
        int("boom")
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    logging.getLogger("some.library").error("here", stack_info=True)
    assert str(heard[0][2]["exception"]).endswith("with base 10: 'boom'")
    assert list(heard[1][2]) == ["logger", "message", "stack"]


def test_a_record_that_cannot_be_formatted_keeps_its_text() -> None:
    """Arguments that do not fit lose only themselves."""
    heard = Heard()
    with bridge_standard_logging(heard):
        logging.getLogger("some.library").error("%d revisions", "many")
    assert heard.messages() == [("error", "some.library", "%d revisions")]


def test_records_of_other_threads_arrive(heard: Heard) -> None:
    """The bridge is for the process, not for one thread."""
    thread = threading.Thread(target=logging.getLogger("some.library").error, args=("from afar",))
    thread.start()
    thread.join()
    assert heard.messages() == [("error", "some.library", "from afar")]


def test_python_warnings_arrive(heard: Heard) -> None:
    """A warning is a line of the log, not text between its lines."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    ((level, logger, message),) = heard.messages()
    assert (level, logger) == ("warning", "py.warnings")
    assert str(message).startswith("DeprecationWarning: old (")


@pytest.mark.parametrize("statement", ["from logging.config import fileConfig", "import logging.config"])
def test_file_config_sets_levels_only(heard: Heard, tmp_path: Path, statement: str) -> None:
    """fileConfig() of an env.py changes levels; handlers stay, nothing is disabled, propagation stays (CFG-25)."""
    ini = tmp_path / "alembic.ini"
    ini.write_text(INI)
    existing = logging.getLogger("tests.existing")
    call = "fileConfig" if statement.startswith("from") else "logging.config.fileConfig"
    exec(f"{statement}\n{call}({str(ini)!r})")
    existing.error("existing")
    existing.warning("below the root's level")
    logging.getLogger("tests.engine").info("SELECT 1")
    logging.getLogger("tests.engine").debug("below its level")
    logging.getLogger("tests.fresh").debug("fresh")
    assert heard.messages() == [
        ("error", "tests.existing", "existing"),
        ("info", "tests.engine", "SELECT 1"),
        ("debug", "tests.fresh", "fresh"),
    ]


@pytest.mark.parametrize("how", ["path", "file", "parser"])
def test_file_config_takes_what_it_always_took(heard: Heard, tmp_path: Path, how: str) -> None:
    """A path, an open file and a parser are understood."""
    parser = configparser.ConfigParser({"here": "x"})
    parser.read_string(INI)
    ini = tmp_path / "alembic.ini"
    ini.write_text(INI)
    given: Any = {"path": ini, "file": io.StringIO(INI), "parser": parser}[how]
    logging.config.fileConfig(given, {"here": "x"}, disable_existing_loggers=False, encoding="utf-8")
    assert logging.getLogger("tests.fresh").level == logging.DEBUG
    assert heard == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no file"),
        ("no section", "MissingSectionHeaderError"),
        ("[loggers]\nkeys = root\n[logger_root]\nlevel = %(gone)s\n", "InterpolationMissingOptionError"),
        ("[loggers]\nkeys = root\n[logger_root]\nlevel = LOUD\n", "'LOUD' is not one"),
    ],
)
def test_an_unusable_logging_file_is_reported_and_the_run_goes_on(
    heard: Heard, tmp_path: Path, content: str | None, reason: str
) -> None:
    """The log is ours, so a file that cannot configure it is no reason to stop."""
    ini = tmp_path / "logging.ini"
    if content is not None:
        ini.write_text(content)
    logging.config.fileConfig(ini)
    ((level, logger, message),) = heard.messages()
    assert (level, logger) == ("warning", "runner.logs")
    assert reason in str(message)


@pytest.mark.parametrize("content", ["", "[alembic]\nscript_location = x\n"])
def test_a_file_without_logging_changes_nothing(heard: Heard, tmp_path: Path, content: str) -> None:
    """No [loggers] section, or no file at all (configuration in pyproject.toml): nothing to take over."""
    ini = tmp_path / "alembic.ini"
    ini.write_text(content)
    logging.config.fileConfig(ini)
    logging.config.fileConfig(None)  # type: ignore[arg-type]  # what config.config_file_name may be
    assert heard == []


def test_dict_config_sets_levels_only(heard: Heard) -> None:
    """dictConfig() is treated like fileConfig()."""
    logging.config.dictConfig(
        {
            "version": 1,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "root": {"level": "ERROR", "handlers": ["console"]},
            "loggers": {"tests.engine": {"level": logging.INFO}, "tests.quiet": {"propagate": False}},
        }
    )
    logging.getLogger("tests.engine").info("hello")
    logging.getLogger("tests.quiet").warning("below the root's level")
    assert heard.messages() == [("info", "tests.engine", "hello")]


@pytest.mark.parametrize("force", [True, False])
def test_basic_config_sets_the_root_level_only(heard: Heard, force: bool) -> None:
    """basicConfig() takes neither our handler away nor adds one, forced or not."""
    logging.basicConfig(level="INFO", force=force, stream=sys.stderr)
    logging.basicConfig()
    logging.getLogger("tests.existing").info("hello")
    assert heard.messages() == [("info", "tests.existing", "hello")]


def test_sqlalchemy_echo_stays_off_stdout(heard: Heard, capfd: pytest.CaptureFixture[str]) -> None:
    """An engine with echo=True reports its statements through the log, and only there."""
    from sqlalchemy import create_engine, text

    engine = create_engine("sqlite://", echo=True)
    with engine.connect() as connection:
        connection.execute(text("SELECT 42"))
    engine.dispose()
    assert ("info", "sqlalchemy.engine.Engine", "SELECT 42") in heard.messages()
    assert capfd.readouterr() == ("", "")


def test_everything_is_as_before_afterwards(tmp_path: Path) -> None:
    """Handlers, levels and the configuring functions are put back when the block ends, even by an exception."""
    ini = tmp_path / "alembic.ini"
    ini.write_text(INI)
    root, fresh = logging.getLogger(), logging.getLogger("tests.fresh")

    def state() -> tuple[object, ...]:
        functions = (logging.basicConfig, logging.config.fileConfig, logging.config.dictConfig, warnings.showwarning)
        return (*functions, root.handlers[:], root.level, fresh.level)

    def fail() -> None:
        with bridge_standard_logging(Heard()):
            logging.config.fileConfig(ini)
            assert state() != before
            raise KeyError

    before = state()
    with pytest.raises(KeyError):
        fail()
    assert state() == before


def test_a_kept_stand_in_does_its_old_job_afterwards() -> None:
    """A module that imported dictConfig() while the bridge was up still configures logging after it."""
    with bridge_standard_logging(Heard()):
        from logging.config import dictConfig
    logger = logging.getLogger("tests.afterwards")
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"none": {"class": "logging.NullHandler"}},
            "loggers": {"tests.afterwards": {"handlers": ["none"]}},
        }
    )
    try:
        assert [type(handler) for handler in logger.handlers] == [logging.NullHandler]
    finally:
        logger.handlers.clear()


def test_records_reach_the_json_log_masked() -> None:
    """From a library's logger to the line: one JSON object, no password."""
    stream = io.StringIO()
    with bridge_standard_logging(json_sink(stream)):
        logging.getLogger("some.driver").error("cannot reach %s", URL)
    assert json.loads(stream.getvalue())["message"] == "cannot reach postgresql://app:***@db/shop"
