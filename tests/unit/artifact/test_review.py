"""The review page: what is on it, that an author's text is inert, that it is the same each time."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from runner.artifact.analysis import HazardKind
from runner.artifact.review import review
from runner.artifact.review.escaping import (
    html_prose,
    html_text,
    markdown_block,
    markdown_code,
    markdown_prose,
    markdown_text,
    visible,
)
from runner.artifact.review.highlighting import highlight
from runner.artifact.review.markdown import LONGEST
from runner.artifact.review.pages import author_notes, page_of
from runner.artifact.review.picture import draw_path
from tests.artifact_samples import (
    HOSTILE,
    downgrade_of,
    hostile,
    large,
    manifest,
    recorded,
    recording,
    small,
    statement,
)

_VOID = {"meta", "link", "br", "img"}
_WAY_BACK_MISSING = [{"revision": "0badc0de0001", "reason": "downgrade() raises NotImplementedError."}]


class Elements(HTMLParser):
    """Collects elements, and complains of those that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID and tag not in {"path", "circle"}:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def page() -> str:
    return review(small(), None, manifest(small(), without_downgrade=_WAY_BACK_MISSING))["review.html"]


# --- HTML ----------------------------------------------------------------------------------------------------------


def test_the_page_is_complete_and_alone(page: str) -> None:
    """One HTML file with a language, a title, landmarks and a skip link, that loads nothing and runs nothing."""
    elements = Elements(page)
    names = {name for name, _ in elements.found}

    assert page.startswith("<!DOCTYPE html>\n")
    assert elements.all("html")[0]["lang"] == "en"
    assert {"title", "header", "nav", "main", "footer"} <= names
    assert names.isdisjoint({"script", "img", "iframe", "form", "object"})
    assert [one["href"] for one in elements.all("link")] == ["data:,"]
    assert all(str(one["href"]).startswith("#") for one in elements.all("a"))
    assert "http" not in page.replace("http-equiv", "")
    assert not any("style" in attributes for _, attributes in elements.found)


def test_links_lead_somewhere(page: str) -> None:
    """Every link's target is on the page, and no two elements have the same id."""
    elements = Elements(page)
    ids = [str(attributes["id"]) for _, attributes in elements.found if "id" in attributes]

    assert len(ids) == len(set(ids))
    assert {str(one["href"])[1:] for one in elements.all("a")} <= set(ids)
    labels = {one for _, attributes in elements.found for one in str(attributes.get("aria-labelledby") or "").split()}
    assert labels <= set(ids)


def test_headings_are_in_order(page: str) -> None:
    """There is one h1, and no level is left out."""
    levels = [int(name[1]) for name, _ in Elements(page).found if re.fullmatch("h[1-6]", name)]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_table_headers_have_a_scope(page: str) -> None:
    """A screen reader can tell which cells a header is for."""
    assert {one.get("scope") for one in Elements(page).all("th")} == {"col", "row"}


def test_what_a_reviewer_looks_for(page: str) -> None:
    """Ends of the path, files, revisions, digests, notes, facts, hazards, obstacles and the way back are there."""
    text = " ".join(" ".join(Elements(page).text).split())

    for words in (
        "51c7e0d2a9f3",
        "versions 15 to 18",
        "upgrade/02_non_transactional.sql",
        "versions/3f9c0a71b2de.py",
        "b8fc1e2cd131703cab5164541dfd6b66ab920d547b830de19686073fd9bbc89d",
        "rows older than 2019 stay NULL",
        "ACCESS EXCLUSIVE",
        "all are written anew",
        "Drops the table fax_log with all its rows.",
        "Only the database knows them".lower(),
        "downgrade() raises NotImplementedError.",
        "env.py sets the search path to shop.",
        "stay locked by statements before it",
    ):
        assert words in text, words
    assert "Revision ID:" not in text


def test_the_sql_is_shown_letter_by_letter(page: str) -> None:
    """Colours do not change the text of a statement."""
    shown = [re.sub("<[^>]*>", "", one) for one in re.findall("<pre><code>(.*?)</code></pre>", page, re.DOTALL)]
    said = [html_text(one.sql) for revision in small().revisions for one in revision.own_statements]

    assert shown == said
    assert '<span class="k">CREATE TABLE </span>' in page


def test_an_authors_text_is_inert() -> None:
    """Markup in messages, docstrings, names, paths, reasons and SQL is text; hidden characters are shown."""
    recorded_hostile = hostile()
    page = review(recorded_hostile, recorded_hostile, manifest(recorded_hostile))["review.html"]
    elements = Elements(page)
    names = {name for name, _ in elements.found}

    assert names.isdisjoint({"script", "img", "i"})
    assert not any(key.startswith("on") for _, attributes in elements.found for key in attributes)
    assert all(str(one["href"]).startswith("#") for one in elements.all("a"))
    page.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u202a-\u202e\u2066-\u2069]", page)
    assert "\u27e8U+202E\u27e9" in page
    assert "".join(elements.text).count("alert(1)") > 8


def test_no_script_could_run(page: str) -> None:
    """A content security policy allows this very style sheet, by its digest, and nothing else."""
    (policy,) = (one["content"] for one in Elements(page).all("meta") if "http-equiv" in one)

    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_way_back() -> None:
    """The statements of the downgrade stand beside those of the upgrade, and its files are named."""
    upgrade = small()
    page = review(upgrade, downgrade_of(upgrade), manifest(upgrade))["review.html"]

    assert page.count("Downgrade: 1 statement") == len(upgrade.revisions)
    assert "The way back: downgrade/01_transactional.sql" in page


def test_other_databases() -> None:
    """Where locks are not known none are claimed, and that is said once."""
    upgrade = recording(recorded("a", "DROP TABLE t"), dialect_name="mysql", start=(), transactional=False)
    page = review(upgrade, None, manifest(upgrade))["review.html"]

    assert "known for PostgreSQL only" in page
    assert "Data is lost" in page
    assert "ACCESS EXCLUSIVE" not in page
    assert "MySQL" in page


def test_nothing_to_fear() -> None:
    """A bundle without hazards says so."""
    upgrade = recording(recorded("a", "CREATE TABLE t (id integer)"), start=())
    pages = review(upgrade, downgrade_of(upgrade), manifest(upgrade))

    assert "None found." in pages["review.html"]
    assert "None found" in pages["review.md"]


def test_locks_that_stay_in_a_transaction() -> None:
    """A lock taken for a moment is a long one when something long follows in the same file."""
    brief, long = "ALTER TABLE a ADD COLUMN b integer", "CREATE INDEX i ON c (d)"
    together = page_of(recording(recorded("r1", brief, long), start=()), None, {})
    apart = page_of(recording(recorded("r1", brief, statement(long, transactional=False)), start=()), None, {})

    texts = [one.text for one in together.revisions[0].statements[1].facts.hazards]
    assert any("`a` (ACCESS EXCLUSIVE) stays locked" in text for text in texts)
    assert not any(
        "stays locked" in hazard.text for view in apart.revisions[0].statements for hazard in view.facts.hazards
    )


def test_the_tables_that_are_there() -> None:
    """Each table that was there before is named with its strongest lock; new ones are not."""
    tables = {one.table: one.mode.value for one in page_of(small(), None, {}).tables}

    assert tables["orders"] == "ACCESS EXCLUSIVE"
    assert "shipment" not in tables


def test_hazards_come_worst_first() -> None:
    """What is lost stands before what is merely unknown."""
    kinds = [group.kind for group in page_of(small(), None, {}).hazards]

    assert kinds[:2] == [HazardKind.DATA_LOSS, HazardKind.LONG_LOCK]
    assert kinds.index(HazardKind.UNKNOWN) > kinds.index(HazardKind.NOT_REVERSIBLE)


# --- the drawing ---------------------------------------------------------------------------------------------------


def test_the_drawing_runs_downwards() -> None:
    """Each revision has a node in its row, oldest at the top; a branch has a lane of its own."""
    revisions = small().revisions
    picture = draw_path(revisions, ["danger"] * len(revisions))

    heights = [int(one) for one in re.findall(r'cy="(\d+)"', picture.shapes)]
    assert sorted(heights) == [20 + 40 * row for row in range(len(revisions))]
    assert picture.height == 40 * len(revisions)
    assert picture.branches == 2
    assert picture.shapes.count('class="dep"') == 1


def test_no_revisions_no_drawing() -> None:
    """An empty path is drawn as nothing."""
    assert draw_path((), ()).shapes == ""


# --- Markdown ------------------------------------------------------------------------------------------------------


def test_markdown_of_an_author_is_inert() -> None:
    """No HTML, no link, no mention and no end of a block comes from an author's text."""
    page = review(hostile(), None, manifest(hostile()))["review.md"]
    outside = re.sub(r"(?ms)^(`{3,}).*?^\1$", "", page)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)

    assert "<script" not in outside
    assert "<img" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside.replace(re.findall("<summary>.*", outside)[0], ""))
    assert not re.search(r"@\w", outside)
    assert outside.count("</details>") == outside.count("<details>") == 1


@pytest.mark.parametrize("text", ["a``b", "```", "`", "x|y", "", " "])
def test_code_in_markdown(text: str) -> None:
    """A code span holds what it is given, on one line of a table, too."""
    span = markdown_code(text)
    fence = re.match("`+", span)

    assert fence is not None
    assert span.endswith(fence[0])
    assert fence[0] not in span[len(fence[0]) : -len(fence[0])].split(" ")
    assert "|" not in span


def test_texts_for_markdown() -> None:
    """Markup characters are escaped, lines are joined, beginnings of lists are none."""
    assert markdown_text("- a *b*\n[c](d) #1 @e") == "\\- a \\*b\\* \\[c\\](d) \\#<!-- -->1 @<!-- -->e"
    assert markdown_text("1. a") == "1\\. a"
    assert markdown_prose("Drops `a_b` of *c*.") == "Drops `a_b` of \\*c\\*."
    assert markdown_block("```", "sql") == "````sql\n```\n````"


def test_a_page_for_a_comment_is_never_too_long() -> None:
    """The SQL, and then the revisions, are left to the HTML page where a comment could not hold them."""
    some, many = large(60), large(500)

    for upgrade in (some, many):
        page = review(upgrade, None, manifest(upgrade))["review.md"]
        assert len(page) <= LONGEST
        assert "`review.html`" in page


# --- both ----------------------------------------------------------------------------------------------------------


def test_a_thousand_revisions_stay_small() -> None:
    """The page of a thousand revisions, with the way back, is below five megabytes, and they are closed."""
    upgrade = large(1000)
    page = review(upgrade, downgrade_of(upgrade), manifest(upgrade))["review.html"]

    assert len(page.encode()) < 5_000_000
    assert page.count('<details class="card rev"') == 1000
    assert " open>" not in page
    assert '<body class="big">' in page


_PROGRAM = """
import hashlib
from runner.artifact.review import review
from tests.artifact_samples import downgrade_of, manifest, small
pages = review(small(), downgrade_of(small()), manifest(small()))
print(hashlib.sha256("".join(pages.values()).encode()).hexdigest())
"""


def test_the_same_bytes_each_time() -> None:
    """Neither the hash seed nor the locale nor the time zone changes a byte."""
    digests = set()
    for seed, locale, zone in (
        ("1", "C", "UTC"),
        ("2", "C.UTF-8", "Asia/Tokyo"),
        ("77", "de_DE.UTF-8", "America/Lima"),
    ):
        environment = {"PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone, "PATH": ""}
        answer = subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(answer.stdout)

    assert len(digests) == 1


def test_hidden_characters_are_shown() -> None:
    """Controls and marks of direction are shown by their code points; letters of any script are not touched."""
    assert visible("a\r\nb\tc") == "a\nb\tc"
    assert visible("naïve 数据 שלום") == "naïve 数据 שלום"
    assert visible("a\u202eb\x00\ud800") == "a\u27e8U+202E\u27e9b\u27e8U+0000\u27e9\u27e8U+D800\u27e9"
    assert html_text(HOSTILE).isprintable()


def test_sentences_in_html() -> None:
    """Backquotes mark code, and everything is escaped."""
    assert html_prose("Drops `<a>` & more") == "Drops <code>&lt;a&gt;</code> &amp; more"


_TEXTS = [
    *("", "SELECT 1", "\n\nSELECT '<b>' -- \u00e9\n", "DO $$ BEGIN x := 1; END $$", "GO", "/* open", "'open", "\u202e"),
    "x" * 30_000,
]


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb", "sqlite", "mssql", "oracle", "strange"])
@pytest.mark.parametrize("sql", _TEXTS)
def test_any_text_can_be_highlighted(sql: str, dialect: str) -> None:
    """Whatever the text, nothing of it is lost and nothing added but spans of ours."""
    shown = highlight(sql, dialect)

    assert re.sub("</?span[^>]*>", "", shown) == html_text(sql)


def test_notes_of_an_author() -> None:
    """What the template writes into a docstring is left out; so is the message itself."""
    doc = "Message\n\nRevision ID: 1\nRevises: 2\nCreate Date: today\n\n    Indented note\n      deeper\n"

    assert author_notes(doc) == "Indented note\n  deeper"
    assert author_notes("Message") == ""


def test_revisions_without_statements() -> None:
    """A merge has no statement of its own, and the page says so."""
    upgrade = recording(replace(recorded("m", follows=["a", "b"]), down_revisions=("a", "b")))

    assert "No statement of its own" in review(upgrade, None, manifest(upgrade))["review.html"]


def test_very_many_revisions_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many statements are shown without colours, and still letter by letter."""
    monkeypatch.setattr("runner.artifact.review.html._PLAIN_REVISIONS", 2)
    upgrade = large(3)
    page = review(upgrade, None, manifest(upgrade))["review.html"]

    assert "<span" not in "".join(re.findall("<pre>.*?</pre>", page, re.DOTALL))
    assert html_text(upgrade.revisions[2].own_statements[0].sql) in page
