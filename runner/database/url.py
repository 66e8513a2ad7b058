"""Database URLs, read without SQLAlchemy: floor 4.

A run that finds nothing to do should not pay for importing SQLAlchemy, so the URL is taken apart here.
What SQLAlchemy's own parser accepts is understood in the same way; beyond that, a password that its
owner forgot to percent-encode is understood too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote

from runner.errors import SettingsError

__all__ = ["DatabaseUrl", "parse_url"]

_SCHEME = re.compile(r"([A-Za-z][\w]*)(?:\+(\w+))?://(.*)", re.DOTALL)
# host, port, database and query once the user information is cut off; no part may hold an "@".
_LOCATION = re.compile(
    r"(?P<hosts>(?:\[[^\]/@]*\]|[^/:?@,\[\]]*)(?::\d*)?(?:,(?:\[[^\]/@]*\]|[^/:?@,\[\]]*)(?::\d*)?)*)"
    r"(?:/(?P<database>[^?@]*))?"
    r"(?:\?(?P<query>[^@]*))?",
    re.DOTALL,
)
_ALIASES = {"postgres": "postgresql"}
_DEFAULT_DRIVERS = {"postgresql": "psycopg", "sqlite": "pysqlite", "mysql": "pymysql", "mariadb": "pymysql"}
# What a synchronous run uses in place of a driver that only speaks asyncio.
_SYNCHRONOUS_TWINS = {"asyncpg": "psycopg", "aiosqlite": "pysqlite", "aiomysql": "pymysql", "asyncmy": "pymysql"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrl:
    """The parts of a database URL, decoded.

    `hosts` and `ports` have the same length; an absent port is None. `query` keeps order and repeats.
    The password is left out of `repr()`; print `masked()` instead.
    """

    dialect: str
    driver: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    ports: tuple[int | None, ...] = ()
    database: str | None = None
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def is_memory(self) -> bool:
        """Tell whether this is an SQLite database that lives in memory only."""
        return self.dialect == "sqlite" and self.database in (None, "", ":memory:")

    def with_driver(self) -> DatabaseUrl:
        """Return the URL with a driver named: the one given, else this project's choice for the dialect."""
        return self if self.driver else replace(self, driver=_DEFAULT_DRIVERS.get(self.dialect))

    def synchronous(self) -> DatabaseUrl:
        """Return the URL with a driver that works without an event loop.

        asyncpg spells its TLS switch `ssl`; the PostgreSQL drivers that take its place call it `sslmode`.
        """
        named = self.with_driver()
        if named.driver not in _SYNCHRONOUS_TWINS:
            return named
        query = named.query
        if named.driver == "asyncpg":
            own = {"prepared_statement_cache_size", "prepared_statement_name_func"}
            query = tuple(("sslmode" if k == "ssl" else k, v) for k, v in query if k not in own)
        return replace(named, driver=_SYNCHRONOUS_TWINS[named.driver], query=query)

    def masked(self) -> str:
        """Return the URL as text with the password, if any, replaced by three asterisks."""
        safe = tuple((k, "***" if _is_secret(k) else v) for k, v in self.query)
        shown = replace(self, password="***" if self.password is not None else None, query=safe)
        return _as_text(shown, quote_password=str)

    def text(self) -> str:
        """Return the URL as text, password included and every part percent-encoded: for a driver, never for a log."""
        return _as_text(self, quote_password=_quote_user)


def _as_text(url: DatabaseUrl, *, quote_password: Callable[[str], str]) -> str:
    scheme = f"{url.dialect}+{url.driver}" if url.driver else url.dialect
    user = ""
    if url.username is not None or url.password is not None:
        password = "" if url.password is None else ":" + quote_password(url.password)
        user = f"{_quote_user(url.username or '')}{password}@"
    database = "" if url.database is None else "/" + quote(url.database, safe=" +/:\\")
    pairs = "&".join(f"{quote(key, safe='')}={quote(value, safe='/:,*')}" for key, value in url.query)
    return f"{scheme}://{user}{_host_text(url)}{database}{'?' + pairs if pairs else ''}"


def _quote_user(text: str) -> str:
    return quote(text, safe=" +")


def _host_text(url: DatabaseUrl) -> str:
    def one(host: str, port: int | None) -> str:
        bracketed = f"[{host}]" if ":" in host else host
        return bracketed if port is None else f"{bracketed}:{port}"

    return ",".join(one(host, port) for host, port in zip(url.hosts, url.ports, strict=True))


def _is_secret(key: str) -> bool:
    return any(word in key.lower() for word in ("password", "secret", "token", "sslkey"))


def parse_url(text: str, *, variable: str = "DATABASE_URL") -> DatabaseUrl:
    """Take a database URL apart.

    Args:
        text: the URL, e.g. `postgres://user:secret@host:5432/name`; surrounding white space is ignored.
        variable: where it came from, for the message.

    Raises:
        SettingsError: it is not a database URL. The message never repeats the text: it may hold a password.
    """
    matched = _SCHEME.fullmatch(text.strip())
    if matched is None:
        raise SettingsError(
            f"{variable} is not a database URL; it should look like postgresql://user:password@host:5432/name.",
            setting=variable,
        )
    name, driver, rest = matched.groups()
    user, location = _split_user(rest)
    parts = _LOCATION.fullmatch(location)
    if parts is None:
        raise SettingsError(
            f"{variable} has no readable host, port and database after the user information; percent-encode special "
            "characters in the password, and give the port as a number.",
            setting=variable,
        )
    username, password = user
    hosts, ports = _split_hosts(parts["hosts"])
    dialect = _ALIASES.get(name.lower(), name.lower())
    return DatabaseUrl(
        dialect=dialect,
        driver=driver,
        username=username,
        password=password,
        hosts=hosts,
        ports=ports,
        database=None if parts["database"] is None else unquote(parts["database"]),
        query=tuple(parse_qsl(parts["query"] or "", keep_blank_values=True)),
    )


def _split_user(rest: str) -> tuple[tuple[str | None, str | None], str]:
    """Cut `user:password@` off, at the first "@" behind which host, port and database read well."""
    position = rest.find("@")
    while position != -1:
        if _LOCATION.fullmatch(rest, position + 1):
            username, colon, password = rest[:position].partition(":")
            return (unquote(username) or None, unquote(password) if colon else None), rest[position + 1 :]
        position = rest.find("@", position + 1)
    return (None, None), rest


def _split_hosts(text: str) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    hosts: list[str] = []
    ports: list[int | None] = []
    for part in text.split(",") if text else []:
        host, _, port = part.rpartition(":") if re.search(r":\d*$", part) else (part, "", "")
        hosts.append(host.strip("[]"))
        ports.append(int(port) if port else None)
    return tuple(hosts), tuple(ports)
