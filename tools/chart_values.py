"""Makes helm/values.schema.json, the table of helm/README.md and the list of exit codes from where they are declared.

A value of helm/values.yaml is described by the comment above it; its type is that of its default. A line of the comment
that begins with an @ says what the default cannot:

@enum A | B          one of these texts
@list A | B          a list of these texts; `@list any`, `@list string`, `@list integer`
@map string          a mapping with any keys and values of this type
@any                 a mapping that is passed on as it is
@type T | null       in place of the default's type
@pattern REGEX       what a text looks like
@minimum N           the least number
@settings            the settings of runner/settings.py by variable
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runner.settings import SETTINGS, Kind, Setting

__all__ = ["Value", "chart_exit_codes", "chart_readme", "chart_schema", "read_values"]

CHART = Path(__file__).resolve().parent.parent / "helm"
_BEGIN, _END = "<!-- values: `make generate` writes what is between these lines -->\n", "<!-- end of values -->\n"
_RENDERED_BY_THE_CHART = {"RUNNER_POD", "RUNNER_IMAGE_DIGEST", "RUNNER_TERMINATION_MESSAGE_FILE"}
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of the chart.

    Args:
        description: the comment above it, as one line.
        directives: name -> text of the comment's lines that begin with an @.
        children: the values below it; empty for one that is taken as a whole.
    """

    name: str
    default: Any
    description: str
    directives: dict[str, str]
    children: tuple[Value, ...]


def read_values(text: str) -> tuple[Value, ...]:
    """Return the values of a values.yaml, in its order."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    return tuple(_values(root, text.splitlines()))


def _values(node: yaml.MappingNode, lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        description, directives = _comment(lines, key.start_mark.line)
        whole = {"any", "map", "settings"} & directives.keys()
        nested = isinstance(value, yaml.MappingNode) and not whole
        yield Value(
            name=key.value,
            default=yaml.safe_load(yaml.serialize(value)),
            description=description,
            directives=directives,
            children=tuple(_values(value, lines)) if nested and isinstance(value, yaml.MappingNode) else (),
        )


def _comment(lines: list[str], line: int) -> tuple[str, dict[str, str]]:
    """Return the words and the directives of the comment that ends above a line."""
    first = line
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    found = [one.lstrip().removeprefix("#").strip() for one in lines[first:line]]
    directives = dict(one[1:].partition(" ")[::2] for one in found if one.startswith("@"))
    return " ".join(one for one in found if not one.startswith("@")), directives


def chart_schema() -> str:
    """Return helm/values.schema.json."""
    values = read_values((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "`make generate` writes this file from the comments of values.yaml.",
        **_object(values),
    }
    schema["properties"]["global"] = {"description": "Helm hands it to every chart.", "type": "object"}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _object(values: tuple[Value, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {value.name: _schema(value) for value in values},
    }


def _schema(value: Value) -> dict[str, Any]:
    said = value.directives
    schema: dict[str, Any] = {"description": value.description} if value.description else {}
    if "settings" in said:
        return schema | _settings_schema()
    if value.children:
        return schema | _object(value.children)
    schema["type"] = _type(value)
    if "enum" in said:
        schema["enum"] = _split(said["enum"])
    if "list" in said:
        schema["items"] = _items(said["list"])
    if "map" in said:
        schema["additionalProperties"] = {"type": said["map"]}
    if "pattern" in said:
        schema["pattern"] = said["pattern"]
    if "minimum" in said:
        schema["minimum"] = int(said["minimum"])
    return schema


def _type(value: Value) -> str | list[str]:
    if "type" in value.directives:
        return _split(value.directives["type"])
    assert value.default is not None, f"helm/values.yaml: {value.name} is null and needs an @type"
    return _TYPES[type(value.default)]


def _items(text: str) -> dict[str, Any]:
    if text == "any":
        return {}
    return {"type": text} if text in _TYPES.values() else {"type": "string", "enum": _split(text)}


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split("|")]


def _settings_schema() -> dict[str, Any]:
    """Return the schema of the settings that are no secrets and are not written by the chart itself."""
    rows = [row for row in SETTINGS if row.kind is not Kind.URL and row.variable not in _RENDERED_BY_THE_CHART]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {row.variable: _setting_schema(row) for row in rows},
    }


def _setting_schema(row: Setting) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": row.help}
    if row.kind is Kind.CHOICE:
        return schema | {"enum": [*row.choices, None]}
    if row.kind in {Kind.SECONDS, Kind.INTEGER}:
        return schema | {"type": ["number" if row.kind is Kind.SECONDS else "integer", "string", "null"]}
    return schema | {"type": ["string", "null"]}


def chart_readme() -> str:
    """Return helm/README.md with its table written anew."""
    text = (CHART / "README.md").read_text(encoding="utf-8")
    before, found, rest = text.partition(_BEGIN)
    _, closed, after = rest.partition(_END)
    assert found, "helm/README.md has lost the line above its table of values"
    assert closed, "helm/README.md has lost the line below its table of values"
    values = read_values((CHART / "values.yaml").read_text(encoding="utf-8"))
    rows = "".join(_row(path, value) for path, value in _flat(values, ""))
    return f"{before}{_BEGIN}\n| Value | Default | Meaning |\n|---|---|---|\n{rows}\n{_END}{after}"


def _flat(values: tuple[Value, ...], prefix: str) -> Iterator[tuple[str, Value]]:
    for value in values:
        path = f"{prefix}{value.name}"
        if not value.children or value.description:
            yield path, value
        yield from _flat(value.children, f"{path}.")


def _row(path: str, value: Value) -> str:
    default = "" if value.children else f"`{json.dumps(value.default, ensure_ascii=False)}`"
    choices = value.directives.get("enum") or value.directives.get("list", "")
    one_of = " One of " if "enum" in value.directives else " Any of "
    # What the description explains word by word is not listed again.
    listed = "|" in choices and not all(word in value.description for word in _split(choices))
    meaning = value.description + (one_of + ", ".join(f"`{word}`" for word in _split(choices)) + "." if listed else "")
    return f"| `{path}` | {default} | {meaning.replace('|', chr(92) + '|').strip()} |\n"


def chart_exit_codes(final: list[int]) -> str:
    """Return helm/templates/_exit-codes.tpl: the codes after which another attempt makes no sense."""
    return (
        "{{/* Exit codes after which another attempt makes no sense; `make generate` writes them. */}}\n"
        f'{{{{- define "revision-runner.finalExitCodes" -}}}}\n{json.dumps(final)}\n{{{{- end }}}}\n'
    )
