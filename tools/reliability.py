"""Write the figures of the fault suite into docs/reliability.md: `make reliability`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

__all__ = ["main", "table"]

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
_BEGIN, _END = "<!-- figures: `make reliability` writes them -->\n", "<!-- end of figures -->\n"


def main() -> None:
    """Replace the figures of the page by those of the tally that the first argument names."""
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    head, _, rest = _PAGE.read_text().partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    _PAGE.write_text(f"{head}{_BEGIN}\n{table(lines)}\n{_END}{tail}")


def table(lines: list[dict[str, object]]) -> str:
    """Return the Markdown table, sorted by case; a case that several tests count is their sum."""
    rounds: dict[str, int] = {}
    for line in lines:
        rounds[str(line["case"])] = rounds.get(str(line["case"]), 0) + int(str(line["rounds"]))
    by_name = sorted(rounds.items(), key=lambda row: row[0].lower())
    rows = [f"| {case} | {count} | {count} |\n" for case, count in by_name]
    return "| case | rounds | survived |\n|---|---:|---:|\n" + "".join(rows)


if __name__ == "__main__":
    main()
