"""CommandLine as an object: what it parses, and what it calls (CLI-X1)."""

from __future__ import annotations

import io
from typing import Any

import pytest

from runner.alembic_compat import command
from runner.alembic_compat.config import CommandLine
from runner.config import Config
from runner.errors import OperationError


@pytest.fixture
def line() -> CommandLine:
    """A command line."""
    return CommandLine("db")


def _config(**kw: Any) -> Config:
    return Config(stdout=io.StringIO(), **kw)


def test_every_command_function_is_a_command(line: CommandLine) -> None:
    """The commands are the functions of alembic.command."""
    assert sorted(line.subparsers.choices or ()) == command.__all__


def test_options_have_alembics_names(line: CommandLine) -> None:
    """The parsed Namespace is what env.py and programs read from cmd_opts (CFG-41, CLI-G2 to CLI-G6)."""
    options = line.parser.parse_args(
        [
            "-c",
            "a.ini",
            "-c",
            "pyproject.toml",
            "-n",
            "second",
            "-x",
            "a=1",
            "-x",
            "b",
            "-q",
            "upgrade",
            "+1",
            "--tag",
            "t",
        ]
    )
    assert (options.config, options.name, options.x, options.quiet, options.raiseerr) == (
        ["a.ini", "pyproject.toml"],
        "second",
        ["a=1", "b"],
        True,
        False,
    )
    assert (options.revision, options.sql, options.tag) == ("+1", False, "t")
    assert options.cmd == (command.upgrade, ["revision"], ["sql", "tag"])


def test_several_revisions_to_stamp(line: CommandLine) -> None:
    """`stamp` takes several revisions (CLI-14)."""
    options = line.parser.parse_args(["stamp", "a", "b", "--purge"])
    assert (options.revisions, options.purge) == (["a", "b"], True)


def test_a_command_of_the_program(line: CommandLine) -> None:
    """Arguments without a default become positional; a known keyword becomes its option, an unknown one none."""

    def report(config: Config, revision: str, verbose: bool = False, other: bool = True) -> None:
        """Tell something.

        And more.
        """
        config.print_stdout(f"{revision} {verbose} {other}")

    line.register_command(report)
    config = _config()
    line.run_cmd(config, line.parser.parse_args(["report", "head", "-v"]))
    assert config.stdout.getvalue() == "head True None\n"  # type: ignore[attr-defined]  # a StringIO
    assert "Tell something." in line.parser.format_help()


def _refuses(config: Config, sql: bool = False) -> None:
    raise OperationError("not like that")


def test_a_refusal_is_a_line_and_exit_code_255(line: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    """A CommandError becomes FAILED on stdout and -1, which a shell sees as 255 (CLI-E2)."""
    line.register_command(_refuses)
    with pytest.raises(SystemExit) as stop:
        line.run_cmd(_config(), line.parser.parse_args(["_refuses"]))
    assert stop.value.code == -1
    assert capsys.readouterr().out == "FAILED: not like that\n"


def test_a_refusal_never_lands_in_an_sql_script(line: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    """In offline mode and with --quiet nothing is printed on stdout; the log has the message."""
    line.register_command(_refuses)
    for words in (["_refuses", "--sql"], ["-q", "_refuses"]):
        options = line.parser.parse_args(words)
        with pytest.raises(SystemExit):
            line.run_cmd(_config(cmd_opts=options), options)
    assert capsys.readouterr().out == ""


def test_raiseerr_raises_the_error_itself(line: CommandLine) -> None:
    """With --raiseerr the caller gets the exception (CLI-G5)."""
    line.register_command(_refuses)
    with pytest.raises(OperationError):
        line.run_cmd(_config(), line.parser.parse_args(["--raiseerr", "_refuses"]))


def test_no_command_is_misuse(line: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the program ends with 2 (CLI-E3)."""
    with pytest.raises(SystemExit) as stop:
        line.main([])
    assert stop.value.code == 2
    assert "too few arguments" in capsys.readouterr().err
