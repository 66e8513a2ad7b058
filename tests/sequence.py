"""Many commands of one program in one process, for tests in which starting processes would cost most."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.programs import Finished, finished_program, run_program

__all__ = ["Call", "Program", "run_sequence"]

Program = Literal["runner", "alembic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command line.

    Args:
        args: the words after the program's name.
        cwd: the directory it runs in.
        env: variables on top of the scrubbed environment.
    """

    args: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)


def run_sequence(program: Program, calls: Sequence[Call], *, hash_seed: str = "0") -> list[Finished]:
    """Run the command lines one after the other in one process of their own and return how each ended.

    Each call finds its own working directory, environment variables, `sys.path` and modules, and streams that are
    no terminals. What a program would leave to the end of its process, such as open files, is settled after each call.
    """
    request = json.dumps([{"args": call.args, "cwd": str(call.cwd), "env": dict(call.env)} for call in calls])
    ended = run_program([sys.executable, "-c", _DRIVER, program], stdin=request, env={"PYTHONHASHSEED": hash_seed})
    ended.check()
    answers = json.loads(ended.stdout)
    return [
        finished_program((program, *call.args), answer["returncode"], answer["stdout"], answer["stderr"])
        for call, answer in zip(calls, answers, strict=True)
    ]


_DRIVER = """
import gc, json, os, sys, tempfile, traceback


def main(program, args):
    if program == "runner":
        from runner.cli import main
        return main(args)
    from alembic.config import main
    return main(args)


def redirected(number):
    file = tempfile.TemporaryFile()
    os.dup2(file.fileno(), number)
    return file


def read_back(file):
    file.seek(0)
    return file.read().decode()


def call(program, one):
    before, path, modules = dict(os.environ), sys.path[:], set(sys.modules)
    os.environ.update(one["env"])
    os.chdir(one["cwd"])
    out, err = redirected(1), redirected(2)
    try:
        code = main(program, one["args"])
    except SystemExit as stop:
        code = stop.code
    except BaseException:
        traceback.print_exc()
        code = 1
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os.environ.clear()
    os.environ.update(before)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(one["cwd"]):
            del sys.modules[name]
    return {"returncode": int(code or 0) & 255, "stdout": read_back(out), "stderr": read_back(err)}


calls = json.load(sys.stdin)
answer = os.dup(1)
answers = [call(sys.argv[1], one) for one in calls]
with os.fdopen(answer, "w") as file:
    json.dump(answers, file)
"""
