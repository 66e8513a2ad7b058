"""tools/chart_values.py: what a comment of helm/values.yaml says becomes the schema and the table."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator

import yaml

from runner.settings import SETTINGS, Kind
from tests.programs import ROOT
from tools.chart_values import Value, chart_schema, read_values

_TEXT = """\
# A heading that belongs to nothing.

# Who it is for.
# In two lines.
# @enum a | b
name: a
inner:
  # @type integer | null
  # @minimum 1
  limit: null
  # @list string
  words: []
# @any
free: {x: 1}
"""


def test_a_comment_is_description_and_directives() -> None:
    """Lines with an @ are directives, the rest is joined; a blank line ends a comment."""
    name, inner, free = read_values(_TEXT)
    assert name.description == "Who it is for. In two lines."
    assert name.directives == {"enum": "a | b"}
    assert [child.name for child in inner.children] == ["limit", "words"]
    assert inner.children[0].directives == {"type": "integer | null", "minimum": "1"}
    assert (free.default, free.children) == ({"x": 1}, ())


def test_the_schema_closes_every_object_it_knows() -> None:
    """A misspelt name is refused everywhere except where Kubernetes' own objects are passed on."""
    schema = json.loads(chart_schema())
    assert schema["additionalProperties"] is False
    assert schema["properties"]["job"]["additionalProperties"] is False
    assert "additionalProperties" not in schema["properties"]["resources"]


def test_the_schema_has_every_setting_that_is_no_secret() -> None:
    """URLs come from Secrets, so they are not among the settings of the values."""
    settings = json.loads(chart_schema())["properties"]["settings"]["properties"]
    assert "DATABASE_URL" not in settings
    assert settings["RUNNER_NEWER_DATABASE"]["enum"] == ["fail", "ok", None]
    assert {row.variable for row in SETTINGS if row.kind is Kind.SECONDS} <= settings.keys()


def test_the_chart_is_for_this_version_of_the_runner() -> None:
    """The chart's appVersion is the image's default tag."""
    chart = yaml.safe_load((ROOT / "helm" / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert chart["appVersion"] == project["version"]


def test_every_value_is_used_by_a_template() -> None:
    """What no template reads would be accepted and do nothing."""
    templates = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "helm" / "templates").rglob("*.*"))
    unused = [
        path
        for path in _leaves(read_values((ROOT / "helm" / "values.yaml").read_text()), "")
        if not _used(path, templates)
    ]
    assert unused == []


def _leaves(values: tuple[Value, ...], prefix: str) -> Iterator[str]:
    for value in values:
        if value.children:
            yield from _leaves(value.children, f"{prefix}{value.name}.")
        else:
            yield f"{prefix}{value.name}"


def _used(path: str, templates: str) -> bool:
    """Tell whether a template reads a value: by its whole path, or from the variable its upper part was put into."""
    words = path.split(".")
    endings = [".".join(words[index:]) for index in range(len(words))]
    return any(re.search(rf"(\.Values|\.values|\$\w+)\.{re.escape(ending)}\b", templates) for ending in endings)
