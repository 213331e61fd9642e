"""A page of a file in a real browser: what its console says, whether it is wider than the screen,
and whether it is whole on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.servers.chromium import Chromium
from tests.servers.wallboard_rig import browser

PAPER = 794 - 106, 1123 - 113
"""A4 without its margins, in pixels."""


@contextmanager
def opened(chromium: Chromium, file: Path, said: list[str]) -> Iterator[Page]:
    """A file in a browser; what its console says is added to `said`."""
    with browser(chromium.path) as made:
        page = made.new_page(viewport={"width": 1920, "height": 1080})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        yield page


def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen."""
    root = "document.documentElement"
    return bool(page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"))


@contextmanager
def printed(page: Page) -> Iterator[None]:
    """A page as it is on paper, which can be written as PDF; then on the screen again."""
    wide, high = PAPER
    page.set_viewport_size({"width": wide, "height": high})
    page.emulate_media(media="print")
    yield
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="screen")


def is_whole(each: Locator) -> bool:
    """Whether all of something is within the width of the paper."""
    box = each.bounding_box()
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PAPER[0]
