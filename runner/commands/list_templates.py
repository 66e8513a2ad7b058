"""List the templates of `init`: floor 6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.config import Config

__all__ = ["Template", "list_templates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template, and what it is for."""

    name: str
    summary: str


def list_templates(config: Config) -> tuple[Template, ...]:
    """Return the templates, sorted by name."""
    from runner.revisions.initialise import templates

    return tuple(Template(name=name, summary=summary) for name, summary in templates(config))
