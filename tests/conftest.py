"""What every test starts from: the fixture plugins, a scrubbed environment, the Hypothesis profiles."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

pytest_plugins = [
    "tests.fix_ci",
    "tests.fix_docker",
    "tests.fix_faults",
    "tests.fix_golden",
    "tests.fix_helm",
    "tests.fix_mariadb",
    "tests.fix_pgbouncer",
    "tests.fix_postgres",
    "tests.fix_runner",
    "tests.fix_statements",
]

# `dev` is quick and finds new examples each time; `ci` looks longer and is the same for everybody.
settings.register_profile("dev", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", settings.get_profile("dev"), max_examples=200, derandomize=True, database=None, print_blob=True
)
settings.register_profile("ci-brief", settings.get_profile("ci"), max_examples=50)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=4000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

if os.environ.get("CI"):
    # Hypothesis draws constants that it finds in the modules imported so far, also where `derandomize` is set. Which
    # those are depends on the tests that ran before in the same process, and so would the examples.
    providers._get_local_constants = Constants

_SCRUBBED_PREFIXES = ("ALEMBIC_", "DATABASE_URL", "MIGRATION_DATABASE_URL", "PG", "RUNNER_")


@pytest.fixture(autouse=True)
def _scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own settings from the code under test."""
    for name in list(os.environ):
        if name.startswith(_SCRUBBED_PREFIXES):
            monkeypatch.delenv(name)
