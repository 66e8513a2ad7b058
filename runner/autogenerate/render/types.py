"""Column types as text (floor 4): every argument their constructors took, and the imports they need.

The constructors' signatures say which arguments there are; what an attribute of the same name holds is the value.
That is how `repr()` of a SQLAlchemy type works too, but types inside of types are rendered here, not printed.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import Enum, TypeDecorator, TypeEngine

from runner.autogenerate.render.calls import call
from runner.autogenerate.render.expressions import render_condition
from runner.autogenerate.render.scope import (
    NOT_RENDERED,
    RenderContext,
    explicit_enums,
    sa_prefix,
    user_rendering,
)
from runner.autogenerate.render.values import NotRenderable, render_value

__all__ = ["render_type", "type_class"]

_MISSING: Any = object()

_NOT_DDL = frozenset({"comparator", "inherit_schema", "metadata", "pickler", "sort_key_function", "values_callable"})
"""Functions and collections of the program, without effect on the database; a type knows the schema it inherited."""


def render_type(context: RenderContext, type_: Any) -> str:
    """Return a type, variants included.

    Args:
        context: collects the imports.
        type_: a type, or the class of one.
    """
    rendered = user_rendering(context, "type", type_)
    if rendered is not NOT_RENDERED:
        return str(rendered)
    instance: TypeEngine[Any] = type_() if isinstance(type_, type) else type_
    text = _without_variants(context, instance)
    for dialect_name, variant in instance._variant_mapping.items():  # noqa: SLF001
        arguments = [render_type(context, variant), render_value(context, dialect_name)]
        text = call(f"{text}.with_variant", arguments)
    return text


def _without_variants(context: RenderContext, type_: TypeEngine[Any]) -> str:
    impl = context.migration_context.impl
    rendered = impl.render_type(type_, context) if impl is not None else False
    if rendered:
        return str(rendered)
    custom = _custom_repr(type_)
    name = _class_name(context, type_)
    if custom is not None:
        return name.removesuffix(type(type_).__name__) + custom
    positional, keywords = _arguments(type_, context)
    return call(
        name,
        [render_value(context, value) for value in positional],
        {key: _keyword(context, key, value) for key, value in keywords.items()},
    )


def _keyword(context: RenderContext, name: str, value: Any) -> str | None:
    """Return the text of an argument, None to leave out what has none: a class of the program, a function."""
    if name == "check" and isinstance(value, ClauseElement):
        return render_condition(context, value)
    try:
        return render_value(context, value)
    except NotRenderable:
        return None


# --- the class --------------------------------------------------------------------------------------------------------


def type_class(context: RenderContext, cls: type) -> str:
    """Return how the file refers to a class, and add the import it needs."""
    module = cls.__module__
    if module.startswith("sqlalchemy.dialects."):
        return _of_dialect(context, cls, module.split(".")[2])
    if module.startswith("sqlalchemy."):
        return _of_sqlalchemy(context, cls)
    prefix = context.opts.get("user_module_prefix")
    if prefix is not None:
        return f"{prefix}{cls.__name__}"
    if getattr(sys.modules.get(module), "__spec__", None) is not None:
        context.imports.add(f"import {module}")
    local = "<locals>" in cls.__qualname__
    return f"{module}.{cls.__name__ if local else cls.__qualname__}"


def _of_dialect(context: RenderContext, cls: type, dialect_name: str) -> str:
    package = sys.modules[f"sqlalchemy.dialects.{dialect_name}"]
    if getattr(package, cls.__name__, None) is cls:
        context.imports.add(f"from sqlalchemy.dialects import {dialect_name}")
        return f"{dialect_name}.{cls.__name__}"
    context.imports.add(f"import {cls.__module__}")
    return f"{cls.__module__}.{cls.__name__}"


def _of_sqlalchemy(context: RenderContext, cls: type) -> str:
    name, prefix = cls.__name__, sa_prefix(context)
    if getattr(sa, name, None) is cls:
        return f"{prefix}{name}"
    if getattr(sa.types, name, None) is cls:
        return f"{prefix}types.{name}"
    context.imports.add(f"import {cls.__module__}")
    return f"{cls.__module__}.{name}"


def _class_name(context: RenderContext, type_: TypeEngine[Any]) -> str:
    """Return the class; before SQLAlchemy 2.1 only PostgreSQL's own ENUM can be told not to create the type."""
    if type(type_) is Enum and not hasattr(type_, "create_type") and _is_explicit(type_, context):
        from sqlalchemy.dialects.postgresql import ENUM

        return type_class(context, ENUM)
    return type_class(context, type(type_))


def _custom_repr(type_: TypeEngine[Any]) -> str | None:
    """Return what `repr()` says where a program's own class defines it, and it is a call of the class."""
    definer = next(cls for cls in type(type_).__mro__ if "__repr__" in cls.__dict__)
    if definer.__module__.startswith("sqlalchemy."):
        return None
    text = repr(type_)
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == type(type_).__name__
    return text if is_call else None


# --- its arguments ----------------------------------------------------------------------------------------------------


def _arguments(type_: Any, context: RenderContext) -> tuple[list[Any], dict[str, Any]]:
    """Return the positional arguments and the keywords that make this type again."""
    if isinstance(type_, Enum):
        return list(type_.enums), _enum_keywords(type_, context)
    if isinstance(type_, TypeDecorator):
        return _decorator_arguments(type_, context)
    positional, keywords = _by_signature(type_)
    if _is_set(type_):
        positional = [*type_.values]
        keywords.pop("length", None)  # that of the longest value
    return positional, keywords


def _is_set(type_: Any) -> bool:
    """Tell whether it is MySQL's SET, whose values are positional."""
    return type(type_).__name__ == "SET" and hasattr(type_, "values")


_ENUM_STRING_OPTIONS = ("charset", "collation", "ascii", "unicode", "binary", "national")
"""What MySQL's ENUM takes beside the values."""


def _enum_keywords(type_: Enum, context: RenderContext) -> dict[str, Any]:
    enum: Any = type_
    keywords: dict[str, Any] = {
        "name": type_.name if isinstance(type_.name, str) else None,
        "schema": type_.schema,
        "native_enum": None if type_.native_enum else False,
        "create_constraint": True if type_.create_constraint else None,
        **{name: getattr(enum, name, None) or None for name in _ENUM_STRING_OPTIONS},
    }
    if not getattr(enum, "create_type", True) or _is_explicit(type_, context):
        keywords["create_type"] = False
    given = {name: value for name, value in keywords.items() if value is not None}
    if not type_.native_enum and type_.length != _longest(type_):
        given["length"] = type_.length
    return given


def _is_explicit(type_: Any, context: RenderContext) -> bool:
    """Tell whether it is an enum type that operations of their own create."""
    if not isinstance(type_, Enum) or not type_.native_enum or not isinstance(type_.name, str):
        return False
    default = context.migration_context.dialect.default_schema_name
    schema = None if type_.schema == default else type_.schema
    return (schema, str(type_.name)) in explicit_enums(context)


def _longest(type_: Enum) -> int:
    return max((len(value) for value in type_.enums), default=0)


def _decorator_arguments(type_: Any, context: RenderContext) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a TypeDecorator: those it names, and those it hands on to the type it decorates."""
    positional, keywords = _by_signature(type_)
    cls: Any = type(type_)
    if not isinstance(cls.impl, type) or not _hands_on(cls) or not isinstance(type_.impl, TypeEngine):
        return positional, keywords
    inner_positional, inner = _arguments(type_.impl, context)
    if positional:
        inner_positional = []
    return [*positional, *inner_positional], {**inner, **keywords}


def _by_signature(type_: Any) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    cls: Any = type(type_)
    for parameter in _parameters(cls):
        value = _attribute(type_, parameter.name)
        if value is _MISSING:
            continue
        if parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(value)
        elif not _same(value, parameter.default):
            keywords[parameter.name] = value
    return positional, keywords


def _attribute(type_: Any, name: str) -> Any:
    """Return what the constructor was given under this name, as far as the type remembers."""
    if name == "impl" and isinstance(type_, TypeDecorator):
        return _MISSING
    value = getattr(type_, name, _MISSING)
    value = getattr(type_, f"_{name}", _MISSING) if value is _MISSING else value
    return _MISSING if inspect.ismethod(value) else value


def _same(value: Any, default: Any) -> bool:
    """Tell whether the value is the default; some constructors keep None as False, or a marker as None."""
    if value is default or (default is None and value is False):
        return True
    if value is None:
        return not isinstance(default, (str, int, type(None)))
    return type(value) is type(default) and bool(value == default)


@cache
def _parameters(cls: type) -> tuple[inspect.Parameter, ...]:
    """Return the named parameters of the constructors, positional ones without a default first."""
    found: dict[str, inspect.Parameter] = {}
    for signature in _constructors(cls):
        for parameter in signature.parameters.values():
            if parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}:
                found.setdefault(parameter.name, parameter)
    return tuple(
        parameter
        for name, parameter in found.items()
        if name != "self" and not name.startswith("_") and name not in _NOT_DDL
    )


@cache
def _hands_on(cls: type) -> bool:
    """Tell whether the constructors hand arguments they do not name on to TypeDecorator's."""
    bases = [base for base in cls.__mro__[: cls.__mro__.index(TypeDecorator)] if "__init__" in base.__dict__]
    return all(_takes_anything(inspect.signature(base.__dict__["__init__"])) for base in bases)


def _takes_anything(signature: inspect.Signature) -> bool:
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    return inspect.Parameter.VAR_KEYWORD in kinds


def _constructors(cls: type) -> Iterator[inspect.Signature]:
    """Yield the signatures from the class upwards, as far as each hands keywords on to the next."""
    for base in cls.__mro__:
        if base is object:
            return
        if "__init__" not in base.__dict__:
            continue
        signature = inspect.signature(base.__dict__["__init__"])
        yield signature
        if not _takes_anything(signature):
            return
