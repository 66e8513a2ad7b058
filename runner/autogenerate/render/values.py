"""Python values and names as text (floor 4)."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.schema import Column
from sqlalchemy.sql.elements import ClauseElement, quoted_name
from sqlalchemy.sql.elements import conv as conv_name
from sqlalchemy.types import TypeEngine

from runner.autogenerate.render.calls import call, items
from runner.autogenerate.render.scope import RenderContext, op_prefix, sa_prefix
from runner.autogenerate.render.strings import bytes_literal, string_literal

__all__ = ["NotRenderable", "is_plain", "render_name", "render_plain", "render_value"]

_PLAIN = (bool, int, float, str, bytes, type(None))


class NotRenderable(TypeError):
    """A value that has no text from which Python makes it again."""


def render_name(context: RenderContext, name: str | None) -> str:
    """Return a name: one that a convention made final as `op.f(...)`, one with a quoting rule with its rule."""
    if name is None:
        return "None"
    text = string_literal(str.__str__(name))
    if isinstance(name, conv_name):
        return f"{op_prefix(context)}f({text})"
    return _quoted(context, name, text)


def render_plain(context: RenderContext, name: str | None) -> str | None:
    """Return the name of a table, schema or column, None where there is none."""
    return None if name is None else _quoted(context, name, string_literal(str.__str__(name)))


def _quoted(context: RenderContext, name: str, text: str) -> str:
    rule = name.quote if isinstance(name, quoted_name) else None
    return text if rule is None else call(f"{sa_prefix(context)}quoted_name", [text], {"quote": repr(bool(rule))})


def is_plain(value: Any) -> bool:
    """Tell whether a value is made of literals only."""
    if isinstance(value, Mapping):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(is_plain, value))
    return isinstance(value, _PLAIN) and not isinstance(value, enum.Enum)


def render_value(context: RenderContext, value: Any) -> str:
    """Return a value: literals, dates, numbers, collections, types and SQL expressions.

    Raises:
        NotRenderable: it is none of these.
    """
    if isinstance(value, enum.Enum):
        return render_value(context, value.value if isinstance(value, (str, int)) else value.name)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _collection(context, value)
    if isinstance(value, str):
        return render_name(context, value)
    return _constant(value) if isinstance(value, _PLAIN) else _object(context, value)


def _constant(value: Any) -> str:
    if isinstance(value, bytes):
        return bytes_literal(value)
    if isinstance(value, float) and repr(value).strip("-") in {"inf", "nan"}:
        return call("float", [string_literal(repr(value))])
    return repr(value)


def _collection(context: RenderContext, value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = ((render_value(context, key), render_value(context, item)) for key, item in value.items())
        return items((f"{key}: {item}" for key, item in pairs), "{}")
    if isinstance(value, (set, frozenset)):
        texts = sorted(render_value(context, item) for item in value)
        return items(texts, "{}") if texts else "set()"
    return items((render_value(context, item) for item in value), "()" if isinstance(value, tuple) else "[]")


def _object(context: RenderContext, value: Any) -> str:
    """Return a value that needs an import, or SQLAlchemy."""
    if isinstance(value, Column):
        return string_literal(value.name)
    if isinstance(value, ClauseElement):
        from runner.autogenerate.render.expressions import render_expression

        return render_expression(context, value)
    if isinstance(value, TypeEngine) or (isinstance(value, type) and issubclass(value, TypeEngine)):
        from runner.autogenerate.render.types import render_type

        return render_type(context, value)
    if isinstance(value, decimal.Decimal):
        context.imports.add("import decimal")
        return call("decimal.Decimal", [string_literal(str(value))])
    if isinstance(value, uuid.UUID):
        context.imports.add("import uuid")
        return call("uuid.UUID", [string_literal(str(value))])
    return _temporal(context, value)


def _temporal(context: RenderContext, value: Any) -> str:
    if not isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        raise NotRenderable(f"{value!r} of {type(value).__qualname__} has no text that makes it again.")
    zone = getattr(value, "tzinfo", None)
    if zone is not None and not isinstance(zone, datetime.timezone):
        offset = value.utcoffset()  # type: ignore[union-attr]  # only what has a zone gets here
        if offset is None:
            raise NotRenderable(f"{value!r} has a time zone without a fixed offset.")
        value = value.replace(tzinfo=datetime.timezone(offset))  # type: ignore[union-attr, call-arg]
    context.imports.add("import datetime")
    return repr(value).replace("datetime.timezone.utc", "datetime.UTC")
