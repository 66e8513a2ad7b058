"""Names and dates of new revision files: floor 3; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from runner.errors import ConfigError, GraphError
from runner.revisions.script import verify_rev_id

__all__ = ["create_date", "file_name", "new_rev_id", "slug_of", "verify_new_id", "verify_new_label"]

_RESERVED = frozenset({"base", "head", "heads", "current"})
_UNFIT = re.compile(r"[\s/\\\x00-\x1f\x7f]")


def new_rev_id() -> str:
    """Return a new random identifier: twelve hexadecimal digits."""
    from uuid import uuid4

    return uuid4().hex[-12:]


def verify_new_id(revision: str) -> None:
    """Refuse an id that no symbol or no file could be named after.

    Raises:
        GraphError: it is reserved, or has a character that means something in symbols or paths.
    """
    verify_rev_id(revision)
    _verify_word(revision, "Revision id")


def verify_new_label(label: str) -> None:
    """Refuse a branch label that no symbol could name.

    Raises:
        GraphError: it is empty, reserved, or has a character that means something in symbols or paths.
    """
    verify_rev_id(label)
    _verify_word(label, "Branch label")


def _verify_word(word: str, what: str) -> None:
    if word in _RESERVED:
        raise GraphError(
            f"{what} {word} is reserved: it is a symbol ({', '.join(sorted(_RESERVED))}). Choose another.", name=word
        )
    if _UNFIT.search(word):
        raise GraphError(f"{what} {word!r} contains white space, a slash or a control character.", name=word)


def slug_of(message: str | None, truncate: int) -> str:
    """Return the words of a message, lower case, joined by underscores, cut between words after `truncate` characters.

    What was cut ends with an underscore. A first word that is too long by itself is cut within.
    """
    slug = "_".join(re.findall(r"\w+", message or "")).lower()
    if len(slug) <= truncate:
        return slug
    return slug[:truncate].rsplit("_", 1)[0] + "_"


def file_name(template: str, *, revision: str, message: str | None, date: datetime, truncate: int) -> str:
    """Return the path of a new file inside its version location.

    Args:
        template: `file_template`.
        revision: the id.
        message: what the slug is made of.
        date: in the zone the tokens shall be in.
        truncate: longest slug.

    Raises:
        ConfigError: the template has a token that does not exist, or leads outside the version location.
    """
    tokens = {
        "rev": revision,
        "slug": slug_of(message, truncate),
        "epoch": int(date.timestamp()),
        **{name: getattr(date, name) for name in ("year", "month", "day", "hour", "minute", "second")},
    }
    try:
        name = f"{template % tokens}.py"
    except KeyError as exc:
        raise ConfigError(
            f"file_template {template!r} uses the token {exc.args[0]!r}, which does not exist; there are "
            f"{', '.join(tokens)}.",
            key="file_template",
        ) from exc
    except (TypeError, ValueError) as exc:
        raise ConfigError(f"file_template {template!r} cannot be filled in: {exc}.", key="file_template") from exc
    if name.startswith("/") or ".." in name.split("/"):
        raise ConfigError(f"file_template {template!r} leads outside the version location.", key="file_template")
    return name


def create_date(zone_name: str | None, now: datetime | None = None) -> datetime:
    """Return the date for a new file: aware in the configured zone, naive local time where none is set.

    Raises:
        ConfigError: there is no such zone.
    """
    now = now or datetime.now(UTC)
    if zone_name is None or not zone_name.strip():
        return now.astimezone().replace(tzinfo=None)
    return now.astimezone(_zone(zone_name.strip()))


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    for spelling in (name, name.upper()):
        try:
            return ZoneInfo(spelling)
        except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            continue
    raise ConfigError(
        f"Time zone {name} is unknown here. Correct timezone, or install the tzdata package.", key="timezone"
    )
