"""Logs: floor 7. Where events become lines, and where the standard library's logging is led into the same lines.

`make_event_sink` is called once, at the rim. The lines go through structlog; an event whose values are plain already
takes a short way to the same line, because importing structlog is a large part of a run with nothing to do. Nothing
here configures structlog or logging for the rest of the process for longer than `bridge_standard_logging` is active.

A log that nobody can read any more does not end a migration: see `LogStream`.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, TextIO

from runner.clock import Clock
from runner.events import EventSink

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

__all__ = ["LogStream", "bridge_standard_logging", "make_event_sink", "mask_secrets", "resolve_format"]

LogFormat = Literal["json", "text"]

_RANKS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def resolve_format(setting: str, stream: TextIO) -> LogFormat:
    """Return the format for a stream: what the setting says, and for `auto` text on a terminal, else JSON."""
    if setting == "auto":
        return "text" if stream.isatty() else "json"
    return "text" if setting == "text" else "json"


# -- secrets -----------------------------------------------------------------------------------------------

# Without one of these in a text there is nothing to mask in it.
_SUSPICIOUS = re.compile(r"://|passw|pwd|secret|token|sslkey", re.IGNORECASE)
# Up to the last "@" of the word, else up to the next on the line: a password may hold "@" and blanks nobody encoded.
_URL_PASSWORD = re.compile(r"(://[^\s:/]*:)(?:\S*@|[^\n]*?@)")
_SENSITIVE = r"(?:passw(?:or)?d|\bpwd|secret|token|sslkey)\w*"
_SECRET_PAIR = re.compile(rf"({_SENSITIVE}['\"]?\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s&;,'\")]+)", re.IGNORECASE)
_SQL_PASSWORD = re.compile(r"(password\s+)'(?:[^']|'')*'", re.IGNORECASE)
_SECRET_KEY = re.compile(_SENSITIVE, re.IGNORECASE)
_MASK = "***"


def mask_secrets(text: str) -> str:
    """Return the text without the passwords of the URLs, of the `password=...` pairs and of the SQL in it.

    The last line of defence: what is logged should hold none. It rather takes too much away than too little.
    """
    if not _SUSPICIOUS.search(text):
        return text
    for pattern, masked in ((_URL_PASSWORD, f"{_MASK}@"), (_SECRET_PAIR, _MASK), (_SQL_PASSWORD, f"'{_MASK}'")):
        text = pattern.sub(rf"\g<1>{masked}", text)
    return text


# -- values ------------------------------------------------------------------------------------------------

_DEEPEST = 6  # levels of nesting that are shown


def _is_plain(key: str, value: Any, depth: int = 1) -> bool:
    """Tell whether a value can be written as it is: JSON has it, and there is nothing in it to mask."""
    kind = type(value)
    if _SECRET_KEY.search(key) or depth == _DEEPEST:
        return False
    if kind is str:
        return not _SUSPICIOUS.search(value)
    if kind is tuple or kind is list:
        return all(_is_plain("", one, depth + 1) for one in value)
    return _is_scalar(value)


def _is_scalar(value: Any) -> bool:
    kind = type(value)
    return value is None or kind is int or kind is bool or (kind is float and isfinite(value))


def _safe(value: object, depth: int = 0) -> object:
    """Return a value JSON has, with secrets masked: containers keep their shape, the rest becomes text."""
    if _is_scalar(value):
        return value
    if depth == _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return _safe_keys({mask_secrets(str(key)): one for key, one in value.items()}, depth)
    if isinstance(value, (list, tuple)):
        return [_safe(one, depth + 1) for one in value]
    if isinstance(value, (set, frozenset)):
        return [_safe(one, depth + 1) for one in sorted(value, key=str)]
    return mask_secrets(_text(value))


def _safe_keys(keys: Mapping[str, object], depth: int = 0) -> dict[str, object]:
    return {
        key: _MASK if _SECRET_KEY.search(key) and value is not None else _safe(value, depth + 1)
        for key, value in keys.items()
    }


def _text(value: object) -> str:
    """Return a value as text, whatever its class does when asked for it."""
    try:
        if isinstance(value, BaseException):
            return f"{type(value).__name__}: {value}"
        masked = getattr(value, "masked", None)  # a DatabaseUrl
        return str(masked() if callable(masked) else value)
    except Exception as error:  # noqa: BLE001  # it is foreign code, and a log line is no reason to fail
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


# -- the stream --------------------------------------------------------------------------------------------


_CLEAR = "\r\x1b[K"  # to the beginning of the terminal's line, and empty it


class LogStream:
    """Writes whole lines, and never fails a run because nobody reads them.

    Each line is one system call, so lines of several processes do not mix. A reader that is merely slow is waited for,
    as by any program; on a stream that does not block, for five seconds. Once the stream turns out to be broken (its
    reader is gone, the disk is full, it is closed) the rest of the log is dropped and the exit code still tells. The
    descriptor then leads nowhere, so that the interpreter does not stumble over it at exit.
    """

    patience_seconds = 5.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._descriptor = _descriptor(stream)
        self._lock = threading.RLock()
        self._is_lost = False
        self._has_status = False

    def write_line(self, line: str) -> None:
        """Write one line; the newline is added."""
        self._write_or_lose(f"{_CLEAR if self._has_status else ''}{line}\n", is_status=False)

    def write_status(self, line: str) -> None:
        """Show a line in place on a terminal, until the next line or status takes its place."""
        self._write_or_lose(f"{_CLEAR}{line}", is_status=True)

    def _write_or_lose(self, text: str, *, is_status: bool) -> None:
        with self._lock:
            if self._is_lost:
                return
            self._has_status = is_status
            try:
                self._write(text)
            except ValueError:  # the stream object is closed, its descriptor may be somebody else's by now
                self._is_lost = True
            except OSError:
                self._is_lost = True
                self._lead_nowhere()

    def _write(self, text: str) -> None:
        data = text.encode(self._encoding, "backslashreplace")
        if self._descriptor is None:
            self._stream.write(data.decode(self._encoding))
            self._stream.flush()
            return
        self._stream.flush()  # what others wrote through the same object comes first
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                self._wait_for_reader(self._descriptor)

    def _wait_for_reader(self, descriptor: int) -> None:
        import select

        if not select.select([], [descriptor], [], self.patience_seconds)[1]:
            raise TimeoutError

    def _lead_nowhere(self) -> None:
        if self._descriptor is None:
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._descriptor)
        finally:
            os.close(nowhere)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):  # held in memory, or closed
        return None


# -- lines -------------------------------------------------------------------------------------------------

Keys = dict[str, Any]
_Render = Callable[[Keys], str]
# Named by every line itself; a key of that name steps aside. `self` cannot be a keyword of a bound logger's methods.
_RESERVED = frozenset({"timestamp", "level", "event", "run_id", "self"})
_FIRST = ("timestamp", "level", "event", "run_id")


def make_event_sink(
    stream: TextIO,
    *,
    format: LogFormat,  # noqa: A002  # the setting's name
    level: str,
    run_id: str,
    clock: Clock,
) -> EventSink:
    """Return a sink that writes each event as one line: timestamp, level, event and run_id, then its keys in order.

    Args:
        stream: where lines go; see `LogStream` for what happens when it breaks.
        format: `json`, or `text` for people.
        level: the least important level that is written: debug, info, warning or error.
        run_id: is in every JSON line.
        clock: for the timestamps.
    """
    if format == "json":
        return _Sink(LogStream(stream), _json_line, level=level, run_id=run_id, clock=clock)
    is_terminal = stream.isatty()
    render = _TextLine(colours=is_terminal)
    status = _StatusLine(_width(stream)) if is_terminal else None
    return _Sink(LogStream(stream), render, status=status, level=level, run_id=run_id, clock=clock)


class _Sink:
    """An EventSink."""

    def __init__(
        self,
        lines: LogStream,
        render: _Render,
        *,
        level: str,
        run_id: str,
        clock: Clock,
        status: _StatusLine | None = None,
    ) -> None:
        self._lines = lines
        self._render = render
        self._status = status
        self._lowest = _RANKS[level]
        self._run_id = run_id
        self._clock = clock
        self._logger: FilteringBoundLogger | None = None

    def __call__(self, level: str, event: str, keys: Mapping[str, object]) -> None:
        if _RANKS[level] < self._lowest:
            return
        if self._status is not None and event in _IN_PLACE:
            self._lines.write_status(self._status(keys))
            return
        keys = {f"{key}_" if key in _RESERVED else key: value for key, value in keys.items()}
        if self._logger is None and all(_is_plain(key, value) for key, value in keys.items()):
            first = {"timestamp": self._timestamp(), "level": level, "event": event, "run_id": self._run_id}
            self._lines.write_line(self._render({**first, **keys}))
            return
        if self._logger is None:
            self._logger = self._make_logger()
        getattr(self._logger, level)(event, **keys)

    def _timestamp(self) -> str:
        from datetime import UTC

        return self._clock.now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def _make_logger(self) -> FilteringBoundLogger:
        import structlog

        processors: list[Processor] = [
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            self._stamp,
            _mask_values,
            _in_order,
            self._render_last,
        ]
        logger: FilteringBoundLogger = structlog.wrap_logger(
            _LineLogger(self._lines),
            processors=processors,
            wrapper_class=structlog.make_filtering_bound_logger(self._lowest),
            context_class=dict,
            run_id=self._run_id,
        ).bind()
        return logger

    def _stamp(self, _logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
        return {**event_dict, "timestamp": self._timestamp()}

    def _render_last(self, _logger: WrappedLogger, _method: str, event_dict: EventDict) -> str:
        return self._render(dict(event_dict))


def _mask_values(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    return _safe_keys(event_dict)


def _in_order(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    first = {key: event_dict[key] for key in _FIRST}
    return {**first, **event_dict}


class _LineLogger:
    """What structlog writes to: a method per level, all the same."""

    def __init__(self, lines: LogStream) -> None:
        self.debug = self.info = self.warning = self.error = lines.write_line


def _json_line(keys: Keys) -> str:
    import json

    return json.dumps(keys)


_COLOURS = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_LONG_KEYS = ("exception", "stack")  # shown below the line, as they are


class _TextLine:
    """Renders `12:30:05 info    step.started revision=ae10 ...` for people; the date and the run id are left out."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, keys: Keys) -> str:
        rest = dict(keys)
        time = str(rest.pop("timestamp")).partition("T")[2][:8]
        level, event = str(rest.pop("level")), str(rest.pop("event"))
        rest.pop("run_id")
        below = [str(rest.pop(key)) for key in _LONG_KEYS if rest.get(key)]
        words = [time, self._painted(f"{level:<7}", _COLOURS[level]), self._painted(_shown(event), _BOLD)]
        words += [f"{key}={_shown(value)}" for key, value in rest.items()]
        return "\n".join([" ".join(words), *(_indented(text) for text in below)])

    def _painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colours else text


_IN_PLACE = frozenset({"fleet.progress", "statement.progress", "statement.running"})
_BAR_WIDTH = 24


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (AttributeError, OSError, ValueError):
        return 80


class _StatusLine:
    """Renders what a long statement is doing as one line that is shown in place: a bar where the server counts."""

    def __init__(self, width: int) -> None:
        self._width = width

    def __call__(self, keys: Mapping[str, object]) -> str:
        percent = keys.get("percent")
        bar = _bar(percent) if isinstance(percent, float) else ""
        what = keys.get("phase") or keys.get("wait_event") or ""
        words = [f"  {keys.get('revision') or ''}", f"{keys.get('elapsed_seconds')} s", bar, str(what)]
        words += [str(keys.get("relation") or ""), str(keys.get("statement") or "")]
        text = mask_secrets("  ".join(word for word in words if word))
        return "".join(sign if sign.isprintable() else "?" for sign in text)[: self._width - 1]


def _bar(percent: float) -> str:
    full = round(_BAR_WIDTH * min(100.0, max(0.0, percent)) / 100)
    return f"[{'#' * full}{'.' * (_BAR_WIDTH - full)}] {percent:.1f} %"


def _shown(value: object) -> str:
    """Return a value as one word: text with blanks or anything a terminal would obey is quoted."""
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_shown(one) for one in value)}]"
    if not isinstance(value, str):
        return ascii(value)
    return value if value and value.isprintable() and not set(value) & set(" \"'=[],") else repr(value)


def _indented(text: str) -> str:
    lines = (line if line.isprintable() else repr(line)[1:-1] for line in text.rstrip().splitlines())
    return "\n".join(f"    {line}" for line in lines)


# -- the standard library's logging ------------------------------------------------------------------------


@contextmanager
def bridge_standard_logging(sink: EventSink) -> Iterator[None]:
    """While the block runs, lead all standard-library log records, and Python's warnings, into the sink.

    They become the event `log.message`. A directory's env.py may configure logging as it always did, but only the
    levels of its loggers are taken over: handlers stay ours, and no logger is disabled. Afterwards everything is as it
    was before. Only one bridge at a time makes sense.
    """
    import logging.config
    import warnings

    root = logging.getLogger()
    configuration = _Configuration(sink)
    with ExitStack() as stack:
        stack.enter_context(_only_handler(root, _SinkHandler(sink)))
        stack.callback(configuration.end)
        stack.enter_context(_silenced_default_of_sqlalchemy())
        stack.enter_context(_replaced(logging, "basicConfig", configuration.basic_config))
        stack.enter_context(_replaced(logging.config, "fileConfig", configuration.file_config))
        stack.enter_context(_replaced(logging.config, "dictConfig", configuration.dict_config))
        stack.enter_context(_replaced(warnings, "showwarning", _warnings_to(sink)))
        yield


@contextmanager
def _replaced(owner: object, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def _only_handler(root: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


@contextmanager
def _silenced_default_of_sqlalchemy() -> Iterator[None]:
    """Keep `echo=True` from giving SQLAlchemy's logger a handler that writes to stdout; any handler prevents it."""
    logger, handler = logging.getLogger("sqlalchemy.engine.Engine"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _SinkHandler(logging.Handler):
    """The root logger's only handler."""

    def __init__(self, sink: EventSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        keys: dict[str, object] = {"logger": record.name, "message": _message(record)}
        if record.exc_info and record.exc_info[1] is not None:
            keys["exception"] = logging.Formatter().formatException(record.exc_info)
        if record.stack_info:
            keys["stack"] = record.stack_info
        self._sink(_level_name(record.levelno), "log.message", keys)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # arguments that do not fit the text; the text alone still says something
        return str(record.msg)


def _level_name(number: int) -> str:
    return next((name for name, rank in reversed(_RANKS.items()) if number >= rank), "debug")


def _warnings_to(sink: EventSink) -> Callable[..., None]:
    def show(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        text = f"{category.__name__}: {message} ({filename}:{lineno})"
        sink("warning", "log.message", {"logger": "py.warnings", "message": text})

    return show


class _Configuration:
    """Stands in for the functions that configure logging: takes the levels over and nothing else.

    A module that outlives the bridge may have imported one of the stand-ins; they then do what they always did.
    """

    def __init__(self, sink: EventSink) -> None:
        import logging.config

        self._sink = sink
        self._before: dict[str, int] = {}
        self._is_active = True
        self._originals = (logging.basicConfig, logging.config.fileConfig, logging.config.dictConfig)

    def end(self) -> None:
        """Put the levels back."""
        self._is_active = False
        for name, level in self._before.items():
            logging.getLogger(name).setLevel(level)

    def basic_config(self, **kwargs: Any) -> None:
        """Stand in for logging.basicConfig()."""
        if not self._is_active:
            self._originals[0](**kwargs)
        elif kwargs.get("level") is not None:
            self._set_level("", kwargs["level"])

    def file_config(
        self,
        fname: Any,
        defaults: Any = None,
        disable_existing_loggers: bool = True,  # noqa: FBT001, FBT002  # the standard library's signature
        encoding: str | None = None,
    ) -> None:
        """Stand in for logging.config.fileConfig(). A file that cannot be used is logged, not raised."""
        if not self._is_active:
            self._originals[1](fname, defaults, disable_existing_loggers, encoding)
            return
        import configparser

        try:
            levels = _levels_in_file(fname, defaults, encoding)
        except (configparser.Error, OSError, UnicodeError) as error:
            self._warn(f"fileConfig({fname!s}) was ignored: {type(error).__name__}: {error}")
            return
        for name, level in levels.items():
            self._set_level(name, level)

    def dict_config(self, config: Any) -> None:
        """Stand in for logging.config.dictConfig()."""
        if not self._is_active:
            self._originals[2](config)
            return
        loggers = {**(config.get("loggers") or {}), "": config.get("root") or {}}
        for name, one in loggers.items():
            if one.get("level") is not None:
                self._set_level(name, one["level"])

    def _set_level(self, name: str, level: Any) -> None:
        logger = logging.getLogger(name)
        before = logger.level
        try:
            logger.setLevel(level)
        except (TypeError, ValueError):
            self._warn(f"logger {name or 'root'} kept its level: {level!r} is not one")
            return
        self._before.setdefault(name, before)

    def _warn(self, message: str) -> None:
        self._sink("warning", "log.message", {"logger": "runner.logs", "message": message})


def _levels_in_file(file: Any, defaults: Any, encoding: str | None) -> dict[str, str]:
    """Return logger name -> level from the sections fileConfig() reads; the root logger's name is empty.

    Raises:
        FileNotFoundError: there is no such file.
        configparser.Error: it is not an ini file.
    """
    parser = _parsed(file, defaults, encoding)
    levels = {}
    for key in parser.get("loggers", "keys", fallback="").split(","):
        section = f"logger_{key.strip()}"
        level = parser.get(section, "level", fallback=None)
        if level is not None:
            levels["" if section == "logger_root" else parser.get(section, "qualname", fallback=key.strip())] = level
    return levels


def _parsed(file: Any, defaults: Any, encoding: str | None) -> Any:
    import configparser

    if isinstance(file, configparser.RawConfigParser):
        return file
    parser = configparser.ConfigParser(defaults)
    if hasattr(file, "readline"):
        parser.read_file(file)
    elif file is not None and not parser.read(file, encoding=encoding or "utf-8"):
        raise FileNotFoundError(f"there is no file {file}")
    return parser
