"""Configuration: floor 1. Reads alembic.ini and pyproject.toml the way programs written for Alembic expect.

It only reads. It looks at no environment variable, applies no precedence of `DATABASE_URL` (the rim does, through
`override_main_option`) and never writes a file. `configparser` and `tomllib` are imported when a file needs them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, cast

from runner.errors import ConfigError

if TYPE_CHECKING:
    from argparse import Namespace
    from configparser import ConfigParser

__all__ = ["Config", "TomlValue", "discover"]

TomlValue = str | int | list[str] | dict[str, str] | list[dict[str, str]]
"""What a key below [tool.alembic] may hold; a boolean is an int here."""

_TRUE_WORDS = frozenset({"1", "yes", "true", "on"})
_FALSE_WORDS = frozenset({"", "0", "no", "false", "off"})
_HOOKS_SECTION = "post_write_hooks"
_PYPROJECT = "pyproject.toml"


class _UnusableValue(ConfigError, ValueError):
    """A value with a lone percent sign; a ValueError as well, because that is what existing env.py files catch."""


def discover(
    directory: str, alembic_config: str | None = None, files: Sequence[str] = ()
) -> tuple[str | None, str | None]:
    """Return the paths of the ini file and of pyproject.toml that apply, each None where there is none.

    Only `directory` itself is looked at, never its parents. A file named `pyproject.toml` is TOML, any other is ini.

    Args:
        directory: where the command was started.
        alembic_config: value of `ALEMBIC_CONFIG`; replaces the default file of its kind.
        files: paths given with `-c`, relative to `directory`; they win over `alembic_config`.

    Raises:
        ConfigError: two files of one kind in `files`, or a file that was named on purpose and does not exist.
    """
    found = {kind: _default_file(directory, name) for kind, name in (("ini", "alembic.ini"), ("toml", _PYPROJECT))}
    if alembic_config:
        found[_kind(alembic_config)] = _named_file(directory, alembic_config, "ALEMBIC_CONFIG")
    given: dict[str, str] = {}
    for name in files:
        kind = _kind(name)
        if kind in given:
            raise ConfigError(
                f"--config names two {kind} files, {given[kind]} and {name}; "
                f"give at most one ini file and one {_PYPROJECT}.",
                files=(given[kind], name),
            )
        given[kind] = name
        found[kind] = _named_file(directory, name, "--config")
    return found["ini"], found["toml"]


def _kind(name: str) -> str:
    return "toml" if os.path.basename(name) == _PYPROJECT else "ini"


def _default_file(directory: str, name: str) -> str | None:
    path = os.path.join(directory, name)
    return path if os.path.isfile(path) else None


def _named_file(directory: str, name: str, source: str) -> str:
    path = os.path.join(directory, name)
    if not os.path.isfile(path):
        raise ConfigError(f"{source} names the configuration file {name}, which does not exist.", file=path)
    return path


class Config:
    """Options of one migration environment, from an ini file, from pyproject.toml, or set by a program.

    For each key the ini file's main section wins and `[tool.alembic]` is the fallback. A file that does not exist
    is an empty one.

    Args:
        file_: path of the ini file.
        toml_file: path of pyproject.toml.
        ini_section: the main section of the ini file; has no meaning for TOML.
        output_buffer: where offline SQL goes; None means `stdout`.
        stdout: where `print_stdout` writes; None means the process's standard output.
        cmd_opts: parsed command line arguments, for env.py.
        config_args: further values that `%(name)s` may refer to.
        attributes: objects handed to env.py; the mapping is copied.

    Source: the Config page of Alembic's API documentation.
    """

    def __init__(
        self,
        file_: str | os.PathLike[str] | None = None,
        toml_file: str | os.PathLike[str] | None = None,
        ini_section: str = "alembic",
        output_buffer: TextIO | None = None,
        stdout: TextIO | None = None,
        cmd_opts: Namespace | None = None,
        config_args: Mapping[str, Any] | None = None,
        attributes: Mapping[Any, Any] | None = None,
    ) -> None:
        self.config_file_name: str | None = None if file_ is None else os.fspath(file_)
        self.toml_file_name: str | None = None if toml_file is None else os.fspath(toml_file)
        self.config_ini_section = ini_section
        self.output_buffer = output_buffer
        self.stdout: TextIO = sys.stdout if stdout is None else stdout
        self.cmd_opts: Namespace | None = cmd_opts
        self._given_args: dict[str, Any] = dict(config_args or {})
        self.config_args: dict[str, Any] = dict(self._given_args)  # and `here`, once the ini file has been read
        self.attributes: dict[Any, Any] = dict(attributes or {})
        # What override_main_option() was told before the ini file was read.
        self._pending_overrides: dict[str, str] = {}

    # -- files ------------------------------------------------------------------------------------------------------

    @cached_property
    def file_config(self) -> ConfigParser:
        """The parsed ini file; an empty main section where there is no file name at all."""
        from configparser import ConfigParser

        self.config_args["here"] = _here(self.config_file_name)
        parser = ConfigParser({key: str(value) for key, value in self.config_args.items()})
        if self.config_file_name is None:
            parser.add_section(self.config_ini_section)
        else:
            data = _read_bytes(self.config_file_name)
            if data is not None:
                _parse_ini(parser, data, self.config_file_name)
        for name, value in self._pending_overrides.items():
            _set_verbatim(parser, self.config_ini_section, name, value)
        self._pending_overrides.clear()
        return parser

    @cached_property
    def toml_alembic_config(self) -> Mapping[str, Any]:
        """The table [tool.alembic] of pyproject.toml; empty where the file or the table does not exist."""
        name = self.toml_file_name
        data = None if name is None else _read_bytes(name)
        # Most pyproject.toml files say nothing about Alembic, and the TOML parser is not cheap.
        if name is None or data is None or b"alembic" not in data:
            return {}
        return _parse_toml(data, name)

    @cached_property
    def toml_args(self) -> Mapping[str, Any]:
        """What `%(name)s` may refer to in pyproject.toml."""
        if self.toml_file_name is None or not os.path.exists(self.toml_file_name):
            return self._given_args
        return {**self._given_args, "here": _here(self.toml_file_name)}

    def get_template_directory(self) -> str:
        """Return the directory that holds the templates of `init`, one folder each; a subclass may name another."""
        return os.path.join(os.path.dirname(os.path.abspath(__file__)), "revisions", "templates")

    # -- output -----------------------------------------------------------------------------------------------------

    @property
    def messaging_opts(self) -> Mapping[str, bool]:
        """How talkative commands are: `quiet`, from the command line arguments."""
        return {"quiet": bool(getattr(self.cmd_opts, "quiet", False))}

    def print_stdout(self, text: str, *arg: Any) -> None:
        """Write a line to `stdout` unless `quiet` is set; `text` is %-formatted when there are arguments."""
        if not self.messaging_opts["quiet"]:
            self.stdout.write((str(text) % arg if arg else str(text)) + "\n")

    # -- the ini file -----------------------------------------------------------------------------------------------

    def get_section(self, name: str, default: Mapping[str, str] | None = None) -> Mapping[str, str] | None:
        """Return all options of an ini section, inherited ones included, or `default` where it does not exist.

        Raises:
            ConfigError: one of its values cannot be interpolated.
        """
        from configparser import InterpolationError

        if not self.file_config.has_section(name):
            return default
        try:
            return dict(self.file_config.items(name))
        except InterpolationError as exc:
            failure = self._interpolation_error(exc)
        raise failure

    def set_main_option(self, name: str, value: str) -> None:
        """Set an option of the main section, replacing what a file or an override said.

        Args:
            name: the key.
            value: its value, with every literal percent sign doubled.

        Raises:
            ConfigError: the value holds a lone percent sign (this error is also a ValueError).
        """
        self.set_section_option(self.config_ini_section, name, value)

    def override_main_option(self, name: str, value: str) -> None:
        """Set an option of the main section to exactly `value`, percent signs and all.

        It holds until `set_main_option` sets the same name, which then follows the usual interpolation rules.
        """
        if "file_config" in self.__dict__:
            _set_verbatim(self.file_config, self.config_ini_section, name, value)
        else:
            self._pending_overrides[name.lower()] = value

    def remove_main_option(self, name: str) -> None:
        """Remove an option from the main section; nothing happens where it is not set."""
        if self.file_config.has_section(self.config_ini_section):
            self.file_config.remove_option(self.config_ini_section, name)

    def set_section_option(self, section: str, name: str, value: str) -> None:
        """Set an option of any ini section, which is added where it does not exist.

        Raises:
            ConfigError: the value holds a lone percent sign (this error is also a ValueError).
            TypeError: the value is not a string.
        """
        if not isinstance(value, str):
            raise TypeError(f"The value of {name} must be a string, not {type(value).__name__}.")
        if not self.file_config.has_section(section):
            self.file_config.add_section(section)
        try:
            self.file_config.set(section, name, value)
        except ValueError:
            failure = _lone_percent(f"The value given for {name} in section [{section}]", key=name, section=section)
        else:
            return
        raise failure

    def get_section_option(self, section: str, name: str, default: str | None = None) -> str | None:
        """Return one option of an ini section, or `default` where the section does not set it.

        Raises:
            ConfigError: there is no such section, or the value cannot be interpolated.
        """
        if "file_config" not in self.__dict__ and section == self.config_ini_section:
            key = name.lower()
            if key in self._pending_overrides:
                return self._pending_overrides[key]
            if self.config_file_name is None and key != "here" and key not in self.config_args:
                return default
        if not self.file_config.has_section(section):
            raise self._no_section(section)
        return self._value(section, name) if self.file_config.has_option(section, name) else default

    def get_main_option(self, name: str, default: str | None = None) -> str | None:
        """Return one option of the main section of the ini file, or `default`; TOML is not looked at.

        Raises:
            ConfigError: the main section does not exist, or the value cannot be interpolated.
        """
        return self.get_section_option(self.config_ini_section, name, default)

    # -- either file ------------------------------------------------------------------------------------------------

    def get_alembic_option(self, name: str, default: TomlValue | None = None) -> TomlValue | None:
        """Return an option from the ini file's main section, else from [tool.alembic], else `default`.

        Raises:
            ConfigError: the value cannot be interpolated, or its TOML type is not usable for an option.
        """
        value = self._ini_option(name)
        if value is not None:
            return value
        if name not in self.toml_alembic_config:
            return default
        return self._toml_option(name, self.toml_alembic_config[name])

    def get_alembic_boolean_option(self, name: str) -> bool:
        """Return whether an option is switched on; an absent or blank one is not.

        Raises:
            ConfigError: the ini value is no word for true or false, or the TOML value is not a boolean.
        """
        value = self._ini_option(name)
        if value is not None:
            return self._boolean(name, value)
        toml = self.toml_alembic_config.get(name, False)
        if not isinstance(toml, bool):
            raise self._toml_error(name, "must be true or false, without quotes")
        return toml

    def get_version_locations_list(self) -> list[str] | None:
        """Return `version_locations` as a list, in declared order, or None where it is not set."""
        return self._paths("version_locations", "path_separator", "version_path_separator")

    def get_prepend_sys_paths_list(self) -> list[str] | None:
        """Return `prepend_sys_path` as a list, in declared order, or None where it is not set."""
        return self._paths("prepend_sys_path", "path_separator", also_split=":")

    def get_hooks_list(self) -> list[dict[str, str]]:
        """Return the post-write hooks in order; each has its options, and its name as `_hook_name`.

        An ini section [post_write_hooks], even an empty one, hides those of pyproject.toml.
        """
        if self._has_ini_section(_HOOKS_SECTION):
            return self._ini_hooks()
        value = self.get_alembic_option(_HOOKS_SECTION, [])
        if not isinstance(value, list) or not all(isinstance(hook, dict) and "name" in hook for hook in value):
            raise self._toml_error(_HOOKS_SECTION, "must be an array of tables, each with a name")
        hooks = cast("list[dict[str, str]]", value)
        return [{**{k: v for k, v in hook.items() if k != "name"}, "_hook_name": hook["name"]} for hook in hooks]

    # -- inside -----------------------------------------------------------------------------------------------------

    def _has_ini_section(self, section: str) -> bool:
        # A Config without a file has no section a program did not set, and that creates the parser.
        if self.config_file_name is None and "file_config" not in self.__dict__:
            return False
        return self.file_config.has_section(section)

    def _ini_option(self, name: str) -> str | None:
        """Return an option of the main section, or None where the section or the option is missing."""
        section = self.config_ini_section
        if name.lower() in self._pending_overrides or self._has_ini_section(section):
            return self.get_section_option(section, name)
        return None

    def _value(self, section: str, name: str) -> str:
        from configparser import InterpolationError

        try:
            return self.file_config.get(section, name)
        except InterpolationError as exc:
            failure = self._interpolation_error(exc)
        # Raised out here so that no traceback carries the original error: it quotes the value, maybe a password.
        raise failure

    def _interpolation_error(self, exc: Exception) -> ConfigError:
        section, option = getattr(exc, "section", ""), getattr(exc, "option", "")
        where = f"Key {option} in section [{section}] of {self.config_file_name or 'the configuration'}"
        reference = getattr(exc, "reference", None)
        facts = {"file": self.config_file_name, "section": section, "key": option}
        if reference:
            return ConfigError(
                f"{where} refers to %({reference})s, which nothing defines; define it, or double the percent sign.",
                **facts,
            )
        if type(exc).__name__ == "InterpolationDepthError":
            return ConfigError(f"{where} refers to itself through %(...)s references; break the loop.", **facts)
        return _lone_percent(where, **facts)

    def _no_section(self, section: str) -> ConfigError:
        name = self.config_file_name
        if name is None:
            message = f"The configuration has no section [{section}]; set one of its options first."
        elif os.path.exists(name):
            message = f"{name} has no section [{section}]; add it, or name another section."
        else:
            message = f"Configuration file {name} does not exist, so there is no section [{section}]."
        return ConfigError(message, file=name, section=section)

    def _boolean(self, name: str, value: str) -> bool:
        word = value.strip().lower()
        if word in _TRUE_WORDS:
            return True
        if word in _FALSE_WORDS:
            return False
        raise ConfigError(
            f"Key {name} of {self.config_file_name or 'the configuration'} is {value!r}; write true or false.",
            file=self.config_file_name,
            key=name,
        )

    def _paths(self, name: str, *separator_keys: str, also_split: str = "") -> list[str] | None:
        value = self._ini_option(name)
        if value:
            return _split_paths(value, self._separator(separator_keys), also_split)
        toml = self.get_alembic_option(name) if value is None else self._toml_fallback(name)
        if not toml:
            return None
        if isinstance(toml, str):
            return [toml]
        if not isinstance(toml, list) or not all(isinstance(entry, str) for entry in toml):
            raise self._toml_error(name, "must be a list of strings")
        return cast("list[str]", toml)

    def _toml_fallback(self, name: str) -> TomlValue | None:
        """Return the TOML value of a key that the ini file leaves blank."""
        value = self.toml_alembic_config.get(name)
        return None if value is None else self._toml_option(name, value)

    def _separator(self, keys: Sequence[str]) -> str | None:
        """Return the text that separates paths, a blank for any white space, or None for Alembic's old rule."""
        for key in keys:
            word = self._ini_option(key)
            if word is None:
                continue
            known = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}
            if word not in known:
                raise ConfigError(
                    f"Key {key} of {self.config_file_name} is {word!r}; use one of {', '.join(known)}.",
                    file=self.config_file_name,
                    key=key,
                )
            return known[word]
        return None

    def _ini_hooks(self) -> list[dict[str, str]]:
        options = self.get_section(_HOOKS_SECTION, {}) or {}
        names = _split_legacy(options.get("hooks", ""), "")
        return [_hook(name, options) for name in names]

    def _toml_option(self, name: str, value: object) -> TomlValue:
        if isinstance(value, int):
            return value
        if isinstance(value, str):
            return self._interpolated(name, value)
        if isinstance(value, dict):
            return self._toml_table(name, value)
        if isinstance(value, list):
            if all(isinstance(entry, dict) for entry in value):
                return [self._toml_table(name, entry) for entry in value]
            return [self._interpolated(name, entry) for entry in value]
        raise self._toml_error(name, "must be a string, a whole number, true or false, a list or a table")

    def _toml_table(self, name: str, table: Mapping[str, object]) -> dict[str, str]:
        return {key: self._interpolated(f"{name}.{key}", value) for key, value in table.items()}

    def _interpolated(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self._toml_error(name, "must be a string")
        try:
            return value % self.toml_args
        except KeyError as exc:
            problem = f"refers to %({exc.args[0]})s, which nothing defines; define it, or double the percent sign"
        except (ValueError, TypeError):
            problem = "holds a single percent sign; write %% for a literal one"
        raise self._toml_error(name, problem)

    def _toml_error(self, name: str, problem: str) -> ConfigError:
        return ConfigError(
            f"Key {name} in [tool.alembic] of {self.toml_file_name} {problem}.", file=self.toml_file_name, key=name
        )


def _here(name: str | None) -> str:
    return "." if name is None else os.path.dirname(os.path.abspath(name))


def _read_bytes(name: str) -> bytes | None:
    """Return the content of a file, or None where it does not exist."""
    try:
        with open(name, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise ConfigError(f"Configuration file {name} cannot be read: {exc.strerror}.", file=name) from exc


def _decode(data: bytes, name: str) -> str:
    """Return the text of an ini file: UTF-8, else whatever the locale says."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        import locale

        encoding = locale.getencoding()
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError) as exc:
            raise ConfigError(
                f"Configuration file {name} is neither UTF-8 nor in the encoding of the locale, {encoding}; "
                "save it as UTF-8.",
                file=name,
            ) from exc


def _parse_ini(parser: ConfigParser, data: bytes, name: str) -> None:
    from configparser import DuplicateOptionError, DuplicateSectionError, Error, MissingSectionHeaderError

    text = _decode(data, name).replace("\r\n", "\n").replace("\r", "\n")
    line: int | None
    try:
        parser.read_string(text, source=name)
    except MissingSectionHeaderError as exc:
        line, problem = exc.lineno, "stands before the first [section]"
    except DuplicateOptionError as exc:
        line, problem = exc.lineno, f"sets {exc.option} in section [{exc.section}] a second time"
    except DuplicateSectionError as exc:
        line, problem = exc.lineno, f"opens section [{exc.section}] a second time"
    except Error as exc:
        errors: list[tuple[int, str]] = getattr(exc, "errors", [])
        line, problem = (errors[0][0] if errors else None), "is neither a section, nor key = value, nor a comment"
    else:
        return
    # Raised out here: the original error quotes the line, which may hold a password.
    raise ConfigError(f"Line {line} of {name} {problem}.", file=name, line=line)


def _parse_toml(data: bytes, name: str) -> Mapping[str, Any]:
    import tomllib

    try:
        document: object = tomllib.loads(data.decode("utf-8"))
    except ValueError as exc:
        line = _line_of(str(exc))
        raise ConfigError(f"{name} is not valid TOML: {exc}.", file=name, line=line) from exc
    for key in ("tool", "alembic"):
        document = document.get(key, {}) if isinstance(document, dict) else None
    if not isinstance(document, dict):
        raise ConfigError(f"{name} must hold [tool.alembic] as a table.", file=name)
    return document


def _line_of(message: str) -> int | None:
    """Return the line number that a TOML error names in its text; before Python 3.14 it has no attribute for it."""
    _, _, rest = message.partition("at line ")
    digits = rest.partition(",")[0]
    return int(digits) if digits.isdigit() else None


def _set_verbatim(parser: ConfigParser, section: str, name: str, value: str) -> None:
    if not parser.has_section(section):
        parser.add_section(section)
    parser.set(section, name, value.replace("%", "%%"))


def _lone_percent(where: str, **facts: object) -> ConfigError:
    return _UnusableValue(f"{where} holds a single percent sign; write %% for a literal one.", **facts)


def _hook(name: str, options: Mapping[str, str]) -> dict[str, str]:
    prefix = f"{name}."
    hook = {key[len(prefix) :]: value for key, value in options.items() if key.startswith(prefix)}
    return {**hook, "_hook_name": name}


def _split_paths(value: str, separator: str | None, also_split: str) -> list[str]:
    """Split a list of paths.

    Args:
        value: the text of the option.
        separator: what stands between two paths; None for Alembic's old rule: commas and white space.
        also_split: a further character that separates under the old rule.
    """
    if separator is None:
        return _split_legacy(value, also_split)
    if separator == " ":
        return value.split()
    return [path for part in value.split(separator) if (path := part.strip())]


def _split_legacy(value: str, also_split: str) -> list[str]:
    for character in f",{also_split}":
        value = value.replace(character, " ")
    return value.split()
