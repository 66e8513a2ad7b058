"""The `context` facade that env.py imports: floor 5.

Every function goes to the environment that is running in this thread or task. Outside a run, calling one
raises a NameError that says so; `context.config` and `context.script` are then AttributeErrors.
"""

from __future__ import annotations

from typing import Any

from runner.migration.current import environments

__all__ = [  # noqa: F822  # each comes from __getattr__
    "begin_transaction",
    "config",
    "configure",
    "execute",
    "get_bind",
    "get_context",
    "get_head_revision",
    "get_head_revisions",
    "get_impl",
    "get_revision_argument",
    "get_starting_revision_argument",
    "get_tag_argument",
    "get_x_argument",
    "is_offline_mode",
    "is_transactional_ddl",
    "requires_connection",
    "run_migrations",
    "script",
    "static_output",
]

_METHODS = frozenset(__all__) - {"config", "script"}


def __getattr__(name: str) -> Any:
    if name == "EnvironmentContext":
        from runner.migration.environment import EnvironmentContext

        return EnvironmentContext
    environment = environments.peek()
    if environment is not None and not name.startswith("__"):
        return getattr(environment, name)
    if name in _METHODS:
        return _refusal(name)
    raise AttributeError(f"module 'context' has no attribute {name!r} while no environment is running")


def _refusal(name: str) -> Any:
    def refuse(*_: object, **__: object) -> Any:
        return getattr(environments.get(name), name)  # raises a NameError that says what to do

    return refuse
