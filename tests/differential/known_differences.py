"""Where the command line differs from Alembic's on purpose: what, and why.

`DIFFERENCES` is the record. `expected_script` and `expected_answer` turn what Alembic wrote into what we should write;
any other disagreement fails the tests. Each function says which entries it needed, so that one that no longer holds is
noticed. The graph's differences and those of single operations have files of their own beside this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.oracle import normalised_sql

__all__ = ["DIFFERENCES", "Difference", "expected_answer", "expected_script", "row_history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One deliberate difference.

    Args:
        alembic: what Alembic does.
        ours: what we do.
        why: the reason, with the row of the inventory where there is one.
    """

    alembic: str
    ours: str
    why: str


DIFFERENCES = {
    "returning": Difference(
        alembic="the INSERT of a version row asks for it back: RETURNING, on SQL Server OUTPUT, on Oracle INTO :ret_0",
        ours="a plain INSERT",
        why="nobody reads the answer of a script, and on Oracle the script does not even run (REV-44)",
    ),
    "comment-terminator": Difference(
        alembic="a statement that ends with a comment gets its semicolon inside the comment",
        ours="the semicolon stands on the next line",
        why="a semicolon in a comment ends nothing: the next statement would become part of this one",
    ),
    "comment-alone": Difference(
        alembic="a comment that is executed as a statement gets a terminator, and the separator of a batch",
        ours="it is written as it is",
        why="there is nothing to end: a lone semicolon is an empty statement, which some drivers refuse",
    ),
    "placeholders": Difference(
        alembic="without literal_binds values become placeholders, without a paramstyle percent signs are doubled",
        ours="values and percent signs as the database should receive them, whatever env.py says",
        why="a script with placeholders is printed without complaint and cannot be run (OFF-3, ENV-21)",
    ),
    "split-of-a-merge": Difference(
        alembic="which parent of a merge takes over its row in a downgrade depends on the hash seed",
        ours="always the one that the upgrade's row would come from",
        why="the artifact must be the same under any hash seed; the rows after each step are equal (STYLE C1)",
    ),
    "order-of-sets": Difference(
        alembic="the children of a branch point and the labels of a revision come in the order of a set",
        ours="sorted by identifier",
        why="the same input gives the same output under any hash seed",
    ),
    "order-of-rows": Difference(
        alembic="`current` and `show current` list several rows in the order of a set",
        ours="sorted by identifier",
        why="the same input gives the same output under any hash seed",
    ),
    "failures": Difference(
        alembic="exit code 255 and `FAILED: ...` on stdout, with --sql inside the script; tracebacks with exit code 1",
        ours="an exit code per kind of failure, the sentence on stderr, with --sql nothing but SQL on stdout",
        why="a redirected script must not hold prose, and a pipeline must tell failures apart (CLI-E2, DNG-10)",
    ),
    "own-output": Difference(
        alembic="what env.py and revisions print lands in the script",
        ours="it goes to stderr while stdout carries a script or an answer",
        why="a debugging print() must not become part of an SQL artifact",
    ),
    "default-target": Difference(
        alembic="`upgrade` without a revision is misuse of the command line",
        ours="it means RUNNER_TARGET, by default heads",
        why="a job's command line needs no argument",
    ),
}

_RETURNING = re.compile(
    r"(INSERT INTO \S+ \(version_num\))( OUTPUT \S+)?( VALUES \('\w+'\))( RETURNING [^;\n]*)?(?=[;\n])"
)
_COMMENT_ALONE = re.compile(r"(?P<before>(?:;|\nGO|\n/)\n)(?P<comment>--[^\n]*)(?:;(?:\nGO(?=\n))?|\n/)(?=\n|\Z)")
_COMMENT = re.compile(r"^(.*--.*);$", re.MULTILINE)
_ROW = re.compile(
    r"INSERT INTO \S+ \(version_num\) VALUES \('(?P<inserted>\w+)'\)"
    r"|UPDATE \S+ SET version_num='(?P<new>\w+)' WHERE \S+ = '(?P<old>\w+)'"
    r"|DELETE FROM \S+ WHERE \S+ = '(?P<deleted>\w+)'"
)
_SETS = re.compile(r"^(Branches into: |Branch names: )(.*)$|( \()(\w+(?:, \w+)+)(?=\))", re.MULTILINE)


def expected_script(alembic: str) -> tuple[str, set[str]]:
    """Return Alembic's offline script as ours should be, white space normalised, and the differences it needed."""
    text, needed = normalised_sql(alembic), set()
    patterns = (
        ("returning", _RETURNING, r"\1\3"),
        ("comment-alone", _COMMENT_ALONE, r"\g<before>\g<comment>"),
        ("comment-terminator", _COMMENT, r"\1\n;"),
    )
    for name, pattern, ours in patterns:
        changed = pattern.sub(ours, text)
        if changed != text:
            needed.add(name)
        text = changed
    return text, needed


def row_history(script: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return, for each step of an offline script, its heading and the version rows after it, by replaying the DML."""
    rows: set[str] = set()
    history = []
    for step in normalised_sql(script).split("-- Running ")[1:]:
        for change in _ROW.finditer(step):
            gone = change["old"] or change["deleted"]
            come = change["inserted"] or change["new"]
            if gone:
                rows.discard(gone)
            if come:
                rows.add(come)
        history.append((step.partition("\n")[0], tuple(sorted(rows))))
    return history


def expected_answer(command: str, alembic: str) -> tuple[str, set[str]]:
    """Return the answer of one of Alembic's query commands as ours should be, and the differences it needed."""
    text = _SETS.sub(_sorted_list, alembic)
    if command == "branches":
        text = _sorted_children(text)
    needed = {"order-of-sets"} if text != alembic else set()
    if command in {"current", "show current"}:
        ordered = _sorted_entries(text)
        needed |= {"order-of-rows"} if ordered != text else set()
        text = ordered
    return text, needed


def _sorted_list(found: re.Match[str]) -> str:
    mark, names = (found[1], found[2]) if found[1] else (found[3], found[4])
    return mark + ", ".join(sorted(names.split(", ")))


def _sorted_children(text: str) -> str:
    lines: list[str] = []
    for block in re.split(r"(?<=\n)(?!\s+-> )", text):
        head, *children = block.splitlines(keepends=True) or [""]
        lines += [head, *sorted(children)]
    return "".join(lines)


def _sorted_entries(text: str) -> str:
    """Sort lines, or long entries, which begin with `Rev:`."""
    heading, mark, rest = text.partition("Rev: ")
    if not mark:
        return "".join(sorted(text.splitlines(keepends=True)))
    return heading + "".join(sorted(re.split(r"(?<=\n)(?=Rev: )", mark + rest)))
