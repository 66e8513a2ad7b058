"""The review pages as files: a change of them is seen in a diff. Colours are those of the Pygments we develop with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from runner.artifact.review import review
from tests.artifact_samples import downgrade_of, manifest, small
from tests.fix_golden import Golden

_DEMO = Path(__file__).parents[2] / "examples" / "demo"


def test_the_page_of_everything(golden: Golden) -> None:
    """A path with a branch, every kind of hazard, an obstacle and a way back, as HTML and as Markdown."""
    upgrade = small()
    pages = review(upgrade, downgrade_of(upgrade), manifest(upgrade))

    for name, page in pages.items():
        golden(f"artifact_review/everything/{name}", page)


def test_the_page_of_a_directory(golden: Golden, tmp_path: Path) -> None:
    """The pages that `runner artifact` writes for the directory of the demo."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("RUNNER_", "DATABASE_URL"))
    }
    options = ["--from", "base", "--to", "head", "--dialect", "postgresql", "--output", str(tmp_path / "bundle")]
    program = [sys.executable, "-m", "runner", "artifact", *options]
    subprocess.run(program, cwd=_DEMO, env=environment, check=True, capture_output=True)

    for name in ("review.html", "review.md"):
        page = (tmp_path / "bundle" / name).read_text(encoding="utf-8")
        page = re.sub(r"revision-runner \d[\w.+]*", "revision-runner VERSION", page)
        golden(f"artifact_review/demo/{name}", re.sub(r"Bundle [0-9a-f]{64}", "Bundle ID", page))
