"""The `helm` and `kubernetes-validate` commands for tests, and what they render."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.programs import ROOT, Finished, finished_program

__all__ = ["CHART", "HELM_IS_HERE", "Objects", "find", "pod_spec", "render", "run_helm", "validate"]

CHART = ROOT / "helm"
HELM_IS_HERE = shutil.which("helm") is not None and shutil.which("kubernetes-validate") is not None
_KEPT = ("DOCKER_CONFIG", "DOCKER_HOST", "HOME", "KUBECONFIG", "LANG", "PATH", "TMPDIR")

Objects = list[dict[str, Any]]


def run_helm(*args: str | Path, timeout: float = 300, cwd: Path = ROOT) -> Finished:
    """Run `helm ARGS`."""
    return _run(["helm", *map(str, args)], timeout=timeout, cwd=cwd)


def validate(text: str, version: str) -> Finished:
    """Hold rendered YAML against the schema of a Kubernetes version; properties it does not know are mistakes."""
    return _run(["kubernetes-validate", "-k", version, "--strict", "--quiet", "-"], stdin=text)


def render(
    values: Path | None = None,
    *,
    settings: Mapping[str, str] | None = None,
    kube: str = "1.33.0",
    chart: Path = CHART,
    more: Sequence[str] = (),
) -> Finished:
    """Run `helm template` for a release called shop.

    Args:
        values: a file of values.
        settings: more of them, as `--set` takes them.
    """
    options = [f"--set={name}={value}" for name, value in (settings or {}).items()]
    if values is not None:
        options.append(f"--values={values}")
    return run_helm("template", "shop", chart, "--kube-version", kube, *options, *more)


def find(rendered: Finished, kind: str, name_ends: str = "") -> dict[str, Any]:
    """Return the only object of a kind whose name ends so."""
    import yaml  # only here: this module is loaded with every test, also where nothing but the runner is installed

    found = [
        one
        for one in yaml.safe_load_all(rendered.check().stdout)
        if one and one["kind"] == kind and one["metadata"]["name"].endswith(name_ends)
    ]
    assert len(found) == 1, f"{len(found)} objects {kind} *{name_ends}, expected one, in:\n{rendered}"
    one: dict[str, Any] = found[0]
    return one


def pod_spec(document: dict[str, Any]) -> dict[str, Any]:
    """Return the spec of the pods that an object makes, or of the pod it is."""
    spec: dict[str, Any] = document["spec"]
    return spec if document["kind"] == "Pod" else spec["template"]["spec"]


def _run(command: Sequence[str], *, stdin: str | None = None, timeout: float = 300, cwd: Path = ROOT) -> Finished:
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={name: os.environ[name] for name in _KEPT if name in os.environ},
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return finished_program(command, ended.returncode, ended.stdout, ended.stderr)
