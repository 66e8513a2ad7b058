"""Which options of two identities differ (floor 3)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Identity

__all__ = ["compare_identity_options"]

_IDENTITY_OPTIONS = (
    "start",
    "increment",
    "minvalue",
    "maxvalue",
    "nominvalue",
    "nomaxvalue",
    "cycle",
    "cache",
    "order",
    "on_null",
)


def _identity_options(identity: Identity | None) -> dict[str, Any]:
    options = {name: getattr(identity, name, None) for name in _IDENTITY_OPTIONS}
    return {name: value for name, value in options.items() if value is not None}


def compare_identity_options(new: Identity | None, old: Identity | None) -> tuple[set[str], set[str]]:
    """Return the options that differ, and those ignored because the new identity leaves them at their default."""
    wanted, present, default = _identity_options(new), _identity_options(old), _identity_options(Identity())
    unequal = {name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name)}
    ignored = {name for name in unequal if wanted.get(name) == default.get(name)}
    return unequal - ignored, ignored
