"""The review page in a real browser: nothing overflows, nothing is complained of, axe finds no violation."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from runner.artifact.recording import Recording
from runner.artifact.review import review
from tests.artifact_samples import downgrade_of, hostile, large, manifest, recorded, recording, small

_CHROMIUM = os.environ.get("RUNNER_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 780}
_OPEN = "[...document.querySelectorAll('details')].slice(0, 16).forEach(one => { one.open = true })"
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium of the system."""
    if importlib.util.find_spec("axe_playwright_python") is None:
        pytest.skip("no axe-core: install the development environment (make .venv/.dev)")
    if _CHROMIUM is None:
        pytest.skip("no Chromium: install it (Debian: chromium), or name one in RUNNER_TEST_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root has no sandbox to offer; the page is our own.
        started = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


class Opened:
    """A page in a browser, and what the browser said about it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.said.append(request.url) if _is_foreign(request.url) else None)

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate(_OVERFLOW))


def _is_foreign(url: str) -> bool:
    return not url.startswith(("file:", "data:"))


def _open(browser: Any, path: Path, window: dict[str, int], scheme: str, *, bypass_csp: bool = False) -> Opened:
    context = browser.new_context(viewport=window, color_scheme=scheme, bypass_csp=bypass_csp)
    opened = Opened(context.new_page())
    opened.page.goto(path.as_uri())
    return opened


def _mysql() -> Recording:
    return recording(recorded("a", "DROP TABLE t", "UPDATE u SET v = 1"), dialect_name="mysql", start=())


_HIDDEN = """[...document.querySelectorAll('body *')]
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
    .filter(one => !one.closest('.bar, .skip, title, desc'))
    .filter(one => !one.checkVisibility() || !one.getClientRects().length)
    .map(one => one.outerHTML)"""


PAGES = {"small": small, "hostile": hostile, "closed": lambda: large(41), "mysql": _mysql}


def _write(tmp_path: Path, upgrade: Recording, *, back: bool = True) -> Path:
    path = tmp_path / "review.html"
    pages = review(upgrade, downgrade_of(upgrade) if back else None, manifest(upgrade))
    path.write_bytes(pages["review.html"].encode())
    return path


def _views() -> Iterator[Any]:
    """Every page in two views, and the small one in all four."""
    for name in PAGES:
        yield pytest.param(name, DESKTOP, "light", id=f"{name}-desktop-light")
        yield pytest.param(name, PHONE, "dark", id=f"{name}-phone-dark")
    yield pytest.param("small", DESKTOP, "dark", id="small-desktop-dark")
    yield pytest.param("small", PHONE, "light", id="small-phone-light")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "window", "scheme"), list(_views()))
def test_a_page(name: str, window: dict[str, int], scheme: str, browser: Any, axe: str, tmp_path: Path) -> None:
    """No complaint in the console, no request, no overflow, no violation; also where details are open."""
    opened = _open(browser, _write(tmp_path, PAGES[name]()), window, scheme, bypass_csp=True)  # axe is a script
    opened.page.evaluate(_OPEN)
    opened.page.evaluate(axe)
    result = opened.page.evaluate("axe.run()")
    opened.page.context.close()

    assert [(one["id"], one["nodes"][0]["html"]) for one in result["violations"]] == []
    assert opened.said == []


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_and_nothing_overflows(name: str, window: dict[str, int], browser: Any, tmp_path: Path) -> None:
    """Under the page's own policy, too, there is no complaint; the page is as wide as the window."""
    opened = _open(browser, _write(tmp_path, PAGES[name]()), window, "light")
    dialogs: list[str] = []

    def dismiss(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    opened.page.on("dialog", dismiss)
    opened.page.evaluate(_OPEN)
    overflow = opened.overflow
    styled = opened.page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius")
    opened.page.context.close()

    assert (overflow, dialogs, opened.said) == (0, [], [])
    assert styled == "10px"  # the policy let the style sheet in


@pytest.mark.slow
@pytest.mark.parametrize("name", ["small", "closed"])
def test_on_paper(name: str, browser: Any, axe: str, tmp_path: Path) -> None:
    """Printed from a dark screen it is dark on white, and what was closed or scrolled away is there."""
    opened = _open(browser, _write(tmp_path, PAGES[name]()), DESKTOP, "dark", bypass_csp=True)
    opened.page.emulate_media(media="print", color_scheme="dark")
    hidden = opened.page.evaluate(_HIDDEN)
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.page.evaluate(axe)
    result = opened.page.evaluate("axe.run({runOnly: ['color-contrast']})")
    printed = opened.page.pdf()
    opened.page.context.close()

    assert hidden == []
    assert ground == "rgb(255, 255, 255)"
    assert [(one["id"], one["nodes"][0]["html"]) for one in result["violations"]] == []
    assert printed.startswith(b"%PDF")


def test_the_keyboard_reaches_everything(browser: Any, tmp_path: Path) -> None:
    """The first stop is the skip link, which is seen when it has the focus."""
    opened = _open(browser, _write(tmp_path, small()), DESKTOP, "light")
    opened.page.keyboard.press("Tab")
    focused = opened.page.evaluate("document.activeElement.className")
    left = opened.page.evaluate("document.activeElement.getBoundingClientRect().left")
    opened.page.keyboard.press("Enter")
    target = opened.page.evaluate("location.hash")
    opened.page.context.close()

    assert (focused, target) == ("skip", "#hazards")
    assert left >= 0


@pytest.mark.slow
def test_a_thousand_revisions_stay_usable(browser: Any, tmp_path: Path) -> None:
    """The page is there within seconds, a closed revision opens, and a link to a statement leads to it."""
    opened = _open(browser, _write(tmp_path, large(1000)), PHONE, "light")
    page = opened.page
    page.locator("#r500 > summary").click()
    is_open = page.evaluate("document.getElementById('r500').open")
    page.evaluate("location.hash = '#r900s2'")
    page.wait_for_function("document.getElementById('r900').open", timeout=60_000)
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    overflow = opened.overflow
    page.context.close()

    assert is_open
    assert overflow == 0
    assert opened.said == []
    assert ready < 60_000  # milliseconds, on a machine that does much else
