"""What each mode makes of a release: names, hooks, containers, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner import errors
from tests.helm import CHART, find, pod_spec, render, run_helm
from tests.programs import Finished
from tools.generate import error_classes, final_exit_codes

pytestmark = pytest.mark.usefixtures("helm")

_SECRET = {"database.existingSecret.name": "shop-database"}
_BUNDLED = {"database.bundled.enabled": "true", "database.bundled.password": "sample"}
_APPLICATION = {"application.enabled": "true", "application.image": "shop:1"}


def _case(name: str, **options: Any) -> Finished:
    return render(CHART / "ci" / f"{name}-values.yaml", **options)


def _env(container: dict[str, Any]) -> dict[str, Any]:
    return {row["name"]: row.get("value", row.get("valueFrom")) for row in container["env"]}


# -- hook --------------------------------------------------------------------------------------------------


def test_a_hook_runs_before_the_release_changes() -> None:
    """The Job runs before install and upgrade, has a fixed name, and the last one is kept until the next."""
    job = find(_case("hook"), "Job")
    assert job["metadata"]["name"] == "shop-revision-runner"
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-delete-policy": "before-hook-creation",
        "helm.sh/hook-weight": "0",
    }


def test_a_bundled_database_makes_the_first_job_an_ordinary_one() -> None:
    """At the first install no hook could reach the database; upgrades run the hook."""
    first, later = _case("hook-bundled"), _case("hook-bundled", more=["--is-upgrade"])
    assert find(first, "Job")["metadata"]["name"] == "shop-revision-runner-1"
    assert "annotations" not in find(first, "Job")["metadata"]
    assert find(later, "Job")["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    assert "helm.sh/hook" not in str(find(first, "StatefulSet")["metadata"])


def test_what_a_hook_needs_is_there_before_it() -> None:
    """Account and network policy are hooks of a smaller weight."""
    rendered = _case("everything")
    weights = {kind: find(rendered, kind)["metadata"]["annotations"]["helm.sh/hook-weight"] for kind in _BEFORE}
    assert weights == {"ServiceAccount": "-4", "NetworkPolicy": "-4"}
    assert find(rendered, "Job")["metadata"]["annotations"]["helm.sh/hook-weight"] == "-3"


_BEFORE = ("ServiceAccount", "NetworkPolicy")


def test_with_a_bundled_database_the_account_stays_ordinary() -> None:
    """An account that were a hook in the upgrade only would be deleted with the release's old objects."""
    settings = _BUNDLED | {"serviceAccount.create": "true"}
    for more in ([], ["--is-upgrade"]):
        account = find(render(settings=settings, more=more), "ServiceAccount")
        assert "annotations" not in account["metadata"]


# -- job, and the pods that wait -----------------------------------------------------------------------------


def test_a_job_has_a_name_of_its_own_in_each_release() -> None:
    """Jobs cannot be changed, so the name carries the release's revision, or what the values say."""
    assert find(_case("job"), "Job")["metadata"]["name"] == "shop-revision-runner-1"
    named = _case("job", settings={"job.suffix": "V1.4.2"})
    assert find(named, "Job")["metadata"]["name"] == "shop-revision-runner-v1-4-2"


def test_names_stay_within_what_a_label_takes() -> None:
    """A pod carries its Job's name as a label of at most 63 characters."""
    job = find(_case("job", settings={"fullnameOverride": "x" * 80, "job.suffix": "y" * 80}), "Job")
    assert len(job["metadata"]["name"]) == 63


@pytest.mark.parametrize("mode", ["hook", "job"])
def test_the_pods_of_the_application_wait_for_the_schema(mode: str) -> None:
    """They run `runner wait` with the Job's image and database before they start."""
    rendered = _case(mode)
    (waiting,) = pod_spec(find(rendered, "Deployment"))["initContainers"]
    job = pod_spec(find(rendered, "Job"))["containers"][0]
    assert waiting["args"] == ["wait", "--for", "schema"]
    assert (waiting["image"], waiting["env"]) == (job["image"], job["env"])


def test_an_upgrade_alone_does_not_restart_the_application() -> None:
    """Nothing in the pods of the application depends on the release's revision."""
    first, later = _case("job"), _case("job", more=["--is-upgrade"])
    assert find(first, "Deployment") == find(later, "Deployment")


# -- init container, own and included ------------------------------------------------------------------------


def test_each_pod_migrates_in_mode_init_container() -> None:
    """The revisions are copied out of the application's image, then `upgrade` runs; there is no Job."""
    rendered = _case("init-container")
    copy, migrate = pod_spec(find(rendered, "Deployment"))["initContainers"]
    assert copy["image"] == "shop:1.4.2"
    assert copy["command"] == ["cp", "-R", "/srv/shop/.", "/revisions/"]
    assert migrate["args"] == ["upgrade"]
    assert {"name": "runner-revisions", "mountPath": "/app", "readOnly": True} in migrate["volumeMounts"]
    assert "kind: Job" not in rendered.stdout


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory, helm: None) -> Path:
    """examples/chart/ beside a copy of the chart, with its dependency built."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(CHART, root / "helm")
    shutil.copytree(CHART.parent / "examples" / "chart", root / "examples" / "chart")
    run_helm("dependency", "update", root / "examples" / "chart").check()
    return root / "examples" / "chart"


def test_another_chart_includes_the_containers(parent: Path) -> None:
    """`include "revision-runner.initContainer" .` works with the dot of the other chart; nothing else is rendered."""
    rendered = render(chart=parent)
    spec = pod_spec(find(rendered, "Deployment"))
    assert [one["name"] for one in spec["initContainers"]] == ["migrate"]
    assert spec["initContainers"][0]["image"] == "shop:1.4.2"
    assert [one["name"] for one in spec["volumes"]] == ["runner-tmp"]
    assert rendered.stdout.count("kind:") == 1


def test_another_chart_includes_under_an_alias(parent: Path, tmp_path: Path) -> None:
    """With `(index .Subcharts "ALIAS")` in place of the dot; the dot is refused with that advice."""
    aliased = tmp_path / "examples" / "chart"
    shutil.copytree(parent.parent.parent, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(aliased / "charts")
    (aliased / "Chart.lock").unlink(missing_ok=True)
    chart = aliased / "Chart.yaml"
    chart.write_text(chart.read_text() + "    alias: schema\n")
    values = aliased / "values.yaml"
    values.write_text(values.read_text().replace("revision-runner:\n", "schema:\n"))
    run_helm("dependency", "update", aliased).check()
    refused = render(chart=aliased)
    assert refused.returncode != 0
    assert 'pass (index .Subcharts "ALIAS")' in " ".join(refused.stderr.split()).replace('\\"', '"')
    template = aliased / "templates" / "deployment.yaml"
    template.write_text(template.read_text().replace('" . |', '" (index .Subcharts "schema") |'))
    spec = pod_spec(find(render(chart=aliased), "Deployment"))
    assert spec["initContainers"][0]["image"] == "shop:1.4.2"


# -- artifact and fleet --------------------------------------------------------------------------------------


def test_an_artifact_is_written_and_then_carried_away() -> None:
    """The runner is an init container, so that what publishes starts only after a success."""
    spec = pod_spec(find(_case("artifact-publish"), "Job"))
    (write,) = spec["initContainers"]
    directory = "/artifact/shop-revision-runner-1"  # below the mount, so that it can be replaced as a whole
    assert write["args"] == ["artifact", "--from=1975ea83b712", "--to=heads", f"--output={directory}", "--replace"]
    assert _env(spec["containers"][0])["ARTIFACT_DIRECTORY"] == directory
    assert "DATABASE_URL" not in _env(write)
    assert spec["containers"][0]["name"] == "publish"
    claimed = pod_spec(find(_case("artifact"), "Job"))
    assert {"name": "runner-artifact", "persistentVolumeClaim": {"claimName": "releases"}} in claimed["volumes"]


def test_a_fleet_is_shared_out_over_indexed_pods() -> None:
    """Each pod knows how many there are; its own number comes from Kubernetes."""
    job = find(_case("fleet"), "Job")
    env = _env(pod_spec(job)["containers"][0])
    assert job["spec"]["completionMode"] == "Indexed"
    assert (job["spec"]["completions"], job["spec"]["parallelism"]) == (20, 5)
    assert env["RUNNER_TARGETS"] == "/run/secrets/runner-targets/targets.toml"
    assert env["RUNNER_SHARD_COUNT"] == "20"
    assert env["RUNNER_MANIFEST"] == "/manifest/shard-{shard}.json"
    assert "DATABASE_URL" not in env


def test_a_pod_of_a_fleet_fails_alone() -> None:
    """From Kubernetes 1.29 on a share that fails for good leaves the others at work."""
    new, old = find(_case("fleet", kube="1.29.0"), "Job"), find(_case("fleet", kube="1.28.0"), "Job")
    assert new["spec"]["backoffLimitPerIndex"] == 2
    assert new["spec"]["podFailurePolicy"]["rules"][1]["action"] == "FailIndex"
    assert "backoffLimitPerIndex" not in old["spec"]
    assert old["spec"]["podFailurePolicy"]["rules"][1]["action"] == "FailJob"


# -- exit codes ----------------------------------------------------------------------------------------------


def test_the_pod_failure_policy_is_the_table_of_exit_codes() -> None:
    """Codes after which a retry may help count; every other ends the Job at once."""
    ignore, fail = find(_case("job"), "Job")["spec"]["podFailurePolicy"]["rules"]
    codes = fail["onExitCodes"]["values"]
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert fail["action"] == "FailJob"
    assert fail["onExitCodes"]["containerName"] == "migrate"
    assert codes == final_exit_codes(error_classes())
    assert set(codes).isdisjoint(one.exit_code for one in error_classes() if one.retryable)
    assert {1, 2, errors.StatementFailed.exit_code} <= set(codes)


@pytest.mark.parametrize(
    ("kube", "settings"),
    [("1.25.0", {}), ("1.33.0", {"job.restartPolicy": "OnFailure"}), ("1.33.0", {"job.podFailurePolicy": "false"})],
)
def test_no_policy_where_it_cannot_be(kube: str, settings: dict[str, str]) -> None:
    """Older clusters and Jobs that restart their container have none, and keep the limit."""
    spec = find(_case("job", kube=kube, settings=settings), "Job")["spec"]
    assert "podFailurePolicy" not in spec
    assert spec["backoffLimit"] == 6


# -- database, revisions, settings ---------------------------------------------------------------------------


def test_a_secret_reaches_the_process_as_variable_or_file() -> None:
    """As a variable by reference, as a file by a read-only mount; its value is in no manifest."""
    by_variable = pod_spec(find(_case("hook"), "Job"))["containers"][0]
    assert _env(by_variable)["DATABASE_URL"] == {"secretKeyRef": {"name": "shop-database", "key": "url"}}
    spec = pod_spec(find(_case("job"), "Job"))
    assert _env(spec["containers"][0])["DATABASE_URL_FILE"] == "/run/secrets/runner/url"
    assert {"name": "runner-database", "mountPath": "/run/secrets/runner", "readOnly": True} in spec["containers"][0][
        "volumeMounts"
    ]


def test_settings_are_texts_without_exponents() -> None:
    """Helm reads numbers as floats; a variable gets them as they were written, and null leaves one out."""
    env = _env(pod_spec(find(_case("everything"), "Job"))["containers"][0])
    assert env["RUNNER_LOCK_KEY"] == "1234567890"
    assert env["RUNNER_LOCK_WAIT_SECONDS"] == "0.5"
    assert "RUNNER_CONNECT_WAIT_SECONDS" not in env


def test_a_digest_wins_over_the_tag_and_is_recorded() -> None:
    """The history then says exactly what ran."""
    container = pod_spec(find(_case("everything", settings={"image.tag": "v9"}), "Job"))["containers"][0]
    assert container["image"].startswith("registry.example/shop-migrations@sha256:0123")
    assert _env(container)["RUNNER_IMAGE_DIGEST"].startswith("sha256:0123")


# -- refusals ------------------------------------------------------------------------------------------------

_REFUSED = {
    "no database": ({}, "Set database.existingSecret.name to a Secret"),
    "two databases": (_SECRET | _BUNDLED, "exclude each other. Keep one."),
    "a password among the values": (
        {"database.url": "postgresql://app:secret@db/app"},
        "database.url holds a password",
    ),
    "an unknown mode": (_SECRET | {"mode": "hok"}, "one of the following"),
    "an init container of nothing": (_SECRET | {"mode": "initContainer"}, "set application.enabled"),
    "an application without an image": (
        _SECRET | {"mode": "job", "application.enabled": "true"},
        "application.image is empty",
    ),
    "a policy for the application": (
        _SECRET | _APPLICATION | {"mode": "initContainer", "networkPolicy.enabled": "true"},
        "would cut off the application",
    ),
    "a hook before its database": (
        _BUNDLED | {"hook.events": "{pre-install,pre-upgrade}"},
        "the first install then makes an ordinary Job",
    ),
    "a hook that waits for those who wait for it": (
        _SECRET | _APPLICATION | {"hook.events": "{post-install}"},
        "neither would ever begin",
    ),
    "a ConfigMap without a name": (_SECRET | {"revisions.from": "configMap"}, "revisions.configMap.name is empty"),
    "an application image without a name": (
        _SECRET | {"revisions.from": "applicationImage"},
        "revisions.applicationImage.image is empty",
    ),
    "an artifact for nobody": (_SECRET | {"mode": "artifact"}, "Set artifact.claim"),
    "an artifact of a database that is thrown away": (
        _BUNDLED | {"mode": "artifact", "artifact.claim": "releases"},
        "do not go together",
    ),
    "a fleet without targets": ({"mode": "fleet"}, "mode fleet has no targets"),
    "a fleet with two lists": (
        {"mode": "fleet", "fleet.targets": "x", "fleet.targetsFrom.secret": "y"},
        "exclude each other. Keep one.",
    ),
    "a query for nobody": ({"mode": "fleet", "fleet.targets": "SELECT 1"}, "no database is named that could answer it"),
    "a fleet of thrown away databases": (_BUNDLED | {"mode": "fleet", "fleet.targets": "x"}, "do not go together"),
}


@pytest.mark.parametrize(("settings", "sentence"), _REFUSED.values(), ids=_REFUSED.keys())
def test_what_cannot_work_is_refused_with_a_sentence(settings: dict[str, str], sentence: str) -> None:
    """Helm fails before it touches the cluster, and the sentence names the value and the remedy."""
    refused = render(settings=settings)
    assert refused.returncode != 0
    assert sentence in " ".join(refused.stderr.split()), refused


def test_a_fleet_is_refused_where_there_are_no_indexed_jobs() -> None:
    """They are there since Kubernetes 1.24."""
    refused = _case("fleet", kube="1.23.0")
    assert "Indexed Jobs, which Kubernetes has since 1.24" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    "misspelt",
    [
        "jobs.backoffLimit",
        "job.backofLimit",
        "settings.RUNNER_LOCK_WAIT",
        "database.bundled.enable",
        "settings.DATABASE_URL",
    ],
)
def test_a_misspelt_value_is_refused(misspelt: str) -> None:
    """The schema knows every value, and every setting by its variable."""
    refused = render(settings=_SECRET | {misspelt: "1"})
    assert refused.returncode != 0
    assert f"Additional property {misspelt.rpartition('.')[2]}" in refused.stderr or misspelt.startswith("jobs")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settings.RUNNER_NEWER_DATABASE", "maybe"),
        ("image.digest", "latest"),
        ("job.backoffLimit", "-1"),
        ("hook.events", "{before}"),
        ("database.as", "argument"),
    ],
)
def test_a_value_that_means_nothing_is_refused(name: str, value: str) -> None:
    """The schema also knows what a value looks like."""
    refused = render(settings=_SECRET | {name: value})
    assert refused.returncode != 0
    assert name in refused.stderr


def test_a_parent_may_hand_down_globals() -> None:
    """`global` is Helm's own, and no misspelt value."""
    render(settings=_SECRET | {"global.team": "shop"}).check()


def test_defaults_are_what_the_readme_says() -> None:
    """The table has a row for each value that can be set."""
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    missing = [name for name in defaults if f"| `{name}" not in readme]
    assert missing == []
