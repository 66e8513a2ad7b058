"""Rendering Mako templates: floor 3. The only module that imports Mako, and only when something is rendered."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from runner.errors import TemplateFailed

__all__ = ["comma_separated", "compile_template", "render_template"]


def render_template(path: str, **variables: Any) -> str:
    """Return a template filled in, with newlines as line ends.

    Raises:
        TemplateFailed: it cannot be read, is no template, or its code raised; the field `line` says where.
    """
    template = compile_template(path)
    try:
        text: str = template.render_unicode(**variables)
    except Exception as exc:
        raise _failed(path, exc) from exc
    return text.replace("\r\n", "\n")


def compile_template(path: str) -> Any:
    """Return a template that can be rendered.

    Raises:
        TemplateFailed: it cannot be read, or is no template.
    """
    from mako.template import Template

    try:
        with open(path, encoding="utf-8") as file:
            source = file.read()
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise TemplateFailed(f"Template {path} cannot be read: {reason}. Nothing was written.", template=path) from exc
    try:
        return Template(text=source, filename=path)  # noqa: S702  # Python, not HTML
    except Exception as exc:
        raise _failed(path, exc) from exc


def comma_separated(value: str | Iterable[str] | None) -> str:
    """Return the items separated by commas; nothing for None. Templates know it as the filter `comma`."""
    if value is None:
        return ""
    return value if isinstance(value, str) else ", ".join(value)


def _failed(path: str, exc: Exception) -> TemplateFailed:
    line = getattr(exc, "lineno", None) or _line_of(path, exc)
    where = f"{path}, line {line}," if line else path
    reason = " ".join(str(exc).split())
    return TemplateFailed(
        f"Template {where} cannot be rendered: {type(exc).__name__}: {reason}. Nothing was written.",
        template=path,
        line=line,
    )


def _line_of(path: str, exc: Exception) -> int | None:
    """Return the line of the template at which its code raised."""
    from mako.exceptions import RichTraceback

    records = RichTraceback(error=exc, traceback=exc.__traceback__).records
    lines = [record[5] for record in records if record[4] and os.path.basename(record[4]) == os.path.basename(path)]
    return next((int(line) for line in reversed(lines) if line), None)
