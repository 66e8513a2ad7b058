"""Names, identifiers and dates of new files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.errors import ConfigError, GraphError
from runner.revisions.naming import create_date, file_name, new_rev_id, slug_of, verify_new_id, verify_new_label

DATE = datetime(2026, 3, 9, 7, 5, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("message", "truncate", "slug"),
    [
        ("Add the Orders table", 40, "add_the_orders_table"),
        ("it's Ünï-1", 40, "it_s_ünï_1"),
        (None, 40, ""),
        ("...", 40, ""),
        ("one two three", 8, "one_two_"),
        ("one two three", 7, "one_"),
        ("incomprehensibilities", 5, "incom_"),
    ],
)
def test_slugs(message: str | None, truncate: int, slug: str) -> None:
    """A slug is the words of the message, cut between words, with a trailing underscore where it was cut (CFG-12)."""
    assert slug_of(message, truncate) == slug


def test_every_token_of_file_template() -> None:
    """All tokens can be used, numbers as numbers (PARITY 2.3)."""
    template = "%(year)d/%(month).2d-%(day).2d_%(hour)02d%(minute)02d%(second)02d_%(epoch)d_%(rev)s_%(slug)s"
    found = file_name(template, revision="ab", message="Hi you", date=DATE, truncate=40)
    assert found == f"2026/03-09_070502_{int(DATE.timestamp())}_ab_hi_you.py"


@pytest.mark.parametrize("template", ["%(nonsense)s", "%(rev)d", "%", "../%(rev)s", "/abs/%(rev)s"])
def test_templates_that_cannot_be_used(template: str) -> None:
    """An unknown token, a wrong conversion and a way out of the version location are refused (CFG-11)."""
    with pytest.raises(ConfigError, match="file_template"):
        file_name(template, revision="ab", message="m", date=DATE, truncate=40)


def test_dates_have_the_configured_zone() -> None:
    """A zone makes the date aware; an unset or blank one leaves it local and naive (CFG-13, BUG-8)."""
    assert create_date("UTC", DATE) == DATE
    assert create_date("europe/berlin".title(), DATE).utcoffset() is not None
    assert create_date(None, DATE).tzinfo is None
    assert create_date("  ", DATE).tzinfo is None


def test_an_unknown_zone_is_an_error_with_the_key() -> None:
    """The message names the zone and the option (ERR-20)."""
    with pytest.raises(ConfigError, match="Mars/Olympus is unknown"):
        create_date("Mars/Olympus")


@pytest.mark.parametrize(
    "name", ["base", "head", "heads", "current", "a+b", "a-1", "x@y", "a:b", "", "a b", "a/b", "a\n"]
)
def test_names_that_symbols_could_not_name(name: str) -> None:
    """Reserved words, and characters that mean something in symbols or paths, are refused by name (REV-4, ERR-13)."""
    with pytest.raises(GraphError):
        verify_new_id(name)
    with pytest.raises(GraphError):
        verify_new_label(name)


def test_random_ids() -> None:
    """An id is twelve hexadecimal digits, and another each time (REV-4)."""
    first, second = new_rev_id(), new_rev_id()
    assert first != second
    assert len(first) == 12
    assert int(first, 16) >= 0
