"""Values as SQL text: floor 3. The dialect as it renders offline, and how each database writes a value.

A value in a script has to arrive as the parameter of an online run would have. Where SQLAlchemy's own literal
does that it is used; where it differs, or is missing, the database's rules here say how the value is written,
or that it cannot be: a `ValueRefused` is an answer, a text that is almost right is not.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import operator
import re
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from sqlalchemy import types as sqltypes
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator, TypeEngine

from runner.operations.sqltext import InlineLiteral

if TYPE_CHECKING:
    from sqlalchemy import BindParameter
    from sqlalchemy.engine import Dialect

__all__ = ["BinaryLiteral", "Literals", "ValueRefused", "plain_number", "quoted_text", "rendering_dialect"]

BinaryLiteral: TypeAlias = Callable[[bytes], str]
"""Renders bytes as the database's literal for them."""

_COMPARISONS = frozenset(
    {operators.eq, operators.ne, operators.lt, operators.le, operators.gt, operators.ge}
    | {operators.is_distinct_from, operators.is_not_distinct_from}
)
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
_PLAIN_EXPONENT = 60  # digits are written out up to here: MySQL reads a number with an exponent as a float


class ValueRefused(CompileError):
    """This value has no literal on this database; the message does not quote it."""


def quoted_text(value: str, dialect: Dialect) -> str:
    """Return the string as the dialect's literal."""
    quoted = value.replace("'", "''")
    if getattr(dialect, "_backslash_escapes", False):  # MySQL, and PostgreSQL servers set to the old rule
        quoted = quoted.replace("\\", "\\\\")
    return f"'{quoted}'"


def plain_number(value: Decimal) -> str:
    """Return a finite decimal number, without exponent unless that would be very long."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return format(value, "f") if -_PLAIN_EXPONENT <= exponent <= _PLAIN_EXPONENT else str(value)


def rendering_dialect(
    dialect: Dialect,
    binary_literal: BinaryLiteral,
    *,
    literals: type[Literals] | None = None,
    **attributes: object,
) -> Dialect:
    """Return a copy of the dialect that renders what the database should receive.

    Drivers that mark parameters with percent signs have every other percent sign doubled and undo that
    themselves; a script reaches the server without a driver. The copy marks parameters by colon and renders
    every value as a literal, asked to or not. The original stays as it is.

    Args:
        dialect: any SQLAlchemy dialect.
        binary_literal: how this database writes bytes.
        literals: how it writes the rest.
        attributes: what else the copy should differ in.
    """
    clone: Any = copy.copy(dialect)
    clone.__dict__.pop("_type_memos", None)  # cached literal processors of the original
    clone.paramstyle = "named"
    clone.positional = False
    for name, value in attributes.items():
        setattr(clone, name, value)
    preparer: Any = copy.copy(dialect.identifier_preparer)
    preparer.dialect = clone
    preparer._strings = {}  # noqa: SLF001  # what a copied dialect caches is private
    preparer._double_percents = False  # noqa: SLF001
    clone.identifier_preparer = preparer
    clone.type_compiler_instance = type(clone.type_compiler_instance)(clone)
    rules = (literals or Literals)(clone, binary_literal)
    clone.statement_compiler = _literal_compiler(_backend(type(dialect)).statement_compiler, rules)
    return clone  # type: ignore[no-any-return]  # typed Any above: its attributes are read-only in the stubs


def _backend(cls: type[Any]) -> type[Any]:
    """Return SQLAlchemy's class for the database behind a driver's class; some drivers compile for their own needs."""
    return next(
        (base for base in cls.__mro__ if re.fullmatch(r"sqlalchemy\.dialects\.\w+\.base", base.__module__)), cls
    )


# --- where values are met ------------------------------------------------------------------------------------------


def _literal_compiler(base: type[Any], rules: Literals) -> type[Any]:
    """Return the compiler with its bound values written by our rules."""

    class LiteralCompiler(base):  # type: ignore[misc]  # a compiler class known only here
        def visit_bindparam(self, bindparam: BindParameter[Any], literal_binds: bool = False, **kw: Any) -> Any:  # noqa: FBT001, FBT002  # SQLAlchemy's signature
            # Constructs of third parties forget to pass literal_binds on, and a placeholder would reach the script.
            return super().visit_bindparam(bindparam, literal_binds=True, **kw)

        def render_literal_bindparam(self, bindparam: BindParameter[Any], **kw: Any) -> Any:
            if bindparam.expanding or "render_literal_value" in kw:
                return super().render_literal_bindparam(bindparam, **kw)
            value = _value_of(self, bindparam)
            text = self.render_literal_value(value, bindparam.type)
            if _type_is_known(bindparam, kw):
                return text
            return rules.typed(text, value, bindparam.type)

        def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> Any:
            text = rules.render(value, type_)
            return super().render_literal_value(value, type_) if text is None else text

    return LiteralCompiler


def _value_of(compiler: Any, bindparam: BindParameter[Any]) -> Any:
    collected = getattr(compiler, "_collected_params", None)  # of .params(), from 2.1 on
    if collected and bindparam.key in collected:
        return collected[bindparam.key]
    return bindparam.effective_value


def _type_is_known(bindparam: BindParameter[Any], context: Mapping[str, Any]) -> bool:
    """Tell whether the place of the value says its type: a column that receives it, the other side of a comparison."""
    if bindparam._is_crud or isinstance(bindparam, InlineLiteral):  # noqa: SLF001  # nothing public says so
        return True
    return context.get("_binary_op") in _COMPARISONS


# --- how values are written ----------------------------------------------------------------------------------------


class Literals:
    """The rules of a database without any of its own.

    Args:
        dialect: the one that renders.
        binary: how the database writes bytes.
    """

    database: ClassVar[str] = "this database"
    native_intervals: ClassVar[bool] = False
    takes_text_for_times: ClassVar[bool] = False
    """Whether a string given for a date or time is sent to the server, which reads it."""

    def __init__(self, dialect: Dialect, binary: BinaryLiteral) -> None:
        self.dialect = dialect
        self._binary = binary
        self._chosen: dict[type[TypeEngine[Any]], Callable[[Any, Any], str | None]] = {}

    def render(self, value: Any, type_: TypeEngine[Any]) -> str | None:
        """Return the value as a literal; None means that SQLAlchemy's own is right.

        Raises:
            ValueRefused: there is none that is certain.
        """
        type_ = self._variant(type_)
        if isinstance(type_, TypeDecorator) and not isinstance(type_, sqltypes.Interval):
            return self._decorated(value, type_)
        if value is None and not type_.should_evaluate_none:
            return "NULL"
        if _renders_itself(type_):
            processor = type_.literal_processor(self.dialect)
            return None if processor is None else processor(value)
        return self._rule(type_)(value, type_)

    def element(self, value: Any, type_: TypeEngine[Any]) -> str:
        """Return a value inside another one as a literal.

        Raises:
            ValueRefused: there is none.
        """
        text = self.render(value, type_)
        if text is not None:
            return text
        compiler: Any = self.dialect.statement_compiler(self.dialect, None)
        return compiler.render_literal_value(value, type_)  # type: ignore[no-any-return]  # typed Any: not public

    def typed(self, text: str, value: Any, type_: TypeEngine[Any]) -> str:  # some databases look
        """Return the literal for a place that does not say which type is meant."""
        return text

    def refuse(self, what: str) -> ValueRefused:
        """Return the error for a value described without quoting it."""
        return ValueRefused(f"{what} has no literal on {self.database}")

    def _variant(self, type_: TypeEngine[Any]) -> TypeEngine[Any]:
        variants: Mapping[str, TypeEngine[Any]] = getattr(type_, "_variant_mapping", {})
        return variants.get(self.dialect.name, type_)

    def _decorated(self, value: Any, type_: TypeDecorator[Any]) -> str | None:
        """Render what the decorator makes of the value, as it would online, None included."""
        cls = type(type_)
        if _overrides(cls, "literal_processor", TypeDecorator):
            return None
        inner = type_.load_dialect_impl(self.dialect)
        if _overrides(cls, "process_literal_param", TypeDecorator):
            text: str | None = type_.process_literal_param(value, self.dialect)
            return text if isinstance(inner, sqltypes.NullType) else self.element(text, inner)
        if _overrides(cls, "process_bind_param", TypeDecorator):
            value = type_.process_bind_param(value, self.dialect)
        elif _overrides(cls, "bind_processor", TypeDecorator) and value is not None:
            raise self.refuse(f"a value of type {cls.__name__}, which turns it into a parameter in its own way,")
        return self.element(value, inner)

    def _rule(self, type_: TypeEngine[Any]) -> Callable[[Any, Any], str | None]:
        cls = type(type_)
        if cls not in self._chosen:
            self._chosen[cls] = next((rule for kind, rule in self.rules() if isinstance(type_, kind)), _as_sqlalchemy)
        return self._chosen[cls]

    def rules(self) -> list[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any, Any], str | None]]]:
        """Return types and how their values are written; the first that fits counts."""
        return [
            (sqltypes.Enum, self._enum),
            (sqltypes.Uuid, self._uuid),
            (sqltypes.String, self.text),
            (sqltypes.JSON, self._json),
            (_binary_base(), self.binary),
            ((sqltypes.Numeric, sqltypes.Float), self._numeric),  # before Integer: Oracle's NUMBER is both
            (sqltypes.Integer, self.integer),
            (sqltypes.Interval, self._interval),
            (sqltypes.DateTime, self._datetime),
            (sqltypes.Date, self._date),
            (sqltypes.Time, self._time),
            (sqltypes.ARRAY, self.array),
        ]

    # --- text and bytes --------------------------------------------------------------------------------------------

    def text(self, value: Any, type_: TypeEngine[Any]) -> str:  # some databases look
        """Return a string."""
        if not isinstance(value, str):
            raise self.refuse(f"{_a(value)} given for text")
        return self.quoted(str.__str__(value))

    def quoted(self, value: str) -> str:
        """Return the characters between the quotes of this database."""
        return quoted_text(value, self.dialect)

    def _enum(self, value: Any, type_: Any) -> str:
        try:
            label = type_._db_value_for_elem(value)  # noqa: SLF001  # the only way to the label in the database
        except LookupError:
            raise self.refuse(f"a value that is not among those of the enum {type_.name or ''}".rstrip()) from None
        return self.quoted(str.__str__(label))

    def _json(self, value: Any, type_: Any) -> str:
        serialize = getattr(self.dialect, "_json_serializer", None) or json.dumps
        if value is None and type_.none_as_null:
            return "NULL"
        try:
            text: str = serialize(None if value is type_.NULL else value)
        except (TypeError, ValueError):
            raise self.refuse("a value that JSON cannot express") from None
        return self.quoted(text)

    def binary(self, value: Any, type_: TypeEngine[Any]) -> str:  # some databases look
        """Return bytes."""
        if not isinstance(value, bytes | bytearray | memoryview):
            raise self.refuse(f"{_a(value)} given for bytes")
        return self._binary(bytes(value))

    def _uuid(self, value: Any, type_: TypeEngine[Any]) -> None:
        """Leave to SQLAlchemy what is one; it writes anything else as well."""
        try:
            uuid.UUID(str(value))
        except ValueError:
            raise self.refuse(f"{_a(value)} given for a UUID") from None

    # --- numbers ---------------------------------------------------------------------------------------------------

    def integer(self, value: Any, type_: TypeEngine[Any]) -> str:  # some databases look
        """Return a whole number."""
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return str(int(value))
        if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
            return str(int(value))
        try:
            return str(operator.index(value))
        except TypeError:
            raise self.refuse(f"{_a(value)} given for a whole number") from None

    def _numeric(self, value: Any, type_: TypeEngine[Any]) -> str:
        if isinstance(value, bool) or not isinstance(value, str | float | Decimal):
            return self.integer(value, type_)
        if isinstance(value, str):
            try:
                value = Decimal(value)
            except InvalidOperation:
                raise self.refuse("a text given for a number") from None
        if isinstance(value, Decimal) and value.is_snan():
            raise self.refuse("a signalling NaN")
        if not math.isfinite(value):
            return self.special_number(str(float(value)), type_)
        return self.float(float(value), type_) if isinstance(value, float) else self.decimal(value, type_)

    def special_number(self, name: str, type_: TypeEngine[Any]) -> str:
        """Return what is no number: `nan`, `inf` or `-inf`."""
        raise self.refuse("an infinite number" if "inf" in name else "a number that is none (NaN)")

    def float(self, value: float, type_: TypeEngine[Any]) -> str:  # some databases look
        """Return a floating-point number with all its digits."""
        return repr(value)

    def decimal(self, value: Decimal, type_: TypeEngine[Any]) -> str:  # some databases look
        """Return a decimal number with all its digits."""
        return plain_number(value)

    # --- times -----------------------------------------------------------------------------------------------------

    def _datetime(self, value: Any, type_: Any) -> str | None:
        if isinstance(value, dt.datetime):
            return self.datetime(value, type_)
        return self._date(value, type_)

    def _date(self, value: Any, type_: Any) -> str | None:
        if isinstance(value, dt.datetime):
            return self.datetime(value, type_)
        if isinstance(value, dt.date):
            return self.date(value, type_)
        return self._written_time(value)

    def _time(self, value: Any, type_: Any) -> str | None:
        return self.time(value, type_) if isinstance(value, dt.time) else self._written_time(value)

    def _written_time(self, value: Any) -> str:
        if isinstance(value, str) and self.takes_text_for_times:
            return self.quoted(value)
        raise self.refuse(f"{_a(value)} given for a date or time")

    def _interval(self, value: Any, type_: sqltypes.Interval) -> str | None:
        if not isinstance(value, dt.timedelta):
            raise self.refuse(f"{_a(value)} given for an interval")
        if type_.native and self.native_intervals:
            return self.interval(value, type_)
        # SQLAlchemy keeps an interval as the moment that long after the epoch.
        return self.element(type_.epoch + value, sqltypes.DateTime())

    def datetime(self, value: dt.datetime, type_: Any) -> str | None:  # some databases look
        """Return a date with time."""
        return self.quoted(value.isoformat(sep=" "))

    def date(self, value: dt.date, type_: Any) -> str | None:  # some databases look
        """Return a date."""
        return self.quoted(value.isoformat())

    def time(self, value: dt.time, type_: Any) -> str | None:  # some databases look
        """Return a time of day."""
        return self.quoted(value.isoformat())

    def interval(self, value: dt.timedelta, type_: Any) -> str | None:  # some databases look
        """Return a length of time; None leaves it to SQLAlchemy."""
        return None

    # --- several values in one -------------------------------------------------------------------------------------

    def array(self, value: Any, type_: Any) -> str:
        """Return an array; only PostgreSQL has them."""
        raise self.refuse("an array")


def _as_sqlalchemy(value: Any, type_: TypeEngine[Any]) -> None:  # a rule like the others
    """Leave the value to SQLAlchemy's own literal."""


def _a(value: object) -> str:
    return f"a value of type {type(value).__name__}"


def _binary_base() -> type[TypeEngine[Any]]:
    """Return the common base of LargeBinary, BINARY, VARBINARY, which SQLAlchemy keeps private."""
    return sqltypes.LargeBinary.__mro__[1]


def _overrides(cls: type[Any], method: str, base: type[Any]) -> bool:
    return getattr(cls, method) is not getattr(base, method)


def _renders_itself(type_: TypeEngine[Any]) -> bool:
    """Tell whether a class outside SQLAlchemy brings its own literal.

    Raises:
        ValueRefused: it changes what the driver gets and says nothing of literals.
    """
    for cls in type(type_).__mro__:
        if cls.__module__.startswith("sqlalchemy."):
            return False
        if "literal_processor" in vars(cls):
            return True
        if "bind_processor" in vars(cls):
            name = type(type_).__name__
            raise ValueRefused(f"a value of type {name} has no literal: the type has a bind_processor of its own only")
    return False
