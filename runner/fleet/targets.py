"""The list of targets: floor 6, above the commands. Text in, values out; files and variables come by arguments."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.database.url import DatabaseUrl, parse_url
from runner.errors import SettingsError, TargetsInvalid

__all__ = ["FleetTarget", "ListReader", "is_query"]

_QUERY = re.compile(r"\s*(?:select|with|values|table)[\s(]", re.IGNORECASE)
_KEYS = ("name", "url", "url_env", "url_file", "schema")
_HAS_SCHEMAS = ("postgresql", "mysql", "mariadb")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTarget:
    """One database, or one tenant's schema in it.

    Args:
        name: unique in the list; what log, manifest and shares go by.
        url: the database, None for the configured one.
        schema: the tenant's schema, None for the session's default.
    """

    name: str
    url: DatabaseUrl | None = field(default=None, repr=False)
    schema: str | None = None

    @property
    def database(self) -> str | None:
        """Return where it is, without the password; None for the configured database."""
        return None if self.url is None else self.url.masked()


def is_query(text: str) -> bool:
    """Tell whether RUNNER_TARGETS holds a query and not the name of a file."""
    return _QUERY.match(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What the list says about one target, and where."""

    place: str
    values: Mapping[str, Any]


class ListReader:
    """Reads lists, and collects what is wrong with them.

    Args:
        environ: where `url_env` looks.
        read_text: reads a `url_file`.
        has_default: a database is configured, so an entry needs no URL.
    """

    def __init__(self, *, environ: Mapping[str, str], read_text: Callable[[str], str], has_default: bool) -> None:
        self._environ = environ
        self._read_text = read_text
        self._has_default = has_default
        self._problems: list[str] = []

    def read(self, text: str, *, path: str) -> tuple[FleetTarget, ...]:
        """Return the targets of a file, in its order.

        Args:
            text: JSON where the name ends so, TOML likewise, else lines.
            path: the file's name.

        Raises:
            TargetsInvalid: names every problem with file and line.
        """
        kind = os.path.splitext(path)[1].lower()
        reader = {".json": _json_entries, ".toml": _toml_entries}.get(kind, _line_entries)
        try:
            entries = [_Entry(place=f"{path}:{line}", values=_as_values(item)) for line, item in reader(text)]
        except _NoListError as error:
            raise _invalid([f"{path}:{error.line}: {error}"]) from None
        return self._targets(entries)

    def rows(self, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> tuple[FleetTarget, ...]:
        """Return the targets that a query returned: schema names, or columns with the names that files use.

        Raises:
            TargetsInvalid: the columns or rows cannot be used.
        """
        names = [name.lower() for name in columns]
        if len(names) == 1 and names[0] not in _KEYS:
            names = ["schema"]
        unknown = sorted(set(names) - set(_KEYS))
        if unknown:
            raise _invalid([f"RUNNER_TARGETS: the query returns {', '.join(unknown)}; known are {', '.join(_KEYS)}."])
        entries = [
            _Entry(
                place=f"RUNNER_TARGETS, row {number}",
                values={name: value for name, value in zip(names, row, strict=True) if value is not None},
            )
            for number, row in enumerate(rows, start=1)
        ]
        return self._targets(entries)

    def _targets(self, entries: list[_Entry]) -> tuple[FleetTarget, ...]:
        places: dict[str, str] = {}
        found: list[FleetTarget] = []
        for entry in entries:
            target = self._target(entry)
            if target is None:
                continue
            if target.name in places:
                self._note(entry, f"the name {target.name} is that of {places[target.name]}, too.")
            places.setdefault(target.name, entry.place)
            found.append(target)
        if self._problems:
            raise _invalid(self._problems)
        return tuple(found)

    def _target(self, entry: _Entry) -> FleetTarget | None:
        values = entry.values
        wrong = [key for key, value in values.items() if key not in _KEYS or not isinstance(value, str) or not value]
        if wrong:
            names = ", ".join(repr(key) for key in wrong)
            self._note(entry, f"{names}: no text, or unknown; known are {', '.join(_KEYS)}.")
            return None
        url, is_fine = self._url(entry)
        if not is_fine:
            return None
        schema = values.get("schema")
        name = values.get("name") or _default_name(url, schema)
        problem = self._address_problem(url, schema) or _name_problem(name)
        if problem is not None:
            self._note(entry, problem)
            return None
        return FleetTarget(name=name, url=url, schema=schema)

    def _address_problem(self, url: DatabaseUrl | None, schema: str | None) -> str | None:
        if url is None and schema is None:
            return "neither a URL nor a schema is given."
        if url is None and not self._has_default:
            return f"the schema {schema} has no URL, and DATABASE_URL is not set."
        if url is not None and schema is not None and url.dialect not in _HAS_SCHEMAS:
            return f"{url.dialect} has no schemas that a session can be put into."
        return None

    def _url(self, entry: _Entry) -> tuple[DatabaseUrl | None, bool]:
        given = [key for key in ("url", "url_env", "url_file") if key in entry.values]
        if not given:
            return None, True
        if len(given) > 1:
            self._note(entry, f"{' and '.join(given)} exclude each other.")
            return None, False
        try:
            text = self._url_text(given[0], entry.values[given[0]])
            return parse_url(text, variable=given[0]), True
        except (SettingsError, ValueError) as error:
            message = error.message if isinstance(error, SettingsError) else f"{given[0]} is no database URL."
            self._note(entry, message)
            return None, False

    def _url_text(self, key: str, value: str) -> str:
        if key == "url":
            return value
        if key == "url_env":
            if not self._environ.get(value, "").strip():
                raise SettingsError(f"the variable {value} is not set.")
            return self._environ[value]
        if "://" in value:  # not repeated: it may hold a password
            raise SettingsError("url_file holds a URL where the path of a file is expected.")
        try:
            return self._read_text(value).strip()
        except OSError as error:
            raise SettingsError(f"{value} cannot be read: {error.strerror}.") from None
        except UnicodeError:
            raise SettingsError(f"{value} is not UTF-8 text.") from None

    def _note(self, entry: _Entry, problem: str) -> None:
        self._problems.append(f"{entry.place}: {problem}")


def _name_problem(name: str) -> str | None:
    if name and name.isprintable() and name == name.strip() and len(name) <= _LONGEST_NAME:
        return None
    return f"{name[:40]!r} is no name: printable, no blanks at its ends, 200 characters at most."


def _default_name(url: DatabaseUrl | None, schema: str | None) -> str:
    """Return what an entry without a name is called; never a user's name or a password."""
    if url is None:
        return schema or ""
    where = "/".join(part for part in (",".join(url.hosts), url.database or "") if part)
    return f"{where}#{schema}" if schema else where


def _invalid(problems: list[str]) -> TargetsInvalid:
    return TargetsInvalid("\n".join(problems), problems=tuple(problems))


# -- the three kinds of file -------------------------------------------------------------------------------

_Items = list[tuple[int, Any]]
_PAIR = re.compile(r"[a-z_]+=")


class _NoListError(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _as_values(item: Any) -> Mapping[str, Any]:
    """Return an entry's keys; a text is a line: a URL, a schema's name, or `key=value` words."""
    if isinstance(item, Mapping):
        return item
    if not isinstance(item, str):
        return {type(item).__name__: item}
    text = item.strip()
    if _PAIR.match(text):
        return dict(word.partition("=")[::2] for word in text.split())
    return {"url" if "://" in text else "schema": text}


def _line_entries(text: str) -> _Items:
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def _json_entries(text: str) -> _Items:
    import json

    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise _NoListError(error.lineno, f"no JSON: {error.msg}.") from None
    items = _listed(document)
    position = 0 if isinstance(document, list) else text.index('"targets"')
    position = text.index("[", position) + 1
    decoder, found = json.JSONDecoder(), []
    for item in items:
        position += len(text[position:]) - len(text[position:].lstrip(" \t\r\n,"))
        found.append((text.count("\n", 0, position) + 1, item))
        position = decoder.raw_decode(text, position)[1]
    return found


_TABLE = re.compile(r"^[ \t]*\[\[[ \t]*targets[ \t]*\]\]", re.MULTILINE)


def _toml_entries(text: str) -> _Items:
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line (\d+)", str(error))
        raise _NoListError(int(where[1]) if where else text.count("\n") + 1, f"no TOML: {error}.") from None
    items = _listed(document)
    lines = [text.count("\n", 0, match.start()) + 1 for match in _TABLE.finditer(text)]
    lines += [1] * (len(items) - len(lines))
    return list(zip(lines, items, strict=False))


def _listed(document: Any) -> list[Any]:
    items = document.get("targets") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise _NoListError(1, "no list of targets: a list is expected, or a key `targets` that is one.")
    return items
