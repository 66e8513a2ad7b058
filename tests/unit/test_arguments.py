"""The command line, read."""

from __future__ import annotations

import pytest

from runner.arguments import parse_arguments


def test_global_options_before_and_after_the_command() -> None:
    """Alembic's global options are taken where Alembic wants them and also after the command (CLI-G1..G6)."""
    before = parse_arguments(["-c", "a.ini", "-n", "other", "-x", "k=v", "-q", "--raiseerr", "upgrade", "head"])
    after = parse_arguments(["upgrade", "head", "-c", "a.ini", "-n", "other", "-x", "k=v", "-q", "--raiseerr"])

    for arguments in (before, after):
        values = arguments.values
        assert (values.config, values.name, values.x, values.quiet, values.raiseerr, values.revision) == (
            ["a.ini"],
            "other",
            ["k=v"],
            True,
            True,
            "head",
        )


def test_repeatable_options_add_up() -> None:
    """-x before and after the command are one list, in order (CLI-G4)."""
    assert parse_arguments(["-x", "a=1", "upgrade", "-x", "b=2"]).values.x == ["a=1", "b=2"]


@pytest.mark.parametrize("words", [["downgrade", "-1"], ["upgrade", "+2"], ["downgrade", "ae10-2"]])
def test_relative_targets_are_not_options(words: list[str]) -> None:
    """A target that begins with a sign is a target (REV-17)."""
    assert parse_arguments(words).values.revision == words[1]


def test_history_range_that_begins_with_a_sign() -> None:
    """-r-3:current is the range `-3:current` (REV-19)."""
    assert parse_arguments(["history", "-r-3:current"]).values.rev_range == "-3:current"


def test_current_keeps_its_own_c() -> None:
    """After `current`, -c is --check-heads as in Alembic (CLI-3)."""
    values = parse_arguments(["-c", "a.ini", "current", "-c"]).values

    assert (values.check_heads, values.config) == (True, ["a.ini"])


def test_long_options_may_be_abbreviated() -> None:
    """A unique prefix of a long option is enough, as in Alembic."""
    assert parse_arguments(["history", "--indicate"]).values.indicate_current is True


def test_a_value_that_is_named_like_a_command() -> None:
    """A value of an option may be the name of a command."""
    arguments = parse_arguments(["-n", "heads", "-x", "show", "current", "--check-heads"])

    assert (arguments.command.name, arguments.values.name, arguments.values.check_heads) == ("current", "heads", True)


@pytest.mark.parametrize("name", ["ensure-version", "ensure_version"])
def test_both_spellings_of_ensure_version(name: str) -> None:
    """Alembic's spelling of a command is an alias (CLI-6)."""
    assert parse_arguments([name]).command.name == "ensure-version"


def test_settings_are_flags() -> None:
    """A setting given as a flag arrives as raw text under its field name."""
    assert parse_arguments(["upgrade", "--lock-wait-seconds", "5"]).flags == {"lock_wait_seconds": "5"}


@pytest.mark.parametrize(
    "words", [[], ["up"], ["upgrade", "a", "b"], ["downgrade"], ["stamp"], ["upgrade", "--nonsense"]]
)
def test_misuse_ends_with_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A misused command line ends with exit code 2 and says how it is meant (CLI-E3)."""
    with pytest.raises(SystemExit) as stopped:
        parse_arguments(words)

    assert stopped.value.code == 2
    assert "usage: runner" in "".join(capsys.readouterr())


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints name and version."""
    with pytest.raises(SystemExit) as stopped:
        parse_arguments(["--version"])

    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("runner ")
