"""Any URL survives being written and read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from runner.database.engine import sqlalchemy_url
from runner.database.url import DatabaseUrl, parse_url

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
HOST = st.from_regex(r"[a-z][a-z0-9.-]{0,12}", fullmatch=True)
URLS = st.builds(
    lambda user, password, host, port, database, query: DatabaseUrl(
        dialect="postgresql",
        driver="psycopg",
        username=user,
        password=password,
        hosts=(host,),
        ports=(port,),
        database=database,
        query=tuple(sorted(query.items())),
    ),
    user=TEXT,
    password=st.none() | TEXT,
    host=HOST,
    port=st.none() | st.integers(1, 65535),
    database=st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True),
    query=st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), TEXT, max_size=3),
)


@given(URLS)
def test_written_and_read_again(url: DatabaseUrl) -> None:
    """The text of a URL means the same URL, here and to SQLAlchemy, whatever characters it holds."""
    assert parse_url(url.text()) == url
    assert make_url(url.text()) == sqlalchemy_url(url)


@given(URLS)
def test_masked_text_holds_no_password(url: DatabaseUrl) -> None:
    """The masked text is the same for every password."""
    if url.password is not None:
        assert "***" in url.masked()
        assert url.masked() == parse_url(url.text().replace("psycopg", "psycopg", 1)).masked()
