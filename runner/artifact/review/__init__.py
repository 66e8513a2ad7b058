"""The review page of a bundle: what a reviewer reads before the SQL is applied, as HTML and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.artifact.recording import Recording
from runner.artifact.review.html import html_page
from runner.artifact.review.markdown import markdown_page
from runner.artifact.review.pages import page_of

__all__ = ["review"]


def review(upgrade: Recording, downgrade: Recording | None, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the review pages: file name -> text.

    Args:
        upgrade: what was recorded.
        downgrade: the way back; None where the bundle has none.
        manifest: of the bundle, without the digests of these pages.
    """
    page = page_of(upgrade, downgrade, manifest)
    return {"review.html": html_page(page), "review.md": markdown_page(page)}
