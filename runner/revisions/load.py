"""Importing one file of a revision directory, by its path. Floor 3.

Modules are not put into `sys.modules`: two files of the same name are two modules, and running a file twice runs
it twice.
"""

from __future__ import annotations

import os
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from runner.errors import EnvironmentFailed, RevisionFileError

if TYPE_CHECKING:
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader

__all__ = ["compile_file", "load_revision_file", "mangled_name", "run_file"]


def mangled_name(path: str) -> str:
    """Return the module name of a file: its file name, with an underscore for whatever no name may hold."""
    return "".join(letter if letter.isalnum() else "_" for letter in os.path.basename(path))


def load_revision_file(path: str) -> ModuleType:
    """Import a revision file, source or compiled, and return the module.

    Raises:
        RevisionFileError: the file cannot be compiled, or running it raised; fields `path`, `line`, `reason`.
    """
    from importlib.util import module_from_spec, spec_from_file_location

    loader = _loader(os.path.abspath(path))
    spec = spec_from_file_location(loader.name, loader.path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as exc:
        raise _failure(path, exc) from exc
    return module


def _loader(path: str) -> SourceFileLoader | SourcelessFileLoader:
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader

    kind = SourcelessFileLoader if path.endswith(".pyc") else SourceFileLoader
    return kind(mangled_name(path), path)


def run_file(path: str) -> ModuleType:
    """Compile a file and execute it in a new module, whatever was compiled before.

    What the file itself raises is not touched.

    Raises:
        EnvironmentFailed: the file cannot be read or compiled; fields `path` and `line`.
    """
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(mangled_name(path), os.path.abspath(path))
    assert spec is not None
    module = module_from_spec(spec)
    code = compile_file(path)
    exec(code, module.__dict__)  # noqa: S102 -- that is what an environment file is for
    return module


def compile_file(path: str) -> CodeType:
    """Return the code of a Python file, without executing it.

    Raises:
        EnvironmentFailed: it cannot be read or compiled; fields `path` and `line`.
    """
    try:
        with open(path, "rb") as file:
            return compile(file.read(), os.path.abspath(path), "exec", dont_inherit=True)
    except OSError as exc:
        raise EnvironmentFailed(f"{path} cannot be read: {exc.strerror}.", path=path) from exc
    except (SyntaxError, ValueError) as exc:
        line = getattr(exc, "lineno", None)
        where = f"{path}, line {line}," if line else path
        raise EnvironmentFailed(f"{where} is not valid Python: {_reason(exc)}.", path=path, line=line) from exc


def _failure(path: str, exc: BaseException) -> RevisionFileError:
    origin = os.path.abspath(path)
    line = _line(origin, exc)
    where = f"{path}, line {line}," if line else path
    if isinstance(exc, SyntaxError) and exc.filename == origin:
        reason = f"is not valid Python: {_reason(exc)}"
    else:
        reason = f"cannot be imported: {type(exc).__name__}: {exc}"
    return RevisionFileError(f"Revision file {where} {reason}.", path=path, line=line, reason=reason)


def _line(path: str, exc: BaseException) -> int | None:
    """Return the line of the file at which the error happened, or None where the file has no part in it."""
    if isinstance(exc, SyntaxError) and exc.filename == path:
        return exc.lineno
    line = None
    trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _reason(exc: BaseException) -> str:
    return exc.msg if isinstance(exc, SyntaxError) else str(exc)
