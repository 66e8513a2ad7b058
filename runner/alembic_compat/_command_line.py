"""The command line as an object, for programs that build their own upon it: floor 8.

It is Alembic's: options before the command, a Config made from them, one command function called. The runner's own
command line, with its settings from the environment, its lock and its log, is `runner.cli`.
"""

from __future__ import annotations

import inspect
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from runner.alembic_compat import __version__
from runner.config import Config, discover
from runner.errors import RunnerError

__all__ = ["CommandFunction", "CommandLine", "main"]


class CommandFunction(Protocol):
    """A function that can become a command: the Config, then its arguments."""

    __name__: str

    def __call__(self, config: Config, *args: Any, **kwargs: Any) -> Any:
        """Run the command."""


_FLAGS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "autogenerate": (("--autogenerate",), {"action": "store_true", "help": "fill it with what the model has"}),
    "branch_label": (("--branch-label",), {"help": "name the branch it begins"}),
    "depends_on": (("--depends-on",), {"action": "append", "help": "what must be applied first"}),
    "head": (("--head",), {"default": "head", "help": "what it follows"}),
    "message": (("-m", "--message"), {"help": "what it does"}),
    "package": (("--package",), {"action": "store_true", "help": "make it a Python package"}),
    "rev_id": (("--rev-id",), {"help": "the identifier"}),
    "splice": (("--splice",), {"action": "store_true", "help": "let it follow what is not a head"}),
    "template": (("-t", "--template"), {"default": "generic", "help": "which template"}),
    "version_path": (("--version-path",), {"help": "the version location"}),
    "check_heads": (("-c", "--check-heads"), {"action": "store_true", "help": "fail unless every head is reached"}),
    "indicate_current": (
        ("-i", "--indicate-current"),
        {"action": "store_true", "help": "mark what the database is at"},
    ),
    "purge": (("--purge",), {"action": "store_true", "help": "empty the version table first"}),
    "resolve_dependencies": (
        ("--resolve-dependencies",),
        {"action": "store_true", "help": "leave out heads that others depend on"},
    ),
    "rev_range": (("-r", "--rev-range"), {"help": "only this range, [start]:[end]"}),
    "sql": (("--sql",), {"action": "store_true", "help": "write the SQL instead of executing it"}),
    "tag": (("--tag",), {"help": "free text for env.py"}),
    "verbose": (("-v", "--verbose"), {"action": "store_true", "help": "show more"}),
}
"""Keyword argument of a command function -> its option. A keyword that is not listed gets no option."""

_POSITIONALS: dict[str, dict[str, Any]] = {
    "directory": {"help": "the revision directory to make"},
    "revision": {"help": "a revision symbol"},
    "revisions": {"nargs": "+", "help": "one or more revision symbols"},
}
_RENAMED = {("stamp", "revision"): "revisions"}
"""(command, argument) -> what the argument is called on the command line."""


class CommandLine:
    """Alembic's command line.

    Args:
        prog: the program's name in its help.

    Attributes:
        parser: the parser; programs add options of their own, or parse with it themselves and call `run_cmd`.
        subparsers: where commands are added.
    """

    def __init__(self, prog: str | None = None) -> None:
        from runner.alembic_compat import command

        self.parser = ArgumentParser(prog=prog)
        _add_global_options(self.parser)
        self.subparsers = self.parser.add_subparsers()
        for name in command.__all__:
            self.register_command(getattr(command, name))

    def register_command(self, fn: CommandFunction) -> None:
        """Make a function a command of the same name; its help is the first line of the docstring.

        Args:
            fn: takes the Config; arguments without default become positional, those with one become options where
                the name is one that Alembic's commands have.
        """
        summary = (inspect.getdoc(fn) or "").partition("\n\n")[0]
        parser = self.subparsers.add_parser(fn.__name__, help=summary, description=summary)
        positional, keywords = _arguments(fn)
        for name in keywords:
            if name in _FLAGS:
                flags, options = _FLAGS[name]
                parser.add_argument(*flags, dest=name, **options)
        for name in positional:
            parser.add_argument(name, **_POSITIONALS.get(name, {}))
        parser.set_defaults(cmd=(fn, positional, keywords))

    def run_cmd(self, config: Config, options: Namespace) -> None:
        """Call the command that was parsed.

        Raises:
            SystemExit: the tool refuses; the sentence was printed. With `--raiseerr` the error itself is raised.
        """
        fn, positional, keywords = options.cmd
        try:
            fn(
                config,
                *(getattr(options, name, None) for name in positional),
                **{name: getattr(options, name, None) for name in keywords},
            )
        except RunnerError as error:
            if options.raiseerr:
                raise
            from runner.alembic_compat.util.messaging import err

            # In offline mode standard output is the script, and a failure has no place in it.
            err(str(error), quiet=config.messaging_opts["quiet"] or getattr(options, "sql", False))

    def main(self, argv: Sequence[str] | None = None) -> None:
        """Parse a command line and run its command.

        Args:
            argv: the words after the program's name; None takes the process's own.
        """
        options = self.parser.parse_args(argv)
        if not hasattr(options, "cmd"):
            self.parser.error("too few arguments")
        ini, toml = _config_files(options)
        self.run_cmd(Config(file_=ini, toml_file=toml, ini_section=options.name, cmd_opts=options), options)


def main(argv: Sequence[str] | None = None, prog: str | None = None, **_: Any) -> None:
    """Run Alembic's command line."""
    CommandLine(prog=prog).main(argv=argv)


def _config_files(options: Namespace) -> tuple[str | None, str | None]:
    """Return the configuration files; those that `init` is going to write need not exist."""
    if options.cmd[0].__name__ != "init":
        return discover(os.getcwd(), os.environ.get("ALEMBIC_CONFIG"), options.config or ())
    given = {"toml" if os.path.basename(name) == "pyproject.toml" else "ini": name for name in options.config or ()}
    return given.get("ini", "alembic.ini"), given.get("toml", "pyproject.toml")


def _add_global_options(parser: ArgumentParser) -> None:
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("-c", "--config", action="append", help="alembic.ini and/or pyproject.toml")
    parser.add_argument("-n", "--name", default="alembic", help="section of the ini file")
    parser.add_argument("-x", action="append", help="free argument for env.py, may be repeated")
    parser.add_argument("--raiseerr", action="store_true", help="end with a traceback instead of a sentence")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing on stdout")


def _arguments(fn: Callable[..., Any]) -> tuple[list[str], list[str]]:
    """Return the names of the arguments after the Config: those without a default, and those with one."""
    parameters = list(inspect.signature(fn).parameters.values())[1:]
    named = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    positional = [_RENAMED.get((fn.__name__, one.name), one.name) for one in named if one.default is one.empty]
    return positional, [one.name for one in named if one.default is not one.empty]
