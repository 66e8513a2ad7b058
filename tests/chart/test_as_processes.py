"""The pods of the Jobs fleet and artifact, run as processes: what the chart renders is what the runner understands.

A cluster gives each pod of an Indexed Job its JOB_COMPLETION_INDEX, its secrets and its mounts; here the test does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.directories import chain, make_directory
from tests.helm import CHART, find, pod_spec, render
from tests.postgres import libpq_url
from tests.preloaded import run_runner
from tests.programs import Finished

pytestmark = pytest.mark.usefixtures("helm")

_TENANTS = [f"tenant_{number:02}" for number in range(12)]
_CREATE = "op.create_table('t{n}', sa.Column('id', sa.Integer, primary_key=True))"


def _container(values: str, settings: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the spec of the Job and its container that runs the runner."""
    job = find(render(CHART / "ci" / f"{values}-values.yaml", settings=settings), "Job")
    spec = pod_spec(job)
    (container,) = [one for one in spec["containers"] + spec.get("initContainers", []) if one["name"] == "migrate"]
    assert "command" not in container  # the entry point of the image is the runner
    return job["spec"], container


def _environment(container: dict[str, Any], given: dict[str, str], mounts: dict[str, Path]) -> dict[str, str]:
    """Return what the container would find: values as they are, what comes from elsewhere as given."""
    environment = {}
    for row in container["env"]:
        value = row.get("value")
        environment[row["name"]] = given[row["name"]] if value is None else _moved(value, mounts)
    return environment


def _moved(text: str, mounts: dict[str, Path]) -> str:
    for mount, path in mounts.items():
        text = text.replace(mount, str(path))
    return text


def _make_tenants(url: str) -> None:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        connection.execute("CREATE TABLE tenants (schema_name text)")
        for name in _TENANTS:
            connection.execute(f"CREATE SCHEMA {name}".encode())
            connection.execute("INSERT INTO tenants VALUES (%s)", [name])


def _at_head(url: str) -> list[str]:
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        rows = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 't2' ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def _share(finished: Finished) -> list[str]:
    return [one["target"] for one in finished.events("target.started")]


def test_the_pods_of_a_fleet_share_out_what_a_query_finds(pg_url: str, tmp_path: Path) -> None:
    """Each index has its share: nothing is done twice or left; a pod that is started again finds nothing."""
    _make_tenants(pg_url)
    root = make_directory(tmp_path, chain(2, upgrade=_CREATE), env="none").root
    spec, container = _container("fleet-query")
    given = {"RUNNER_POD": "shop-0", "DATABASE_URL": pg_url}
    environment = _environment(container, given, {"/dev/termination-log": tmp_path / "reason"})
    shares = []
    for index in range(spec["completions"]):
        pod = environment | {"JOB_COMPLETION_INDEX": str(index)}
        finished = run_runner(*container["args"], env=pod, cwd=root).check()
        assert finished.event("fleet.planned")["shard_index"] == index
        shares.append(_share(finished))
    assert sorted(name for share in shares for name in share) == _TENANTS
    assert len([share for share in shares if share]) > 1
    assert _at_head(pg_url) == _TENANTS
    again = run_runner(*container["args"], env=environment | {"JOB_COMPLETION_INDEX": "0"}, cwd=root).check()
    assert {one["outcome"] for one in again.events("target.finished")} <= {"current"}


def test_the_pods_of_a_fleet_with_a_list_leave_a_manifest_each(tmp_path: Path) -> None:
    """A mounted list and a volume: the manifests together name each database once."""
    root = make_directory(tmp_path / "app", chain(1, upgrade=_CREATE), env="none").root
    mounts = {"/run/secrets/runner-targets": tmp_path / "targets", "/manifest": tmp_path / "manifest"}
    for path in mounts.values():
        path.mkdir()
    names = [f"db{number}" for number in range(6)]
    tables = [f'[[targets]]\nname = "{name}"\nurl = "sqlite:///{tmp_path / name}.db"\n' for name in names]
    (tmp_path / "targets" / "targets.toml").write_text("".join(tables), encoding="utf-8")
    spec, container = _container("fleet", {"fleet.shards": "3", "fleet.parallelism": "1"})
    reason = {"/dev/termination-log": tmp_path / "reason"}
    environment = _environment(container, {"RUNNER_POD": "shop-0"}, mounts | reason)
    for index in range(spec["completions"]):
        pod = environment | {"JOB_COMPLETION_INDEX": str(index)}
        run_runner(*container["args"], env=pod, cwd=root).check()
    manifests = [json.loads(path.read_text("utf-8")) for path in (tmp_path / "manifest").iterdir()]
    done = [(one["name"], one["outcome"]) for manifest in manifests for one in manifest["targets"]]
    assert sorted(done) == [(name, "applied") for name in names]
    assert sorted(path.name for path in tmp_path.glob("*.db")) == [f"{name}.db" for name in names]


def test_the_pod_of_an_artifact_leaves_what_can_be_applied(pg_url: str, tmp_path: Path) -> None:
    """The rendered command writes a bundle, twice in the same place, and touches nothing; applied, it is an upgrade."""
    root = make_directory(tmp_path / "app", chain(2, upgrade=_CREATE), env="none").root
    (tmp_path / "volume").mkdir()
    mounts = {"/artifact": tmp_path / "volume"}
    _, container = _container("artifact", {"artifact.to": "r0002"})
    reason = {"/dev/termination-log": tmp_path / "reason"}
    environment = _environment(container, {"RUNNER_POD": "shop-0", "DATABASE_URL": pg_url}, reason)
    words = [_moved(word, mounts) for word in container["args"]]
    for _ in range(2):
        run_runner(*words, env=environment, cwd=root).check()
    (bundle,) = (tmp_path / "volume").iterdir()
    assert bundle.name == "shop-revision-runner-1-4-2"
    assert _at_head(pg_url) == []
    run_runner("artifact", "apply", bundle, env=environment, cwd=root).check()
    assert _at_head(pg_url) == ["public"]
