"""The command line, read: floor 7. Knows the options, does nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runner.settings import SETTINGS

__all__ = ["COMMANDS", "Arguments", "parse_arguments"]

_REPEATABLE = ("x", "config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One verb: its help line, and how it adds its own options to a parser."""

    name: str
    help: str
    add: Callable[[argparse.ArgumentParser], None]
    aliases: tuple[str, ...] = ()
    product: bool = False  # its result goes to stdout, so its log goes to stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What was typed: the command, its own values, and settings given as flags (raw text)."""

    command: Command
    values: argparse.Namespace
    flags: dict[str, str]


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Read the command line.

    Alembic's global options are understood before the command, where Alembic wants them, and after it.
    Exits with 2 on misuse and with 0 after --help and --version, as argparse does.
    """
    parser, subparsers = _main_parser()
    words = set(argv)
    for command in COMMANDS:
        sub = subparsers.add_parser(command.name, aliases=command.aliases, help=command.help, description=command.help)
        if words & {command.name, *command.aliases}:  # only what may be meant needs its options built
            command.add(sub)
            _add_globals(sub, after_command=True)
    values = parser.parse_args(argv)
    if values.command is None:
        parser.print_help()
        raise SystemExit(2)
    _merge(values)
    found = _BY_NAME[values.command]
    flags = {row.field: getattr(values, row.field) for row in SETTINGS if getattr(values, row.field, None) is not None}
    return Arguments(command=found, values=values, flags=flags)


def _main_parser() -> tuple[argparse.ArgumentParser, argparse._SubParsersAction[argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="runner",
        usage="runner [options] COMMAND [options]",
        description="Bring a database to the head of an Alembic-style revision directory: locked, transactional.",
        epilog="The database comes from DATABASE_URL. Every setting is listed in docs/settings.md.",
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="print the version and exit")
    _add_globals(parser, after_command=False)
    return parser, parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", prog="runner")


def _add_globals(parser: argparse.ArgumentParser, *, after_command: bool) -> None:
    """Add Alembic's global options and the settings; after the command under other names, merged later."""
    suffix = "_after" if after_command else ""
    taken = parser.prog.endswith(" current")  # there -c has meant --check-heads for years
    group = parser.add_argument_group("global options")
    names = ["--config"] if taken else ["-c", "--config"]
    group.add_argument(
        *names, dest=f"config{suffix}", action="append", metavar="PATH", help="alembic.ini and/or pyproject.toml"
    )
    group.add_argument("-n", "--name", default=argparse.SUPPRESS, metavar="SECTION", help="section of the ini file")
    group.add_argument("-x", dest=f"x{suffix}", action="append", metavar="ARG", help="free argument for env.py")
    group.add_argument(
        "--raiseerr", action="store_true", default=argparse.SUPPRESS, help="end with a traceback instead of a sentence"
    )
    group.add_argument(
        "-q", "--quiet", action="store_true", default=argparse.SUPPRESS, help="print no results on stdout"
    )
    settings = parser.add_argument_group("settings (each also an environment variable)")
    for row in SETTINGS:
        if row.flag:
            settings.add_argument(
                row.flag,
                dest=row.field,
                default=argparse.SUPPRESS,
                metavar="VALUE",
                help=f"{row.help} ({row.variable})",
            )


def _merge(values: argparse.Namespace) -> None:
    for name in _REPEATABLE:
        before = getattr(values, name, None) or []
        after = getattr(values, f"{name}_after", None) or []
        setattr(values, name, [*before, *after] or None)
        if hasattr(values, f"{name}_after"):
            delattr(values, f"{name}_after")
    for name in ("raiseerr", "quiet"):
        setattr(values, name, getattr(values, name, False))


class _ShowVersion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from runner import __version__

        sys.stdout.write(f"runner {__version__}\n")
        parser.exit()


# -- the commands' own options -----------------------------------------------------------------------------


def _offline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sql", action="store_true", help="write the SQL to stdout instead of executing it")
    parser.add_argument("--tag", help="free text for env.py")


def _verbose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="show more of each revision")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _upgrade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", nargs="?", help="target, or FROM:TO with --sql; default: RUNNER_TARGET, else heads")
    _offline(parser)


def _downgrade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", help="target, e.g. base, -1 or an identifier; FROM:TO with --sql")
    _offline(parser)


def _stamp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revisions", nargs="+", help="what the version table shall say; FROM:TO with --sql")
    _offline(parser)
    parser.add_argument("--purge", action="store_true", help="empty the version table first")


def _current(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--check-heads", action="store_true", help="fail unless every head is reached")
    _verbose(parser)
    _json(parser)


def _heads(parser: argparse.ArgumentParser) -> None:
    _verbose(parser)
    parser.add_argument("--resolve-dependencies", action="store_true", help="leave out heads others depend on")
    _json(parser)


def _history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-r", "--rev-range", metavar="[START]:[END]", help="only this range, both ends included")
    _verbose(parser)
    parser.add_argument("-i", "--indicate-current", action="store_true", help="mark what the database is at")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--graph", action="store_true", help="draw the branches and merges")
    form.add_argument("--format", choices=("mermaid", "dot", "svg"), help="the graph for another program")
    _json(parser)


def _branches(parser: argparse.ArgumentParser) -> None:
    _verbose(parser)
    _json(parser)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", metavar="rev", help="a revision symbol, or current")
    _json(parser)


def _status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="fail unless an upgrade would find nothing to do")
    _json(parser)


def _plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", nargs="?", help="the upgrade's target; default: RUNNER_TARGET, else heads")
    _json(parser)


def _wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--for",
        dest="wait_for",
        choices=("database", "schema"),
        default="schema",
        help="the server answers; or the database is at, or past, the heads of the directory (default)",
    )


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"it is {number}, and a directory with revisions has one head or more")
    return number


def _validate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--heads", type=_at_least_one, default=1, metavar="N", help="how many heads there may be (default: 1)"
    )
    _json(parser)


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="directory", help="the revision directory to make")
    parser.add_argument("-t", "--template", default="generic", help="see list-templates (default: generic)")
    parser.add_argument("--package", action="store_true", help="make it a Python package")
    parser.add_argument("--with-env-py", action="store_true", help="the job template: write an env.py, too")
    _json(parser)


def _revision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--message", help="what the revision does, in a few words")
    parser.add_argument("--autogenerate", action="store_true", help="fill it with what the database lacks of the model")
    parser.add_argument("--from-database", action="store_true", help="make it a base revision of what the database has")
    parser.add_argument(
        "--stamp", action="store_true", help="with --from-database: stamp the database, which has it all"
    )
    parser.add_argument(
        "--renames",
        choices=("ask", "suggest", "off"),
        default="suggest",
        help="what to do about what looks renamed (default: suggest)",
    )
    parser.add_argument("--sql", action="store_true", help="run env.py offline (needs revision_environment)")
    parser.add_argument("--head", default="head", metavar="REV", help="what it follows (default: the only head)")
    _placing(parser)
    parser.add_argument("--version-path", metavar="PATH", help="the version location, where there are several")
    parser.add_argument("--depends-on", action="append", metavar="REV", help="what must be applied first; repeatable")


def _placing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--splice", action="store_true", help="let it follow what is not a head")
    parser.add_argument("--branch-label", metavar="LABEL", help="name the branch it begins")
    parser.add_argument("--rev-id", metavar="ID", help="the identifier (default: twelve random digits)")
    _json(parser)


def _merge_revisions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revisions", nargs="+", help="what it follows; heads for all of them")
    parser.add_argument("-m", "--message", help="why they are joined")
    _placing(parser)


def _squash(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revisions", metavar="FROM:TO", help="the range, both ends included")
    parser.add_argument("-m", "--message", help="the first line of the new revision")
    _json(parser)


def _edit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", metavar="rev", help="a revision symbol, or current")


def _ensure_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sql", action="store_true", help="write the SQL to stdout instead of executing it")


def _resolve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", nargs="?", help="the interrupted revision; without one, show all there are")
    parser.add_argument("--statement", type=int, metavar="N", help="the statement to decide about, by its number")
    parser.add_argument("--as", dest="outcome", choices=("done", "redo"), help="it took effect; or execute it again")
    parser.add_argument("--restart", action="store_true", help="forget what was committed: the revision begins anew")
    parser.add_argument("--direction", choices=("upgrade", "downgrade"), default="upgrade", help="default: upgrade")
    _json(parser)


def _artifact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=("create", "verify", "apply", "diff"),
        default="create",
        help="what to do (default: create)",
    )
    parser.add_argument("paths", nargs="*", metavar="DIR", help="the artifacts it concerns: one, for diff two")
    parser.add_argument("--downgrade", action="store_true", help="verify, apply: the way back")
    parser.add_argument("--fingerprint", metavar="HEX", help="verify: what the schema's fingerprint has to be")
    parser.add_argument("--files-only", action="store_true", help="verify: ask no database, even where one is named")
    parser.add_argument("--to", metavar="REV", help="what it leads to (default: RUNNER_TARGET, else heads)")
    parser.add_argument("--replace", action="store_true", help="take the place of the artifact that is there")
    parser.add_argument("--tag", help="free text for env.py")
    for row in SETTINGS:
        if row.field.startswith("artifact_"):
            parser.add_argument(
                row.option,
                dest=row.field,
                default=argparse.SUPPRESS,
                metavar="VALUE",
                help=f"{row.help} ({row.variable})",
            )
    _json(parser)


COMMANDS = (
    Command(name="upgrade", help="bring the database to a revision (default: all heads)", add=_upgrade),
    Command(name="downgrade", help="take the database back to an earlier revision", add=_downgrade),
    Command(name="stamp", help="set the version rows without running anything", add=_stamp),
    Command(name="current", help="show where the database is", add=_current, product=True),
    Command(name="heads", help="show the heads of the directory", add=_heads, product=True),
    Command(name="history", help="list the revisions, newest first", add=_history, product=True),
    Command(name="branches", help="show the branch points", add=_branches, product=True),
    Command(name="show", help="show one revision in full", add=_show, product=True),
    Command(name="resolve", help="decide about a revision that was interrupted", add=_resolve, product=True),
    Command(
        name="status", help="show where the database is, what is pending and what happened", add=_status, product=True
    ),
    Command(name="plan", help="show what upgrade would run, without running it", add=_plan, product=True),
    Command(name="wait", help="wait for the database or its schema: for init containers", add=_wait),
    Command(
        name="ensure-version",
        aliases=("ensure_version",),
        help="create the version table if it is missing",
        add=_ensure_version,
    ),
    Command(name="validate", help="tell whether the directory is fit to be shipped", add=_validate, product=True),
    Command(name="init", help="make a revision directory", add=_init, product=True),
    Command(
        name="list-templates",
        aliases=("list_templates",),
        help="show the templates of init",
        add=_json,
        product=True,
    ),
    Command(name="revision", help="write a new revision", add=_revision, product=True),
    Command(name="merge", help="write a revision that joins branches", add=_merge_revisions, product=True),
    Command(name="check", help="tell whether the database is what the model says", add=_json, product=True),
    Command(name="squash", help="put one revision in the place of a range", add=_squash, product=True),
    Command(name="artifact", help="write guarded SQL files for a DBA to apply", add=_artifact, product=True),
    Command(name="edit", help="open a revision in the editor", add=_edit, product=True),
)
_BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
