"""The chart as `helm template` renders it: every file of helm/ci/, against the oldest and the newest Kubernetes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fix_golden import Golden
from tests.helm import CHART, find, pod_spec, render, run_helm, validate

pytestmark = pytest.mark.usefixtures("helm")

CASES = sorted((CHART / "ci").glob("*-values.yaml"))
OLDEST, NEWEST = "1.25", "1.37"


def _name(path: Path) -> str:
    return path.name.removesuffix("-values.yaml")


def _objects(text: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(text) if one]


@pytest.mark.parametrize("values", CASES, ids=_name)
def test_each_case_passes_the_strict_lint(values: Path) -> None:
    """`helm lint --strict` has nothing to say about a supported shape."""
    run_helm("lint", "--strict", CHART, "--values", values).check()


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", CASES, ids=_name)
def test_each_case_is_valid(values: Path, version: str) -> None:
    """Every object is what the API of that version takes, with no property it does not know."""
    rendered = render(values, kube=f"{version}.0").check().stdout
    if _objects(rendered):
        validate(rendered, version).check()
    else:
        assert _name(values) == "library"


def test_the_validation_would_notice() -> None:
    """A misspelt property is an error of the validation, so the tests above mean something."""
    rendered = render(CHART / "ci" / "job-values.yaml").check().stdout
    assert validate(rendered.replace("backoffLimit:", "backofLimit:"), NEWEST).returncode != 0


@pytest.mark.parametrize("values", CASES, ids=_name)
def test_each_case_renders_as_before(values: Path, golden: Golden) -> None:
    """What is rendered is what was reviewed; the list of exit codes has a test of its own."""
    rendered = render(values).check().stdout
    golden(f"chart/{_name(values)}.yaml", re.sub(r"values: \[1, 2, [0-9, ]+\]", "values: [...]", rendered))


@pytest.mark.parametrize("values", CASES, ids=_name)
def test_each_pod_is_restricted(values: Path) -> None:
    """Every pod satisfies the level "restricted" of Kubernetes' pod security standards."""
    for one in _objects(render(values).check().stdout):
        if one["kind"] in {"Job", "Deployment", "StatefulSet", "Pod"}:
            _assert_restricted(pod_spec(one))


def _assert_restricted(spec: dict[str, Any]) -> None:
    whole = spec["securityContext"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    allowed = {"name", "configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected"}
    assert all(volume.keys() <= allowed for volume in spec.get("volumes", []))
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        own = whole | container["securityContext"]
        assert own["runAsNonRoot"] is True
        assert own.get("runAsUser") != 0
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert own["seccompProfile"] == {"type": "RuntimeDefault"}
        assert own["readOnlyRootFilesystem"] is True  # more than the level asks for
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("values", CASES, ids=_name)
def test_no_pod_gets_a_token(values: Path) -> None:
    """The runner talks to no API server, and variables of Services named runner do not reach it."""
    for one in _objects(render(values).check().stdout):
        if one["kind"] in {"Job", "Deployment", "StatefulSet", "Pod"}:
            assert pod_spec(one)["automountServiceAccountToken"] is False
            assert pod_spec(one)["enableServiceLinks"] is False


def test_every_file_of_ci_has_a_golden_file() -> None:
    """Nothing is left behind when a case is renamed."""
    kept = (CHART.parent / "tests" / "golden" / "chart").glob("*.yaml")
    assert sorted(_name(path) for path in CASES) == sorted(path.stem for path in kept)


def test_disabled_renders_nothing() -> None:
    """`enabled: false` is for a `condition:`; nothing is checked either."""
    assert _objects(render(settings={"enabled": "false"}).check().stdout) == []


def test_a_helm_test_asks_for_the_status() -> None:
    """`helm test` runs `runner status --check` with the Job's own wiring."""
    rendered = render(CHART / "ci" / "job-values.yaml")
    pod, job = find(rendered, "Pod"), find(rendered, "Job")
    mine, jobs = pod_spec(pod)["containers"][0], pod_spec(job)["containers"][0]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert mine["args"] == ["status", "--check"]
    assert [mine[key] for key in ("image", "env", "volumeMounts")] == [
        jobs[key] for key in ("image", "env", "volumeMounts")
    ]
