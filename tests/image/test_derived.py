"""An image of one's own in three lines, checked while it is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.directories import RevisionFile, chain, make_directory
from tests.docker import HARDENED, Docker

pytestmark = pytest.mark.docker

_DOCKERFILE = """\
FROM {image}
COPY migrations/ migrations/
RUN ["runner", "validate"]
"""


def _build(docker: Docker, image: str, root: Path, *, code: int = 0) -> str:
    (root / "Dockerfile").write_text(_DOCKERFILE.format(image=image), encoding="utf-8")
    built = docker.run("build", "--tag", "revision-runner-derived", str(root))
    assert (built.returncode == 0) == (code == 0), built
    return built.stdout + built.stderr


def test_the_build_checks_and_the_image_runs(docker: Docker, image: str, tmp_path: Path) -> None:
    """Three lines make an image that brings a database to the head of its own revisions, and nothing is mounted."""
    root = make_directory(tmp_path / "app", chain(3), env="none").root
    _build(docker, image, root)
    options = (*HARDENED, "--env=DATABASE_URL=sqlite:////tmp/app.sqlite")
    applied = docker.container("revision-runner-derived", options=options).check()
    assert applied.event("run.finished")["to"] == ["r0003"]


def test_a_second_head_fails_the_build(docker: Docker, image: str, tmp_path: Path) -> None:
    """What would fail at the deployment fails in the build, with the sentence."""
    directory = make_directory(tmp_path / "app", chain(3), env="none")
    directory.add(RevisionFile(revision="other", down_revision="r0002"))
    assert "There are 2 heads: other, r0003" in _build(docker, image, directory.root, code=24)


def test_many_targets_in_a_hardened_container(docker: Docker, image: str, tmp_path: Path) -> None:
    """Workers start, work and end where nothing may be written but /tmp."""
    root = make_directory(tmp_path / "app", chain(3), env="none").root
    (root / "list.txt").write_text("sqlite:////tmp/a.sqlite\nsqlite:////tmp/b.sqlite\n", encoding="utf-8")
    for path in (root, tmp_path):
        path.chmod(0o755)
    options = (*HARDENED, "--memory=256m", f"--volume={root}:/app:ro", "--env=RUNNER_TARGETS=list.txt")
    done = docker.container(image, options=(*options, "--env=RUNNER_MANIFEST=/tmp/m.json")).check()
    assert done.event("run.finished")["targets"] == {"applied": 2}
