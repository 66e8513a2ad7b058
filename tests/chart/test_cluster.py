"""The chart in a cluster: installed, upgraded, run again, rolled back, under each wiring.

RUNNER_TEST_KUBECONFIG names the kubeconfig of a cluster whose only node takes its images from the Docker engine of this
shell, and whose pods reach that engine's default network. Nothing newer than Kubernetes 1.20 is needed: what such a
cluster has no API for (podFailurePolicy, Indexed Jobs) is rendered by the other tests only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.directories import RevisionFile, chain, make_directory
from tests.docker import Docker, wait_until
from tests.helm import CHART, run_helm
from tests.name_server import NameServer
from tests.programs import Finished, finished_program

_KUBECONFIG = os.environ.get("RUNNER_TEST_KUBECONFIG", "")

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not _KUBECONFIG, reason="for a cluster that RUNNER_TEST_KUBECONFIG names"),
]

_TIMEOUT = "--timeout=240s"
_IMAGE = "runner-test-shop"
# As PID 1 a program gets no SIGTERM that it does not ask for.
_SERVER = (
    "import http.server, signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit());"
    "http.server.HTTPServer(('', 8000), http.server.SimpleHTTPRequestHandler).serve_forever()"
)


def kubectl(*args: str, stdin: str | None = None) -> Finished:
    """Run `kubectl ARGS`."""
    command = ["kubectl", f"--kubeconfig={_KUBECONFIG}", *args]
    ended = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300, check=False)
    return finished_program(command, ended.returncode, ended.stdout, ended.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A namespace of the test's own, and a release called shop in it."""

    namespace: str
    psql: tuple[str, ...]

    def helm(self, *args: str | Path) -> Finished:
        """Run helm in the namespace."""
        return run_helm(*args, "--namespace", self.namespace, "--kubeconfig", _KUBECONFIG, timeout=400)

    def deploy(self, tag: str, values: dict[str, Any], *more: str) -> Finished:
        """Install or upgrade the release with the image of that tag."""
        given = [f"--set-json={name}={json.dumps(value)}" for name, value in {**values, "image.tag": tag}.items()]
        return self.helm("upgrade", "--install", "shop", CHART, "--wait", _TIMEOUT, *given, *more)

    def get(self, kind: str, *more: str) -> list[dict[str, Any]]:
        """Return the objects of a kind."""
        shown = kubectl("--namespace", self.namespace, "get", kind, "--output=json", *more).check().stdout
        items: list[dict[str, Any]] = json.loads(shown)["items"]
        return items

    def events(self, container: str, name: str) -> list[dict[str, Any]]:
        """Return the log lines with that event name of all pods that have a container of that name."""
        found: list[dict[str, Any]] = []
        for pod in self.get("pods"):
            spec = pod["spec"]
            if container in {one["name"] for one in [*spec["containers"], *spec.get("initContainers", [])]}:
                said = kubectl(
                    "--namespace", self.namespace, "logs", pod["metadata"]["name"], f"--container={container}"
                )
                found += said.events(name)
        return found

    def rows(self) -> int:
        """Return how many rows the revisions have written: each writes one."""
        command = (*self.psql, "--command=select count(*) from benchmark")
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return int(ended.stdout) if ended.returncode == 0 else 0


@pytest.fixture(scope="session")
def shop(image: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Images of the runner with two, three and four revisions, and with one that fails."""
    insert = "op.execute('insert into benchmark values ({n})')"
    four = chain(4, upgrade=insert)
    first = "op.execute('create table benchmark (n int)')\n" + insert.replace("{n}", "1")
    four[0] = RevisionFile(revision="r0001", upgrade=first)
    broken = [*four[:3], RevisionFile(revision="r0004", down_revision="r0003", upgrade="op.execute('select nothing')")]
    for tag, revisions in {"1": four[:2], "2": four[:3], "3": four, "broken": broken}.items():
        root = tmp_path_factory.mktemp("image")
        make_directory(root / "app", revisions, env="none")
        (root / "Dockerfile").write_text(f"FROM {image}\nCOPY app/ ./\n")
        Docker().run("build", "--quiet", "--tag", f"{_IMAGE}:v{tag}", str(root)).check()
    return _IMAGE


@pytest.fixture
def cluster(shop: str, docker: Docker, helm: None) -> Iterator[Cluster]:
    """A namespace with a Secret that names an empty database outside of the cluster."""
    server = docker.start("postgres:15", options=("--env=POSTGRES_PASSWORD=sample",))
    address = docker.inspect(server)["NetworkSettings"]["IPAddress"]
    wait_until(lambda: docker.run("exec", server, "pg_isready", "-h", "127.0.0.1").returncode == 0)
    name = f"runner-test-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name).check()
    url = f"postgresql://postgres:sample@{address}/postgres"
    kubectl("--namespace", name, "create", "secret", "generic", "shop-database", f"--from-literal=url={url}").check()
    psql = ("docker", "exec", "--env=PGPASSWORD=sample", server, "psql", "-h", "127.0.0.1", "-U", "postgres", "-tA")
    yield Cluster(namespace=name, psql=psql)
    kubectl("delete", "namespace", name, "--wait=false").check()
    # A pod that still runs would keep its container; the namespace is gone once they are.
    wait_until(lambda: kubectl("get", "namespace", name).returncode != 0, seconds=180)


def _values(mode: str, **more: Any) -> dict[str, Any]:
    return {
        "mode": mode,
        "image.repository": _IMAGE,
        "database.existingSecret.name": "shop-database",
        "job.backoffLimit": 0,
        "application.enabled": True,
        "application.image": "python:3.12-slim",
        "application.command": ["python", "-c", _SERVER],
        "application.readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
        **more,
    }


def _conditions(job: dict[str, Any]) -> set[str]:
    return {one["type"] for one in job["status"].get("conditions", []) if one["status"] == "True"}


def _ready(cluster: Cluster) -> int:
    (deployment,) = cluster.get("deployments")
    ready: int = deployment["status"].get("readyReplicas", 0)
    return ready


def test_hook(cluster: Cluster) -> None:
    """The Job runs before anything changes; a second run applies nothing; a failure leaves the release as it was."""
    values = _values("hook")
    cluster.deploy("v1", values).check()
    assert (cluster.rows(), _ready(cluster)) == (2, 1)
    cluster.helm("test", "shop", _TIMEOUT).check()
    cluster.deploy("v2", values).check()
    assert cluster.rows() == 3
    cluster.deploy("v2", values).check()
    assert [line["applied"] for line in cluster.events("migrate", "run.finished")] == [0]
    before = cluster.get("deployments")[0]["spec"]
    failed = cluster.deploy("vbroken", values)
    assert failed.returncode != 0
    assert cluster.get("deployments")[0]["spec"] == before
    assert (cluster.rows(), _ready(cluster)) == (3, 1)
    (job,) = cluster.get("jobs")
    assert _conditions(job) == {"Failed"}
    (pod,) = cluster.get("pods", "--selector=job-name=shop-revision-runner")
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 51
    assert ended["message"].startswith("statement-failed (exit code 51)")


def test_job(cluster: Cluster) -> None:
    """The pods wait for the Job; each release has a Job of its own; an older image is content with a newer schema."""
    values = _values("job", **{"database.as": "file"})
    cluster.deploy("v1", values).check()
    assert (cluster.rows(), _ready(cluster)) == (2, 1)
    cluster.deploy("v2", values).check()
    assert [one["metadata"]["name"] for one in cluster.get("jobs")] == ["shop-revision-runner-2"]
    assert cluster.rows() == 3
    cluster.helm("rollback", "shop", "1", "--wait", _TIMEOUT).check()
    (job,) = cluster.get("jobs")
    assert job["metadata"]["name"] == "shop-revision-runner-1"
    wait_until(lambda: _conditions(cluster.get("jobs")[0]) == {"Complete"})
    assert cluster.events("migrate", "database.newer")
    assert (cluster.rows(), _ready(cluster)) == (3, 1)
    cluster.helm("test", "shop", _TIMEOUT).check()


def test_job_that_fails(cluster: Cluster) -> None:
    """The new pods stay where they are, the old ones serve, and Helm says that it was not ready in time."""
    values = _values("job", **{"settings.RUNNER_WAIT_SECONDS": 5})
    cluster.deploy("v2", values).check()
    failed = cluster.deploy("vbroken", values, "--timeout=30s")
    assert failed.returncode != 0
    assert (cluster.rows(), _ready(cluster)) == (3, 1)
    cluster.deploy("v3", values).check()
    assert (cluster.rows(), _ready(cluster)) == (4, 1)


def test_init_container(cluster: Cluster) -> None:
    """Of three pods that start at once one does the work; the others find nothing left."""
    values = _values("initContainer", **{"application.replicas": 3})
    cluster.deploy("v2", values).check()
    assert (cluster.rows(), _ready(cluster)) == (3, 3)
    applied = [line["applied"] for line in cluster.events("migrate", "run.finished")]
    assert sorted(applied) == [0, 0, 3]
    cluster.deploy("v3", values).check()
    assert cluster.rows() == 4
    cluster.helm("rollback", "shop", "1", "--wait", _TIMEOUT).check()
    assert (cluster.rows(), _ready(cluster)) == (4, 3)


def test_library(cluster: Cluster, tmp_path: Path) -> None:
    """A chart of one's own includes the containers."""
    shutil.copytree(CHART, tmp_path / "helm")
    parent = tmp_path / "examples" / "chart"
    shutil.copytree(CHART.parent / "examples" / "chart", parent)
    run_helm("dependency", "update", parent).check()
    deployment = parent / "templates" / "deployment.yaml"
    sleeping = 'image: {{ .Values.image }}\n          command: [sleep, "600"]'
    deployment.write_text(deployment.read_text().replace("image: {{ .Values.image }}", sleeping))
    given = [f"--set=revision-runner.image.repository={_IMAGE}", "--set=revision-runner.image.tag=v1"]
    cluster.helm("install", "shop", parent, "--wait", _TIMEOUT, "--set=image=python:3.12-slim", *given).check()
    assert (cluster.rows(), _ready(cluster)) == (2, 2)


def test_revisions_from_a_config_map_and_from_another_image(cluster: Cluster, tmp_path: Path) -> None:
    """Both work with the bare image; the files of a ConfigMap are links that the kubelet makes."""
    make_directory(tmp_path, chain(2, upgrade="op.execute('create table if not exists benchmark (n int)')"), env="none")
    files = f"--from-file={tmp_path / 'migrations' / 'versions'}"
    kubectl("--namespace", cluster.namespace, "create", "configmap", "revisions", files).check()
    bare = {"image.repository": "revision-runner", "application.enabled": False}
    source = {"revisions.from": "configMap", "revisions.configMap.name": "revisions"}
    cluster.deploy("latest", _values("hook", **bare, **source)).check()
    assert cluster.events("migrate", "run.finished")[-1]["to"] == ["r0002"]
    source = {"revisions.from": "applicationImage", "revisions.applicationImage.image": f"{_IMAGE}:v2"}
    cluster.deploy("latest", _values("hook", **bare, **source)).check()
    assert cluster.events("migrate", "run.finished")[-1]["to"] == ["r0003"]


def test_a_deleted_pod_is_interrupted(cluster: Cluster) -> None:
    """The pod of a hook that is deleted in mid-run ends with 143, and the next run does the work."""
    values = _values("job", **{"application.enabled": False, "job.backoffLimit": 3})
    holder = subprocess.Popen(
        [*cluster.psql, "--command=begin; create table benchmark (n int); select pg_sleep(25); rollback"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(1)
    cluster.deploy("v1", values).check()
    wait_until(lambda: bool(cluster.events("migrate", "step.started")))
    (pod,) = cluster.get("pods", "--selector=job-name=shop-revision-runner-1")
    kubectl("--namespace", cluster.namespace, "delete", "pod", pod["metadata"]["name"]).check()
    holder.wait(timeout=60)
    wait_until(lambda: _conditions(cluster.get("jobs")[0]) == {"Complete"}, seconds=180)
    assert cluster.rows() == 2


def test_a_first_install_with_its_own_database(cluster: Cluster, docker: Docker) -> None:
    """With --wait nothing waits for what comes later: database, Job and pods start together; the upgrade is a hook."""
    (bridge,) = json.loads(docker.run("network", "inspect", "bridge").check().stdout)[0]["IPAM"]["Config"]

    def find(name: str) -> str | None:
        shown = kubectl("--namespace", cluster.namespace, "get", "endpoints", name, "--output=json")
        subsets = json.loads(shown.stdout).get("subsets", []) if shown.returncode == 0 else []
        ready = [one["ip"] for subset in subsets for one in subset.get("addresses", [])]
        return ready[0] if ready else None

    values = _values("hook") | {
        "database.existingSecret.name": "",
        "database.bundled.enabled": True,
        "extraPodSpec.dnsPolicy": "None",
        "extraPodSpec.dnsConfig": {"nameservers": [bridge["Gateway"]]},
        "job.backoffLimit": 6,
    }
    with NameServer(bridge["Gateway"], find):
        cluster.deploy("v1", values).check()
        assert _ready(cluster) == 1
        assert [one["metadata"]["name"] for one in cluster.get("jobs")] == ["shop-revision-runner-1"]
        cluster.deploy("v2", values).check()
        (job,) = cluster.get("jobs", "--selector=app.kubernetes.io/component=migration")
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
        assert cluster.events("migrate", "run.finished")[-1]["to"] == ["r0003"]
        cluster.helm("test", "shop", _TIMEOUT).check()
