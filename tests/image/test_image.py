"""The image as a cluster runs it: hardened, small limits, signals to PID 1, nothing secret inside."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.directories import RevisionFile, chain, make_directory
from tests.docker import HARDENED, Docker, wait_until

pytestmark = pytest.mark.docker

_SQLITE = "sqlite:////data/app.sqlite"
_PASSWORD = "canary-9d1f"


@pytest.fixture
def revisions(tmp_path: Path) -> Path:
    """A directory of three revisions that a container may read."""
    root = make_directory(tmp_path / "app", chain(3), env="none").root
    root.chmod(0o755)
    tmp_path.chmod(0o755)
    return root


def _mounted(root: Path) -> tuple[str, ...]:
    return (f"--volume={root}:/app:ro",)


def test_the_default_command_upgrades_a_hardened_container(docker: Docker, image: str, revisions: Path) -> None:
    """Read-only, without capabilities or a user of the image's own, 64 MiB and a tenth of a core are enough."""
    limits = ("--memory=64m", "--memory-swap=64m", "--cpus=0.1", "--network=none")
    options = (*HARDENED, *limits, *_mounted(revisions), "--env=DATABASE_URL=sqlite:////tmp/app.sqlite")
    applied = docker.container(image, options=options).check()
    assert applied.event("run.finished")["applied"] == 3


def test_it_is_not_root_and_writes_no_bytecode_at_run_time(docker: Docker, image: str) -> None:
    """The configured user is a fixed number, the entry point is in exec form and SIGTERM stops it."""
    config = docker.inspect(image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/opt/runner/bin/runner"]
    assert config["Cmd"] == ["upgrade"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["Labels"]["org.opencontainers.image.title"] == "revision-runner"


def test_what_a_run_imports_is_compiled(docker: Docker, image: str, revisions: Path) -> None:
    """No module that a run imports lacks bytecode: a tenth of a core has no time for compiling."""
    code = (
        "import sys; from runner.cli import main; assert main(['upgrade', '--log-level=error']) == 0\n"
        "import os, importlib.util as u\n"
        "files = {m.__spec__.origin for m in list(sys.modules.values()) if getattr(m, '__spec__', None)}\n"
        "files = [f for f in files if f and f.endswith('.py') and not f.startswith('/app')]\n"
        "missing = sorted(f for f in files if not os.path.exists(u.cache_from_source(f)))\n"
        "assert len(files) > 50 and not missing, missing"
    )
    options = (*HARDENED, *_mounted(revisions), "--entrypoint=/opt/runner/bin/python")
    options += ("--env=DATABASE_URL=sqlite:////tmp/app.sqlite",)
    docker.container(image, "-c", code, options=options).check()


def test_the_list_of_components_is_in_the_image(docker: Docker, image: str) -> None:
    """The SBOM is CycloneDX and names what is installed, with versions."""
    code = "import json; print(json.dumps(json.load(open('/opt/runner/share/sbom.cdx.json'))))"
    shown = docker.container(image, "-c", code, options=("--entrypoint=/opt/runner/bin/python",)).check()
    listed = json.loads(shown.stdout)
    versions = {component["name"]: component["version"] for component in listed["components"]}
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == "revision-runner"
    assert {"SQLAlchemy", "psycopg"} <= versions.keys()


def test_no_installer_and_no_build_tool_is_left(docker: Docker, image: str) -> None:
    """The environment holds what a run needs, not pip, the build backend or the tests."""
    code = (
        "import importlib.util as u\n"
        "assert not [n for n in ('pip', 'hatchling', 'cyclonedx_py', 'pytest', 'alembic') if u.find_spec(n)]"
    )
    docker.container(image, "-c", code, options=("--entrypoint=/opt/runner/bin/python",)).check()


def test_no_secret_is_in_a_layer_or_a_log(docker: Docker, image: str, revisions: Path, tmp_path: Path) -> None:
    """A URL from a mounted file is in no log line, and not in what the engine tells of the container."""
    secret = tmp_path / "database_url"
    secret.write_text(f"postgresql://app:{_PASSWORD}@127.0.0.1:1/app\n")
    secret.chmod(0o644)
    options = (*HARDENED, *_mounted(revisions), f"--volume={secret}:/run/secrets/url:ro", "--network=none")
    options += ("--env=DATABASE_URL_FILE=/run/secrets/url", "--env=RUNNER_CONNECT_WAIT_SECONDS=0")
    container = docker.start(image, options=options)
    assert docker.run("wait", container).check().stdout.strip() == "30"
    assert _PASSWORD not in str(docker.logs(container))
    assert _PASSWORD not in json.dumps(docker.inspect(container))
    assert _PASSWORD not in docker.run("history", "--no-trunc", image).check().stdout


@pytest.mark.slow
def test_sigterm_to_pid_1_ends_a_running_statement(
    docker: Docker, image: str, postgres: tuple[str, str], tmp_path: Path
) -> None:
    """The step is rolled back and the exit code is 143, well before the engine would kill the container."""
    network, url = postgres
    slow = RevisionFile(
        revision="r0001", upgrade="op.execute('create table t (n int)')\nop.execute('select pg_sleep(120)')"
    )
    root = make_directory(tmp_path / "app", [slow], env="none").root
    tmp_path.chmod(0o755)
    options = (*HARDENED, *_mounted(root), f"--network={network}", f"--env=DATABASE_URL={url}")
    container = docker.start(image, options=options)
    wait_until(lambda: bool(docker.logs(container).events("step.started")))
    time.sleep(1)  # into pg_sleep()
    started = time.monotonic()
    docker.run("stop", "--time=60", container).check()
    assert time.monotonic() - started < 30
    assert docker.inspect(container)["State"]["ExitCode"] == 143
    assert docker.logs(container).event("run.failed")["error_code"] == "interrupted"
    left = docker.container(image, "current", "--json", options=options).check()
    assert json.loads(left.stdout)[0]["revisions"] == []


@pytest.fixture
def postgres(docker: Docker) -> tuple[str, str]:
    """A network with a PostgreSQL server in it, and the URL of its database there."""
    network = docker.label
    docker.run("network", "create", network).check()
    options = (f"--network={network}", "--network-alias=database", "--env=POSTGRES_PASSWORD=sample")
    server = docker.start("postgres:15", options=options)
    wait_until(lambda: docker.run("exec", server, "pg_isready", "-h", "127.0.0.1").returncode == 0)
    return network, "postgresql://postgres:sample@database/postgres"
