"""`python -m runner` and the `runner` command: floor 7."""

from __future__ import annotations

import sys

from runner.signals import attend_to_signals

__all__ = ["main"]


def main() -> None:
    """Run the command line and end the process with its exit code."""
    attend_to_signals()
    from runner.cli import main as cli_main  # by far the most of the start

    sys.exit(cli_main())


if __name__ == "__main__":
    main()
