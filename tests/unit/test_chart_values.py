"""tools/chart_values.py: what a comment of helm/values.yaml says becomes the schema and the table."""

from __future__ import annotations

import json

from runner.settings import SETTINGS, Kind
from tools.chart_values import chart_schema, read_values

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
