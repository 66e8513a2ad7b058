"""The model that the built-in environment compares with: floor 6.

An env.py names its own target_metadata; a directory without one has RUNNER_METADATA, or the key target_metadata.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from runner.errors import ModelMissing

if TYPE_CHECKING:
    from runner.commands.target import Target
    from runner.config import Config

__all__ = ["load_metadata", "model_options"]

_KEY = "target_metadata"
_HINT = "Write it as package.module:attribute, as in myapp.models:Base.metadata"
_SWITCHES = {"compare_type": True, "compare_server_default": True, "include_schemas": False}
"""Key of the configuration file -> its value where it is not set. Those of configure() that are plain switches."""


def model_options(target: Target) -> dict[str, Any]:
    """Return what the built-in environment tells configure() about the model.

    Raises:
        ModelMissing: no model is named, or it cannot be imported.
    """
    names = _names(target)
    config = target.config
    options: dict[str, Any] = {name: _switch(config, name, default=default) for name, default in _SWITCHES.items()}
    if config.get_alembic_option("render_as_batch") not in {None, ""}:
        options["render_as_batch"] = config.get_alembic_boolean_option("render_as_batch")
    options[_KEY] = load_metadata(names)
    return options


def _switch(config: Config, name: str, *, default: bool) -> bool:
    if config.get_alembic_option(name) in {None, ""}:
        return default
    return config.get_alembic_boolean_option(name)


def _names(target: Target) -> tuple[str, ...]:
    given = target.options.metadata or target.config.get_alembic_option(_KEY) or ()
    if isinstance(given, str):
        given = given.replace(",", " ").split()
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given) or not given:
        raise ModelMissing(
            f"No model is named to compare the database with: {target.script.dir} has no env.py, and neither "
            f"RUNNER_METADATA nor {_KEY} in the configuration file is set. {_HINT}."
        )
    return tuple(str(one) for one in given)


def load_metadata(names: tuple[str, ...]) -> MetaData | list[MetaData]:
    """Import the MetaData objects that `package.module:attribute` names, one by itself, several as a list.

    The attribute may also be a declarative base, or a list of MetaData.

    Raises:
        ModelMissing: a module cannot be imported, or the attribute is no MetaData.
    """
    found = [one for name in names for one in _loaded(name)]
    return found[0] if len(found) == 1 else found


def _loaded(name: str) -> list[MetaData]:
    module_name, colon, path = name.partition(":")
    if not colon or not path or not module_name:
        raise ModelMissing(f"{name!r} names no model. {_HINT}.", name=name)
    value: Any = _imported(module_name, name)
    for part in path.split("."):
        if not hasattr(value, part):
            raise ModelMissing(f"{name}: {getattr(value, '__name__', value)!s} has no attribute {part}.", name=name)
        value = getattr(value, part)
    value = getattr(value, "metadata", value)
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if not values or not all(isinstance(one, MetaData) for one in values):
        raise ModelMissing(
            f"{name} is a {type(value).__name__}, not a MetaData, a declarative base or a list of MetaData.", name=name
        )
    return values


def _imported(module: str, name: str) -> Any:
    """Import a module, also from the directory the command was started in, where `python -m` would find it."""
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        return import_module(module)
    except Exception as exc:
        reason = " ".join(f"{type(exc).__name__}: {exc}".split())
        hint = " Set prepend_sys_path to where the application is." if isinstance(exc, ModuleNotFoundError) else ""
        raise ModelMissing(f"The model {name} cannot be imported: {reason}.{hint}", name=name) from exc
