"""Helm for tests: asked for by those that render the chart."""

from __future__ import annotations

import pytest

from tests.helm import HELM_IS_HERE

__all__: list[str] = []


@pytest.fixture(scope="session")
def helm() -> None:
    """`helm` and `kubernetes-validate` are there."""
    if not HELM_IS_HERE:
        pytest.skip("no helm: install Helm 3, and kubernetes-validate 1.37 from PyPI beside it")
