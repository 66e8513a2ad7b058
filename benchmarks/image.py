"""Compare our image with an image of Alembic alone: size, and a run with nothing to do, in interleaved rounds.

    python -m benchmarks.image --rounds 7 --revisions 100

Needs a Docker engine that may pull, or has, python:3.12-slim and postgres:15. Both images run one directory against
the same PostgreSQL, read-only and without capabilities; first without limits, then with 64 MiB of memory and a tenth of
a core. Wall seconds are the engine's, from start to end of the container; CPU seconds and peak memory are those of the
program, measured in further runs under a small Python parent. Reported are medians, and each as a ratio to Alembic's.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.compare import ROOT, Sample, report, write_directory

_ALEMBIC_IMAGE = "revision-runner-benchmark-alembic"
_OUR_IMAGE = "revision-runner"
_ALEMBIC_DOCKERFILE = """\
FROM python:3.12-slim
RUN pip install --no-cache-dir --quiet --root-user-action ignore alembic "psycopg[binary]"
WORKDIR /app
USER 10001:10001
"""
_LIMITS = ("--memory=64m", "--memory-swap=64m", "--cpus=0.1")
_HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp")
_PARENT = (
    "import json, resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=2)\n"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
    "print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024])); sys.exit(code)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to run the directory."""

    name: str
    image: str
    python: str
    command: tuple[str, ...]
    options: tuple[str, ...] = ()


def main() -> None:
    """Build both images, compare them and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--revisions", type=int, default=100)
    options = parser.parse_args()
    build_images()
    print_sizes()
    with tempfile.TemporaryDirectory() as scratch, database() as (network, url):
        directory = write_directory(Path(scratch), options.revisions)
        Path(scratch).chmod(0o755)
        ini = directory / "alembic.ini"
        ini.write_text(f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url}\n")
        common = (f"--network={network}", f"--volume={directory}:/app:ro", *_HARDENED)
        contenders = list(all_contenders(url))
        docker("run", "--rm", *common, _ALEMBIC_IMAGE, "alembic", "upgrade", "head")
        for title, limits in (("no limits", ()), ("64 MiB, a tenth of a core", _LIMITS)):
            samples: dict[str, list[Sample]] = {one.name: [] for one in contenders}
            for _ in range(options.rounds):
                for one in random.sample(contenders, len(contenders)):
                    samples[one.name].append(measure(one, (*common, *limits)))
            report(f"nothing to do, {options.revisions} revisions, {title}", samples)


def build_images() -> None:
    """Build our image from this work tree, and one with Alembic alone."""
    docker("build", "--quiet", "--tag", _OUR_IMAGE, str(ROOT))
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", _ALEMBIC_IMAGE, "-"],
        input=_ALEMBIC_DOCKERFILE.encode(),
        check=True,
        stdout=subprocess.DEVNULL,
    )


def print_sizes() -> None:
    """Print what each image adds to its base."""
    base = size("python:3.12-slim")
    for image in (_OUR_IMAGE, _ALEMBIC_IMAGE):
        print(f"{image:40}{size(image):7.1f} MB, {size(image) - base:6.1f} MB of it above python:3.12-slim")


def size(image: str) -> float:
    """Return an image's size in megabytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def all_contenders(url: str) -> Iterator[Contender]:
    """Yield Alembic, and ours with the directory's env.py and without."""
    alembic = ("/usr/local/bin/alembic", "upgrade", "head")
    yield Contender(name="alembic", image=_ALEMBIC_IMAGE, python="/usr/local/bin/python", command=alembic)
    given = (f"--env=DATABASE_URL={url}",)
    for name, more in (("runner, env.py", ()), ("runner, built-in environment", ("--env=RUNNER_ENV_PY=ignore",))):
        yield Contender(
            name=name,
            image=_OUR_IMAGE,
            python="/opt/runner/bin/python",
            command=("/opt/runner/bin/runner", "upgrade"),
            options=(*given, *more),
        )


def measure(one: Contender, options: tuple[str, ...]) -> Sample:
    """Run it once on its own for the time, and once under a parent for CPU and memory."""
    name = f"runner-benchmark-{uuid.uuid4().hex[:12]}"
    entry, *arguments = one.command
    plain = (*options, *one.options, f"--entrypoint={entry}", one.image, *arguments)
    docker("run", "--name", name, *plain)
    state = json.loads(docker("inspect", "--format", "{{json .State}}", name))
    docker("rm", name)
    wall = moment(state["FinishedAt"]) - moment(state["StartedAt"])
    under = (*options, *one.options, f"--entrypoint={one.python}", one.image, "-c", _PARENT, *one.command)
    cpu, peak = json.loads(docker("run", "--rm", *under))
    return Sample(cpu_seconds=cpu, wall_seconds=wall, peak_mebibytes=peak)


def moment(text: str) -> float:
    """Return one of the engine's times as seconds."""
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def database() -> Iterator[tuple[str, str]]:
    """Yield a network with a PostgreSQL in it that has the table of the revisions, and its URL."""
    name = f"runner-benchmark-{uuid.uuid4().hex[:12]}"
    docker("network", "create", name)
    try:
        docker("run", "--detach", "--name", name, f"--network={name}", "--env=POSTGRES_PASSWORD=sample", "postgres:15")
        psql = ("exec", name, "psql", "-h", "127.0.0.1", "-U", "postgres", "-qc", "CREATE TABLE benchmark (n integer)")
        wait_for(("exec", name, "pg_isready", "-h", "127.0.0.1"))
        docker(*psql[:2], "env", "PGPASSWORD=sample", *psql[2:])
        yield name, f"postgresql+psycopg://postgres:sample@{name}/postgres"
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=False, capture_output=True)
        subprocess.run(["docker", "network", "rm", name], check=False, capture_output=True)


def wait_for(command: tuple[str, ...]) -> None:
    """Try a docker command until it succeeds."""
    for _ in range(120):
        if subprocess.run(["docker", *command], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.5)
    raise TimeoutError(" ".join(command))


def docker(*args: str) -> str:
    """Run a docker command and return what it printed; what it says otherwise is shown when it fails."""
    ended = subprocess.run(["docker", *args], check=False, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"docker {' '.join(args)} failed:\n{ended.stdout}{ended.stderr}")
    return ended.stdout.strip()


if __name__ == "__main__":
    main()
