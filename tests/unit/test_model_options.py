"""The model of the built-in environment: what names it, and what goes with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from runner.commands.model import load_metadata, model_options
from runner.commands.target import RunOptions, Target
from runner.config import Config
from runner.errors import ConfigError, ModelMissing

first, second = MetaData(), MetaData()


class Base(DeclarativeBase):
    """A declarative base."""


several = [first, second]
none: list[MetaData] = []


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make this module importable under a name of its own, and leave sys.path as it was."""
    monkeypatch.setitem(sys.modules, "the_models", sys.modules[__name__])
    before = sys.path[:]
    yield
    sys.path[:] = before


def options(tmp_path: Path, metadata: str | None = "the_models:first", **keys: str) -> dict[str, Any]:
    """Return what configure() would be told."""
    config = Config()
    for name, value in {"script_location": str(tmp_path), **keys}.items():
        config.set_main_option(name, value)
    return model_options(Target(config=config, options=RunOptions(metadata=metadata)))


def test_what_may_be_named() -> None:
    """A MetaData, a declarative base, a list, and several of them, in order."""
    assert load_metadata(("the_models:first",)) is first
    assert load_metadata(("the_models:Base",)) is Base.metadata
    assert load_metadata(("the_models:Base.metadata",)) is Base.metadata
    assert load_metadata(("the_models:several", "the_models:Base")) == [first, second, Base.metadata]


@pytest.mark.parametrize(
    "name",
    ["the_models", ":first", "the_models:", "the_models:absent", "the_models:none", "the_models:sys", "no.such:x"],
)
def test_what_names_no_model(name: str) -> None:
    """Anything else is refused with its name."""
    with pytest.raises(ModelMissing) as caught:
        load_metadata((name,))
    assert name.partition(":")[0] in caught.value.message


def test_the_setting_wins_over_the_key(tmp_path: Path) -> None:
    """RUNNER_METADATA counts where both are given; the key may name several."""
    keys = {"target_metadata": "the_models:first the_models:second"}
    assert options(tmp_path, "the_models:Base", **keys)["target_metadata"] is Base.metadata
    assert options(tmp_path, None, **keys)["target_metadata"] == [first, second]


def test_the_switches(tmp_path: Path) -> None:
    """Types and server defaults are compared unless a key says no; batch blocks are left to the dialect."""
    plain = options(tmp_path)
    assert plain == {
        "target_metadata": first,
        "compare_type": True,
        "compare_server_default": True,
        "include_schemas": False,
    }
    keys = {"compare_type": "false", "include_schemas": "yes", "render_as_batch": "true"}
    changed = options(tmp_path, **keys)
    assert (changed["compare_type"], changed["include_schemas"], changed["render_as_batch"]) == (False, True, True)
    with pytest.raises(ConfigError):
        options(tmp_path, compare_type="perhaps")


def test_no_model_at_all(tmp_path: Path) -> None:
    """Where nothing names a model the sentence says what would."""
    with pytest.raises(ModelMissing, match=r"RUNNER_METADATA nor target_metadata"):
        options(tmp_path, None)
