"""Views, functions and triggers as values (floor 2): what a model declares and a revision creates or replaces.

Their definitions are SQL of one database and are passed on as they read: a colon is a colon, a percent sign a
percent sign. Declare them beside the tables, so that autogenerate sees them too:

>>> from sqlalchemy import MetaData
>>> metadata = MetaData()
>>> register(metadata, View("cheap", "SELECT id FROM purchase WHERE amount < 10"))
>>> [item.name for item in registered(metadata)]
['cheap']
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from runner.errors import OperationError

if TYPE_CHECKING:
    from sqlalchemy.schema import MetaData

__all__ = [
    "Function",
    "MaterializedView",
    "Replaceable",
    "Trigger",
    "View",
    "ViewIndex",
    "register",
    "registered",
]

_INFO_KEY = "replaceable objects"


def _make_tuple(value: object, *names: str) -> None:
    """Let lists be given for attributes that are tuples."""
    for name in names:
        given = getattr(value, name)
        object.__setattr__(value, name, (given,) if isinstance(given, str) else tuple(given))


@dataclass(frozen=True, slots=True)
class View:
    """A view.

    Args:
        name: without schema.
        definition: the query behind AS, with `WITH CHECK OPTION` if wanted.
        schema: None is the default schema.
        columns: names for the columns of the view; empty takes those of the query.
        options: what else CREATE VIEW says: in front of AS (`WITH (security_invoker = true)` on PostgreSQL,
            `WITH SCHEMABINDING` on SQL Server), on MySQL in front of VIEW (`SQL SECURITY INVOKER`).
    """

    kind: ClassVar[str] = "view"

    name: str
    definition: str
    _: KW_ONLY
    schema: str | None = None
    columns: Sequence[str] = ()
    options: str | None = None

    def __post_init__(self) -> None:
        _make_tuple(self, "columns")

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other objects; the definition is not part of it."""
        return ("view", self.schema or "", self.name)


@dataclass(frozen=True, slots=True)
class ViewIndex:
    """An index on a materialized view.

    Args:
        name: without schema; it is in that of the view.
        columns: names of columns; one in parentheses is an expression, written as it reads: `(lower(name))`.
        using: the access method, such as `gin`.
        where: the condition of a partial index.
    """

    name: str
    columns: Sequence[str]
    _: KW_ONLY
    unique: bool = False
    using: str | None = None
    where: str | None = None

    def __post_init__(self) -> None:
        _make_tuple(self, "columns")


@dataclass(frozen=True, slots=True)
class MaterializedView:
    """A materialized view with its indexes (PostgreSQL, Oracle Database).

    Args:
        name: without schema.
        definition: the query behind AS.
        schema: None is the default schema.
        columns: names for the columns of the view; empty takes those of the query.
        options: what stands in front of AS, such as `WITH (fillfactor = 70)` or `TABLESPACE fast`.
        indexes: made after the view, and again whenever it is replaced.
        with_data: whether it is filled when it is created; if not, it cannot be read before a refresh.
    """

    kind: ClassVar[str] = "materialized view"

    name: str
    definition: str
    _: KW_ONLY
    schema: str | None = None
    columns: Sequence[str] = ()
    options: str | None = None
    indexes: Sequence[ViewIndex] = ()
    with_data: bool = True

    def __post_init__(self) -> None:
        _make_tuple(self, "columns", "indexes")

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other objects; the definition is not part of it."""
        return ("materialized view", self.schema or "", self.name)


@dataclass(frozen=True, slots=True)
class Function:
    """A function or a procedure.

    Args:
        name: without schema.
        definition: everything behind the arguments: RETURNS, LANGUAGE and the body.
        arguments: what stands between the parentheses, defaults included: `amount numeric, rate numeric = 0.2`.
            On PostgreSQL functions of one name with different arguments are different functions.
        schema: None is the default schema.
        kind: "function" or "procedure".
    """

    name: str
    definition: str
    _: KW_ONLY
    arguments: str = ""
    schema: str | None = None
    kind: Literal["function", "procedure"] = "function"

    def __post_init__(self) -> None:
        if self.kind not in {"function", "procedure"}:
            raise OperationError(f'Function {self.name}: its kind is "function" or "procedure", not {self.kind!r}.')

    @property
    def signature(self) -> str:
        """The arguments without their defaults, as DROP FUNCTION and ALTER FUNCTION want them."""
        return ", ".join(_without_default(argument) for argument in _split(self.arguments))

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other objects; the definition is not part of it, the signature is."""
        return (self.kind, self.schema or "", self.name, " ".join(self.signature.lower().split()))


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger on a table or view.

    Args:
        name: without schema.
        definition: everything behind the table: FOR EACH ROW, WHEN, the body or EXECUTE FUNCTION.
        table: the table or view.
        event: when it fires: `BEFORE INSERT`, `AFTER UPDATE OF price`, `INSTEAD OF DELETE`.
        schema: that of the table; None is the default schema.
        constraint: whether it is a CONSTRAINT TRIGGER (PostgreSQL).
    """

    kind: ClassVar[str] = "trigger"

    name: str
    definition: str
    _: KW_ONLY
    table: str
    event: str
    schema: str | None = None
    constraint: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other objects; the definition is not part of it, the table is."""
        return ("trigger", self.schema or "", self.table, self.name)


Replaceable: TypeAlias = View | MaterializedView | Function | Trigger
"""An object that is created from a definition and replaced as a whole."""


def register(metadata: MetaData, *objects: Replaceable) -> None:
    """Declare objects as part of a MetaData, in the order they have to be created in.

    They are kept in `metadata.info`, which `MetaData.clear()` leaves alone.

    Raises:
        OperationError: one of them has been declared already, with another definition.
    """
    declared: dict[tuple[str, ...], Replaceable] = metadata.info.setdefault(_INFO_KEY, {})
    for item in objects:
        if declared.setdefault(item.key, item) != item:
            raise OperationError(
                f"The {item.kind} {item.name} is declared twice with different definitions. Remove one of them.",
                name=item.name,
            )


def registered(metadata: MetaData) -> tuple[Replaceable, ...]:
    """Return what has been declared as part of a MetaData, in the order it was."""
    return tuple(metadata.info.get(_INFO_KEY, {}).values())


# --- arguments of a function ------------------------------------------------------------------------------------------


def _split(arguments: str) -> list[str]:
    """Return the arguments; commas inside parentheses, brackets and quotes separate nothing."""
    parts = [""]
    for character, outside in _outside_of_quotes(arguments):
        if character == "," and outside:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _without_default(argument: str) -> str:
    """Return the argument up to DEFAULT, `=` or `:=`."""
    plain = "".join(character if outside else " " for character, outside in _outside_of_quotes(argument))
    words = plain.replace("\n", " ").replace("\t", " ").lower()
    found = re.search(r"\sdefault\b|:?=", words)
    return argument[: found.start() if found else len(argument)].rstrip()


def _outside_of_quotes(sql: str) -> Iterable[tuple[str, bool]]:
    """Yield each character, and whether it stands outside of quotes, parentheses and brackets."""
    quote, depth = "", 0
    for character in sql:
        if quote:
            yield character, False
            quote = "" if character == quote else quote
            continue
        if character in "'\"":
            quote = character
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        yield character, not quote and depth == 0
