"""The second look at the settings: floor 7. Pydantic decides, and every problem is put into a sentence.

Imported only when `runner.settings` met something that is not plainly valid: this costs a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from runner.database.url import DatabaseUrl
from runner.errors import SettingsError
from runner.logs import mask_secrets
from runner.settings import (
    SETTINGS,
    Given,
    Kind,
    ReadText,
    Setting,
    Settings,
    find_database_url,
    given_text,
    unknown_variables,
)

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["validate_settings"]

_LEAST_INTEGER, _GREATEST_INTEGER = -(2**31), 2**31 - 1
_GREATEST_SECONDS = 2_147_483  # PostgreSQL keeps timeouts as milliseconds in 32 bits
_LONGEST_QUOTE = 60  # characters
_ROWS = tuple(row for row in SETTINGS if row.kind is not Kind.URL)


def validate_settings(environ: Mapping[str, str], flags: Mapping[str, str], *, read_text: ReadText) -> Settings:
    """Return the settings, read generously: blanks round a value, `1e2` seconds, `JSON` for `json`.

    Args:
        environ: the environment variables.
        flags: field name -> text as typed; wins over `environ`.
        read_text: reads the file a `*_FILE` variable names.

    Raises:
        SettingsError: lists every problem, one per line: the URL's, the others' in the order of `SETTINGS`, then the
            variables that are no settings.
    """
    url, variable, problems = _look_for_url(environ, flags, read_text)
    values: dict[str, Any] = {}
    try:
        values = _model(environ, flags)().model_dump()
    except ValidationError as error:
        wrong = {one["loc"][0] for one in error.errors(include_input=False, include_url=False)}
        given = ((row, given_text(row, environ, flags)) for row in _ROWS if row.field in wrong)
        problems += [_problem(row, one) for row, one in given if one is not None]
    problems += [_unknown(name) for name in unknown_variables(environ)]
    if problems:
        raise SettingsError("\n".join(problems), problems=tuple(problems))
    return Settings(database_url=url, database_url_variable=variable, **values)


def _look_for_url(
    environ: Mapping[str, str], flags: Mapping[str, str], read_text: ReadText
) -> tuple[DatabaseUrl | None, str | None, list[str]]:
    try:
        return *find_database_url(environ, flags, read_text=read_text), []
    except SettingsError as error:
        return None, None, [error.message]


# -- the model ---------------------------------------------------------------------------------------------


class _Texts(PydanticBaseSettingsSource):
    """A source of texts by field, in place of pydantic-settings' own look at the process."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str], flags: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        found = {row.field: given_text(row, environ, flags) for row in _ROWS}
        self._texts = {name: given.text for name, given in found.items() if given is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._texts.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._texts)


def _model(environ: Mapping[str, str], flags: Mapping[str, str]) -> type[BaseSettings]:
    """Return the settings model that the rows describe, with the two mappings as its sources, flags first."""

    class _Base(BaseSettings):
        model_config = SettingsConfigDict(validate_default=False)

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **__: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return _Texts(settings_cls, {}, flags), _Texts(settings_cls, environ, {})

    fields: dict[str, Any] = {row.field: (_annotation(row), row.default) for row in _ROWS}
    return create_model("SettingsModel", __base__=_Base, **fields)


def _annotation(row: Setting) -> Any:
    if row.kind is Kind.CHOICE:
        return Annotated[Literal[row.choices], BeforeValidator(_same_case)]
    if row.kind is Kind.SECONDS:
        return Annotated[float, Field(ge=0, le=_GREATEST_SECONDS, allow_inf_nan=False)]
    if row.kind is Kind.INTEGER:
        return Annotated[int, Field(ge=_LEAST_INTEGER, le=_GREATEST_INTEGER)]
    return Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_printable)]


def _same_case(text: str) -> str:
    return text.strip().lower()


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("not printable")
    return text


# -- the sentences -----------------------------------------------------------------------------------------


def _problem(row: Setting, given: Given) -> str:
    return f"{given.name} is {_quoted(given.text)}, {_expected(row, given.text)}"


def _expected(row: Setting, text: str) -> str:
    if row.kind is Kind.CHOICE:
        nearest = _did_you_mean(_same_case(text), {choice: choice for choice in row.choices})
        return f"which is not one of {', '.join(row.choices)}.{nearest}"
    if row.kind is Kind.SECONDS:
        return f"which is not a number of seconds from 0 to {_GREATEST_SECONDS}; write it as in 30 or 2.5."
    if row.kind is Kind.INTEGER:
        return f"which is not a whole number from {_LEAST_INTEGER} to {_GREATEST_INTEGER}."
    return "which holds characters that cannot be printed, such as a line break; remove them."


def _quoted(text: str) -> str:
    """Return a value for a message: on one line, not too long, and without a password pasted into the wrong place."""
    shown = mask_secrets(text)
    return ascii(shown if len(shown) <= _LONGEST_QUOTE else f"{shown[:_LONGEST_QUOTE]}...")


def _unknown(name: str) -> str:
    # The prefix is the same for all, so it would make everything look alike.
    names = {row.variable.removeprefix("RUNNER_"): row.variable for row in SETTINGS}
    nearest = _did_you_mean(name.removeprefix("RUNNER_"), names)
    return f"{name} is not a setting.{nearest or ' docs/settings.md lists them all.'}"


def _did_you_mean(text: str, names: Mapping[str, str]) -> str:
    """Return a question with the nearest name: one of the values of `names`, which are found by their keys."""
    import difflib

    near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    return f" Did you mean {names[near[0]]}?" if near else ""
