"""Which exception a program written for Alembic gets."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from runner.alembic_compat._failures import original_of, raising_originals
from runner.errors import (
    ConfigError,
    ConnectionFailed,
    DriverMissing,
    EnvironmentFailed,
    MissingDatabaseUrl,
    NotCommitted,
    RevisionFailed,
    RevisionFileError,
    RunnerError,
    StatementFailed,
)

SERVER_SAYS_NO = OperationalError("SELECT 1", {}, Exception("no"))


def _caused(error: RunnerError, cause: BaseException | None) -> RunnerError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (RevisionFailed("x"), KeyError("k")),
        (StatementFailed("x"), SERVER_SAYS_NO),
        (EnvironmentFailed("x"), ValueError("v")),
        (RevisionFileError("x"), SyntaxError("s")),
        (ConnectionFailed("x"), SERVER_SAYS_NO),
        (DriverMissing("x"), ImportError("i")),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_alembic_lets_through(error: RunnerError, cause: Exception) -> None:
    """Failures of the user's code, of the server and of the driver are the exceptions they were."""
    assert original_of(_caused(error, cause)) is cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (RevisionFailed("upgrade() is missing"), None),
        (EnvironmentFailed("env.py was refused"), ConfigError("by us")),
        (ConnectionFailed("found by the probe"), RuntimeError("of the driver")),
        (MissingDatabaseUrl("x"), KeyError("url")),
        (NotCommitted("x"), None),
        (ConfigError("x"), OSError("o")),
    ],
    ids=["no cause", "our own cause", "the driver's error", "no URL", "not committed", "configuration"],
)
def test_what_alembic_reports_itself(error: RunnerError, cause: Exception | None) -> None:
    """What the tool refuses stays a CommandError."""
    assert original_of(_caused(error, cause)) is None


def test_the_report_travels_as_a_note() -> None:
    """The original is raised as it was, its own cause included, with the runner's sentence as a note."""
    root = OSError("root")

    @raising_originals
    def fail(number: int) -> int:
        """Fail."""
        original = ValueError(number)
        original.__cause__ = root
        raise RevisionFailed("Revision ae10 failed.") from original

    with pytest.raises(ValueError, match="7") as caught:
        fail(7)
    assert caught.value.__notes__ == ["Revision ae10 failed. (revision-failed)"]
    assert caught.value.__cause__ is root
    assert caught.value.__context__ is None
    assert (fail.__name__, fail.__doc__) == ("fail", "Fail.")


def test_refusals_are_raised_unchanged() -> None:
    """An error without a foreign cause is not touched."""
    refusal = ConfigError("no")

    @raising_originals
    def refuse() -> None:
        raise refusal

    with pytest.raises(ConfigError) as caught:
        refuse()
    assert caught.value is refusal
    assert not hasattr(refusal, "__notes__")
