"""Post-write hooks: programs and functions that are run on a new revision file. Floor 3.

A hook that fails, or that cannot be started, ends the command with HookFailed; whoever wrote the file removes it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.errors import ConfigError, HookFailed, RunnerError
from runner.events import emit

__all__ = ["REVISION_SCRIPT_TOKEN", "HookFunction", "console_scripts", "exec_", "module", "register", "run_hooks"]

REVISION_SCRIPT_TOKEN = "REVISION_SCRIPT_FILENAME"  # noqa: S105 -- no secret
"""What the path of the file stands for in `options`; where it is missing, the path is the first argument."""

HookFunction = Callable[..., Any]
"""Called with the path of the file and the hook's options."""

_TAIL_LINES = 12
_registry: dict[str, HookFunction] = {}


def register(name: str) -> Callable[[HookFunction], HookFunction]:
    """Make a function the hook type `name`, for `<hook>.type = name`; it may be registered in env.py."""

    def keep(function: HookFunction) -> HookFunction:
        _registry[name] = function
        return function

    return keep


def run_hooks(path: str | os.PathLike[str], hooks: Sequence[Mapping[str, Any]]) -> None:
    """Run the hooks on a file, in order.

    Args:
        path: the file.
        hooks: each with its options, and its name as `_hook_name`.

    Raises:
        HookFailed: one failed; those after it were not run.
        ConfigError: one has no type, an unknown one, or lacks an option its type needs.
    """
    for hook in hooks:
        _run_hook(os.fspath(path), dict(hook))


def _run_hook(path: str, options: dict[str, Any]) -> None:
    name = options["_hook_name"]
    kind = options.get("type")
    if not kind:
        raise ConfigError(
            f"Post-write hook {name} has no type. Set {name}.type (in pyproject.toml: type) to one of "
            f"{', '.join(sorted(_registry))}.",
            hook=name,
        )
    if kind not in _registry:
        raise ConfigError(
            f"Post-write hook {name} has the type {kind}, which nothing registered. There are "
            f"{', '.join(sorted(_registry))}; a type registered in env.py needs revision_environment = true.",
            hook=name,
        )
    try:
        _invoke(kind, path, options)
    except RunnerError:
        raise
    except Exception as exc:
        reason = " ".join(f"{type(exc).__name__}: {exc}".split())
        raise _failed(options, path, f"it raised {reason}") from exc


def _invoke(name: str, revision_path: str | os.PathLike[str], options: Mapping[str, Any]) -> Any:
    """Call the function registered as a hook type; hook types of others' making call it by this name."""
    return _registry[name](os.fspath(revision_path), dict(options))


@register("console_scripts")
def console_scripts(path: str, options: dict[str, Any], **_: Any) -> None:
    """Run the console script of an installed package in a new Python."""
    import importlib.metadata

    entrypoint = _required(options, "entrypoint")
    found = [one for one in importlib.metadata.entry_points(group="console_scripts") if one.name == entrypoint]
    if not found:
        raise _failed(options, path, f"no installed package has a console script {entrypoint}")
    script = next(iter(found))
    call = f"import {script.module}; {script.module}.{script.attr}()" if script.attr else f"import {script.module}"
    _run([sys.executable, "-c", call], path, options)


@register("exec")
def exec_(path: str, options: dict[str, Any], **_: Any) -> None:
    """Run a program found on PATH, or given by its path."""
    _run([_required(options, "executable")], path, options)


@register("module")
def module(path: str, options: dict[str, Any], **_: Any) -> None:
    """Run `python -m module` with this Python."""
    from importlib.util import find_spec

    name = _required(options, "module")
    if find_spec(name.partition(".")[0]) is None:
        raise _failed(options, path, f"there is no Python module {name}")
    _run([sys.executable, "-m", name], path, options)


def _required(options: Mapping[str, Any], key: str) -> str:
    value = options.get(key)
    if not value:
        name = options["_hook_name"]
        raise ConfigError(f"Post-write hook {name} of type {options['type']} needs {name}.{key}.", hook=name, key=key)
    return str(value)


def _arguments(options: Mapping[str, Any], path: str) -> list[str]:
    """Return the options split as a shell would, with the path in the place of its token, or first."""
    text = str(options.get("options") or "")
    try:
        words = shlex.split(text, posix=os.name == "posix")
    except ValueError as exc:
        name = options["_hook_name"]
        raise ConfigError(f"The options of post-write hook {name} cannot be split: {exc}.", hook=name) from exc
    if not any(REVISION_SCRIPT_TOKEN in word for word in words):
        return [path, *words]
    return [word.replace(REVISION_SCRIPT_TOKEN, path) for word in words]


def _run(command: list[str], path: str, options: Mapping[str, Any]) -> None:
    """Run a program to its end.

    Raises:
        HookFailed: it could not be started, or did not end with 0; its last lines are part of the message.
    """
    cwd = options.get("cwd") or None
    try:
        ended = subprocess.run(  # noqa: S603  # running what the configuration names is its purpose
            [*command, *_arguments(options, path)],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as exc:
        where = f" in {cwd}" if cwd else ""
        raise _failed(options, path, f"{command[0]} cannot be started{where}: {exc.strerror}") from exc
    output = ended.stdout.decode(errors="replace")
    if ended.returncode:
        raise _failed(options, path, _how_it_ended(ended.returncode), output=output)
    emit("hook.finished", hook=options["_hook_name"], path=path, output=output.strip().splitlines()[-_TAIL_LINES:])


def _how_it_ended(returncode: int) -> str:
    return f"it ended with exit status {returncode}" if returncode > 0 else f"signal {-returncode} ended it"


def _failed(options: Mapping[str, Any], path: str, reason: str, *, output: str = "") -> HookFailed:
    name = options["_hook_name"]
    tail = output.strip().splitlines()[-_TAIL_LINES:]
    said = "".join(f"\n        {line}" for line in tail)
    return HookFailed(
        f"Post-write hook {name} failed on {path}: {reason}. The file was removed; correct the hook, or remove it from "
        f"post_write_hooks.{said}",
        hook=name,
        path=path,
        reason=reason,
        output=tail,
    )
