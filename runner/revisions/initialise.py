"""Making a revision directory from a template: floor 3. All of it, or nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from runner.errors import DirectoryInUse, TemplateMissing, WriteFailed
from runner.events import emit
from runner.graph.faults import suggestion
from runner.revisions.files import FileChanges
from runner.revisions.template import render_template

if TYPE_CHECKING:
    from runner.config import Config

__all__ = ["init_directory", "templates"]

_INI = "alembic.ini.mako"
_TOML = "pyproject.toml.mako"
_SHARED = "SHARED"
"""The file of a template that lists what it has in common with another: one path a line, seen from the template."""
_ONLY_IF_WANTED = {"job": "env.py"}
"""Template -> the file that is written only when it is asked for."""


def templates(config: Config) -> tuple[tuple[str, str], ...]:
    """Return (name, first line of its README) of every template, sorted by name."""
    root = config.get_template_directory()
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return ()
    return tuple((name, _summary(os.path.join(root, name))) for name in names if _is_template(os.path.join(root, name)))


def _is_template(path: str) -> bool:
    return os.path.isdir(path) and "script.py.mako" in _files(path)


def _files(template: str) -> dict[str, str]:
    """Return the files of a template, its own and those it shares: name -> path, sorted by name."""
    found = {name: os.path.join(template, name) for name in os.listdir(template)}
    shared = found.pop(_SHARED, None)
    for line in _text(shared).splitlines() if shared else ():
        found.setdefault(os.path.basename(line), os.path.normpath(os.path.join(template, line)))
    return {name: path for name, path in sorted(found.items()) if os.path.isfile(path)}


def _summary(path: str) -> str:
    readme = os.path.join(path, "README")
    if not os.path.exists(readme):
        return ""
    with open(readme, encoding="utf-8") as file:
        return file.readline().strip()


def init_directory(
    config: Config,
    directory: str,
    template: str = "generic",
    *,
    package: bool = False,
    env_py: bool = False,
) -> tuple[str, ...]:
    """Make a revision directory with `versions/`, and its configuration file beside or above it.

    A configuration file that exists is left alone, except that a pyproject.toml without [tool.alembic] is appended to.

    Args:
        config: says where the templates are and how the configuration files are called.
        directory: what to make; it may exist if it is empty.
        template: the template's name.
        package: make it a Python package.
        env_py: also write the env.py of a template that does without one.

    Returns:
        What was made, in order: directories and files.

    Raises:
        DirectoryInUse: the directory is not empty.
        TemplateMissing: there is no such template.
        WriteFailed: something could not be written; nothing is left.
    """
    files = _files(_template_directory(config, template))
    if os.path.lexists(directory) and (not os.path.isdir(directory) or _entries(directory)):
        raise DirectoryInUse(
            f"{directory} exists already and is not {'empty' if os.path.isdir(directory) else 'a directory'}. "
            "Choose another directory, or remove it.",
            directory=directory,
        )
    skipped = {_ONLY_IF_WANTED[template]} if template in _ONLY_IF_WANTED and not env_py else set()
    with FileChanges() as changes:
        changes.make_directory(directory)
        changes.make_directory(os.path.join(directory, "versions"))
        for name, path in files.items():
            if name not in {_INI, _TOML, *skipped}:
                changes.write(os.path.join(directory, name), _text(path))
        if package:
            changes.write(os.path.join(directory, "__init__.py"), "")
            changes.write(os.path.join(directory, "versions", "__init__.py"), "")
        _write_configuration(config, files, directory, changes)
        return tuple(changes.made)


def _template_directory(config: Config, template: str) -> str:
    root = config.get_template_directory()
    path = os.path.join(root, template)
    if os.sep in template or not os.path.isdir(path):
        known = [name for name, _ in templates(config)]
        raise TemplateMissing(
            f"There is no template {template!r}; there are {', '.join(known)}.{suggestion(template, known)}",
            template=template,
        )
    return path


def _write_configuration(config: Config, files: Mapping[str, str], directory: str, changes: FileChanges) -> None:
    ini, toml = files.get(_INI), files.get(_TOML)
    if toml is not None:
        _write_toml(toml, config.toml_file_name or "pyproject.toml", directory, changes)
    if ini is not None:
        path = config.config_file_name or "alembic.ini"
        if os.path.exists(path):
            emit("file.skipped", path=path)
            return
        changes.make_directory(os.path.dirname(os.path.abspath(path)))
        changes.write(path, _rendered(ini, path, directory))


def _write_toml(template: str, path: str, directory: str, changes: FileChanges) -> None:
    text = _rendered(template, path, directory)
    if not os.path.exists(path):
        changes.make_directory(os.path.dirname(os.path.abspath(path)))
        changes.write(path, text)
        return
    import tomllib

    existing = _text(path)
    try:
        tools = tomllib.loads(existing).get("tool", {})
    except ValueError as exc:
        raise WriteFailed(f"{path} is not valid TOML ({exc}), so nothing was appended to it.", path=path) from exc
    if "alembic" in tools:
        emit("file.skipped", path=path)
        return
    changes.replace(path, existing + ("\n" if existing.endswith("\n") else "\n\n") + text)


def _rendered(template: str, path: str, directory: str) -> str:
    return render_template(template, script_location=_script_location(path, directory))


def _script_location(path: str, directory: str) -> str:
    """Return the directory as the configuration file says it: below the file's own place, or absolute."""
    base = os.path.dirname(os.path.abspath(path))
    relative = os.path.relpath(os.path.abspath(directory), base).replace(os.sep, "/").replace("%", "%%")
    if relative.startswith("../"):
        return os.path.abspath(directory).replace("%", "%%")
    return f"%(here)s/{relative}"


def _entries(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError as exc:
        raise WriteFailed(f"{directory} cannot be read: {exc.strerror}.", path=directory) from exc


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as exc:
        raise WriteFailed(f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}.", path=path) from exc
