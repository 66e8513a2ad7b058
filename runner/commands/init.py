"""Make a revision directory: floor 6. Looks at no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.config import Config

__all__ = ["Initialised", "init"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """What was made, in order."""

    paths: tuple[str, ...]


def init(
    config: Config, directory: str, *, template: str = "generic", package: bool = False, env_py: bool = False
) -> Initialised:
    """Make a revision directory from a template, with its configuration file.

    Args:
        config: names the configuration files, and where the templates are.
        directory: what to make.
        template: the template's name.
        package: make it a Python package.
        env_py: also write the env.py of a template that does without one.

    Raises:
        DirectoryInUse: the directory is not empty; nothing was written.
    """
    from runner.revisions.directory import ScriptDirectory

    paths = ScriptDirectory.init(config, directory, template, package=package, env_py=env_py)
    return Initialised(paths=paths)
