"""The Kubernetes objects among the recipes of config/."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.helm import validate
from tests.programs import ROOT

MANIFESTS = sorted((ROOT / "config").glob("argo-cd/*.yaml"))


@pytest.mark.parametrize("version", ["1.25", "1.37"])
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_an_object_fits_its_schema(helm: None, path: Path, version: str) -> None:
    """Strictly, for an old and a new Kubernetes."""
    validate(path.read_text("utf-8"), version).check()
    job = yaml.safe_load(path.read_text("utf-8"))
    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "PreSync"
    assert job["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
