"""The environment that is running in this thread or task: floor 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.operations.current import CurrentObject

if TYPE_CHECKING:
    from runner.migration.environment import EnvironmentContext

__all__ = ["environments"]

environments: CurrentObject[EnvironmentContext] = CurrentObject("context")
