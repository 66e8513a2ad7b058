"""`python -m runner` and the `runner` command: floor 7."""

from __future__ import annotations

import sys

from runner.cli import main as cli_main

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(cli_main())


if __name__ == "__main__":
    main()
