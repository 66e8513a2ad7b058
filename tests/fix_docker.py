"""A container engine for tests: the image built once per session, containers and projects removed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docker import Docker, Project, is_available

__all__ = ["ProjectFactory"]

_IMAGE = "revision-runner"
HOW_TO_GET_ONE = "start a Docker engine that may pull (or has) python:3.12-slim and postgres:15, with Compose v2"


@pytest.fixture(scope="session")
def engine() -> Docker:
    """A Docker engine that answers."""
    if not is_available():
        pytest.skip(f"no Docker engine: {HOW_TO_GET_ONE}")
    return Docker()


@pytest.fixture(scope="session")
def image(engine: Docker) -> str:
    """The name of the image, built from this work tree."""
    engine.run("build", "--quiet", "--tag", _IMAGE, ".").check()
    return _IMAGE


@pytest.fixture
def docker(engine: Docker) -> Iterator[Docker]:
    """The engine; the test's containers are removed after it."""
    mine = Docker()
    yield mine
    mine.remove_all()


ProjectFactory = Callable[[Path], Project]


@pytest.fixture
def project(image: str) -> Iterator[ProjectFactory]:
    """Make Compose projects with a directory for the job; they are removed after the test."""
    made: list[Project] = []

    def make(revisions: Path) -> Project:
        made.append(Project(revisions=revisions))
        return made[-1]

    yield make
    for one in made:
        one.remove()
