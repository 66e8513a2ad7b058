"""`alembic.util.messaging`: lines for a person at a terminal, on standard output."""

# ruff: noqa: FBT001, FBT002 -- the signatures are Alembic's

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from sqlalchemy.engine import make_url

from runner.config import Config

__all__ = [
    "err",
    "format_as_comma",
    "msg",
    "obfuscate_url_pw",
    "status",
    "warn",
    "warn_deprecated",
    "write_outstream",
]

_log = logging.getLogger("alembic.util.messaging")


def write_outstream(stream: TextIO, *text: str | bytes, quiet: bool = False) -> None:
    """Write the pieces to a stream; what its encoding does not have becomes a question mark."""
    if quiet:
        return
    encoding = getattr(stream, "encoding", None) or "ascii"
    for piece in text:
        plain = piece.decode(encoding, "replace") if isinstance(piece, bytes) else piece
        stream.write(plain.encode(encoding, "replace").decode(encoding))


def msg(msg: str, newline: bool = True, flush: bool = False, quiet: bool = False) -> None:
    """Write a line."""
    if quiet:
        return
    stream = Config().stdout
    stream.write(f"{msg}\n" if newline else msg)
    if flush:
        stream.flush()


@contextmanager
def status(status_msg: str, newline: bool = False, quiet: bool = False) -> Iterator[None]:
    """Say what the block does, and afterwards whether it did."""
    msg(f"{status_msg} ...", newline=newline, flush=True, quiet=quiet)
    try:
        yield
    except BaseException:
        msg("  FAILED", quiet=quiet)
        raise
    msg("  done", quiet=quiet)


def err(message: str, quiet: bool = False) -> NoReturn:
    """Report a failure and end the program with exit code 255."""
    _log.error(message)
    msg(f"FAILED: {message}", quiet=quiet)
    raise SystemExit(-1)


def warn(msg: str, stacklevel: int = 2) -> None:
    """Issue a warning that points at the caller."""
    warnings.warn(msg, UserWarning, stacklevel=stacklevel)


def warn_deprecated(msg: str, stacklevel: int = 2) -> None:
    """Issue a deprecation warning that points at the caller."""
    warnings.warn(msg, DeprecationWarning, stacklevel=stacklevel)


def obfuscate_url_pw(input_url: str) -> str:
    """Return the URL with its password masked."""
    return make_url(input_url).render_as_string(hide_password=True)


def format_as_comma(value: str | Iterable[str] | None) -> str:
    """Return the items separated by commas; nothing for None."""
    if value is None:
        return ""
    return value if isinstance(value, str) else ", ".join(value)
