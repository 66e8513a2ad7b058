"""Makes docs/settings.md from the declaration in runner/settings.py.

python -m tools.settings_table   print it; `make generate` writes it
"""

from __future__ import annotations

from runner.settings import SETTINGS, Kind, Setting

__all__ = ["main", "settings_page"]

_INTRODUCTION = """\
# Settings

<!-- `make generate` writes this file from runner/settings.py. -->

Every setting is an environment variable, and a flag that wins over it. Nothing is needed beyond the database's URL and,
unless it is `migrations` or named by a configuration file, the directory.

- A variable that is empty or blank counts as not set.
- The flag wins over `MIGRATION_DATABASE_URL`, which wins over `DATABASE_URL`, which wins over `sqlalchemy.url` of the
  configuration file. Only the one that wins is looked at. Prefer the variables: other users of a machine can see flags.
- `DATABASE_URL_FILE` and `MIGRATION_DATABASE_URL_FILE` name a file that holds the URL, such as a mounted secret; a
  newline at its end does not matter. Setting a variable and its `_FILE` is an error.
- An unknown variable that begins with `RUNNER_` is an error. Exempt are `RUNNER_TEST_*`, what GitHub Actions and
  GitLab's runner set for every job (`RUNNER_OS`, `RUNNER_TEMP`, ...), and what Kubernetes sets for a Service called
  `runner`.
- All problems are reported at once, one per line, with exit code 10. No message repeats a password.

| Variable | Flag | Default | Meaning | Unit |
|---|---|---|---|---|
"""


def settings_page() -> str:
    """Return docs/settings.md."""
    return _INTRODUCTION + "".join(_row(row) for row in SETTINGS)


def _row(row: Setting) -> str:
    variables = [row.variable, row.file_variable] if row.file_variable else [row.variable]
    cells = (", ".join(map(_code, variables)), _flag(row), _default(row), _meaning(row), row.unit)
    return f"| {' | '.join(cells)} |\n".replace("  |", " |")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _flag(row: Setting) -> str:
    return ", ".join(_code(option) for option in (row.flag or row.option).split(", "))


def _default(row: Setting) -> str:
    if row.default is None:
        return row.default_note
    return _code(f"{row.default:g}" if isinstance(row.default, float) else str(row.default))


def _meaning(row: Setting) -> str:
    if row.kind is not Kind.CHOICE:
        return row.help
    return f"{row.help} One of {', '.join(map(_code, row.choices))}."


def main() -> None:
    """Print the page."""
    print(settings_page(), end="")


if __name__ == "__main__":
    main()
