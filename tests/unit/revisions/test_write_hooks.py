"""Post-write hooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ConfigError, HookFailed
from runner.revisions import write_hooks
from runner.revisions.write_hooks import register, run_hooks


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to run hooks on."""
    path = tmp_path / "with space.py"
    path.write_text("text\n")
    return path


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten afterwards."""
    monkeypatch.setattr(write_hooks, "_registry", dict(write_hooks._registry))


def hook(**options: str) -> dict[str, str]:
    """Return one hook named `h`."""
    return {"_hook_name": "h", **options}


PROGRAM = "import sys, os; open(sys.argv[1], 'a').write(os.getcwd() + repr(sys.argv[2:]))"


def test_a_program_gets_the_path_first(file: Path) -> None:
    """Without the token the path is the first argument (TPL-21, TPL-24)."""
    script = file.parent / "hook.py"
    script.write_text("import sys; open(sys.argv[1], 'a').write(repr(sys.argv[2:]))")
    script.chmod(0o755)
    script.write_text(f"#!{sys.executable}\n" + script.read_text())

    run_hooks(file, [hook(type="exec", executable=str(script), options="-a 'b c'")])

    assert file.read_text() == "text\n['-a', 'b c']"


def test_the_token_stands_for_the_path(file: Path, tmp_path: Path) -> None:
    """REVISION_SCRIPT_FILENAME is replaced wherever it stands, and cwd is where the program runs (TPL-24)."""
    (tmp_path / "elsewhere").mkdir()
    options = f'-c "{PROGRAM}" REVISION_SCRIPT_FILENAME --x=REVISION_SCRIPT_FILENAME'
    run_hooks(file, [hook(type="exec", executable=sys.executable, options=options, cwd=str(tmp_path / "elsewhere"))])

    assert file.read_text() == f"text\n{tmp_path / 'elsewhere'}{[f'--x={file}']!r}"


def test_a_module_runs_with_this_python(file: Path) -> None:
    """A module hook is `python -m` (TPL-22)."""
    run_hooks(file, [hook(type="module", module="py_compile", options="-q REVISION_SCRIPT_FILENAME")])


def test_a_console_script_runs(file: Path) -> None:
    """A console_scripts hook calls the entry point of an installed package (TPL-20)."""
    run_hooks(file, [hook(type="console_scripts", entrypoint="pytest", options="--version REVISION_SCRIPT_FILENAME")])


def test_a_function_of_ones_own(file: Path) -> None:
    """A registered function gets the path and the options; hooks run in order (TPL-23)."""
    calls: list[Any] = []

    @register("mine")
    def mine(path: str, options: dict[str, Any]) -> None:
        calls.append((path, options["word"]))

    run_hooks(file, [hook(type="mine", word="one"), hook(type="mine", word="two")])
    assert calls == [(str(file), "one"), (str(file), "two")]


def failing(code: str) -> dict[str, str]:
    """Return a hook that runs a Python program."""
    return hook(type="exec", executable=sys.executable, options=f'-c "{code}" REVISION_SCRIPT_FILENAME')


def test_an_exit_status_is_a_failure(file: Path) -> None:
    """A program that ends badly fails the hook; name, status and its last lines are told (CLI-E5, BUG-8)."""
    code = "import sys; print('line one', flush=True); print('line two', file=sys.stderr); sys.exit(3)"
    with pytest.raises(HookFailed, match=r"hook h failed on .*exit status 3") as caught:
        run_hooks(file, [failing(code), hook(type="never")])
    assert caught.value.fields["output"] == ["line one", "line two"]
    assert "line two" in caught.value.message


def test_a_signal_is_a_failure(file: Path) -> None:
    """A program that a signal ended fails the hook."""
    with pytest.raises(HookFailed, match="signal 9 ended it"):
        run_hooks(file, [failing("import os; os.kill(os.getpid(), 9)")])


def test_a_function_that_raises_is_a_failure(file: Path) -> None:
    """An exception of a registered function is told with its type."""

    @register("bad")
    def bad(path: str, options: dict[str, Any]) -> None:
        raise KeyError("nothing")

    with pytest.raises(HookFailed, match="it raised KeyError: 'nothing'"):
        run_hooks(file, [hook(type="bad")])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"type": "exec", "executable": "no-such-program"}, "no-such-program cannot be started: No such file"),
        ({"type": "exec", "executable": sys.executable, "cwd": "/no/such"}, "cannot be started in /no/such"),
        ({"type": "module", "module": "no_such_module"}, "there is no Python module no_such_module"),
        ({"type": "console_scripts", "entrypoint": "no-such-script"}, "has a console script no-such-script"),
    ],
)
def test_what_cannot_be_started_is_a_failure(file: Path, options: dict[str, str], message: str) -> None:
    """A missing program, module, script or directory is told, not raised as a traceback (TPL-24, ERR-31)."""
    with pytest.raises(HookFailed, match=message):
        run_hooks(file, [hook(**options)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "hook h has no type"),
        ({"type": "unregistered"}, "which nothing registered.*revision_environment"),
        ({"type": "exec"}, "needs h.executable"),
        ({"type": "module"}, "needs h.module"),
        ({"type": "console_scripts"}, "needs h.entrypoint"),
        ({"type": "exec", "executable": "true", "options": "'unclosed"}, "cannot be split"),
    ],
)
def test_a_hook_that_is_not_configured_rightly(file: Path, options: dict[str, str], message: str) -> None:
    """A missing or unknown option names the hook and the key (ERR-31)."""
    with pytest.raises(ConfigError, match=message):
        run_hooks(file, [hook(**options)])
