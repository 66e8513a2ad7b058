from __future__ import annotations

import pytest

from runner.errors import GraphError, InvalidTarget, MultipleHeads, RangeInvalid, UnknownRevision
from runner.graph import Revision, RevisionGraph, parse_range
from runner.graph.faults import (
    AmbiguousPrefix,
    AmbiguousStep,
    NotInBranch,
    PrefixTooShort,
    StepTooFar,
    UnknownBranch,
    listed,
)
from runner.graph.symbols import Symbol, parse_symbol
from tests.property.graphs import graph_of

FORKED = graph_of("""
    aa1027 <- aa2027 <- bb1027(billing) <- bb2027
              aa2027 <- cc1027 <- cc2027(core) <- cc3027
    zz1027(audit) <- zz2027
    cc1027 <~ zz2027
""")


@pytest.mark.parametrize(
    ("symbol", "ids"),
    [
        ("heads", ("bb2027", "cc3027", "zz2027")),
        ("base", ()),
        ("aa1027", ("aa1027",)),
        ("aa1", ("aa1027",)),
        ("billing", ("bb1027",)),
        ("bill", ("bb1027",)),
        ("billing@head", ("bb2027",)),
        ("billing@heads", ("bb2027",)),
        ("billing@base", ()),
        ("billing@aa1027", ("aa1027",)),
        ("billing@bb2027", ("bb2027",)),
        ("bb2027@head", ("bb2027",)),
        ("cc1@head", ("cc3027",)),
        ("cc1027@cc2", ("cc2027",)),
        ("aa2027@heads", ("bb2027", "cc3027")),
        ("zz2@head", ("zz2027",)),
        ("audit@zz2027", ("zz2027",)),
        ("cc3027-2", ("cc1027",)),
        ("cc3027-4", ("aa1027",)),
        ("cc3027-5", ()),
        ("aa1027+1", ("aa2027",)),
        ("billing@head-2", ("aa2027",)),
        ("billing@aa2027+2", ("bb2027",)),
        ("core+1", ("cc3027",)),
        ("zz1+1", ("zz2027",)),
        ("core@base+1", ("aa1027",)),
        ("aa1027+0", ("aa1027",)),
    ],
)
def test_a_symbol_names_revisions(symbol: str, ids: tuple[str, ...]) -> None:
    """Ends, ids, prefixes, labels, branches and steps (REV-10 to REV-18)."""
    assert FORKED.resolve(symbol) == ids


@pytest.mark.parametrize(
    ("symbol", "kind", "sentence"),
    [
        ("head", MultipleHeads, "head is not a single revision: there are bb2027, cc3027 and zz2027."),
        ("aa2027@head", MultipleHeads, "aa2027@head is not a single revision: there are bb2027 and cc3027."),
        ("heads-1", MultipleHeads, "heads is not a single revision"),
        ("a", AmbiguousPrefix, "'a' is the beginning of aa1027, aa2027 and audit. Write more of the one you mean."),
        ("nothing", UnknownRevision, "No revision or branch label 'nothing'."),
        ("biling", UnknownRevision, "No revision or branch label 'biling'. Did you mean billing?"),
        (
            "bilyng@head",
            UnknownBranch,
            "No branch bilyng. Branch labels: audit, billing and core. Did you mean billing?",
        ),
        (
            "billing@cc1027",
            NotInBranch,
            "Revision cc1027 is not in branch billing: neither is an ancestor of the other.",
        ),
        ("billing@cc1", UnknownRevision, "No revision or branch label 'cc1' in branch billing."),
        ("audit@cc1027", NotInBranch, "Revision cc1027 is not in branch audit"),
        ("+1", InvalidTarget, "+1 counts from what a database has, which is not known here."),
        ("billing@-2", InvalidTarget, "Name a revision to count from, as in ae10-2."),
        ("aa2027+1", AmbiguousStep, "aa2027+1 is ambiguous: from aa2027 it could go to bb1027 and cc1027."),
        ("base+1", AmbiguousStep, "base+1 is ambiguous: from base it could go to aa1027 and zz1027."),
        ("cc3027+1", StepTooFar, "cc3027+1 asks for 1 step, but after 0 there is nothing above cc3027."),
        ("aa2027-3", StepTooFar, "aa2027-3 asks for 3 steps, but after 2 there is nothing below base."),
        ("", UnknownRevision, "'' names no revision."),
        ("billing@", UnknownRevision, "'billing@' names no revision."),
        ("@head", UnknownRevision, "'@head' names no revision."),
        ("aa1027:bb1027", UnknownRevision, "No revision or branch label 'aa1027:bb1027'."),
        ("aa1027+x", UnknownRevision, "No revision or branch label 'aa1027+x'."),
    ],
)
def test_a_symbol_is_refused_with_the_reason(symbol: str, kind: type[GraphError], sentence: str) -> None:
    """Every fault has its type and says what would have been understood (ERR-1, ERR-2, ERR-9, ERR-15)."""
    with pytest.raises(GraphError) as caught:
        FORKED.resolve(symbol)
    assert type(caught.value) is kind
    assert sentence in str(caught.value)


def test_short_ids_are_written_in_full() -> None:
    """Only ids of four or more characters have prefixes, and the sentence says so (REV-14, BUG-5)."""
    graph = graph_of("abc <- abd <- abcde")
    assert graph.resolve("ab") == ("abcde",)
    graph = graph_of("abc <- abd")
    with pytest.raises(PrefixTooShort, match=r"Ids shorter than 4 characters are not abbreviated: write abc and abd"):
        graph.resolve("ab")
    with pytest.raises(PrefixTooShort):
        graph.resolve("ab@head")


def test_an_exact_id_wins_over_a_label_and_a_prefix() -> None:
    """An id that begins another one is still itself (REV-20)."""
    graph = graph_of("abcd <- abcdef(abcdefgh) <- abcdef01")
    assert graph.resolve("abcd") == ("abcd",)
    assert graph.resolve("abcdef") == ("abcdef",)
    assert graph.resolve("abcdefg") == ("abcdef",)


def test_an_id_with_a_hyphen_is_not_taken_apart() -> None:
    """What exists under exactly this name is meant (REV-4)."""
    graph = RevisionGraph(
        [Revision(revision="step-1"), Revision(revision="step-1b", down_revisions=("step-1",), branch_labels=("x-2",))]
    )
    assert graph.resolve("step-1") == ("step-1",)
    assert graph.resolve("step-1+1") == ("step-1b",)
    assert graph.resolve("x-2@head") == ("step-1b",)
    assert graph.resolve("x-2-1") == ("step-1",)


def test_head_of_an_empty_directory_is_base() -> None:
    """There is nothing to upgrade to, and that is no error."""
    graph = RevisionGraph([])
    assert graph.resolve("head") == graph.resolve("heads") == ()
    assert graph.resolve_one("head") is None


def test_resolve_one_refuses_several() -> None:
    """One revision, or None for base; several are refused with a way to narrow (ERR-2)."""
    assert FORKED.resolve_one("billing") == "bb1027"
    assert FORKED.resolve_one("base") is None
    with pytest.raises(MultipleHeads, match=r"narrow to a branch with a label or an id \(audit@head\)"):
        FORKED.resolve_one("heads")


def test_an_effective_head_counts_for_head_and_not_for_heads() -> None:
    """`head` asks for the end of the only lineage; `heads` for the rows of an up-to-date database (REV-32)."""
    graph = graph_of("a1 <~ b1")
    assert graph.resolve("heads") == ("b1",)
    with pytest.raises(MultipleHeads):
        graph.resolve("head")
    assert graph.resolve("a1@head") == ("a1",)


def test_a_symbol_is_taken_apart() -> None:
    """Branch, name and step are told apart without looking anything up."""
    assert parse_symbol(FORKED, "billing@head-2") == Symbol("billing", "head", -2)
    assert parse_symbol(FORKED, "+3") == Symbol(None, "", 3)
    assert parse_symbol(FORKED, "aa1027") == Symbol(None, "aa1027", None)
    assert parse_symbol(FORKED, "+3").is_relative_to_current
    assert not parse_symbol(FORKED, "head-2").is_relative_to_current


def test_a_range_has_one_colon() -> None:
    """Both sides may be empty; anything else is refused (REV-19, ERR-10)."""
    assert parse_range("a:b") == ("a", "b")
    assert parse_range("a:") == ("a", None)
    assert parse_range(":b") == (None, "b")
    assert parse_range(":") == (None, None)
    for text in ("a", "a:b:c"):
        with pytest.raises(RangeInvalid, match="Write start:end, start: or :end"):
            parse_range(text)


def test_names_are_listed_as_in_a_sentence() -> None:
    """Few are spelled out, many are cut."""
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed("abc") == "a, b and c"
    assert listed("abcdefghij", limit=3) == "a, b, c and 7 more"
