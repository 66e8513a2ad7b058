"""Write the figures of the fault suite into docs/reliability.md: `make reliability`.

Usage: python -m tools.reliability TALLY [--merge]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

__all__ = ["main", "rounds_of", "summed", "table"]

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
_BEGIN, _END = "<!-- figures: `make reliability` writes them -->\n", "<!-- end of figures -->\n"


def main() -> None:
    """Replace the figures of the page by those of the tally that the first argument names.

    With `--merge` as the second one, cases that the tally does not have keep their figures.
    """
    head, _, rest = _PAGE.read_text().partition(_BEGIN)
    figures, _, tail = rest.partition(_END)
    kept = rounds_of(figures) if sys.argv[2:] == ["--merge"] else {}
    tally = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    _PAGE.write_text(f"{head}{_BEGIN}\n{table(kept | summed(tally))}\n{_END}{tail}")


def rounds_of(figures: str) -> dict[str, int]:
    """Return case -> rounds of a table that was written before."""
    return {case: int(rounds) for case, rounds in re.findall(r"^\| (.+) \| (\d+) \| \d+ \|$", figures, re.MULTILINE)}


def summed(tally: list[dict[str, object]]) -> dict[str, int]:
    """Return case -> rounds; a case that several tests count is their sum."""
    rounds: dict[str, int] = {}
    for line in tally:
        rounds[str(line["case"])] = rounds.get(str(line["case"]), 0) + int(str(line["rounds"]))
    return rounds


def table(rounds: dict[str, int]) -> str:
    """Return the Markdown table, sorted by case. A round that was not survived has failed the suite before."""
    by_name = sorted(rounds.items(), key=lambda row: row[0].lower())
    rows = [f"| {case} | {count} | {count} |\n" for case, count in by_name]
    return "| case | rounds | survived |\n|---|---:|---:|\n" + "".join(rows)


if __name__ == "__main__":
    main()
