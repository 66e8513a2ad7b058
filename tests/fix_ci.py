"""In CI a skip is a failure, unless the test is for another version: such reasons begin with "for "."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

__all__: list[str] = []

_IN_CI = bool(os.environ.get("CI"))


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
