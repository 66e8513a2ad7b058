"""What may be skipped: tests for other versions, with a reason that begins with "for ". In CI nothing else."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
import sqlalchemy
from packaging.specifiers import SpecifierSet

__all__: list[str] = []

_IN_CI = bool(os.environ.get("CI"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked sqlalchemy(">= 2.0.37") under versions that do not fit."""
    for marker in item.iter_markers("sqlalchemy"):
        if not SpecifierSet(marker.args[0]).contains(sqlalchemy.__version__):
            pytest.skip(f"for SQLAlchemy {marker.args[0]}; this is {sqlalchemy.__version__}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of an absent server or tool into a failure: CI is where everything must be there."""
    report = yield
    if _IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith("for "):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI: {reason}"
    return report
