"""Writes the generated files of the repository, or says which of them are stale.

python -m tools.generate           write them
python -m tools.generate --check   exit 1 if one differs, naming the command that writes it
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from runner import errors
from tools.chart_values import chart_exit_codes, chart_readme, chart_schema
from tools.operation_pages import operation_pages
from tools.settings_table import settings_page

__all__ = ["GENERATED", "ROOT", "main", "stale_files"]

ROOT = Path(__file__).resolve().parent.parent

_ERRORS_INTRODUCTION = """\
# Errors and exit codes

<!-- `make generate` writes this file from runner/errors.py. -->

Every failure has a stable `code` (in the log as `error_code`), an exit code, and one sentence that says what happened,
which revision, file or setting is meant, and what to do next. Exit codes come in groups, so that a pipeline can
tell them apart:

| Exit code | Whose turn it is |
|---|---|
| 0 | nobody's: the database is where it should be |
| 1 | ours: a defect of the runner, please report it |
| 2 | the command line could not be understood |
| 10-19 | the operator's: a setting |
| 20-29 | the author's: the revision directory |
| 30-39 | the database's: the server, a role, or the rows of the version table |
| 40-49 | nobody's: another runner was busy; try again |
| 50-59 | the author's: the code of a revision or of env.py |
| 60-69 | the author's or operator's: offline mode |
| 70-79 | an answer, not an accident: the database is not where it should be |
| 128 + n | somebody sent signal n (130 SIGINT, 143 SIGTERM); what was in flight was rolled back |

## All codes

"Retry helps" says whether running the same command again, with nothing changed, may succeed.

| Exit code | Code | Raised as | Retry helps |
|---|---|---|---|
"""

_POD_FAILURE_POLICY = """
## As a Kubernetes podFailurePolicy

A Job need not spend its `backoffLimit` on what cannot succeed. This policy fails the Job at once for every code
that does not become better by itself, the runner's own defects (1) and misuse (2) included, and lets the others count:

```yaml
spec:
  backoffLimit: 6
  podFailurePolicy:
    rules:
      - action: Ignore # a drained node is nobody's failure
        onPodConditions:
          - type: DisruptionTarget
      - action: FailJob
        onExitCodes:
          containerName: migrate
          operator: In
          values: [{codes}]
  template:
    spec:
      restartPolicy: Never # a podFailurePolicy wants this
```

`{retried}` and what a signal caused are tried again. `RUNNER_TERMINATION_MESSAGE_FILE=/dev/termination-log` puts the
reason where `kubectl describe pod` shows it.
"""


def error_classes() -> list[type[errors.RunnerError]]:
    """Return every error class, sorted by exit code, then code, then name."""
    found = [
        member for _, member in inspect.getmembers(errors, inspect.isclass) if issubclass(member, errors.RunnerError)
    ]
    return sorted(found, key=lambda member: (member.exit_code, member.code, member.__name__))


def errors_page() -> str:
    """Return docs/errors.md: the table of all codes, then one heading per code with what it means."""
    classes = error_classes()
    rows = [
        f"| {member.exit_code} | [{member.code}](#{member.code}) | `{member.__name__}` "
        f"| {'yes' if member.retryable else 'no'} |"
        for member in classes
    ]
    parts = [_ERRORS_INTRODUCTION, "\n".join(rows), "\n", pod_failure_policy(classes), *_error_sections(classes)]
    return "".join(parts)


def pod_failure_policy(classes: list[type[errors.RunnerError]]) -> str:
    """Return the section with the policy that the classes' `retryable` makes."""
    final = final_exit_codes(classes)
    retried = sorted({member.exit_code for member in classes if member.retryable and member.exit_code < 128})
    return _POD_FAILURE_POLICY.replace("{codes}", ", ".join(map(str, final))).replace(
        "{retried}", ", ".join(map(str, retried))
    )


def final_exit_codes(classes: list[type[errors.RunnerError]]) -> list[int]:
    """Return the exit codes after which another attempt makes no sense: defects (1) and misuse (2) are among them."""
    return sorted({member.exit_code for member in classes if not member.retryable} | {1, 2})


def _error_sections(classes: list[type[errors.RunnerError]]) -> Iterator[str]:
    for member in classes:
        summary, _, details = inspect.cleandoc(member.__doc__ or "").partition("\n\n")
        details = details.partition("Args:")[0].strip()
        text = f"{summary}\n\n{details}" if details else summary
        yield f"\n### {member.code}\n\nExit code {member.exit_code}. {text}\n"


GENERATED: dict[str, Callable[[], str]] = {
    "docs/errors.md": errors_page,
    "docs/settings.md": settings_page,
    **operation_pages(),
    "helm/README.md": chart_readme,
    "helm/templates/_exit-codes.tpl": lambda: chart_exit_codes(final_exit_codes(error_classes())),
    "helm/values.schema.json": chart_schema,
}
"""Path below the root -> the function that returns what the file must contain."""


def stale_files() -> list[str]:
    """Return the generated files that differ from what would be written, sorted."""
    return sorted(path for path, make in GENERATED.items() if _read(ROOT / path) != make())


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    """Write or check all generated files and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file is stale")
    stale = stale_files()
    if parser.parse_args().check:
        for path in stale:
            print(f"{path} is stale. Run: make generate", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(GENERATED[path](), encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
