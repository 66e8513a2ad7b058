"""Misspelt keywords of directives (floor 2): an unknown one is told, never a change that silently is not made.

Directives take options of dialects as keywords and hand them on, to constructs of SQLAlchemy or to the dialect
implementation. SQLAlchemy checks the options of dialects it finds; everything else is checked here.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from runner.errors import OperationError
from runner.events import emit

__all__ = ["named_by", "refuse_unknown_keywords", "tell_unknown_keywords"]

_DIALECTS = ("postgresql", "sqlite", "mysql", "mariadb", "mssql", "oracle")
_ELSEWHERE = (
    "awsathena",
    "bigquery",
    "clickhouse",
    "clickhousedb",
    "cockroachdb",
    "crate",
    "databricks",
    "db2",
    "duckdb",
    "exa",
    "firebird",
    "hana",
    "ibm",
    "redshift",
    "snowflake",
    "spanner",
    "starrocks",
    "teradatasql",
    "trino",
    "vertica",
)
"""Dialects of third parties whose options may stand in a file also where they are not installed."""


def refuse_unknown_keywords(
    directive: str, keywords: Iterable[str], *, known: AbstractSet[str], **about: object
) -> None:
    """Refuse a keyword that nothing will look at; one that begins with the name of a dialect is that one's affair.

    Args:
        directive: its name, for the message.
        keywords: what was given beyond the parameters of the directive.
        known: what is looked at.
        about: `table`, `constraint`, for the message and the fields of the error.

    Raises:
        OperationError: names the keyword and the nearest one.
    """
    for keyword, hint in _unknown(keywords, known, strict_about=None):
        where = ".".join(str(part) for part in about.values() if part is not None)
        raise OperationError(f"{directive} {where}: there is no keyword {keyword!r}. {hint}", keyword=keyword, **about)


def tell_unknown_keywords(
    directive: str,
    keywords: Iterable[str],
    *,
    known: AbstractSet[str],
    strict_about: str | None = None,
    **about: object,
) -> None:
    """Warn about keywords that nothing will look at, where Alembic takes any: revisions that ran once must run again.

    Args:
        directive: its name.
        keywords: what was given beyond the parameters of the directive.
        known: what is looked at.
        strict_about: the dialect whose options are all in `known`, if there is one.
        about: keys of the event.
    """
    for keyword, hint in _unknown(keywords, known, strict_about=strict_about):
        emit("operation.keyword_ignored", level="warning", directive=directive, keyword=keyword, hint=hint, **about)


def _unknown(
    keywords: Iterable[str], known: AbstractSet[str], *, strict_about: str | None
) -> Iterator[tuple[str, str]]:
    """Yield each keyword nobody knows, and what to do about it."""
    for keyword in sorted(set(keywords) - known):
        prefix = keyword.partition("_")[0]
        if prefix == strict_about or not _is_dialect(prefix):
            near = difflib.get_close_matches(keyword, sorted(known), n=1)
            yield keyword, f"Did you mean {near[0]}?" if near else "Remove it."


def named_by(cls: type, method: str = "__init__") -> frozenset[str]:
    """Return the parameters a class and its bases give a method."""
    return _named_in(cls.__mro__, method)


@functools.cache
def _named_in(classes: tuple[type, ...], method: str) -> frozenset[str]:
    functions = (base.__dict__[method] for base in classes if inspect.isfunction(base.__dict__.get(method)))
    return frozenset(name for function in functions for name in inspect.signature(function).parameters)


def _is_dialect(name: str) -> bool:
    return name in _DIALECTS or name in _ELSEWHERE or _is_installed(name)


def _is_installed(name: str) -> bool:
    from sqlalchemy.dialects import registry
    from sqlalchemy.exc import NoSuchModuleError

    try:
        registry.load(name)
    except NoSuchModuleError:
        return False
    return True
