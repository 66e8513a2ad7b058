"""The recipes of config/: true to their schemas, and to the runner's settings and commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from runner.arguments import parse_arguments
from runner.settings import read_settings
from tests.directories import RevisionFile, make_directory
from tests.programs import ROOT, scrubbed_environment

CONFIG = ROOT / "config"
FILES = sorted(path for path in CONFIG.rglob("*") if path.is_file())
ENV_FILES = sorted(CONFIG.glob("env/*.env"))
SCRIPTS = sorted(CONFIG.glob("docker-run/*.sh"))
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def run(
    *command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=cwd,
        env=scrubbed_environment(env),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("github-actions/migrations.yml", "vendor.github-workflows"),
        ("github-actions/migrations.yml", "custom.github-workflows-require-timeout"),
        ("gitlab-ci/migrations.gitlab-ci.yml", "vendor.gitlab-ci"),
        ("../docker-compose.yml", "vendor.compose-spec"),
    ],
)
def test_a_recipe_fits_its_schema(path: str, schema: str) -> None:
    """Pipelines and the Compose file are what their systems publish a schema for."""
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    checked = run("check_jsonschema", "--builtin-schema", schema, *transform, CONFIG / path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("what", "path"), [("validate-manifest", HOOKS), ("validate-config", CONFIG / "pre-commit/.pre-commit-config.yaml")]
)
def test_pre_commit_accepts_its_files(what: str, path: Path) -> None:
    """pre-commit itself takes the definition of the hook, and the example that uses it."""
    checked = run("pre_commit", what, path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_example_uses_the_hook_that_is_defined() -> None:
    """The hook's name, its files and its command are the same in both places."""
    (hook,) = yaml.safe_load(HOOKS.read_text("utf-8"))
    remote, local = yaml.safe_load((CONFIG / "pre-commit/.pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert remote["hooks"] == [{"id": hook["id"]}]
    assert (local["hooks"][0]["entry"], local["hooks"][0]["files"]) == (hook["entry"], hook["files"])
    for name in ("migrations/versions/ae10_add.py", "versions/1.py", "alembic.ini", "migrations/env.py"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "app/models.py")


def test_pre_commit_stops_two_heads(tmp_path: Path) -> None:
    """The example's hook for a project's own environment, run by pre-commit in a repository: fails, then passes."""
    directory = make_directory(tmp_path, [RevisionFile(revision="r1"), RevisionFile(revision="r2")], env="none")
    config = yaml.safe_load((CONFIG / "pre-commit/.pre-commit-config.yaml").read_text("utf-8"))
    config["repos"] = [one for one in config["repos"] if one["repo"] == "local"]  # the other one needs a network
    (directory.root / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"HOME": str(tmp_path), "PATH": programs, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    for words in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *words], cwd=directory.root, env=scrubbed_environment(env), timeout=60, check=True)
    refused = run("pre_commit", "run", "--all-files", cwd=directory.root, env=env)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "There are 2 heads: r1, r2" in refused.stdout
    directory.add(RevisionFile(revision="r3", down_revision=("r1", "r2")))
    passed = run("pre_commit", "run", "--all-files", cwd=directory.root, env=env)
    assert passed.returncode == 0, passed.stdout + passed.stderr


@pytest.mark.parametrize("path", ENV_FILES, ids=lambda path: path.stem)
def test_an_env_file_is_valid_settings(path: Path) -> None:
    """Every line is a setting with a usable value; no line is commented out code."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    environ = dict(line.split("=", 1) for line in lines)
    settings = read_settings(environ, {}, read_text=lambda _path: "postgresql://app:secret@db/app")
    assert settings.database_url_variable == "MIGRATION_DATABASE_URL_FILE"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_docker_line_is_what_docker_and_the_runner_understand(path: Path, tmp_path: Path) -> None:
    """The shell takes it, it is hardened, and what follows the image is a command of the runner."""
    recorder = tmp_path / "docker"
    recorder.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    recorder.chmod(0o755)
    environ = scrubbed_environment({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    ended = subprocess.run(
        ["sh", path, "base:heads"], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    words = ended.stdout.splitlines()
    image = next(number for number, word in enumerate(words) if word.startswith("registry.example/"))
    assert {"--read-only", "--cap-drop", "no-new-privileges"} <= set(words[:image])
    parse_arguments(words[image + 1 :] or ["upgrade"])
    variables = [words[number + 1] for number, word in enumerate(words) if word == "--env"]
    given = {name: value for name, _, value in (one.partition("=") for one in variables) if value}
    read_settings(given, {}, read_text=lambda _path: "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONFIG)))
def test_settings_in_recipes_exist(path: Path) -> None:
    """Every RUNNER_ variable that a recipe mentions is one."""
    from runner.settings import unknown_variables

    names = set(re.findall(r"\bRUNNER_[A-Z_]+\b", path.read_text("utf-8")))
    assert unknown_variables(dict.fromkeys(names, "x")) == []


@pytest.mark.parametrize("path", ["github-actions/migrations.yml", "gitlab-ci/migrations.gitlab-ci.yml"])
def test_commands_in_pipelines_exist(path: str) -> None:
    """Every command line of the runner that a pipeline has is understood."""
    text = (CONFIG / path).read_text("utf-8")
    lines = re.findall(r"(?:- runner|[A-Z_]+(?:=\w+)? shop-migrations) ([a-z-]+(?: [^\n>#]+)?)", text)
    assert len(lines) >= 2
    for line in lines:
        parse_arguments(shlex.split(line))


def test_the_index_lists_every_recipe() -> None:
    """config/README.md leads to each file, or to its folder."""
    text = (CONFIG / "README.md").read_text("utf-8")
    linked = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("..")}
    missing = [
        path
        for path in FILES
        if path.name != "README.md"
        and not {str(path.relative_to(CONFIG)), f"{path.parent.relative_to(CONFIG)}/"} & linked
    ]
    assert missing == []
    assert all((CONFIG / link).exists() for link in linked)
